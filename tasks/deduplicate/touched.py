"""Which rows of the tables and of the private index a run must write again.

Belongs here: comparing two decided manifests. Does not belong here: taking decisions (`decisions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.columns import whole
from tasks.arrow.comparison import rows_differ
from tasks.deduplicate.manifest import DECIDED

#: Columns of the manifest that the public tables show, and those of the index, that change without the file.
SHOWN: Final = ("status", "deleted", "size", *DECIDED)
INDEXED: Final = ("deleted", "near", "match_version")


def changed_rows(
    parent: pa.Table, manifest: pa.Table, reread: pa.BooleanArray, parent_row: pa.Array, columns: Sequence[str]
) -> pa.BooleanArray:
    """Which rows of the new manifest are new, were read, or differ from the parent's in some columns.

    Args:
        parent, manifest: manifests, both sorted by source and path.
        reread: (n,) whether this run read the row's file.
        parent_row: (n,) each file's row in `parent`, null where it has none.
        columns: `SHOWN` or `INDEXED`.
    """
    changed = pc.or_(reread, pc.is_null(parent_row))
    for name in columns:
        old, now = (whole(table[name]) for table in (parent, manifest))
        changed = pc.or_(changed, rows_differ(old.take(parent_row), now))
    return changed
