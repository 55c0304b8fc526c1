"""The order in which known rows and new ones stand in the next manifest.

Belongs here: merging by source and path. Does not belong here: what the rows say (`manifest`).
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

#: More runs of rows than this are not copied one by one.
_RUNS: Final = 5_000


def merged(keys: pa.StringArray, read_as: pa.Array, new: pa.StringArray) -> pa.Int64Array:
    """The order by source and path of known rows that were not read again, merged with those that were.

    No path holds the NUL between source and path, so one key sorts as two.

    Args:
        keys: (m,) of known rows, ascending.
        read_as: (m,) not null where the row was read again.
        new: (r,) of the rows that were read, in any order.

    Returns:
        Row numbers, the known ones first: 0 to m - 1, then m to m + r - 1.
    """
    known = pc.indices_nonzero(pc.is_null(read_as)).cast(pa.int64())
    order = pc.sort_indices(new).cast(pa.int64())
    slots = pc.search_sorted(keys, new.take(order), side="left").cast(pa.int64())
    # Before the known row 3 is slot 6, the row itself 7.
    places = pa.concat_arrays([pc.add(pc.multiply(known, 2), 1), pc.multiply(slots, 2)])
    return pa.concat_arrays([known, pc.add(order, len(keys))]).take(pc.sort_indices(places))


def in_order(table: pa.Table, order: pa.Int64Array) -> pa.Table:
    """The rows of a table in an order; long runs of rows that stay together are copied once, as they are."""
    steps = pc.subtract(order[1:], order[:-1])
    starts = pc.add(pc.indices_nonzero(pc.not_equal(steps, 1)).cast(pa.int64()), 1).to_pylist()
    if len(starts) > _RUNS or not len(order):
        return table.combine_chunks().take(order)
    bounds = zip([0, *starts], [*starts, len(order)], strict=True)
    runs = [table.slice(order[start].as_py(), end - start) for start, end in bounds]
    return pa.concat_tables(runs).combine_chunks()


def rows_before(order: pa.Int64Array, read_as: pa.Array, read: int) -> pa.Array:
    """(n,) the known row of each file in an order, see `merged`, null where there is none."""
    count = len(read_as)
    known = pc.index_in(pa.arange(0, read).cast(pa.int32()), read_as).cast(pa.int64())
    is_new = pc.greater_equal(order, count)
    return pc.if_else(is_new, known.take(pc.if_else(is_new, pc.subtract(order, count), None)), order)
