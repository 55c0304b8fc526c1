"""Pairs of rows that have a key in common and lie close in time, on columns.

Belongs here: joins within a window. Does not belong here: which keys nominate a pair (`candidates`,
`templates`). Rows are numbered in the order of time; a pair is packed into one number, the earlier row first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.texts import mixed

#: More neighbours in one key than this are a crowd.
CROWD: Final = 24
#: Pairs that are handed on together, at least; so many of one join are in memory at a time.
_PAIRS: Final = 1 << 18
#: Two rows, or a key and a row, are packed into one number.
_ROW_BITS: Final = pa.scalar(32, pa.int64())
_ROW: Final = pa.scalar((1 << 32) - 1, pa.int64())


class Timeline(NamedTuple):
    """n rows in the order of time.

    Attributes:
        times: (n,) int64, ascending, in microseconds.
        fresh: (n,) whether pairs of the row are wanted; of two that are not, none is.
    """

    times: pa.Int64Array
    fresh: pa.BooleanArray


class Keyed(NamedTuple):
    """e entries: a row and a key that it has; rows may have several."""

    keys: pa.Int64Array
    rows: pa.Int64Array

    def filter(self, chosen: pa.BooleanArray) -> Keyed:
        """The chosen entries."""
        return Keyed(self.keys.filter(chosen), self.rows.filter(chosen))


def combined(*columns: pa.Int64Array) -> pa.Int64Array:
    """(n,) one number for the numbers of each row: equal for equal ones, and hardly ever for others."""
    whole = columns[0].view(pa.uint64())
    for column in columns[1:]:
        whole = pc.add(mixed(whole), column.view(pa.uint64()))
    return mixed(whole).view(pa.int64())


def packed(left: pa.Int64Array, right: pa.Int64Array) -> pa.Int64Array:
    """(m,) pairs of rows as one number each."""
    return pc.bit_wise_or(pc.shift_left(left, _ROW_BITS), right)


def unpacked(pairs: pa.Int64Array) -> tuple[pa.Int64Array, pa.Int64Array]:
    """The rows on the left and on the right of packed pairs."""
    return pc.shift_right(pairs, _ROW_BITS), pc.bit_wise_and(pairs, _ROW)


def gathered(parts: Iterable[pa.Int64Array]) -> Iterator[pa.Int64Array]:
    """The same packed pairs in fewer arrays, each pair once in each."""
    waiting, count = list[pa.Int64Array](), 0
    for pairs in parts:
        waiting.append(pairs)
        count += len(pairs)
        if count >= _PAIRS:
            yield pc.unique(pa.concat_arrays(waiting))
            waiting, count = [], 0
    if waiting:
        yield pc.unique(pa.concat_arrays(waiting))


def with_crowds_apart(entries: Keyed, line: Timeline, window: int) -> tuple[Keyed, Keyed]:
    """The entries of keys in which every row has few neighbours within the window, and the others, by key.

    Args:
        entries: rows ascend.
        line: the rows in time.
        window: microseconds.
    """
    order = pc.sort_indices(entries.keys)
    ordered = Keyed(entries.keys.take(order), entries.rows.take(order))
    _, right = _meeting_at(ordered, line, window, pa.arange(0, len(order)), CROWD + 1)
    crowded = pc.is_in(ordered.keys, pc.unique(ordered.keys.take(right)))
    return ordered.filter(pc.invert(crowded)), ordered.filter(crowded)


def within_window(entries: Keyed, line: Timeline, window: int) -> Iterator[pa.Int64Array]:
    """Packed pairs of rows with equal keys, within the window, of which one is fresh.

    The partners of a row are the next few entries; the time it takes is that of the largest crowd's size.

    Args:
        entries: by key, and for each key in the order of rows, see `with_crowds_apart`.
        line: the rows in time.
        window: microseconds.
    """
    fresh, left, step = line.fresh.take(entries.rows), pa.arange(0, len(entries.keys)), 1
    while len(left):
        left, right = _meeting_at(entries, line, window, left, step)
        wanted = pc.or_(fresh.take(left), fresh.take(right))
        yield packed(entries.rows.take(left.filter(wanted)), entries.rows.take(right.filter(wanted)))
        step += 1


def _meeting_at(
    entries: Keyed, line: Timeline, window: int, left: pa.Int64Array, step: int
) -> tuple[pa.Int64Array, pa.Int64Array]:
    """Those entries on the left that meet the one `step` places later, and these."""
    left = left.filter(pc.less(left, len(entries.keys) - step))
    right = pc.add(left, step)
    times = [line.times.take(entries.rows.take(side)) for side in (right, left)]
    same = pc.equal(entries.keys.take(left), entries.keys.take(right))
    meets = pc.and_(same, pc.less_equal(pc.subtract(*times), window))
    return left.filter(meets), right.filter(meets)


def meeting(asking: Keyed, having: Keyed, line: Timeline, window: int) -> Iterator[pa.Int64Array]:
    """Packed pairs of a row that asks for a key and another that has it, within the window, one of them fresh.

    The time it takes is that of sorting the entries and of writing the pairs down.
    """
    known = having.keys.dictionary_encode()
    places = packed(known.indices.cast(pa.int64()), having.rows)
    places = places.take(pc.sort_indices(places))
    keys = pc.index_in(asking.keys, known.dictionary).cast(pa.int64())
    times = line.times.take(asking.rows)
    first = pc.search_sorted(line.times, pc.subtract(times, window), side="left").cast(pa.int64())
    after = pc.search_sorted(line.times, pc.add(times, window), side="right").cast(pa.int64())
    low, high = (
        pc.search_sorted(places, packed(pc.fill_null(keys, -1), row), side="left").cast(pa.int64())
        for row in (first, after)
    )
    counts = pc.subtract(high, low)
    for part in _parts(counts):
        left, place = _ranges(asking.rows[part], low[part], counts[part])
        right = pc.bit_wise_and(places.take(place), _ROW)
        chosen = pc.and_(pc.not_equal(left, right), pc.or_(line.fresh.take(left), line.fresh.take(right)))
        left, right = left.filter(chosen), right.filter(chosen)
        yield packed(pc.min_element_wise(left, right), pc.max_element_wise(left, right))


def _parts(counts: pa.Int64Array) -> Iterator[slice]:
    """Slices of counts, each of which adds up to `_PAIRS` or a little more."""
    ends, start = pc.cumulative_sum(counts), 0
    while start < len(counts):
        done = ends[start - 1].as_py() if start else 0
        stop = pc.search_sorted(ends, pa.scalar(done + _PAIRS, pa.int64()), side="left").as_py() + 1
        yield slice(start, min(stop, len(counts)))
        start = stop


def _ranges(rows: pa.Int64Array, starts: pa.Int64Array, counts: pa.Int64Array) -> tuple[pa.Int64Array, pa.Int64Array]:
    """Each row `count` times, and beside it the numbers `start`, `start + 1`, …"""
    offsets = pa.concat_arrays([pa.array([0], pa.int64()), pc.cumulative_sum(counts)])
    total = offsets[-1].as_py()
    owner = pc.list_parent_indices(pa.LargeListArray.from_arrays(offsets, pa.nulls(total)))
    within = pc.subtract(pa.arange(0, total), offsets.take(owner))
    return rows.take(owner), pc.add(starts.take(owner), within)
