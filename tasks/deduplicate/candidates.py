"""Which pairs of records the pair rule must look at: none that it could relate is left out.

Belongs here: finding pairs that share a rare shingle or a title within the window, on columns. Does
not belong here: what relates two records (`pair_rule`).

Two sets of n and m hashes with a Jaccard similarity of t or more share at least ceil(t max(n, m))
of them; so whatever total order the hashes have, they share one among the first n - ceil(t n) + 1 and
m - ceil(t m) + 1 (prefix filter; Chaudhuri et al., ICDE 2006). Here hashes that many records have come
last, else boilerplate would pair everything with everything; the rest are in the order of their
value. Any order finds all pairs, so which records there are changes the work, never the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

#: A hash that more records have than this goes to the end of the order.
_COMMON: Final = 24
#: Records whose prefixes are found at a time.
_ROWS: Final = 100_000
#: Number of parts in which keys are joined, to bound memory.
_PARTS: Final = 8
_MICROSECONDS_A_DAY: Final = 86_400_000_000
#: Pairs that are looked at together, at least.
_PAIRS: Final = 1 << 18
#: Pairs are packed into one number while they are made unique.
_ROW_BITS: Final = 32


class Corpus(NamedTuple):
    """n records in the order of time: `times` ascending.

    Attributes:
        times: (n,) int64, microseconds since 1970; records without a date share one far value.
        titles: (n,) normalised titles; null where none.
        shingles: (n,) lists of distinct int64, ascending.
        fresh: (n,) whether pairs of this record are wanted; of two that are not, none is.
    """

    times: pa.Int64Array
    titles: pa.StringArray
    shingles: pa.ListArray
    fresh: pa.BooleanArray


class Pairs(NamedTuple):
    """m pairs of row numbers, `left` before `right`, sorted, each once."""

    left: pa.Int64Array
    right: pa.Int64Array


#: Which pairs, by the rows on their left and right, are worth a look: (m,) booleans.
Keeps = Callable[[pa.Int64Array, pa.Int64Array], pa.BooleanArray]


def candidates(
    corpus: Corpus, similarity: float, text_days: float, title_days: float, keeps: Keeps | None = None
) -> Pairs:
    """Every pair that has an equal title or reaches the similarity, each within its window, and others.

    Args:
        corpus: the records.
        similarity: least Jaccard similarity, above 0.
        text_days, title_days: largest distance in time of a pair alike, and of one with an equal title.
        keeps: what need not be found, as the rule rejects it anyway; by default nothing.
    """
    text_window, title_window = (int(days * _MICROSECONDS_A_DAY) for days in (text_days, title_days))
    near = _near_fresh(corpus, max(text_window, title_window))
    part = Corpus(*(column.take(near) for column in corpus))
    found = [pa.array([], pa.int64())]
    for packed in _gathered(chain(_sharing_title(part, title_window), _sharing_shingle(part, similarity, text_window))):
        kept = packed
        if keeps is not None:
            left, right = _unpacked(packed)
            kept = packed.filter(keeps(near.take(left), near.take(right)))
        found.append(kept)
    unique = pc.unique(pa.concat_arrays(found))
    left, right = _unpacked(unique.take(pc.sort_indices(unique)))
    return Pairs(near.take(left), near.take(right))


def _gathered(packed: Iterable[pa.Int64Array]) -> Iterator[pa.Int64Array]:
    """The same pairs in fewer arrays, each pair once in each."""
    waiting, count = list[pa.Int64Array](), 0
    for pairs in packed:
        waiting.append(pairs)
        count += len(pairs)
        if count >= _PAIRS:
            yield pc.unique(pa.concat_arrays(waiting))
            waiting, count = [], 0
    if waiting:
        yield pc.unique(pa.concat_arrays(waiting))


def _unpacked(packed: pa.Int64Array) -> tuple[pa.Int64Array, pa.Int64Array]:
    left = pc.shift_right(packed, pa.scalar(_ROW_BITS, pa.int64()))
    return left, pc.bit_wise_and(packed, pa.scalar((1 << _ROW_BITS) - 1, pa.int64()))


def sharing_with_fresh(titles: pa.StringArray, shingles: pa.ListArray, fresh: pa.BooleanArray) -> pa.Int64Array:
    """Rows that have a title or a hash of a fresh record, ascending: few, where few records are fresh.

    Args:
        titles, shingles, fresh: (n,) as in `Corpus`, in any order.
    """
    if pc.all(fresh, min_count=0).as_py():
        return pa.arange(0, len(fresh))
    hashes = pc.unique(pc.list_flatten(shingles.filter(fresh)))
    places = pc.indices_nonzero(pc.is_in(pc.list_flatten(shingles), hashes)).cast(pa.int64())
    offsets = pc.subtract(shingles.offsets.cast(pa.int64()), shingles.offsets[0].as_py())
    # The last of the lists that begin at a place or before is the one that has it.
    alike = pc.subtract(pc.search_sorted(offsets, places, side="right").cast(pa.int64()), 1)
    named = pc.indices_nonzero(pc.is_in(titles, pc.unique(titles.filter(fresh).drop_null()))).cast(pa.int64())
    found = pc.unique(pa.concat_arrays([alike, named]))
    return found.take(pc.sort_indices(found))


def _near_fresh(corpus: Corpus, window: int) -> pa.Int64Array:
    """Rows that have a fresh record within the window: only they can be in a wanted pair."""
    times = corpus.times.filter(corpus.fresh)
    first = pc.search_sorted(times, pc.subtract(corpus.times, window), side="left")
    last = pc.search_sorted(times, pc.add(corpus.times, window), side="right")
    return pc.indices_nonzero(pc.less(first, last)).cast(pa.int64())


def _sharing_title(corpus: Corpus, window: int) -> Iterator[pa.Int64Array]:
    titles = corpus.titles.dictionary_encode()
    rows = pc.indices_nonzero(pc.is_valid(titles)).cast(pa.int64())
    yield from _within_window(titles.indices.take(rows).cast(pa.int64()), rows, corpus, window)


def _sharing_shingle(corpus: Corpus, similarity: float, window: int) -> Iterator[pa.Int64Array]:
    rows, hashes = _prefixes(corpus.shingles, similarity)
    sizes = pc.list_value_length(corpus.shingles)
    for part in range(_PARTS):
        inside = _in_part(hashes, part)
        for packed in _gathered(_within_window(hashes.filter(inside), rows.filter(inside), corpus, window)):
            yield packed.filter(_comparable(packed, sizes, similarity))


def _comparable(packed: pa.Int64Array, sizes: pa.Int32Array, similarity: float) -> pa.BooleanArray:
    """Whether the smaller set is large enough to reach the similarity (length filter)."""
    left, right = (sizes.take(rows) for rows in _unpacked(packed))
    least = pc.multiply(pc.max_element_wise(left, right).cast(pa.float64()), similarity)
    return pc.greater_equal(pc.min_element_wise(left, right).cast(pa.float64()), pc.subtract(least, 1e-9))


def _prefixes(shingles: pa.ListArray, similarity: float) -> tuple[pa.Int64Array, pa.Int64Array]:
    """Row and hash of the hashes in each record's prefix that another record has, too."""
    repeated, common = _repeated(pc.list_flatten(shingles))
    offsets = pc.subtract(shingles.offsets.cast(pa.int64()), shingles.offsets[0].as_py())
    rows, hashes = [pa.array([], pa.int64())], [pa.array([], pa.int64())]
    for start in range(0, len(shingles), _ROWS):
        lists = shingles.slice(start, _ROWS)
        begin, end = (offsets[at].as_py() for at in (start, start + len(lists)))
        first, last = pc.search_sorted(repeated, pa.array([begin, end]), side="left").to_pylist()
        inside = pc.subtract(repeated.slice(first, last - first), begin)
        found = _in_prefix(lists, inside, common, similarity)
        rows.append(pc.add(found[0], start))
        hashes.append(found[1])
    return pa.concat_arrays(rows), pa.concat_arrays(hashes)


def _in_prefix(
    shingles: pa.ListArray, wanted: pa.Int64Array, common: pa.Int64Array, similarity: float
) -> tuple[pa.Int64Array, pa.Int64Array]:
    """Row and hash of those wanted hashes (by their number) that are in their record's prefix."""
    rows, hashes = pc.list_parent_indices(shingles).cast(pa.int64()), pc.list_flatten(shingles)
    sizes = pc.list_value_length(shingles).take(rows.take(wanted)).cast(pa.int64())
    places = _places(rows, shingles, pc.is_in(hashes, common)).take(wanted)
    required = pc.ceil(pc.subtract(pc.multiply(sizes.cast(pa.float64()), similarity), 1e-9)).cast(pa.int64())
    chosen = wanted.filter(pc.less_equal(places, pc.subtract(sizes, required)))
    return rows.take(chosen), hashes.take(chosen)


def _repeated(hashes: pa.Int64Array) -> tuple[pa.Int64Array, pa.Int64Array]:
    """Where hashes stand that occur more than once, ascending, and which ones are common.

    Sorting in parts is twice as fast as counting in one hash table, which outgrows every cache.
    """
    places, common = [], [pa.array([], pa.int64())]
    for part in range(_PARTS):
        inside = pc.indices_nonzero(_in_part(hashes, part)).cast(pa.int64())
        inside = inside.take(pc.sort_indices(hashes.take(inside)))
        values = hashes.take(inside)
        same = pc.equal(values[1:], values[:-1])
        edge = pa.array([False])
        twice = pc.or_(pa.concat_arrays([same, edge]), pa.concat_arrays([edge, same])) if len(values) else same
        places.append(inside.filter(twice))
        common.append(pc.unique(values[_COMMON:].filter(pc.equal(values[_COMMON:], values[:-_COMMON]))))
    repeated = pa.concat_arrays(places)
    return repeated.take(pc.sort_indices(repeated)), pa.concat_arrays(common)


def _in_part(hashes: pa.Int64Array, part: int) -> pa.BooleanArray:
    return pc.equal(pc.bit_wise_and(hashes, pa.scalar(_PARTS - 1, pa.int64())), part)


def _places(rows: pa.Int64Array, shingles: pa.ListArray, common: pa.BooleanArray) -> pa.Int64Array:
    """Place of each hash in its record's order, from 0: rare ones first, then common ones."""
    rare = pc.cumulative_sum(pc.invert(common).cast(pa.int64()))
    index = pa.arange(0, len(rows))
    before = pa.concat_arrays([pa.array([0], pa.int64()), rare])
    offsets = pc.subtract(shingles.offsets.cast(pa.int64()), shingles.offsets[0].as_py())
    start, end = offsets[:-1].take(rows), offsets[1:].take(rows)
    place_rare = pc.subtract(before.take(index), before.take(start))
    rares = pc.subtract(before.take(end), before.take(start))
    return pc.if_else(common, pc.add(rares, pc.subtract(pc.subtract(index, start), place_rare)), place_rare)


def _within_window(keys: pa.Int64Array, rows: pa.Int64Array, corpus: Corpus, window: int) -> Iterator[pa.Int64Array]:
    """Packed pairs of rows with equal keys, within the window, of which one is fresh.

    `rows` ascend, and so do times; after a stable sort by key the partners of a row are the next few.
    """
    order = pc.sort_indices(keys)
    keys, rows = keys.take(order), rows.take(order)
    times, fresh = corpus.times.take(rows), corpus.fresh.take(rows)
    left, step = pa.arange(0, len(keys)), 1
    while True:
        left = left.filter(pc.less(left, len(keys) - step))
        right = pc.add(left, step)
        distance = pc.subtract(times.take(right), times.take(left))
        meets = pc.and_(pc.equal(keys.take(left), keys.take(right)), pc.less_equal(distance, window))
        left, right = left.filter(meets), right.filter(meets)
        if not len(left):
            return
        wanted = pc.or_(fresh.take(left), fresh.take(right))
        high = pc.shift_left(rows.take(left.filter(wanted)), pa.scalar(_ROW_BITS, pa.int64()))
        yield pc.bit_wise_or(high, rows.take(right.filter(wanted)))
        step += 1
