"""Two records side by side: the features that the pair rule compares, and what comparing them says.

Belongs here: the rule's view of a record, and comparisons of two that are facts and no verdicts. Does not belong here:
when records tell one story (`pair_rule`), and comparing titles (`titles`).
"""

from __future__ import annotations

from functools import cached_property
from typing import Final, NamedTuple

from config.match_rules import Bodies, Evidence, MatchRules
from tasks.deduplicate.titles import Title, Titles

SECONDS_A_DAY: Final = 86_400.0


class Story(NamedTuple):
    """The features of a record that the rule compares.

    Attributes:
        title: normalised (`tasks.arrow.texts.normal_words`); empty where there is none.
        outlet: registrable domain; empty where unknown.
        published_at: seconds since 1970; None where unknown: then only records without a date are near.
        shingles: hashes of title and excerpt, see `tasks.arrow.texts.shingles`.
        title_shingles: hashes of the title alone.
        language: of the text, as the site writes it; empty where unknown.
        headline, linked_words, medium: see `tasks.arrow.headlines`; empty where there is none.
        body: sketch of the body; empty where there is none.
        article_id: own id; `page` the id of what the address shows, see `tasks.parse.urls.page_keys`.
    """

    title: str
    outlet: str
    published_at: float | None
    shingles: frozenset[int]
    title_shingles: frozenset[int]
    language: str = ""
    headline: str = ""
    linked_words: str = ""
    medium: str = ""
    body: frozenset[int] = frozenset()
    article_id: str | None = None
    page: str | None = None


class Pair:
    """Two records with what comparing them says; each comparison is made once, and only if a rule asks."""

    def __init__(self, a: Story, b: Story, rules: MatchRules, titles: Titles) -> None:
        self.a, self.b, self.rules, self.titles = a, b, rules, titles

    @cached_property
    def days(self) -> float | None:
        """Distance in time; 0 where neither has one, None where only one of the two has."""
        first, second = self.a.published_at, self.b.published_at
        if first is None or second is None:
            return 0.0 if first is second else None
        return abs(first - second) / SECONDS_A_DAY

    @cached_property
    def same_outlet(self) -> bool:
        """Whether both stand at one outlet, which a portal is not."""
        return self.a.outlet == self.b.outlet and self.a.outlet not in self.rules.portals

    @cached_property
    def same_title(self) -> bool:
        """Whether both titles have the same words."""
        return self.a.title == self.b.title

    @cached_property
    def title(self) -> Title:
        """The title of the first record, parsed."""
        return self.titles.parsed(self.a.title)

    @cached_property
    def similarity(self) -> float:
        """Jaccard similarity of titles and texts."""
        return jaccard(self.a.shingles, self.b.shingles)

    @cached_property
    def beyond_titles(self) -> tuple[frozenset[int], frozenset[int]]:
        """The shingles of each text that are in neither title."""
        titles = self.a.title_shingles | self.b.title_shingles
        return self.a.shingles - titles, self.b.shingles - titles

    @cached_property
    def shorter(self) -> int:
        """How many shingles the shorter text has beyond the titles, and `shared` how many both have."""
        return min(map(len, self.beyond_titles))

    @cached_property
    def shared(self) -> int:
        """How many shingles beyond the titles both texts have."""
        return len(self.beyond_titles[0] & self.beyond_titles[1])

    @cached_property
    def body_similarity(self) -> float | None:
        """Estimated similarity of the bodies; None where one has none, or one too short to say."""
        return body_similarity(self.a.body, self.b.body, self.rules.bodies)

    @cached_property
    def numbered_apart(self) -> bool:
        """Whether each title has a number, month or day that the other lacks."""
        return self.titles.numbered_apart(self.a.title, self.b.title)

    @cached_property
    def apart_at_one_outlet(self) -> bool:
        """Whether one outlet publishes the two as two stories, however alike they are."""
        if not self.same_outlet:
            return False
        numbered_alike = self.title.instalment == self.titles.parsed(self.b.title).instalment
        late = self.days is None or self.days > self.rules.reposted.days
        return self.a.outlet in self.rules.platforms or late or not numbered_alike

    def has(self, least: Evidence) -> bool:
        """Whether bodies are the same, or the texts have so much in common beyond the titles."""
        if self.body_similarity is not None and self.body_similarity >= self.rules.bodies.same:
            return True
        return self.shared >= least.shingles and self.shared >= least.share * self.shorter


def jaccard(a: frozenset[int], b: frozenset[int]) -> float:
    """Share of the common items in all items of two sets; 0 where both are empty."""
    shared = len(a & b)
    return shared / ((len(a) + len(b) - shared) or 1)


def body_similarity(a: frozenset[int], b: frozenset[int], bodies: Bodies) -> float | None:
    """Jaccard similarity of two bodies, estimated from the least hashes of each (bottom-k; Broder, SEQUENCES 1997).

    Returns:
        0 to 1; None where a body is missing, or too short to say anything.
    """
    size = min(len(a), len(b))
    if size < bodies.hashes:
        return None
    return round(sum(one in a and one in b for one in sorted(a | b)[:size]) / size, 4)
