"""The numbers of a run's decisions, counted on the manifest.

Belongs here: what is counted, and from which columns. Does not belong here: deciding.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.runs.run import Decisions, count_by

#: Columns of the manifest that the numbers of a run come from.
COUNTED: Final = ("source", "status", "match", "violations", "deleted")


def counted(manifest: pa.Table, sources: Collection[str]) -> Decisions:
    """What a manifest says of all files and of a run's own, as decisions that change nothing.

    Args:
        manifest: (n,) rows with the columns `COUNTED`; those of files that are gone do not count.
        sources: names of the run's sources.
    """
    # Only what is counted: a copy of all columns would be the most memory that the run takes.
    live = _where(manifest.select(COUNTED), pc.invert(manifest["deleted"]))
    ours = _where(live.select(["source", "status"]), pc.is_in(live["source"], pa.array(sorted(sources), pa.string())))
    return Decisions(
        touched=0,
        touched_files=0,
        vanished=0,
        renamed=0,
        removed=0,
        statuses=count_by(live["status"]),
        violations=count_by(pc.list_flatten(live["violations"])),
        duplicates=count_by(live["match"]),
        live=len(ours),
        quarantined=pc.sum(pc.equal(ours["status"], "quarantined").cast(pa.int64())).as_py() or 0,
    )


def _where(table: pa.Table, mask: pa.ChunkedArray) -> pa.Table:
    """The rows that a mask without nulls chooses; mostly all, which need no copy."""
    return table if pc.all(mask, min_count=0).as_py() else table.filter(mask)
