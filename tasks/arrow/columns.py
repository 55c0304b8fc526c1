"""A table's columns as single arrays, and some of its rows, without copying the rest.

Belongs here: getting at values with no more copies than they need. Does not belong here: what a column means.
"""

from __future__ import annotations

from itertools import accumulate, pairwise

import pyarrow as pa
import pyarrow.compute as pc


def whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """All values of a column in one array: where they are in one, that one (`combine_chunks` copies it)."""
    if isinstance(column, pa.Array):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def period_starts(times: pa.ChunkedArray | pa.Array, unit: str) -> pa.Array:
    """The start of the period that each time lies in, UTC, without a time zone: with one it takes four times as long.

    Args:
        times: (n,) timestamps in UTC.
        unit: `year`, `month` or `second`.

    Returns:
        (n,) timestamps of the same unit; null stays null.
    """
    values = whole(times)
    return pc.floor_temporal(values.cast(pa.timestamp(values.type.unit)), unit=unit)


def rows_at(table: pa.Table, numbers: pa.Array) -> pa.Table:
    """What `table.take(numbers)` gives, which joins all chunks of a column first, however few rows are wanted.

    Args:
        table: (n,) rows.
        numbers: (m,) int64, in any order, none null.

    Returns:
        (m,) rows.
    """
    batches = table.to_batches()
    if len(batches) <= 1:
        return table.take(numbers)
    order = pc.sort_indices(numbers)
    ascending = numbers.take(order)
    starts = [0, *accumulate(map(len, batches))]
    cuts = pc.search_sorted(ascending, pa.array(starts, ascending.type)).to_pylist()
    pieces = [
        batch.take(pc.subtract(ascending.slice(first, stop - first), start))
        for batch, start, (first, stop) in zip(batches, starts, pairwise(cuts), strict=False)
        if first < stop
    ]
    return pa.Table.from_batches(pieces, table.schema).take(pc.inverse_permutation(order.cast(pa.int64())))


def is_numbered(count: int, numbers: pa.Array) -> pa.BooleanArray:
    """(count,) whether each row is among some, without looking any of them up.

    Args:
        count: of rows.
        numbers: (m,) integers from 0 to `count` - 1, each once, in any order; nulls name no row.
    """
    named = numbers.drop_null().cast(pa.int64())
    return pc.is_valid(pc.inverse_permutation(named, max_index=count - 1))
