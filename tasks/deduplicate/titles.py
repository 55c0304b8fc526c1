"""Titles as the pair rule reads them: distinctive words, numbers, what tells, and how two titles differ.

Belongs here: parsing one title and comparing two. Does not belong here: when the comparison counts (`pair_rule`), and
the frequency of words (`telling_words`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final, NamedTuple

from config.match_rules import MatchRules, SameHeadline, Telling
from tasks.arrow.headlines import STEM, units
from tasks.deduplicate.telling_words import telling_words

_DIGITS: Final = re.compile(r"\d+")
_LETTER: Final = re.compile("[a-z]")
#: Endings that headlines change at will, the longer first: announces, announced, announcing.
_ENDINGS: Final = ("ing", "ed", "es", "s", "e")
#: British ends of what is left, and the American ones: labour, modernise, analyse, defence.
_SPELLINGS: Final = {"our": "or", "is": "iz", "ys": "yz", "enc": "ens"}
#: Letters from which on a word may be spelled differently, and how alike the spellings must be.
_SPELLED: Final = 5
_SPELLING: Final = 0.8
#: Instalments of a series exchange no more words than this.
_EXCHANGED: Final = 2


class Title(NamedTuple):
    """A parsed title.

    Attributes:
        words: all of them, in order; `canonical` without fillers, in one spelling and inflection.
        roots: of its distinctive words.
        instalment: its numbers, months and days.
        recurring: whether it has a word that returns with another story.
    """

    words: tuple[str, ...]
    canonical: tuple[str, ...]
    roots: frozenset[str]
    instalment: frozenset[str]
    recurring: bool


class Titles:
    """Comparisons of titles in normal form (`tasks.arrow.texts.normal_words`) under given parameters."""

    def __init__(self, rules: MatchRules) -> None:
        self.rules = rules
        self.telling = telling_words(rules.stock_words)
        self.parsed: Callable[[str], Title] = lru_cache(maxsize=1 << 15)(self._parsed)
        self.count: Callable[[str, float], int] = lru_cache(maxsize=1 << 15)(self._count)

    def tells(self, title: str, least: Telling | None = None) -> bool:
        """Whether a title names one story by itself: it has the words that one of the rules asks for."""
        rules = self.rules.telling if least is None else (least,)
        return any(self.count(title, rule.zipf) >= rule.words for rule in rules)

    def names_one(self, title: str, least: Telling) -> bool:
        """Whether a title, met again at its outlet, is that of one story: it tells, and has no word that returns."""
        return self.tells(title, least) and not self.parsed(title).recurring

    def canonical(self, title: str) -> tuple[str, ...]:
        """The words of a title without fillers, in one spelling and inflection."""
        rules = self.rules
        return tuple(rules.instalments.get(word) or _root(word) for word in title.split() if word not in rules.fillers)

    def same_headline(self, a: tuple[str, str], b: tuple[str, str]) -> bool:
        """Whether two records have one headline but for label, credit, fillers and the spelling of one word.

        Args:
            a, b: title and headline of each; the headline is empty where the title has neither label nor credit.
        """
        rule = self.rules.same_headline
        for first in self._forms(a):
            for second in self._forms(b):
                if self._is_one(first, second, rule):
                    return True
        return False

    def is_linked(self, title: str, linked: str, other: str) -> bool:
        """Whether a headline has an uncommon word in its text, or in the other title.

        Args:
            title, other: both titles.
            linked: words of the first that its text has (`tasks.arrow.headlines.linked_words`).
        """
        having = {unit[:STEM] for unit in units(other)} | {unit[:STEM] for unit in linked.split()}
        found = (unit for unit in units(title) if unit[:STEM] in having)
        return any(not self.telling.is_common(unit, self.rules.linked_zipf) for unit in found)

    def of_one_template(self, a: str, b: str) -> bool:
        """Whether two titles share at least half of their words in order, and exchange one or two for others."""
        # In one order, as the alignment is not the same both ways round.
        first, second = (self.parsed(title).words for title in sorted((a, b)))
        blocks = SequenceMatcher(None, first, second, autojunk=False).get_opcodes()
        shared = sum(stop - start for kind, start, stop, *_ in blocks if kind == "equal")
        exchanged = [max(i2 - i1, j2 - j1) for kind, i1, i2, j1, j2 in blocks if kind == "replace"]
        added = any(kind in ("insert", "delete") for kind, *_ in blocks)
        return not added and 0 < sum(exchanged) <= _EXCHANGED and 2 * shared >= max(len(first), len(second))

    def roots_and_numbers(self, title: str) -> tuple[frozenset[str], frozenset[str]]:
        """Roots of the distinctive words of a title, and its numbers, months and days."""
        parts = self.parsed(title)
        return parts.roots, parts.instalment

    def numbered_apart(self, a: str, b: str) -> bool:
        """Whether each title has a number, month or day that the other lacks."""
        first, second = self.parsed(a).instalment, self.parsed(b).instalment
        return bool(first - second) and bool(second - first)

    def differ_on_both_sides(self, a: str, b: str) -> bool:
        """Whether each title has a distinctive word that the other lacks."""
        first, second = self.parsed(a).roots, self.parsed(b).roots
        return bool(first - second) and bool(second - first)

    def _count(self, title: str, zipf: float) -> int:
        return self.telling.count(self.parsed(title).words, zipf)

    def _forms(self, of: tuple[str, str]) -> list[tuple[str, bool]]:
        """The forms of a title: whole, and without label and credit; and whether a label is left out."""
        title, headline = of
        if not headline:
            return [(title, False)]
        return [(title, False), (headline, not title.startswith(headline))]

    def _is_one(self, a: tuple[str, bool], b: tuple[str, bool], rule: SameHeadline) -> bool:
        first, second = self.parsed(a[0]).canonical, self.parsed(b[0]).canonical
        both_labelled = a[1] and b[1]
        least = rule.words_after_label if a[1] or b[1] else rule.words
        if both_labelled or len(first) != len(second) or len(first) < least:
            return False
        if not (self.tells(a[0], rule.telling) and self.tells(b[0], rule.telling)):
            return False
        odd = [(x, y) for x, y in zip(first, second, strict=True) if x != y]
        return not odd or (len(odd) == 1 and _is_spelling(*odd[0]))

    def _parsed(self, title: str) -> Title:
        words, rules = tuple(title.split()), self.rules
        named = [rules.instalments[word] for word in words if word in rules.instalments]
        # A letter behind all others names an instalment, too: `Group A`.
        named += [word for word in words[1:][-1:] if _LETTER.fullmatch(word)]
        # The digits alone, so that `38M` and `38 million`, `7th` and `7` are the same.
        instalment = frozenset([*named, *_DIGITS.findall(title)])
        roots = frozenset(_root(word) for word in words if word not in rules.stop_words)
        return Title(words, self.canonical(title), roots, instalment, not rules.recurring.isdisjoint(words))


def _root(word: str) -> str:
    """One text for all inflections of a word and swapped letters in it; words with digits stay as they are."""
    if not word.isalpha():
        return word
    stem = next((word.removesuffix(end) for end in _ENDINGS if word.endswith(end) and len(word) > len(end) + 2), word)
    british = next((end for end in _SPELLINGS if stem.endswith(end)), "")
    stem = stem.removesuffix(british) + _SPELLINGS.get(british, "")
    return stem[:1] + "".join(sorted(stem[1:]))


def _is_spelling(a: str, b: str) -> bool:
    """Whether two roots are spellings of one word: long, of one first letter, and nearly the same letters."""
    first, second = sorted((a, b))
    long_enough = min(len(a), len(b)) >= _SPELLED - 1 and a.isalpha() and b.isalpha()
    return long_enough and a[0] == b[0] and SequenceMatcher(None, first, second, autojunk=False).ratio() >= _SPELLING
