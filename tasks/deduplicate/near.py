"""Pairs of records that the pair rule relates, found on columns.

Belongs here: taking the rule's view of records out of the manifest, verifying candidates. Does not
belong here: the rule (`pair_rule`), finding candidates (`candidates`), what edges lead to (`clusters`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.match_rules import MatchRules
from tasks.deduplicate.candidates import UNDATED, Corpus, Pairs, candidates, in_order, sharing_with_fresh
from tasks.deduplicate.pair_rule import PairRule, Story
from tasks.tables.columns import whole
from tasks.tables.memory import give_back
from tasks.tables.texts import shingles_of_words

Edge = tuple[int, int]

#: Columns of the manifest that the rule looks at.
FEATURES: Final = ("title_words", "outlet", "published_at", "shingles")
#: Pairs whose texts are in memory at a time, as Python sets: some 5 kB a record.
_CHUNK: Final = 4_000


def near_pairs(
    records: pa.Table, fresh: pa.BooleanArray, rules: MatchRules, hidden: pa.BooleanArray | None = None
) -> Pairs:
    """Every pair of records that the rule relates and of which at least one is fresh.

    Args:
        records: (n,) rows with the columns `FEATURES`.
        fresh: (n,) whether the record is new or changed.
        rules: the rule's parameters.
        hidden: (n,) records that are compared with none; None is no such record.

    Returns:
        Pairs of row numbers, the smaller first, sorted.
    """
    titles = whole(records["title_words"])
    if hidden is not None:
        fresh = pc.and_not(fresh, hidden)
    chosen = sharing_with_fresh(titles, _lists(records), fresh, rules.similarity)
    if hidden is not None:
        chosen = chosen.filter(pc.invert(hidden.take(chosen)))
    corpus = _corpus(records, chosen, fresh)
    found = candidates(corpus, rules)
    give_back()
    rule, edges = PairRule(rules), list[Edge]()
    for part in _chunks(found):
        rows = _nominated(corpus, part, rules.similarity)
        told = dict(_stories_of(records, rows))
        edges += [pair for pair in rows if rule.relation(told[pair[0]], told[pair[1]])]
    left, right = (pa.array([edge[side] for edge in edges], pa.int64()) for side in (0, 1))
    return in_order(pc.min_element_wise(left, right), pc.max_element_wise(left, right))


def _corpus(records: pa.Table, chosen: pa.Int64Array, fresh: pa.BooleanArray) -> Corpus:
    """Some records in the order of time; only what is short is copied."""
    times = pc.fill_null(whole(records["published_at"]).cast(pa.int64()), UNDATED)
    order = chosen.take(pc.sort_indices(times.take(chosen)))
    titles, outlets = (whole(records[name]).take(order) for name in ("title_words", "outlet"))
    return Corpus(times.take(order), titles, outlets, fresh.take(order), _lists(records), order)


def stories(records: pa.Table) -> list[Story]:
    """The rule's view of n records, in order."""
    titles = whole(pc.fill_null(records["title_words"], ""))
    nothing = pa.nulls(len(records), pa.string())
    moments = records["published_at"].combine_chunks().cast(pa.int64()).to_pylist()
    columns = (
        titles.to_pylist(),
        pc.fill_null(records["outlet"], "").to_pylist(),
        [None if moment is None else moment / 1e6 for moment in moments],
        map(frozenset, _sets(_lists(records))),
        map(frozenset, _sets(shingles_of_words(titles, nothing))),
    )
    return [Story(*values) for values in zip(*columns, strict=True)]


def _stories_of(records: pa.Table, pairs: Sequence[Edge]) -> Iterator[tuple[int, Story]]:
    rows = sorted({row for pair in pairs for row in pair})
    return zip(rows, stories(records.select(FEATURES).take(pa.array(rows, pa.int64()))), strict=True)


def _lists(records: pa.Table) -> pa.ListArray:
    """The shingles, without a copy; a null is an empty list."""
    lists = whole(records["shingles"])
    return pa.ListArray.from_arrays(lists.offsets, lists.values) if lists.null_count else lists


def _chunks(pairs: Pairs) -> Iterator[Pairs]:
    for start in range(0, len(pairs.left), _CHUNK):
        yield Pairs(pairs.left.slice(start, _CHUNK), pairs.right.slice(start, _CHUNK))


def _nominated(corpus: Corpus, pairs: Pairs, similarity: float) -> list[Edge]:
    """The pairs that have an equal title or reach the similarity: few, so the rule may take its time.

    Returns:
        Pairs of row numbers in the order that the records' texts have.
    """
    rows = pc.unique(pa.concat_arrays([pairs.left, pairs.right]))
    sets = dict(zip(rows.to_pylist(), _sets(corpus.texts(rows)), strict=True))
    equal = pc.fill_null(pc.equal(corpus.titles.take(pairs.left), corpus.titles.take(pairs.right)), False)
    lefts, rights, same_title = pairs.left.to_pylist(), pairs.right.to_pylist(), equal.to_pylist()
    # |a and b| / |a or b| >= t, without the union: |a and b| >= t / (1 + t) (|a| + |b|).
    share = similarity / (1 + similarity) - 1e-9
    wanted = [
        same or len(sets[left] & sets[right]) >= share * (len(sets[left]) + len(sets[right]))
        for left, right, same in zip(lefts, rights, same_title, strict=True)
    ]
    places = [corpus.places.take(side.filter(pa.array(wanted, pa.bool_()))).to_pylist() for side in pairs]
    return list(zip(*places, strict=True))


def _sets(lists: pa.ListArray) -> Iterator[set[int]]:
    """Each list as a set; the values leave Arrow in one piece, which is ten times as fast as `to_pylist`."""
    values = pc.list_flatten(lists)
    numbers = memoryview(values.buffers()[1] or b"").cast("B").cast("q") if len(values) else memoryview(b"")
    flat = numbers[values.offset : values.offset + len(values)].tolist()
    start = 0
    for length in pc.list_value_length(lists).to_pylist():
        yield set(flat[start : start + length])
        start += length
