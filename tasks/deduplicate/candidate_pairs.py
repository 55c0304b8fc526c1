"""Candidate pairs: the pairs of records that the pair rule must look at. No pair that it could relate is left out.

Belongs here: the keys that two records must share, a title or a hash of their prefixes, within the rule's
windows. Does not belong here: joins (`blocking`, `boilerplate`), and what relates two records (`pair_rule`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import microseconds
from config.match_rules import MatchRules
from tasks.deduplicate.blocking import (
    PARTS,
    Corpus,
    Keyed,
    combined,
    concatenated,
    in_batches,
    in_part,
    list_offsets,
    packed,
    pairs_across,
    pairs_in_blocks,
    prefix_keys,
    split_oversized,
    unpacked,
)
from tasks.deduplicate.boilerplate import Prefilter, boilerplate_pairs
from tasks.deduplicate.headline_keys import headline_keys, sharing_headline
from tasks.deduplicate.pair_rule import HEADLINE, PAGE, TEXT, TITLE, window_days

#: Records whose texts are joined at a time, at least: so many shingles are in memory in the order of time.
_ROWS: Final = 50_000
#: A part of them is so many windows wide, at least: each begins a window earlier, and few are looked at twice.
_WINDOWS: Final = 3
#: Hashes that are looked up at a time.
_HASHES: Final = 1 << 21
#: The time of records without a date, in microseconds: far from all others.
UNDATED: Final = -(1 << 60)


class Pairs(NamedTuple):
    """m pairs of row numbers, `left` before `right`, sorted, each once."""

    left: pa.Int64Array
    right: pa.Int64Array

    def edges(self) -> list[tuple[int, int]]:
        """The same as tuples."""
        return list(zip(self.left.to_pylist(), self.right.to_pylist(), strict=True))


def sorted_pairs(left: pa.Int64Array, right: pa.Int64Array) -> Pairs:
    """Pairs by their left, then by their right rows."""
    pairs = packed(left, right)
    return Pairs(*unpacked(pairs.take(pc.sort_indices(pairs))))


class Named(NamedTuple):
    """Columns of n records by which they may be found: titles and headlines as in `Corpus`, and ids of pages."""

    titles: pa.StringArray
    headlines: pa.StringArray
    pages: pa.StringArray


class Candidates(NamedTuple):
    """Pairs of one title, headline or page key, which the rule sees as they are, and others of similar texts."""

    titled: Pairs
    similar: Pairs


def candidate_pairs(corpus: Corpus, rules: MatchRules) -> Candidates:
    """Every pair that the rule could relate for a title, a headline, a page key or similar texts, and others.

    Args:
        corpus: the records; those without a date have the time `UNDATED`.
        rules: parameters of the pair rule, whose windows and least similarity bound the search.
    """
    rows = _near_fresh(corpus, microseconds(window_days(rules)))
    prefilter = Prefilter(corpus if len(rows) == len(corpus.times) else corpus.taken(rows), rules)
    titled = _kept(chain(_of_one_title(prefilter), _of_one_headline(prefilter), _of_one_page(prefilter)), prefilter)
    similar = _kept(_of_similar_texts(prefilter), prefilter)
    similar = similar.filter(pc.invert(pc.is_in(similar, titled)))
    pairs = (unpacked(packed_pairs) for packed_pairs in (titled, similar))
    return Candidates(*(sorted_pairs(rows.take(left), rows.take(right)) for left, right in pairs))


def _kept(found: Iterator[pa.Int64Array], prefilter: Prefilter) -> pa.Int64Array:
    """Packed pairs that the prefilter lets through, each once."""
    return pc.unique(concatenated(pairs.filter(prefilter.keeps(*unpacked(pairs))) for pairs in in_batches(found)))


def sharing_with_fresh(
    named: Named, shingles: pa.ListArray, fresh: pa.BooleanArray, rules: MatchRules
) -> pa.Int64Array:
    """Rows that have a fresh record's title, headline or page key, or hashes enough to be similar to one.

    Args:
        named, shingles, fresh: (n,) in any order.
        rules: parameters of the pair rule; `similarity` is the least one.

    Returns:
        Row numbers, ascending: few, where few records are fresh.
    """
    if pc.all(fresh, min_count=0).as_py():
        return pa.arange(0, len(fresh))
    positions = _positions_of(pc.unique(pc.list_flatten(shingles.filter(fresh))), pc.list_flatten(shingles))
    # The last of the lists that begin at a position or before is the one that has it.
    owners = pc.subtract(pc.search_sorted(list_offsets(shingles), positions, side="right").cast(pa.int64()), 1)
    shared = owners.value_counts()
    similar, sizes = shared.field("values"), pc.list_value_length(shingles).take(shared.field("values"))
    # As similar as t means that at least t times its own hashes are common.
    least = pc.subtract(pc.multiply(sizes.cast(pa.float64()), rules.similarity), 1e-9)
    similar = similar.filter(pc.greater_equal(shared.field("counts").cast(pa.float64()), least))
    same = [_having(keys, fresh) for keys in (named.titles, named.pages)]
    headed = sharing_headline(named.titles, named.headlines, fresh, rules)
    found = pc.unique(pa.concat_arrays([similar, *same, headed]))
    return found.take(pc.sort_indices(found))


def _having(keys: pa.Array, fresh: pa.BooleanArray) -> pa.Int64Array:
    """Rows that have a fresh record's key."""
    return pc.indices_nonzero(pc.is_in(keys, pc.unique(keys.filter(fresh).drop_null()))).cast(pa.int64())


def _positions_of(wanted: pa.Int64Array, hashes: pa.Int64Array) -> pa.Int64Array:
    """Positions of the wanted hashes among all, ascending; looked up in parts, which bounds memory."""
    parts = ((start, hashes.slice(start, _HASHES)) for start in range(0, len(hashes), _HASHES))
    return concatenated(
        pc.add(pc.indices_nonzero(pc.is_in(part, wanted)).cast(pa.int64()), start) for start, part in parts
    )


def _near_fresh(corpus: Corpus, window: int) -> pa.Int64Array:
    """Rows that have a fresh record within the window: only they can be in a wanted pair."""
    times = corpus.times.filter(corpus.fresh)
    first = pc.search_sorted(times, pc.subtract(corpus.times, window), side="left")
    last = pc.search_sorted(times, pc.add(corpus.times, window), side="right")
    return pc.indices_nonzero(pc.less(first, last)).cast(pa.int64())


def _of_one_title(prefilter: Prefilter) -> Iterator[pa.Int64Array]:
    """Pairs of one title that is long enough to count; shorter ones count by their texts."""
    corpus, rules = prefilter.corpus, prefilter.rules
    least = min([rule.words for rule in rules.equal_title] + [rule.words for rule in rules.reissued])
    words = pc.fill_null(pc.add(pc.count_substring(corpus.titles, " "), 1), 0)
    named = pc.and_(pc.greater_equal(words, least), pc.fill_null(pc.not_equal(corpus.titles, ""), False))
    chosen = pc.indices_nonzero(pc.and_(named, pc.greater(corpus.times, UNDATED))).cast(pa.int64())
    window = microseconds(window_days(rules, TITLE))
    ordinary, oversized = split_oversized(Keyed(prefilter.titles.take(chosen), chosen), corpus, window)
    yield from pairs_in_blocks(ordinary, corpus, window)
    yield from boilerplate_pairs(oversized, prefilter, at_one_outlet=window, between_outlets=window)
    yield from _undated(prefilter, pc.greater_equal(words, rules.undated_words))


def _of_one_headline(prefilter: Prefilter) -> Iterator[pa.Int64Array]:
    """Pairs with a date whose headlines are one but for fillers and a spelling."""
    corpus, rules = prefilter.corpus, prefilter.rules
    entries, window = headline_keys(corpus.titles, corpus.headlines, rules), microseconds(window_days(rules, HEADLINE))
    entries = entries.filter(pc.greater(corpus.times.take(entries.rows), UNDATED))
    ordinary, oversized = split_oversized(entries, corpus, window)
    yield from pairs_in_blocks(ordinary, corpus, window)
    yield from boilerplate_pairs(oversized, prefilter, at_one_outlet=window, between_outlets=window)


def _of_one_page(prefilter: Prefilter) -> Iterator[pa.Int64Array]:
    """Pairs with a date that have one page key."""
    corpus, window = prefilter.corpus, microseconds(window_days(prefilter.rules, PAGE))
    has_page = pc.and_(pc.is_valid(corpus.pages), pc.greater(corpus.times, UNDATED))
    rows = pc.indices_nonzero(has_page).cast(pa.int64())
    ordinary, oversized = split_oversized(Keyed(corpus.pages.take(rows), rows), corpus, window)
    yield from pairs_in_blocks(ordinary, corpus, window)
    yield from boilerplate_pairs(oversized, prefilter, at_one_outlet=window, between_outlets=0)


def _undated(prefilter: Prefilter, named: pa.BooleanArray) -> Iterator[pa.Int64Array]:
    """Pairs without a date that have one title and one text."""
    corpus = prefilter.corpus
    rows = pc.indices_nonzero(pc.and_(named, pc.equal(corpus.times, UNDATED))).cast(pa.int64())
    lists = corpus.texts(rows)
    hashes = pa.table({"row": pc.list_parent_indices(lists).cast(pa.int64()), "hash": pc.list_flatten(lists)})
    sums = hashes.group_by("row", use_threads=False).aggregate([("hash", "sum")]).combine_chunks()
    positions = pc.index_in(pa.arange(0, len(rows)), sums["row"].combine_chunks())
    texts = pc.fill_null(sums["hash_sum"].combine_chunks().take(positions), 0)
    same = Keyed(combined(prefilter.titles.take(rows), texts), rows)
    yield from pairs_across(same, same, corpus, 0)


def _of_similar_texts(prefilter: Prefilter) -> Iterator[pa.Int64Array]:
    """Pairs with a date that share a hash of their prefixes, and whose sizes allow the similarity."""
    corpus, rules, sizes = prefilter.corpus, prefilter.rules, prefilter.corpus.sizes()
    for before, start, stop in _spans(corpus.times, microseconds(window_days(rules, TEXT))):
        found = prefix_keys(corpus.texts(pa.arange(before, stop)), rules.similarity)
        entries = Keyed(found.keys, pc.add(found.rows, before))
        for pairs in in_batches(_sharing_hash(entries, prefilter)):
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


def _sharing_hash(entries: Keyed, prefilter: Prefilter) -> Iterator[pa.Int64Array]:
    corpus, rules = prefilter.corpus, prefilter.rules
    window, width = microseconds(window_days(rules, TEXT)), microseconds(rules.reposted.days)
    blocks = list[Keyed]()
    for part in range(PARTS):
        ordinary, oversized = split_oversized(entries.filter(in_part(entries.keys, part)), corpus, window)
        blocks.append(oversized)
        yield from pairs_in_blocks(ordinary, corpus, window)
    all_oversized = Keyed(*map(concatenated, zip(*blocks, strict=True)))
    yield from boilerplate_pairs(all_oversized, prefilter, at_one_outlet=width, between_outlets=window)


def _comparable(pairs: pa.Int64Array, sizes: pa.Int32Array, similarity: float) -> pa.BooleanArray:
    """Whether the smaller set is large enough to reach the similarity (length filter)."""
    left, right = (sizes.take(rows) for rows in unpacked(pairs))
    least = pc.multiply(pc.max_element_wise(left, right).cast(pa.float64()), similarity)
    return pc.greater_equal(pc.min_element_wise(left, right).cast(pa.float64()), pc.subtract(least, 1e-9))
