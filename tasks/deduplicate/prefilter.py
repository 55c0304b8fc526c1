"""Which candidates the pair rule rejects for their outlets, dates and numbers alone, on columns.

Belongs here: what can be told without comparing texts. Does not belong here: the rule itself
(`pair_rule`): what is kept here it may still reject, what is dropped here it always rejects.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import microseconds
from config.match_rules import MatchRules

#: One second of a distance that the rule measures in floating-point days, in microseconds.
_SLACK: Final = 1_000_000
#: Titles that are in memory as Python texts at a time.
_TEXTS: Final = 20_000


class Prefilter:
    """Told columns of n records apart, once, for any number of pairs of them.

    Attributes:
        rules: parameters of the pair rule.
        words: (n,) titles, empty where none; `titles` a number for each.
        outlets: (n,) a number for each outlet.
        portal, platform: (n,) whether the outlet is one.
    """

    def __init__(
        self, titles: pa.StringArray, outlets: pa.StringArray, times: pa.Int64Array, rules: MatchRules
    ) -> None:
        """Take the columns.

        Args:
            titles: (n,) normalised; null where none.
            outlets: (n,) registrable domains; null where unknown.
            times: (n,) microseconds since 1970; all records without a date have one that is negative.
            rules: parameters of the pair rule.
        """
        names, self.words, self.rules = pc.fill_null(outlets, ""), pc.fill_null(titles, ""), rules
        self._times, self.outlets = times, names.dictionary_encode().indices.cast(pa.int64())
        self.titles = self.words.dictionary_encode().indices.cast(pa.int64())
        self.portal = pc.is_in(names, pa.array(sorted(rules.portals), pa.string()))
        self.platform = pc.is_in(names, pa.array(sorted(rules.platforms), pa.string()))
        self._numbers, self._count = _numbers(self.words, sorted(rules.instalments))
        self._width = microseconds(rules.reposted.days) + _SLACK

    def keeps(self, left: pa.Int64Array, right: pa.Int64Array) -> pa.BooleanArray:
        """(m,) false where the rule could relate the two records of a pair under no text."""
        counts = [self._count.take(rows) for rows in (left, right)]
        unequal = pc.not_equal(self._numbers.take(left), self._numbers.take(right))
        # Two sets of one size that are not equal each have an item that the other lacks.
        apart = pc.fill_null(pc.and_(unequal, pc.and_(pc.equal(*counts), pc.greater(counts[0], 0))), False)
        same_outlet = pc.and_(
            pc.equal(self.outlets.take(left), self.outlets.take(right)), pc.invert(self.portal.take(left))
        )
        late = pc.greater(pc.abs(pc.subtract(self._times.take(left), self._times.take(right))), self._width)
        # An article may come again under an equal title, and only so, after more than `reposted.days`.
        late = pc.and_(late, pc.not_equal(self.titles.take(left), self.titles.take(right)))
        strict = pc.or_(pc.or_(late, self.platform.take(left)), pc.fill_null(unequal, False))
        undated = pc.less(self._times.take(left), 0)
        return pc.or_(undated, pc.invert(pc.or_(apart, pc.and_(same_outlet, strict))))


def _numbers(titles: pa.StringArray, instalments: Sequence[str]) -> tuple[pa.Array, pa.Array]:
    """(n,) which set of numbers each title has, and how many; null where a word of it counts or dates, too."""
    named = "|".join(map(re.escape, instalments))
    worded = pc.match_substring_regex(titles, rf"(^|\s)({named})(\s|$)")
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
