"""What the pair rule requires besides a shared key, on columns: outlets, dates, numbers and title words.

Belongs here: rejecting candidate pairs without their texts, and joining oversized blocks by these
requirements, so that boilerplate pages are never paired. Does not belong here: the rule itself
(`pair_rule`). It may reject pairs that are kept here; it always rejects pairs that are dropped here.

Boilerplate pages share a text, and the rule relates few or none of them. By similarity it relates only
titles whose numbers, months and days are nested: all of one title's are in the other, too. At one outlet
the numbers are the same, the distinctive words are nested as well, and the time is shorter. Of two nested
sets the larger has the rarest item of the smaller. So one record asks for its rarest item, and the others
have all of theirs. Equal titles meet either way.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import microseconds
from config.match_rules import MatchRules
from tasks.arrow.columns import whole
from tasks.deduplicate.blocking import Corpus, Keyed, combined, pairs_across
from tasks.deduplicate.titles import Titles

#: One second of a distance that the rule measures in floating-point days, in microseconds.
_SLACK: Final = 1_000_000
#: Titles that are in memory as Python texts at a time.
_TEXTS: Final = 20_000
#: An item that every set has, also the empty one.
_NONE: Final = -1


class Prefilter:
    """Columns of n records, prepared once for any number of pairs of them.

    Attributes:
        corpus: the records.
        rules: parameters of the pair rule.
        words: (n,) titles, empty where none; `titles` a number for each.
        outlets: (n,) a number for each outlet.
        portal, platform: (n,) whether the outlet is one.
    """

    def __init__(self, corpus: Corpus, rules: MatchRules) -> None:
        self.corpus, self.rules = corpus, rules
        self.words, names = pc.fill_null(corpus.titles, ""), pc.fill_null(corpus.outlets, "")
        self.outlets = names.dictionary_encode().indices.cast(pa.int64())
        self.titles = self.words.dictionary_encode().indices.cast(pa.int64())
        self.portal = pc.is_in(names, pa.array(sorted(rules.portals), pa.string()))
        self.platform = pc.is_in(names, pa.array(sorted(rules.platforms), pa.string()))
        self._numbers, self._count = _numbers(self.words, sorted(rules.instalments))
        self._width = microseconds(rules.reposted.days) + _SLACK

    def keeps(self, left: pa.Int64Array, right: pa.Int64Array) -> pa.BooleanArray:
        """(m,) false where the rule could relate the two records of a pair under no text."""
        times, counts = self.corpus.times, [self._count.take(rows) for rows in (left, right)]
        unequal = pc.not_equal(self._numbers.take(left), self._numbers.take(right))
        # Two sets of one size that are not equal each have an item that the other lacks.
        apart = pc.fill_null(pc.and_(unequal, pc.and_(pc.equal(*counts), pc.greater(counts[0], 0))), False)
        same_outlet = pc.equal(self.outlets.take(left), self.outlets.take(right))
        same_outlet = pc.and_(same_outlet, pc.invert(self.portal.take(left)))
        late = pc.greater(pc.abs(pc.subtract(times.take(left), times.take(right))), self._width)
        # After more than `reposted.days` an article may come again under an equal title only.
        late = pc.and_(late, pc.not_equal(self.titles.take(left), self.titles.take(right)))
        strict = pc.or_(pc.or_(late, self.platform.take(left)), pc.fill_null(unequal, False))
        undated = pc.less(times.take(left), 0)
        return pc.or_(undated, pc.invert(pc.or_(apart, pc.and_(same_outlet, strict))))


def _numbers(titles: pa.StringArray, instalments: Sequence[str]) -> tuple[pa.Array, pa.Array]:
    """(n,) a number for each title's set of numbers, and the set's size; null where a word is an instalment, too."""
    named = "|".join(map(re.escape, instalments))
    worded = pc.match_substring_regex(titles, rf"(^|\s)({named})(\s|$)|\s[a-z]$")
    digits = pc.replace_substring_regex(titles, "[^0-9]+", " ").dictionary_encode()
    sets = _sets(digits.dictionary)
    sizes = pc.if_else(pc.equal(sets, ""), 0, pc.add(pc.count_substring(sets, " "), 1))
    columns = (sets.dictionary_encode().indices, sizes)
    numbers, counts = (column.cast(pa.int64()).take(digits.indices) for column in columns)
    return pc.if_else(worded, pa.scalar(None, pa.int64()), numbers), counts


def _sets(texts: pa.StringArray) -> pa.StringArray:
    """Each text's distinct words in one order: a set as a text, which takes a tenth of the memory."""
    parts = (texts.slice(start, _TEXTS).to_pylist() for start in range(0, len(texts), _TEXTS))
    sets = [pa.array([" ".join(sorted(set(text.split()))) for text in part], pa.string()) for part in parts]
    return pa.concat_arrays([pa.array([], pa.string()), *sets])


def boilerplate_pairs(
    oversized: Keyed, prefilter: Prefilter, *, at_one_outlet: int, between_outlets: int
) -> Iterator[pa.Int64Array]:
    """Packed pairs of rows of oversized blocks that the rule could relate, one of them fresh, and few others.

    Args:
        oversized: entries of blocks that many rows have.
        prefilter: columns of the rows.
        at_one_outlet, between_outlets: largest distance in time, in microseconds.
    """
    if not len(oversized.keys):
        return
    entries = _distinct(oversized)
    titles, parsed = prefilter.words.take(entries.rows).dictionary_encode(), Titles(prefilter.rules)
    roots, numbers = zip(*map(parsed.roots_and_numbers, titles.dictionary.to_pylist()), strict=True)
    codes = {one: code for code, one in enumerate(dict.fromkeys(numbers))}
    series = pa.array([codes[one] for one in numbers], pa.int64()).take(titles.indices)
    yield from _at_one_outlet(entries, series, _by_rarity(roots).take(titles.indices), prefilter, at_one_outlet)
    yield from _between_outlets(entries, _by_rarity(numbers).take(titles.indices), prefilter, between_outlets)


def _distinct(oversized: Keyed) -> Keyed:
    """One block of those that have the very same rows: boilerplate pages share dozens of them."""
    table = pa.table({"key": oversized.keys, "row": combined(oversized.rows)})
    keys = table.group_by("key", use_threads=False).aggregate([("row", "sum"), ("row", "count")])
    kept = keys.group_by(["row_sum", "row_count"], use_threads=False).aggregate([("key", "min")])
    return oversized.filter(pc.is_in(oversized.keys, whole(kept["key_min"])))


def _by_rarity(sets: Sequence[frozenset[str]]) -> pa.ListArray:
    """(n,) numbers of the items of each set, the rarest first, and `_NONE` last."""
    counts = Counter(item for items in sets for item in items)
    codes = {item: code for code, item in enumerate(sorted(counts, key=lambda item: (counts[item], item)))}
    return pa.array([[*sorted(codes[item] for item in items), _NONE] for items in sets], pa.list_(pa.int64()))


def _at_one_outlet(
    entries: Keyed, series: pa.Int64Array, roots: pa.ListArray, prefilter: Prefilter, window: int
) -> Iterator[pa.Int64Array]:
    """Pairs of one outlet with the same numbers and nested words; pages of portals and platforms never meet here."""
    series = combined(entries.keys, prefilter.outlets.take(entries.rows), series)
    chosen = pc.invert(pc.or_(prefilter.portal.take(entries.rows), prefilter.platform.take(entries.rows)))
    having, rarest = _unfolded(Keyed(series, entries.rows).filter(chosen), roots.filter(chosen))
    yield from pairs_across(having.filter(rarest), having, prefilter.corpus, window)


def _between_outlets(
    entries: Keyed, numbers: pa.ListArray, prefilter: Prefilter, window: int
) -> Iterator[pa.Int64Array]:
    """Pairs of different outlets with nested numbers; every page of a portal counts as an outlet.

    The outlets of a key are numbered. Two numbers differ in a highest bit, and the two outlets meet there
    and only there. So an outlet's own pages are never paired.
    """
    having, rarest = _unfolded(entries, numbers)
    own_outlets = prefilter.outlets.take(having.rows)
    outlets = pc.if_else(prefilter.portal.take(having.rows), pc.subtract(-1, having.rows), own_outlets)
    order, ranks, last = _ranked_by_key(having.keys, outlets)
    columns = pa.table({"key": having.keys.take(order), "row": having.rows.take(order), "rarest": rarest.take(order)})
    columns = columns.append_column("rank", ranks).append_column("last", last)
    for bit in range((pc.max(last).as_py() or 0).bit_length()):
        columns = columns.filter(pc.greater_equal(columns["last"], 1 << bit))
        keys, rows, ranks = (whole(columns[name]) for name in ("key", "row", "rank"))
        # The bits from this one on, and the same with this one turned over.
        own = pc.shift_right(ranks, pa.scalar(bit, pa.int64()))
        other = pc.bit_wise_xor(own, pa.scalar(1, pa.int64()))
        asking = Keyed(combined(keys, other), rows).filter(whole(columns["rarest"]))
        yield from pairs_across(asking, Keyed(combined(keys, own), rows), prefilter.corpus, window)


def _unfolded(entries: Keyed, items: pa.ListArray) -> tuple[Keyed, pa.BooleanArray]:
    """An entry for every item, its key made of key and item, and whether the item is its set's first, the rarest."""
    numbers = pc.list_parent_indices(items).cast(pa.int64())
    keys = combined(entries.keys.take(numbers), pc.list_flatten(items))
    return Keyed(keys, entries.rows.take(numbers)), _begins(numbers)


def _ranked_by_key(keys: pa.Int64Array, outlets: pa.Int64Array) -> tuple[pa.Array, pa.Int64Array, pa.Int64Array]:
    """An order by key and outlet; in it the number of each outlet in its key, from 0, and the largest there."""
    table = pa.table({"key": keys, "outlet": outlets})
    order = pc.sort_indices(table, sort_keys=[("key", "ascending"), ("outlet", "ascending")])
    keys, outlets = keys.take(order), outlets.take(order)
    new_key = _begins(keys)
    serial = pc.cumulative_sum(pc.or_(new_key, _begins(outlets)).cast(pa.int64()))
    first = pc.cumulative_max(pc.if_else(new_key, serial, 0))
    last = serial.take(pc.subtract(pc.search_sorted(keys, keys, side="right").cast(pa.int64()), 1))
    return order, pc.subtract(serial, first), pc.subtract(last, first)


def _begins(values: pa.Int64Array) -> pa.BooleanArray:
    """(n,) where another value begins."""
    return pa.concat_arrays([pa.array([True] * min(len(values), 1), pa.bool_()), pc.not_equal(values[1:], values[:-1])])
