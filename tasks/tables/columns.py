"""A table's columns as single arrays.

Belongs here: getting at a column's values without a copy. Does not belong here: what a column means.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """All values of a column in one array: where they are in one, that one (`combine_chunks` copies it)."""
    if isinstance(column, pa.Array):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def is_numbered(count: int, numbers: pa.Array) -> pa.BooleanArray:
    """(count,) whether each row is among some, without looking any of them up.

    Args:
        count: of rows.
        numbers: (m,) integers from 0 to `count` - 1, each once, in any order; nulls name no row.
    """
    named = numbers.drop_null().cast(pa.int64())
    return pc.is_valid(pc.inverse_permutation(named, max_index=count - 1))
