"""A table's columns as single arrays.

Belongs here: getting at a column's values without a copy. Does not belong here: what a column means.
"""

from __future__ import annotations

import pyarrow as pa


def whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """All values of a column in one array: where they are in one, that one (`combine_chunks` copies it)."""
    if isinstance(column, pa.Array):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
