"""The pair rule: whether two records tell one story, as a pure function of the two, with its evidence.

Belongs here: the rule for pairs, by title, text, time and outlet. Does not belong here: its parameters
(`config/match_rules.yaml`), the pairs to look at (`candidate_pairs`), exact keys (`links`).

No similarity alone separates copies from look-alikes: instalments of a series reach 0.9 and true copies
0.3, as every aggregator cuts its own snippet. So texts only propose pairs; titles, time and outlet decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from config.match_rules import MatchRules

SYNDICATED: Final = "syndicated"
REPOSTED: Final = "reposted"
_SECONDS_A_DAY: Final = 86_400.0
_DIGITS: Final = re.compile(r"\d+")

#: Endings that headlines change at will, the longer first: announces, announced, announcing.
_ENDINGS: Final = ("ing", "ed", "es", "s", "e")


class Story(NamedTuple):
    """The features of a record that the rule compares.

    Attributes:
        title: normalised (`tasks.arrow.texts.normal_words`); empty where there is none.
        outlet: registrable domain; empty where unknown.
        published_at: seconds since 1970; None where unknown: then only records without a date are near.
        shingles: hashes of title and excerpt, see `tasks.arrow.texts.shingles`.
        title_shingles: hashes of the title alone.
        language: of the text, as the site writes it; empty where unknown.
    """

    title: str
    outlet: str
    published_at: float | None
    shingles: frozenset[int]
    title_shingles: frozenset[int]
    language: str = ""


class Relation(msgspec.Struct, frozen=True):
    """Why two records tell one story.

    Attributes:
        match: `syndicated` or `reposted`.
        rule: `equal-title`, `reissued`, `alike`, `retitled` or `undated`.
        similarity: Jaccard similarity of the shingles, 0 to 1.
        shared: words of both titles; `differing` those of the first alone and of the second alone.
        days: distance of the publication times, 0 where neither is known.
    """

    match: str
    rule: str
    similarity: float
    shared: tuple[str, ...]
    differing: tuple[tuple[str, ...], tuple[str, ...]]
    days: float


class _Title(NamedTuple):
    """A title's words, the roots of its distinctive words, its numbers, months and days, and whether it recurs."""

    words: tuple[str, ...]
    roots: frozenset[str]
    instalment: frozenset[str]
    recurring: bool


class PairRule:
    """The rule under given parameters; titles that it has parsed are cached."""

    def __init__(self, rules: MatchRules) -> None:
        self.rules = rules
        self._title: Callable[[str], _Title] = lru_cache(maxsize=1 << 15)(self._parsed)

    def roots_and_numbers(self, title: str) -> tuple[frozenset[str], frozenset[str]]:
        """Roots of the distinctive words of a title, and its numbers, months and days."""
        parts = self._title(title)
        return parts.roots, parts.instalment

    def relation(self, a: Story, b: Story) -> Relation | None:
        """The relation of two records, or None; symmetric but for the order of `differing`."""
        days = self._days(a, b)
        if days is None or days > self.rules.window_days:
            return None
        same_outlet = self._same_outlet(a, b)
        if self._are_translations(a, b):
            return None
        similarity = jaccard(a.shingles, b.shingles)
        rule = self._rule(a, b, days, similarity, same_outlet)
        if rule is None:
            return None
        match = REPOSTED if same_outlet else SYNDICATED
        return Relation(match, rule, round(similarity, 4), *_compared(a.title, b.title), round(days, 2))

    def conflicting(self, a: Story, b: Story) -> bool:
        """Whether two records that others connect cannot be one story.

        Records conflict if they are in different languages, lie further apart than `chain_days` or are numbered
        differently; at one outlet, if the rule could not relate them however similar they were.
        """
        days = self._days(a, b)
        if days is None or days > self.rules.chain_days or self._are_translations(a, b):
            return True
        if self._same_outlet(a, b):
            return self._apart_at_one_outlet(a, b, days)
        return _numbered_apart(self._title(a.title), self._title(b.title))

    def _rule(self, a: Story, b: Story, days: float, similarity: float, same_outlet: bool) -> str | None:
        if a.published_at is None:
            return "undated" if self._same_words(a, b) else None
        apart = same_outlet and self._apart_at_one_outlet(a, b, days)
        if a.title == b.title and not apart and self._title_counts(a, days) and self._title_suffices(a, b, same_outlet):
            return "equal-title"
        if a.title == b.title and self._reissued(a, b, days, same_outlet):
            return "reissued"
        return None if apart else self._by_text(a, b, days, similarity, same_outlet)

    def _by_text(self, a: Story, b: Story, days: float, similarity: float, same_outlet: bool) -> str | None:
        first, second = self._title(a.title), self._title(b.title)
        least = self.rules.reposted.similarity if same_outlet else self.rules.similarity
        too_short = min(len(a.shingles), len(b.shingles)) < self.rules.least_shingles
        if similarity < least or too_short or _numbered_apart(first, second):
            return None
        if not _differ_on_both_sides(first, second) and days <= self.rules.syndicated_days:
            return "alike"
        return None if same_outlet or not self._same_beyond_titles(a, b, days) else "retitled"

    def _apart_at_one_outlet(self, a: Story, b: Story, days: float) -> bool:
        numbered_alike = self._title(a.title).instalment == self._title(b.title).instalment
        return a.outlet in self.rules.platforms or days > self.rules.reposted.days or not numbered_alike

    def _same_words(self, a: Story, b: Story) -> bool:
        long_enough = len(self._title(a.title).words) >= self.rules.undated_words
        # Pages of a site without addresses, such as the reference of two versions, share titles alone.
        says_more = bool(a.outlet) or bool(a.shingles - a.title_shingles)
        return long_enough and says_more and a.title == b.title and a.shingles == b.shingles

    def _title_counts(self, story: Story, days: float) -> bool:
        length = len(self._title(story.title).words)
        return any(length >= rule.words and days <= rule.days for rule in self.rules.equal_title)

    def _title_suffices(self, a: Story, b: Story, same_outlet: bool) -> bool:
        """Whether an equal title is enough; short titles recur at one outlet, so the texts must overlap there, too."""
        if not same_outlet or len(self._title(a.title).words) >= self.rules.reposted.title_words:
            return True
        first, second = _beyond_titles(a, b)
        length = min(len(first), len(second))
        return len(first & second) >= self.rules.reposted.overlap * length

    def _same_beyond_titles(self, a: Story, b: Story, days: float) -> bool:
        first, second = _beyond_titles(a, b)
        length, similarity = min(len(first), len(second)), jaccard(first, second)
        return any(
            length >= least.shingles and days <= least.days and similarity >= least.similarity
            for least in self.rules.retitled
        )

    def _reissued(self, a: Story, b: Story, days: float, same_outlet: bool) -> bool:
        """Whether an article was published again, given equal titles."""
        title = self._title(a.title)
        if title.recurring or (same_outlet and a.outlet in self.rules.platforms):
            return False
        first, second = _beyond_titles(a, b)
        length = min(len(first), len(second))
        shared = len(first & second)
        return any(
            len(title.words) >= least.words
            and days <= least.days
            and (least.numbers or not title.instalment)
            and length >= least.shingles
            and shared >= least.overlap * length
            for least in self.rules.reissued
        )

    @staticmethod
    def _are_translations(a: Story, b: Story) -> bool:
        """Whether the languages differ; at one outlet a page that names none is in the site's own language."""
        if a.outlet != b.outlet and not (a.language and b.language):
            return False
        return a.language.lower().replace("_", "-") != b.language.lower().replace("_", "-")

    def _same_outlet(self, a: Story, b: Story) -> bool:
        return a.outlet == b.outlet and a.outlet not in self.rules.portals

    @staticmethod
    def _days(a: Story, b: Story) -> float | None:
        if a.published_at is None or b.published_at is None:
            return 0.0 if a.published_at is b.published_at else None
        return abs(a.published_at - b.published_at) / _SECONDS_A_DAY

    def _parsed(self, title: str) -> _Title:
        words = tuple(title.split())
        named = [self.rules.instalments[word] for word in words if word in self.rules.instalments]
        # The digits alone, so that `38M` and `38 million`, `7th` and `7` are the same.
        instalment = frozenset([*named, *_DIGITS.findall(title)])
        roots = frozenset(_root(word) for word in words if word not in self.rules.stop_words)
        return _Title(words, roots, instalment, not self.rules.recurring.isdisjoint(words))


def jaccard(a: frozenset[int], b: frozenset[int]) -> float:
    """Share of the common items in all items of two sets; 0 where both are empty."""
    shared = len(a & b)
    return shared / ((len(a) + len(b) - shared) or 1)


def _beyond_titles(a: Story, b: Story) -> tuple[frozenset[int], frozenset[int]]:
    """The shingles of each text that are in neither title."""
    titles = a.title_shingles | b.title_shingles
    return a.shingles - titles, b.shingles - titles


def _compared(a: str, b: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], tuple[str, ...]]]:
    """Shared words of two titles, and those of only the one or the other, sorted."""
    first, second = set(a.split()), set(b.split())
    return tuple(sorted(first & second)), (tuple(sorted(first - second)), tuple(sorted(second - first)))


def _root(word: str) -> str:
    """One text for all inflections of a word and swapped letters in it; words with digits stay as they are."""
    if not word.isalpha():
        return word
    stem = next((word.removesuffix(end) for end in _ENDINGS if word.endswith(end) and len(word) > len(end) + 2), word)
    return stem[:1] + "".join(sorted(stem[1:]))


def _numbered_apart(a: _Title, b: _Title) -> bool:
    """Each title has a number, month or day that the other lacks."""
    return bool(a.instalment - b.instalment) and bool(b.instalment - a.instalment)


def _differ_on_both_sides(a: _Title, b: _Title) -> bool:
    """Each title has a distinctive word that the other lacks."""
    return bool(a.roots - b.roots) and bool(b.roots - a.roots)
