"""Blocking: pairs of records that share a key and lie close in time, on columns.

Belongs here: the records in the order of time, the prefix filter that makes keys of texts, and joins
within a window. Does not belong here: which keys there are (`candidate_pairs`), and what else the pair
rule requires (`boilerplate`).

A block is all records of one key. Rows are numbered in the order of time; a pair is packed into one
number, the earlier row first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.texts import mixed

#: A block in which a record has more neighbours than this is oversized.
OVERSIZED: Final = 24
#: A hash that more records have than this goes to the end of the order of hashes.
COMMON: Final = 24
#: Number of parts in which hashes are joined, to bound memory.
PARTS: Final = 8
#: Records whose prefixes are found at a time.
_ROWS: Final = 100_000
#: Pairs that are handed on together, at least; this bounds the pairs of one join in memory.
_PAIRS: Final = 1 << 18
#: Two rows, or a key and a row, are packed into one number.
_ROW_BITS: Final = pa.scalar(32, pa.int64())
_ROW: Final = pa.scalar((1 << 32) - 1, pa.int64())


class Corpus(NamedTuple):
    """n records in the order of time: `times` ascending.

    Attributes:
        times: (n,) int64, microseconds since 1970; a record without a date has a time far from all others.
        titles: (n,) normalised titles; null where none.
        headlines: (n,) the same without label and credit; null where a title has neither.
        pages: (n,) a number for each page (`tasks.parse.urls.page_keys`); null where unknown.
        outlets: (n,) registrable domains; null where unknown.
        fresh: (n,) whether pairs of this record are wanted; a pair of two others is never wanted.
        shingles: lists of distinct int64, ascending, in any order. They are most of what a run holds, and
            are copied a part at a time.
        positions: (n,) the list that each record has.
    """

    times: pa.Int64Array
    titles: pa.StringArray
    headlines: pa.StringArray
    pages: pa.Int64Array
    outlets: pa.StringArray
    fresh: pa.BooleanArray
    shingles: pa.ListArray
    positions: pa.Int64Array

    def texts(self, rows: pa.Array) -> pa.ListArray:
        """The shingles of some records."""
        return self.shingles.take(self.positions.take(rows))

    def sizes(self) -> pa.Int32Array:
        """(n,) number of shingles of each record."""
        return pc.list_value_length(self.shingles).take(self.positions)

    def taken(self, rows: pa.Array) -> Corpus:
        """Some records, in the order of time."""
        return self._replace(
            times=self.times.take(rows),
            titles=self.titles.take(rows),
            headlines=self.headlines.take(rows),
            pages=self.pages.take(rows),
            outlets=self.outlets.take(rows),
            fresh=self.fresh.take(rows),
            positions=self.positions.take(rows),
        )


class Keyed(NamedTuple):
    """e entries: a row and a key that it has; a row may have several."""

    keys: pa.Int64Array
    rows: pa.Int64Array

    def filter(self, chosen: pa.BooleanArray) -> Keyed:
        """The chosen entries."""
        return Keyed(self.keys.filter(chosen), self.rows.filter(chosen))

    def take(self, order: pa.Array) -> Keyed:
        """Entries by their numbers."""
        return Keyed(self.keys.take(order), self.rows.take(order))


def concatenated(parts: Iterable[pa.Int64Array]) -> pa.Int64Array:
    """All numbers in one array, also where there is no part."""
    return pa.concat_arrays([pa.array([], pa.int64()), *parts])


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


def in_batches(parts: Iterable[pa.Int64Array]) -> Iterator[pa.Int64Array]:
    """The same packed pairs in fewer arrays, each pair once in each array."""
    waiting, count = list[pa.Int64Array](), 0
    for pairs in parts:
        waiting.append(pairs)
        count += len(pairs)
        if count >= _PAIRS:
            yield pc.unique(pa.concat_arrays(waiting))
            waiting, count = [], 0
    yield pc.unique(concatenated(waiting))


def list_offsets(lists: pa.ListArray) -> pa.Int64Array:
    """(n + 1,) where each list begins among the flat values, from 0, and where the last one ends."""
    return pc.subtract(lists.offsets.cast(pa.int64()), lists.offsets[0].as_py())


def prefix_keys(shingles: pa.ListArray, similarity: float) -> Keyed:
    """The hashes in each record's prefix that another record has, too; rows ascend.

    Two sets of n and m hashes with a Jaccard similarity of t or more share at least ceil(t max(n, m)) of
    them. So in any total order of hashes they share one among the first n - ceil(t n) + 1 and
    m - ceil(t m) + 1 (prefix filter; Chaudhuri et al., ICDE 2006). Here common hashes come last, so that
    boilerplate does not pair everything with everything. Any order finds all pairs: the set of records
    changes the work, never the pairs.

    Args:
        shingles: (n,) lists of distinct int64, ascending.
        similarity: least Jaccard similarity to be found, above 0.
    """
    repeated, common = _repeated(pc.list_flatten(shingles))
    offsets = list_offsets(shingles)
    rows, hashes = list[pa.Int64Array](), list[pa.Int64Array]()
    for start in range(0, len(shingles), _ROWS):
        lists = shingles.slice(start, _ROWS)
        begin, end = (offsets[at].as_py() for at in (start, start + len(lists)))
        first, last = pc.search_sorted(repeated, pa.array([begin, end]), side="left").to_pylist()
        inside = pc.subtract(repeated.slice(first, last - first), begin)
        found = _in_prefix(lists, inside, common, similarity)
        rows.append(pc.add(found.rows, start))
        hashes.append(found.keys)
    return Keyed(concatenated(hashes), concatenated(rows))


def in_part(hashes: pa.Int64Array, part: int) -> pa.BooleanArray:
    """Whether each hash belongs to one of `PARTS` parts of about equal size."""
    return pc.equal(pc.bit_wise_and(hashes, pa.scalar(PARTS - 1, pa.int64())), part)


def _repeated(hashes: pa.Int64Array) -> tuple[pa.Int64Array, pa.Int64Array]:
    """Positions of hashes that occur more than once, ascending, and the common hashes.

    Sorting in parts is twice as fast as counting in one hash table, which outgrows every cache.
    """
    positions, common = list[pa.Int64Array](), list[pa.Int64Array]()
    edge = pa.array([False])
    for part in range(PARTS):
        inside = pc.indices_nonzero(in_part(hashes, part)).cast(pa.int64())
        inside = inside.take(pc.sort_indices(hashes.take(inside)))
        values = hashes.take(inside)
        same = pc.equal(values[1:], values[:-1])
        twice = pc.or_(pa.concat_arrays([same, edge]), pa.concat_arrays([edge, same])) if len(values) else same
        positions.append(inside.filter(twice))
        common.append(pc.unique(values[COMMON:].filter(pc.equal(values[COMMON:], values[:-COMMON]))))
    repeated = pa.concat_arrays(positions)
    return repeated.take(pc.sort_indices(repeated)), pa.concat_arrays(common)


def _in_prefix(shingles: pa.ListArray, wanted: pa.Int64Array, common: pa.Int64Array, similarity: float) -> Keyed:
    """Those wanted hashes (numbers of flat values) in their record's prefix, in which rare ones come first."""
    hashes = pc.list_flatten(shingles)
    rows = pc.list_parent_indices(shingles).cast(pa.int64()).take(wanted)
    is_common = pc.is_in(hashes, common)
    rare_before = concatenated([pa.array([0], pa.int64()), pc.cumulative_sum(pc.invert(is_common).cast(pa.int64()))])
    offsets = list_offsets(shingles)
    start, end = offsets.take(rows), offsets.take(pc.add(rows, 1))
    rare_at_start = rare_before.take(start)
    rank_if_rare = pc.subtract(rare_before.take(wanted), rare_at_start)
    rare = pc.subtract(rare_before.take(end), rare_at_start)
    rank_if_common = pc.add(rare, pc.subtract(pc.subtract(wanted, start), rank_if_rare))
    ranks = pc.if_else(is_common.take(wanted), rank_if_common, rank_if_rare)
    sizes = pc.subtract(end, start)
    required = pc.ceil(pc.subtract(pc.multiply(sizes.cast(pa.float64()), similarity), 1e-9)).cast(pa.int64())
    chosen = pc.less_equal(ranks, pc.subtract(sizes, required))
    return Keyed(hashes.take(wanted.filter(chosen)), rows.filter(chosen))


def split_oversized(entries: Keyed, corpus: Corpus, window: int) -> tuple[Keyed, Keyed]:
    """The entries of ordinary blocks and those of oversized ones, by key.

    In an ordinary block every row has few neighbours within the window.

    Args:
        entries: rows ascend.
        corpus: the records.
        window: microseconds.
    """
    ordered = entries.take(pc.sort_indices(entries.keys))
    _, right = _neighbours(ordered, corpus, window, pa.arange(0, len(ordered.keys)), OVERSIZED + 1)
    oversized = pc.is_in(ordered.keys, pc.unique(ordered.keys.take(right)))
    return ordered.filter(pc.invert(oversized)), ordered.filter(oversized)


def pairs_in_blocks(entries: Keyed, corpus: Corpus, window: int) -> Iterator[pa.Int64Array]:
    """Packed pairs of rows of one block, within the window, of which one is fresh.

    The partners of a row are the next few entries; the time it takes is that of the largest block's size.

    Args:
        entries: by key, and for each key in the order of rows, see `split_oversized`.
        corpus: the records.
        window: microseconds.
    """
    fresh, left, step = corpus.fresh.take(entries.rows), pa.arange(0, len(entries.keys)), 1
    while len(left):
        left, right = _neighbours(entries, corpus, window, left, step)
        wanted = pc.or_(fresh.take(left), fresh.take(right))
        yield packed(entries.rows.take(left.filter(wanted)), entries.rows.take(right.filter(wanted)))
        step += 1


def _neighbours(
    entries: Keyed, corpus: Corpus, window: int, left: pa.Int64Array, step: int
) -> tuple[pa.Int64Array, pa.Int64Array]:
    """Those entries on the left that meet the one `step` positions later, and these."""
    left = left.filter(pc.less(left, len(entries.keys) - step))
    right = pc.add(left, step)
    times = [corpus.times.take(entries.rows.take(side)) for side in (right, left)]
    same = pc.equal(entries.keys.take(left), entries.keys.take(right))
    meets = pc.and_(same, pc.less_equal(pc.subtract(*times), window))
    return left.filter(meets), right.filter(meets)


def pairs_across(asking: Keyed, having: Keyed, corpus: Corpus, window: int) -> Iterator[pa.Int64Array]:
    """Packed pairs of a row that asks for a key and another that has it, within the window, one of them fresh.

    The time it takes is that of sorting the entries and of writing the pairs down.
    """
    known = having.keys.dictionary_encode()
    entries = packed(known.indices.cast(pa.int64()), having.rows)
    entries = entries.take(pc.sort_indices(entries))
    keys = pc.fill_null(pc.index_in(asking.keys, known.dictionary).cast(pa.int64()), -1)
    times = corpus.times.take(asking.rows)
    first = pc.search_sorted(corpus.times, pc.subtract(times, window), side="left").cast(pa.int64())
    after = pc.search_sorted(corpus.times, pc.add(times, window), side="right").cast(pa.int64())
    low, high = (pc.search_sorted(entries, packed(keys, row), side="left").cast(pa.int64()) for row in (first, after))
    counts = pc.subtract(high, low)
    for part in _parts(counts):
        left, position = _ranges(asking.rows[part], low[part], counts[part])
        right = pc.bit_wise_and(entries.take(position), _ROW)
        chosen = pc.and_(pc.not_equal(left, right), pc.or_(corpus.fresh.take(left), corpus.fresh.take(right)))
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
