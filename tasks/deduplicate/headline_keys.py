"""Keys of headlines: records whose headlines are one but for label, credit, fillers and one spelling share a key.

Belongs here: keys by which such records are found, on columns. Does not belong here: whether two headlines are one
(`titles`).

The rule allows one word to be spelled differently, which is none with a digit. So of the two halves of a headline's
canonical words one is the same in both records. Each half, with the number of words, their places, and all words with
a digit, is a key; numbered pages share none.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.match_rules import MatchRules
from tasks.arrow.texts import hash_of_word, mixed
from tasks.deduplicate.blocking import Keyed, concatenated
from tasks.deduplicate.titles import Titles

#: Records whose words are in memory at a time.
_ROWS: Final = 50_000


def headline_keys(titles: pa.StringArray, headlines: pa.StringArray, rules: MatchRules) -> Keyed:
    """The keys of n records; rows ascend, and each has at most four keys.

    Args:
        titles, headlines: (n,) as in `tasks.deduplicate.blocking.Corpus`.
        rules: parameters of the pair rule; shorter headlines have no key.
    """
    parts = (
        _keys(titles.slice(start, _ROWS), headlines.slice(start, _ROWS), rules, start) for start in _starts(titles)
    )
    keys, rows = zip(*parts, strict=True)
    return Keyed(concatenated(keys), concatenated(rows))


def _starts(titles: pa.StringArray) -> range:
    return range(0, max(len(titles), 1), _ROWS)


def _keys(titles: pa.StringArray, headlines: pa.StringArray, rules: MatchRules, start: int) -> Keyed:
    """The keys of some records, whose rows are counted from `start`."""
    cut = pc.indices_nonzero(pc.is_valid(headlines)).cast(pa.int64())
    texts = pa.concat_arrays([titles, headlines.take(cut)])
    rows = pa.concat_arrays([pa.arange(0, len(titles)), cut])
    keys, texts_of = _halves(texts, rules)
    rows = rows.take(texts_of)
    order = pc.sort_indices(rows)
    return Keyed(keys.take(order), pc.add(rows.take(order), start))


def _halves(texts: pa.StringArray, rules: MatchRules) -> tuple[pa.Int64Array, pa.Int64Array]:
    """Key and text of each half of the texts that have words enough."""
    lists = pc.split_pattern(texts, " ")
    owners = pc.list_parent_indices(lists).cast(pa.int64())
    hashes, numbers = _hashes(pc.list_flatten(lists), rules)
    counted = pc.is_valid(hashes)
    owners, hashes, numbers = (part.filter(counted) for part in (owners, hashes, numbers))
    starts = pc.search_sorted(owners, owners, side="left").cast(pa.int64())
    counts = pc.subtract(pc.search_sorted(owners, owners, side="right").cast(pa.int64()), starts)
    places = pc.subtract(pa.arange(0, len(owners)), starts)
    long_enough = pc.greater_equal(counts, rules.same_headline.words)
    owners, hashes, numbers, counts, places = (
        part.filter(long_enough) for part in (owners, hashes, numbers, counts, places)
    )
    # Ascending: the halves of a text follow each other.
    half = pc.add(pc.multiply(owners, 2), pc.greater_equal(pc.multiply(places, 2), counts).cast(pa.int64()))
    # Of each word a number by its place and by the number of words; their sum is the key.
    placed = mixed(pc.add(hashes, mixed(pc.add(pc.shift_left(counts, 32), places).view(pa.uint64()))))
    halves = pc.unique(half)
    texts_of = pc.shift_right(halves, pa.scalar(1, pa.int64()))
    keys = pc.add(_sums(placed, half, halves), mixed(_sums(numbers, owners, texts_of)))
    return keys.view(pa.int64()), texts_of


def _sums(values: pa.UInt64Array, owners: pa.Int64Array, wanted: pa.Int64Array) -> pa.UInt64Array:
    """(m,) the sum, modulo 2^64, of the values of each wanted owner; owners ascend."""
    total = pa.concat_arrays([pa.array([0], pa.uint64()), pc.cumulative_sum(values)])
    first, after = (pc.search_sorted(owners, wanted, side=side) for side in ("left", "right"))
    return pc.subtract(total.take(after), total.take(first))


def _hashes(words: pa.StringArray, rules: MatchRules) -> tuple[pa.UInt64Array, pa.UInt64Array]:
    """A number for each word in its canonical form, null for fillers; the same for words with a digit, 0 for others.

    Distinct words are looked at once.
    """
    encoded, titles = words.dictionary_encode(), Titles(rules)
    forms = ["".join(titles.canonical(word)) for word in encoded.dictionary.to_pylist()]
    hashes = [hash_of_word(form) if form else None for form in forms]
    numbers = [0 if not form or form.isalpha() else hashed for form, hashed in zip(forms, hashes, strict=True)]
    found, counted = (pa.array(values, pa.uint64()).take(encoded.indices) for values in (hashes, numbers))
    return found, counted


def sharing_headline(
    titles: pa.StringArray, headlines: pa.StringArray, fresh: pa.BooleanArray, rules: MatchRules
) -> pa.Int64Array:
    """Rows that share a headline's key with a fresh record."""
    keys, rows = headline_keys(titles, headlines, rules)
    wanted = pc.unique(keys.filter(fresh.take(rows)))
    return pc.unique(rows.filter(pc.is_in(keys, wanted)))
