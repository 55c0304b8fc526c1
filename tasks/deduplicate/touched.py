"""Which rows of the tables a run must write anew.

Belongs here: comparing two decided manifests. Does not belong here: taking decisions (`decisions`).
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tasks.deduplicate.manifest import DECIDED
from tasks.tables.columns import whole
from tasks.tables.comparison import rows_differ


def touched_rows(previous: pa.Table, manifest: pa.Table, reread: pa.BooleanArray, before: pa.Array) -> pa.BooleanArray:
    """Which rows of the new manifest differ from the previous one in what the tables show.

    Args:
        previous, manifest: manifests, both sorted by source and path.
        reread: (n,) whether this run read the row's file anew.
        before: (n,) each file's row in `previous`, null where it has none.

    Returns:
        (n,) true where the row is new, was read anew, or is decided differently.
    """
    touched = pc.or_(reread, pc.is_null(before))
    for name in ("status", "deleted", "size", *DECIDED):
        old, now = (whole(table[name]) for table in (previous, manifest))
        touched = pc.or_(touched, rows_differ(old.take(before), now))
    return touched
