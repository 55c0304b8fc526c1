"""Related pairs: the pairs of records that the pair rule relates, found on columns and stored with the manifest.

Belongs here: verifying candidate pairs, and the stored pairs, by which a run compares only what is new.
Does not belong here: the rule (`pair_rule`), finding candidates (`candidate_pairs`), what pairs lead to
(`clustering`).

A pair is stored at the later of its two records in the order of the manifest. It holds as long as neither
file was read again; a pair of a deleted file has no partner and is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.match_rules import MatchRules
from tasks.arrow.columns import whole
from tasks.arrow.keys import file_keys
from tasks.arrow.memory import give_back
from tasks.arrow.texts import shingles_of_words
from tasks.deduplicate.blocking import Corpus
from tasks.deduplicate.candidate_pairs import UNDATED, Named, Pairs, candidate_pairs, sharing_with_fresh, sorted_pairs
from tasks.deduplicate.pair import Story
from tasks.deduplicate.pair_rule import PairRule

Edge = tuple[int, int]

#: Columns of the manifest that the rule looks at.
FEATURES: Final = (
    "title_words",
    "headline",
    "linked_words",
    "outlet",
    "language",
    "medium",
    "published_at",
    "shingles",
    "body_sketch",
    "page_key",
    "article_id",
)
#: Columns of the manifest that hold the related pairs: the partners, and the version of rules and code.
STORED: Final = ("near", "match_version")
#: Pairs whose texts are in memory at a time, as Python sets: some 5 kB a record.
_CHUNK: Final = 4_000


def unknown(records: pa.Table, version: str) -> pa.BooleanArray:
    """(n,) true for records whose related pairs are not stored under a version of rules and code."""
    known = pc.and_(pc.is_valid(records["near"]), pc.equal(records["match_version"], version))
    return whole(pc.invert(pc.fill_null(known, False)))


def related_pairs(records: pa.Table, fresh: pa.BooleanArray, represented: pa.BooleanArray, rules: MatchRules) -> Pairs:
    """Every pair of records that the rule relates, comparing only records whose pairs are not stored.

    Args:
        records: (n,) manifest rows of records, sorted by source and path.
        fresh: (n,) whether the record's pairs are not stored, see `unknown`.
        represented: (n,) whether the leader of its cluster stands for the record; it is compared with none.
        rules: parameters of the pair rule.

    Returns:
        Pairs of row numbers, the smaller first, sorted: those of a comparison of all records.
    """
    stored, found = _stored(records, pc.or_(fresh, represented)), near_pairs(records, fresh, rules, represented)
    return sorted_pairs(*map(pa.concat_arrays, zip(stored, found, strict=True)))


def _stored(records: pa.Table, changed: pa.BooleanArray) -> Pairs:
    """The stored pairs of records that are both unchanged and stand for themselves."""
    lists = whole(records["near"])
    rows = pc.list_parent_indices(lists).cast(pa.int64())
    partners = _rows_of(partner_keys(lists), file_keys(records))
    holds = pc.fill_null(pc.and_(pc.invert(changed.take(rows)), pc.invert(changed.take(partners))), False)
    return Pairs(partners.filter(holds), rows.filter(holds))


def _rows_of(wanted: pa.StringArray, keys: pa.StringArray) -> pa.Int64Array:
    """(m,) the row that has each key, null where none has; keys ascend and are too many for a hash table of them."""
    found = pc.search_sorted(keys, wanted, side="left").cast(pa.int64())
    found = pc.if_else(pc.less(found, len(keys)), found, None)
    return pc.if_else(pc.equal(keys.take(found), wanted), found, None)


def partner_keys(near: pa.ListArray) -> pa.StringArray:
    """Keys of the files that records are stored to be related to, flat."""
    partners = pc.list_flatten(near)
    return file_keys(pa.table({name: pc.struct_field(partners, name) for name in ("source", "source_path")}))


def stored_column(records: pa.Table, pairs: Pairs) -> pa.ListArray:
    """(n,) the column `near`: of each record the related ones that are before it by source and path.

    Args:
        records: (n,) rows with `source` and `source_path`, sorted by them.
        pairs: pairs of row numbers, the smaller first.
    """
    later = sorted_pairs(pairs.right, pairs.left)
    names = ("source", "source_path")
    partners = pa.StructArray.from_arrays([whole(records[name]).take(later.right) for name in names], names)
    ends = pc.search_sorted(later.left, pa.arange(0, len(records) + 1), side="left").cast(pa.int32())
    return pa.ListArray.from_arrays(ends, partners)


def near_pairs(
    records: pa.Table, fresh: pa.BooleanArray, rules: MatchRules, represented: pa.BooleanArray | None = None
) -> Pairs:
    """Every pair of records that the rule relates and of which at least one is fresh.

    Args:
        records: (n,) rows with the columns `FEATURES`.
        fresh: (n,) whether the record is new or changed.
        rules: parameters of the pair rule.
        represented: (n,) records that are compared with none; None is no such record.

    Returns:
        Pairs of row numbers, the smaller first, sorted.
    """
    if represented is not None:
        fresh = pc.and_not(fresh, represented)
    named = Named(whole(records["title_words"]), whole(records["headline"]), _pages(records))
    chosen = sharing_with_fresh(named, _lists(records), fresh, rules)
    if represented is not None:
        chosen = chosen.filter(pc.invert(represented.take(chosen)))
    corpus = _corpus(records, chosen, fresh)
    titled, similar = candidate_pairs(corpus, rules)
    give_back()
    rule, edges = PairRule(rules), list[Edge]()
    for pairs in chain(_rows_of_titled(corpus, titled), _similar(corpus, similar, rules.similarity)):
        rows = sorted({row for pair in pairs for row in pair})
        features = records.select(FEATURES).take(pa.array(rows, pa.int64()))
        story_of = dict(zip(rows, stories(features), strict=True))
        edges += [pair for pair in pairs if rule.relation(story_of[pair[0]], story_of[pair[1]])]
    left, right = (pa.array([edge[side] for edge in edges], pa.int64()) for side in (0, 1))
    return sorted_pairs(pc.min_element_wise(left, right), pc.max_element_wise(left, right))


def _corpus(records: pa.Table, chosen: pa.Int64Array, fresh: pa.BooleanArray) -> Corpus:
    """Some records in the order of time; only what is short is copied."""
    times = pc.fill_null(whole(records["published_at"]).cast(pa.int64()), UNDATED)
    order = chosen.take(pc.sort_indices(times.take(chosen)))
    titles, headlines, outlets = (whole(records[name]).take(order) for name in ("title_words", "headline", "outlet"))
    pages, fresh = _pages(records).take(order).dictionary_encode().indices.cast(pa.int64()), fresh.take(order)
    return Corpus(times.take(order), titles, headlines, pages, outlets, fresh, _lists(records), order)


def _pages(records: pa.Table) -> pa.StringArray:
    """(n,) the id of the page that each record's address shows: mostly its own id."""
    return pc.coalesce(whole(records["page_key"]), whole(records["article_id"]))


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
        *(pc.fill_null(records[name], "").to_pylist() for name in ("language", "headline", "linked_words", "medium")),
        [frozenset(sketch or ()) for sketch in records["body_sketch"].to_pylist()],
        records["article_id"].to_pylist(),
        _pages(records).to_pylist(),
    )
    return [Story(*values) for values in zip(*columns, strict=True)]


def _lists(records: pa.Table) -> pa.ListArray:
    """The shingles, without a copy; a null is an empty list."""
    lists = whole(records["shingles"])
    return pa.ListArray.from_arrays(lists.offsets, lists.values) if lists.null_count else lists


def _rows_of_titled(corpus: Corpus, pairs: Pairs) -> Iterator[list[Edge]]:
    """Pairs of one title or headline in the order that the records' texts have, some at a time."""
    for part in _chunks(pairs):
        yield Pairs(*(corpus.positions.take(side) for side in part)).edges()


def _similar(corpus: Corpus, pairs: Pairs, similarity: float) -> Iterator[list[Edge]]:
    """The pairs that reach the similarity: few, so the rule may take its time; some at a time."""
    for part in _chunks(pairs):
        rows = pc.unique(pa.concat_arrays(part))
        sets = dict(zip(rows.to_pylist(), _sets(corpus.texts(rows)), strict=True))
        # |a and b| / |a or b| >= t, without the union: |a and b| >= t / (1 + t) (|a| + |b|).
        share = similarity / (1 + similarity) - 1e-9
        wanted = [
            len(sets[left] & sets[right]) >= share * (len(sets[left]) + len(sets[right]))
            for left, right in part.edges()
        ]
        yield Pairs(*(corpus.positions.take(side.filter(pa.array(wanted, pa.bool_()))) for side in part)).edges()


def _chunks(pairs: Pairs) -> Iterator[Pairs]:
    return (Pairs(*(side.slice(start, _CHUNK) for side in pairs)) for start in range(0, len(pairs.left), _CHUNK))


def _sets(lists: pa.ListArray) -> Iterator[set[int]]:
    """Each list as a set; the values leave Arrow in one piece, which is ten times as fast as `to_pylist`."""
    values = pc.list_flatten(lists)
    numbers = memoryview(values.buffers()[1] or b"").cast("B").cast("q") if len(values) else memoryview(b"")
    flat = numbers[values.offset : values.offset + len(values)].tolist()
    start = 0
    for length in pc.list_value_length(lists).to_pylist():
        yield set(flat[start : start + length])
        start += length
