"""Which pairs of records the pair rule must look at: none that it could relate is left out.

Belongs here: what two records must share, a title or a rare hash of their texts, within the rule's
windows. Does not belong here: what relates two records (`pair_rule`), and the joins (`joins`, `templates`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import microseconds
from config.match_rules import MatchRules
from tasks.deduplicate.joins import (
    Keyed,
    Timeline,
    combined,
    gathered,
    meeting,
    packed,
    unpacked,
    with_crowds_apart,
    within_window,
)
from tasks.deduplicate.prefilter import Prefilter
from tasks.deduplicate.prefixes import PARTS, in_part, prefixes
from tasks.deduplicate.templates import template_pairs

#: Records whose texts are joined at a time, at least: so many shingles are in memory in the order of time.
_ROWS: Final = 50_000
#: A part of them is so many windows wide, at least: each begins a window earlier, and few are looked at twice.
_WINDOWS: Final = 3
#: Hashes that are looked for at a time, and the bits of them that are looked at first.
_HASHES: Final = 1 << 21
_END: Final = (1 << 16) - 1
#: The time of records without a date, in microseconds: far from all others.
UNDATED: Final = -(1 << 60)


class Corpus(NamedTuple):
    """n records in the order of time: `times` ascending.

    Attributes:
        times: (n,) int64, microseconds since 1970; `UNDATED` without a date.
        titles: (n,) normalised titles; null where none.
        outlets: (n,) registrable domains; null where unknown.
        fresh: (n,) whether pairs of this record are wanted; of two that are not, none is.
        shingles: lists of distinct int64, ascending, in any order: they are most of what a run holds, and
            copied a part at a time.
        places: (n,) the list that each record has.
    """

    times: pa.Int64Array
    titles: pa.StringArray
    outlets: pa.StringArray
    fresh: pa.BooleanArray
    shingles: pa.ListArray
    places: pa.Int64Array

    def texts(self, rows: pa.Array) -> pa.ListArray:
        """The shingles of some records."""
        return self.shingles.take(self.places.take(rows))

    def sizes(self) -> pa.Int32Array:
        """(n,) how many shingles each record has."""
        return pc.list_value_length(self.shingles).take(self.places)

    def taken(self, rows: pa.Array) -> Corpus:
        """Some records, in the order of time."""
        times, titles, outlets, fresh = (
            column.take(rows) for column in (self.times, self.titles, self.outlets, self.fresh)
        )
        return Corpus(times, titles, outlets, fresh, self.shingles, self.places.take(rows))


class Pairs(NamedTuple):
    """m pairs of row numbers, `left` before `right`, sorted, each once."""

    left: pa.Int64Array
    right: pa.Int64Array

    def edges(self) -> list[tuple[int, int]]:
        """The same as tuples."""
        return list(zip(self.left.to_pylist(), self.right.to_pylist(), strict=True))


def in_order(left: pa.Int64Array, right: pa.Int64Array) -> Pairs:
    """Pairs by their left, then by their right rows."""
    pairs = packed(left, right)
    return Pairs(*unpacked(pairs.take(pc.sort_indices(pairs))))


def candidates(corpus: Corpus, rules: MatchRules) -> Pairs:
    """Every pair that the rule could relate for an equal title or for like texts, and others.

    Args:
        corpus: the records.
        rules: parameters of the pair rule, whose windows and least similarity bound the search.
    """
    near = _near_fresh(corpus, microseconds(rules.window_days))
    part = corpus if len(near) == len(corpus.times) else corpus.taken(near)
    line, prefilter = Timeline(part.times, part.fresh), Prefilter(part.titles, part.outlets, part.times, rules)
    found = gathered(chain(_of_one_title(part, line, prefilter), _of_like_texts(part, line, prefilter)))
    kept = [pairs.filter(prefilter.keeps(*unpacked(pairs))) for pairs in found]
    unique = pc.unique(pa.concat_arrays([pa.array([], pa.int64()), *kept]))
    left, right = unpacked(unique)
    return in_order(near.take(left), near.take(right))


def sharing_with_fresh(
    titles: pa.StringArray, shingles: pa.ListArray, fresh: pa.BooleanArray, similarity: float
) -> pa.Int64Array:
    """Rows that have a fresh record's title, or so many hashes of fresh ones that they can be like one of them.

    Args:
        titles, shingles, fresh: (n,) as in `Corpus`, in any order.
        similarity: least Jaccard similarity, above 0.

    Returns:
        Row numbers, ascending: few, where few records are fresh.
    """
    if pc.all(fresh, min_count=0).as_py():
        return pa.arange(0, len(fresh))
    places = _places_of(pc.list_flatten(shingles.filter(fresh)), pc.list_flatten(shingles))
    offsets = pc.subtract(shingles.offsets.cast(pa.int64()), shingles.offsets[0].as_py())
    # The last of the lists that begin at a place or before is the one that has it.
    shared = pc.subtract(pc.search_sorted(offsets, places, side="right").cast(pa.int64()), 1).value_counts()
    alike, sizes = shared.field("values"), pc.list_value_length(shingles).take(shared.field("values"))
    # As similar as t means that at least t times its own hashes are common.
    least = pc.subtract(pc.multiply(sizes.cast(pa.float64()), similarity), 1e-9)
    alike = alike.filter(pc.greater_equal(shared.field("counts").cast(pa.float64()), least))
    named = pc.indices_nonzero(pc.is_in(titles, pc.unique(titles.filter(fresh).drop_null()))).cast(pa.int64())
    found = pc.unique(pa.concat_arrays([alike, named]))
    return found.take(pc.sort_indices(found))


def _places_of(wanted: pa.Int64Array, hashes: pa.Int64Array) -> pa.Int64Array:
    """Where hashes are among the wanted ones: those whose last bits are not are mostly all, and soon left out."""
    wanted = pc.unique(wanted)
    has_end = pc.is_valid(pc.inverse_permutation(pc.unique(pc.bit_wise_and(wanted, _END)), max_index=_END))
    found = [pa.array([], pa.int64())]
    for start in range(0, len(hashes), _HASHES):
        some = hashes.slice(start, _HASHES)
        places = pc.indices_nonzero(has_end.take(pc.bit_wise_and(some, _END))).cast(pa.int64())
        places = places.filter(pc.is_in(some.take(places), wanted))
        found.append(pc.add(places, start))
    return pa.concat_arrays(found)


def _near_fresh(corpus: Corpus, window: int) -> pa.Int64Array:
    """Rows that have a fresh record within the window: only they can be in a wanted pair."""
    times = corpus.times.filter(corpus.fresh)
    first = pc.search_sorted(times, pc.subtract(corpus.times, window), side="left")
    last = pc.search_sorted(times, pc.add(corpus.times, window), side="right")
    return pc.indices_nonzero(pc.less(first, last)).cast(pa.int64())


def _of_one_title(corpus: Corpus, line: Timeline, prefilter: Prefilter) -> Iterator[pa.Int64Array]:
    """Pairs of one title that is long enough to count; shorter ones count by their texts."""
    rules = prefilter.rules
    least = min([rule.words for rule in rules.equal_title] + [rule.words for rule in rules.reissued])
    words = pc.fill_null(pc.add(pc.count_substring(corpus.titles, " "), 1), 0)
    named = pc.and_(pc.greater_equal(words, least), pc.fill_null(pc.not_equal(corpus.titles, ""), False))
    dated = pc.greater(corpus.times, UNDATED)
    chosen = pc.indices_nonzero(pc.and_(named, dated)).cast(pa.int64())
    window = microseconds(rules.window_days)
    few, crowded = with_crowds_apart(Keyed(prefilter.titles.take(chosen), chosen), line, window)
    yield from within_window(few, line, window)
    yield from template_pairs(crowded, line, prefilter, at_one_outlet=window, between_outlets=window)
    yield from _undated(corpus, line, prefilter, pc.greater_equal(words, rules.undated_words))


def _undated(corpus: Corpus, line: Timeline, prefilter: Prefilter, named: pa.BooleanArray) -> Iterator[pa.Int64Array]:
    """Pairs without a date that have one title and one text."""
    rows = pc.indices_nonzero(pc.and_(named, pc.equal(corpus.times, UNDATED))).cast(pa.int64())
    lists = corpus.texts(rows)
    hashes = pa.table({"row": pc.list_parent_indices(lists).cast(pa.int64()), "hash": pc.list_flatten(lists)})
    sums = hashes.group_by("row", use_threads=False).aggregate([("hash", "sum")]).combine_chunks()
    places = pc.index_in(pa.arange(0, len(rows)), sums["row"].combine_chunks())
    texts = pc.fill_null(sums["hash_sum"].combine_chunks().take(places), 0)
    alike = Keyed(combined(prefilter.titles.take(rows), texts), rows)
    yield from meeting(alike, alike, line, 0)


def _of_like_texts(corpus: Corpus, line: Timeline, prefilter: Prefilter) -> Iterator[pa.Int64Array]:
    """Pairs with a date that share a hash of their prefixes, and are of such sizes that they can be alike."""
    rules, sizes = prefilter.rules, corpus.sizes()
    for before, start, stop in _spans(corpus.times, microseconds(rules.text_days)):
        found = prefixes(corpus.texts(pa.arange(before, stop)), rules.similarity)
        entries = Keyed(found.keys, pc.add(found.rows, before))
        for pairs in gathered(_sharing_hash(entries, line, prefilter)):
            new = pc.greater_equal(unpacked(pairs)[1], start)
            yield pairs.filter(pc.and_(new, _comparable(pairs, sizes, rules.similarity)))


def _spans(times: pa.Int64Array, window: int) -> Iterator[tuple[int, int, int]]:
    """Parts of the rows with a date, from `start` to `stop`: all they meet earlier is from `before` on."""
    start = pc.search_sorted(times, pa.scalar(UNDATED, pa.int64()), side="right").as_py()
    while start < len(times):
        first = times[start].as_py()
        bounds = pa.array([first - window, first + _WINDOWS * window], pa.int64())
        before, wide = pc.search_sorted(times, bounds, side="left").to_pylist()
        stop = min(max(start + _ROWS, wide), len(times))
        yield before, start, stop
        start = stop


def _sharing_hash(entries: Keyed, line: Timeline, prefilter: Prefilter) -> Iterator[pa.Int64Array]:
    window, width = microseconds(prefilter.rules.text_days), microseconds(prefilter.rules.reposted.days)
    crowds = list[Keyed]()
    for part in range(PARTS):
        few, crowded = with_crowds_apart(entries.filter(in_part(entries.keys, part)), line, window)
        crowds.append(crowded)
        yield from within_window(few, line, window)
    crowded = Keyed(*(pa.concat_arrays(columns) for columns in zip(*crowds, strict=True)))
    yield from template_pairs(crowded, line, prefilter, at_one_outlet=width, between_outlets=window)


def _comparable(pairs: pa.Int64Array, sizes: pa.Int32Array, similarity: float) -> pa.BooleanArray:
    """Whether the smaller set is large enough to reach the similarity (length filter)."""
    left, right = (sizes.take(rows) for rows in unpacked(pairs))
    least = pc.multiply(pc.max_element_wise(left, right).cast(pa.float64()), similarity)
    return pc.greater_equal(pc.min_element_wise(left, right).cast(pa.float64()), pc.subtract(least, 1e-9))
