"""The pair rule: whether two records tell one story, as a pure function of the two, with its evidence.

Belongs here: the rule for pairs, by title, text, body, time and outlet: what keeps two records apart (`BARS`) and what
relates them (`KINDS`). Does not belong here: its parameters (`config/match_rules.yaml`), comparing records (`pair`) and
titles (`titles`), the pairs to look at (`candidate_pairs`), exact keys (`links`).

No similarity alone separates copies from look-alikes: instalments of a series reach 0.9 and true copies
0.3, as every aggregator cuts its own snippet. So texts only propose pairs; titles, time, outlet and bodies decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from config.match_rules import EqualTitle, MatchRules, Reissued, Retitled
from tasks.deduplicate.pair import Pair, Story, jaccard
from tasks.deduplicate.titles import Titles

SYNDICATED: Final = "syndicated"
REPOSTED: Final = "reposted"

#: What candidate pairs of a kind of match have in common (`candidate_pairs`).
TITLE: Final = "title"
HEADLINE: Final = "headline"
TEXT: Final = "text"
PAGE: Final = "page"


class Relation(msgspec.Struct, frozen=True):
    """Why two records tell one story.

    Attributes:
        match: `syndicated` or `reposted`.
        rule: the name of one of `KINDS`.
        similarity: Jaccard similarity of the shingles, 0 to 1.
        shared: words of both titles; `differing` those of the first alone and of the second alone.
        days: distance of the publication times, 0 where neither is known.
        body: estimated similarity of the bodies, 0 to 1; None where not both have one.
    """

    match: str
    rule: str
    similarity: float
    shared: tuple[str, ...]
    differing: tuple[tuple[str, ...], tuple[str, ...]]
    days: float
    body: float | None = None


def translations(pair: Pair) -> bool:
    """The languages differ; at one outlet a page that names none is in the site's own language."""
    first, second = (story.language.lower().replace("_", "-") for story in (pair.a, pair.b))
    return first != second and (pair.a.outlet == pair.b.outlet or bool(first and second))


def other_medium(pair: Pair) -> bool:
    """One is a video or a sound, and the other is not."""
    return pair.a.medium != pair.b.medium


def bodies_differ(pair: Pair) -> bool:
    """Both have a body, and the bodies have next to nothing in common."""
    return pair.body_similarity is not None and pair.body_similarity < pair.rules.bodies.different


#: What keeps two records apart, whatever else they have in common.
BARS: Final[tuple[Callable[[Pair], bool], ...]] = (translations, other_medium, bodies_differ)


class MatchKind(NamedTuple):
    """A way in which two records tell one story.

    Attributes:
        name: stands in the evidence.
        candidates: what such pairs have in common: `TITLE`, `HEADLINE`, `PAGE` or `TEXT`.
        days: largest distance in time under given parameters.
        relates: whether a pair that no bar keeps apart is of this kind.
    """

    name: str
    candidates: str
    days: Callable[[MatchRules], float]
    relates: Callable[[Pair], bool]


def undated(pair: Pair) -> bool:
    """All words of two records without a date are the same."""
    long_enough = len(pair.title.words) >= pair.rules.undated_words
    # Pages of a site without addresses, such as the reference of two versions, share titles alone.
    says_more = bool(pair.a.outlet) or bool(pair.a.shingles - pair.a.title_shingles) or pair.body_similarity is not None
    return pair.a.published_at is None and long_enough and says_more and _same_words(pair)


def equal_title(pair: Pair) -> bool:
    """The title is the same, long enough for the distance in time, and names its story, or there is more evidence."""
    if not _dated(pair) or not pair.same_title or pair.apart_at_one_outlet:
        return False
    length, days = len(pair.title.words), pair.days or 0.0
    if not any(length >= rule.words and days <= rule.days for rule in pair.rules.equal_title):
        return False
    if pair.same_outlet:
        return _title_suffices_at_one_outlet(pair)
    return pair.titles.tells(pair.a.title) or pair.has(pair.rules.evidence)


def reissued(pair: Pair) -> bool:
    """An article was published again: a long equal title, and a text of which one holds most of the other."""
    platform = pair.same_outlet and pair.a.outlet in pair.rules.platforms
    if not _dated(pair) or not pair.same_title or pair.title.recurring or platform:
        return False
    days = pair.days or 0.0
    return pair.titles.tells(pair.a.title) and any(
        len(pair.title.words) >= least.words
        and days <= least.days
        and (least.numbers or not pair.title.instalment)
        and pair.shorter >= least.shingles
        and pair.shared >= least.overlap * pair.shorter
        for least in pair.rules.reissued
    )


def same_headline(pair: Pair) -> bool:
    """The headline is the same but for label, credit, fillers and spelling; at one outlet it must be a long one."""
    if not _dated(pair) or pair.numbered_apart or pair.apart_at_one_outlet:
        return False
    if pair.same_outlet and (pair.titles.differ_on_both_sides(pair.a.title, pair.b.title) or not _long(pair)):
        return False
    return pair.titles.same_headline((pair.a.title, pair.a.headline), (pair.b.title, pair.b.headline))


def same_page(pair: Pair) -> bool:
    """Two addresses of one outlet have one page key, and titles, texts or bodies agree, too."""
    if not _dated(pair) or not pair.same_outlet or pair.apart_at_one_outlet or pair.a.article_id == pair.b.article_id:
        return False
    if pair.a.page != pair.b.page or pair.titles.differ_on_both_sides(pair.a.title, pair.b.title):
        return False
    same_body = pair.body_similarity is not None and pair.body_similarity >= pair.rules.bodies.same
    return pair.same_title or same_body or pair.similarity >= pair.rules.similarity


def alike(pair: Pair) -> bool:
    """The texts are similar, also beyond the titles, of which one says nothing that the other lacks."""
    return (
        _similar(pair)
        and not pair.titles.differ_on_both_sides(pair.a.title, pair.b.title)
        and pair.has(pair.rules.alike)
    )


def retitled(pair: Pair) -> bool:
    """Two outlets have nearly the same text under different headlines, which both belong to that text."""
    if not _similar(pair) or pair.same_outlet:
        return False
    days, similarity = pair.days or 0.0, jaccard(*pair.beyond_titles)
    same_text = any(
        pair.shorter >= least.shingles and days <= least.days and similarity >= least.similarity
        for least in pair.rules.retitled
    )
    return same_text and _linked(pair) and not pair.titles.of_one_template(pair.a.title, pair.b.title)


def _longest(least: Sequence[EqualTitle | Reissued | Retitled]) -> float:
    return max((one.days for one in least), default=0.0)


#: All ways, the first that relates a pair names it.
KINDS: Final = (
    MatchKind("undated", TITLE, lambda rules: 0.0, undated),
    MatchKind("equal-title", TITLE, lambda rules: _longest(rules.equal_title), equal_title),
    MatchKind("reissued", TITLE, lambda rules: _longest(rules.reissued), reissued),
    MatchKind("same-headline", HEADLINE, lambda rules: rules.same_headline.days, same_headline),
    MatchKind("same-page", PAGE, lambda rules: rules.reposted.days, same_page),
    MatchKind("alike", TEXT, lambda rules: max(rules.syndicated_days, rules.reposted.days), alike),
    MatchKind("retitled", TEXT, lambda rules: _longest(rules.retitled), retitled),
)


def window_days(rules: MatchRules, candidates: str | None = None) -> float:
    """Largest distance in time of two records of any kind of match, or of those with such candidates."""
    return max(kind.days(rules) for kind in KINDS if candidates in (None, kind.candidates))


class PairRule:
    """The rule under given parameters; titles that it has parsed are cached."""

    def __init__(self, rules: MatchRules) -> None:
        self.rules, self.titles = rules, Titles(rules)
        self._kinds = [(kind, kind.days(rules)) for kind in KINDS]

    def relation(self, a: Story, b: Story) -> Relation | None:
        """The relation of two records, or None; symmetric but for the order of `differing`."""
        pair = Pair(a, b, self.rules, self.titles)
        days = pair.days
        if days is None or any(bar(pair) for bar in BARS):
            return None
        kind = next((kind for kind, most in self._kinds if days <= most and kind.relates(pair)), None)
        if kind is None:
            return None
        match, body = REPOSTED if pair.same_outlet else SYNDICATED, pair.body_similarity
        shared, differing = _compared(a.title, b.title)
        return Relation(match, kind.name, round(pair.similarity, 4), shared, differing, round(days, 2), body)

    def conflicting(self, a: Story, b: Story) -> bool:
        """Whether two records that others connect cannot be one story.

        Records conflict if a bar keeps them apart, lie further apart than `chain_days` or are numbered differently;
        at one outlet, if the rule could not relate them however similar they were.
        """
        pair = Pair(a, b, self.rules, self.titles)
        if pair.days is None or pair.days > self.rules.chain_days or any(bar(pair) for bar in BARS):
            return True
        return pair.apart_at_one_outlet if pair.same_outlet else pair.numbered_apart


def _dated(pair: Pair) -> bool:
    return pair.a.published_at is not None


def _same_words(pair: Pair) -> bool:
    return pair.same_title and pair.a.shingles == pair.b.shingles


def _title_suffices_at_one_outlet(pair: Pair) -> bool:
    """An outlet's titles recur: a long one that tells its story is enough, under others the texts must overlap."""
    if _long(pair):
        return True
    same_body = pair.body_similarity is not None and pair.body_similarity >= pair.rules.bodies.same
    return not _recurs(pair) and (
        same_body or (pair.shared > 0 and pair.shared >= pair.rules.reposted.overlap * pair.shorter)
    )


def _long(pair: Pair) -> bool:
    """Whether both titles say enough at one outlet, where titles recur."""
    least, titles = pair.rules.reposted, pair.titles
    both = (pair.a.title, pair.b.title)
    return all(len(titles.parsed(one).words) >= least.title_words and titles.tells(one, least.telling) for one in both)


def _recurs(pair: Pair) -> bool:
    """Whether an outlet has one title again that tells no story, as of a daily programme, whatever the texts say."""
    later = (pair.days or 0.0) * 24 > pair.rules.reposted.hours
    one_body = pair.a.body == pair.b.body and len(pair.a.body) >= pair.rules.bodies.whole
    one_title = pair.same_outlet and pair.same_title and pair.a.title != "" and not one_body
    return one_title and later and not pair.titles.names_one(pair.a.title, pair.rules.reposted.later)


def _similar(pair: Pair) -> bool:
    """Whether two dated texts reach the similarity, and neither outlet nor numbers part them."""
    least = pair.rules.reposted.similarity if pair.same_outlet else pair.rules.similarity
    too_short = min(len(pair.a.shingles), len(pair.b.shingles)) < pair.rules.least_shingles
    if not _dated(pair) or too_short or pair.similarity < least:
        return False
    return not pair.numbered_apart and not pair.apart_at_one_outlet and not _recurs(pair)


def _linked(pair: Pair) -> bool:
    """Whether each headline belongs to the common text."""
    a, b = pair.a, pair.b
    return pair.titles.is_linked(a.title, a.linked_words, b.title) and pair.titles.is_linked(
        b.title, b.linked_words, a.title
    )


def _compared(a: str, b: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], tuple[str, ...]]]:
    """Shared words of two titles, and those of only the one or the other, sorted."""
    first, second = set(a.split()), set(b.split())
    return tuple(sorted(first & second)), (tuple(sorted(first - second)), tuple(sorted(second - first)))
