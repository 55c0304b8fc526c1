"""The rules of near-duplicates: reads `match_rules.yaml` and checks it.

Belongs here: the shape of the rules file and what a usable rule is.
Does not belong here: applying the rules to records (`tasks.deduplicate.pair_rule`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import msgspec

from config.yaml_files import read_rules

#: The rules that presslake comes with.
DEFAULT_MATCH_RULES: Final = Path(__file__).with_name("match_rules.yaml")

_HINT: Final = "See docs/deduplication.md for what each entry does."

Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
Days = Annotated[float, msgspec.Meta(ge=0, le=366)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Zipf = Annotated[float, msgspec.Meta(ge=4.6, le=8)]


class EqualTitle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Equal titles of at least so many words count within so many days."""

    words: Count
    days: Days


class Retitled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Texts under different headlines: least similarity, least number of shingles, and days."""

    similarity: Share
    shingles: Count
    days: Days


class Reissued(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Articles that come again under an equal title of at least so many words.

    Attributes:
        overlap: least share of the smaller text's shingles, beyond the titles, that the other has.
        shingles: least number of such shingles of each.
        days: largest distance in time.
        numbers: whether titles with a number, month or day count.
    """

    words: Count
    overlap: Share
    shingles: Count
    days: Days
    numbers: bool


class Telling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At least so many words of a title that are rarer than a frequency (Zipf scale) and no stock words."""

    zipf: Zipf
    words: Count


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What two texts have in common beyond their titles: shingles, and their share of the shorter text."""

    shingles: Count
    share: Share


class Bodies(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From which similarity on two bodies are the same, below which they differ, and how long they must be.

    Attributes:
        hashes: least number of hashes of each sketch, for which a body needs two words more.
        whole: number of hashes from which on equal bodies are one page.
    """

    same: Share
    different: Share
    hashes: Count
    whole: Count


class SameHeadline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Headlines of two outlets that are the same but for labels, credits, fillers and one spelling.

    Attributes:
        words: least number of words, fillers aside; `words_after_label` where a label was left out.
        telling: what the headline must have of rare words.
        days: largest distance in time.
    """

    words: Count
    words_after_label: Count
    telling: Telling
    days: Days


class Reposted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Stories of one outlet.

    Attributes:
        similarity: least similarity of the texts.
        days: largest distance in time.
        title_words: from how many words on, with what is `telling`, an equal title says enough alone.
        overlap: under any other title, least share of the smaller text beyond the titles that the other has.
        hours: how far apart the same title and excerpt count under any title.
        later: what a title must have for those that lie further apart.
    """

    similarity: Share
    days: Days
    title_words: Count
    telling: Telling
    overlap: Share
    hours: Annotated[float, msgspec.Meta(ge=0)]
    later: Telling


class Portal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A registrable domain where many outlets publish, and why it is on the list."""

    domain: str
    reason: str


class Agency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A registrable domain whose texts others print, why, and names by which portals call it besides its domain's."""

    domain: str
    reason: str
    names: tuple[str, ...] = ()


class _Common(msgspec.Struct, frozen=True):
    """The entries that stand in the file as the rules have them."""

    version: Count
    equal_title: Annotated[tuple[EqualTitle, ...], msgspec.Meta(min_length=1)]
    similarity: Share
    least_shingles: Count
    syndicated_days: Days
    retitled: tuple[Retitled, ...]
    reissued: tuple[Reissued, ...]
    reposted: Reposted
    same_content_days: Days
    undated_words: Count
    chain_days: Days
    frequencies: str
    telling: Annotated[tuple[Telling, ...], msgspec.Meta(min_length=1)]
    evidence: Evidence
    alike: Evidence
    bodies: Bodies
    same_headline: SameHeadline
    linked_zipf: Zipf
    platforms: frozenset[str]


class _RulesFile(_Common, frozen=True, forbid_unknown_fields=True):
    portals: tuple[Portal, ...]
    agencies: tuple[Agency, ...]
    instalments: dict[str, list[str]]
    recurring: str
    stop_words: str
    fillers: dict[str, str]
    stock_words: dict[str, str]


class MatchRules(_Common, frozen=True):
    """When two records tell one story. Immutable and picklable; `config/match_rules.yaml` gives reasons.

    Attributes:
        version: rises with every change, as all records are then compared again.
        equal_title: how long equal titles count, by their length in words.
        similarity: least Jaccard similarity of word-3 shingles; `least_shingles` how many a text needs for it.
        syndicated_days, same_content_days: largest distance in time of the relation.
        retitled: what counts under different headlines; `reposted` at one outlet.
        reissued: what counts when an article comes again.
        undated_words: least words of a title without a date that counts.
        chain_days: largest distance from the survivor of a record not related to it itself.
        frequencies: package and version that say how frequent words are.
        telling: what a title must have of rare words to name one story by itself; one entry is enough.
        evidence: what else counts for an equal title; `alike` what similar texts must share beyond titles.
        bodies: when two bodies are the same, and when they differ.
        same_headline: headlines that are the same but for what outlets add to them.
        linked_zipf: a headline is linked to a text by a word that is rarer.
        portals, platforms: registrable domains where many outlets publish, where all stands for itself.
        agencies: domain, or a name in lower-case, to the domain of an agency, which is the origin of what it has.
        instalments: word to the number, month or day that it names.
        recurring: words of titles that return with another story.
        stop_words: words that never tell two titles apart.
        fillers: words that a headline may have or lack.
        stock_words: words of recurring headlines, which never tell a story, of all languages.
    """

    portals: frozenset[str]
    agencies: dict[str, str]
    instalments: dict[str, str]
    recurring: frozenset[str]
    stop_words: frozenset[str]
    fillers: frozenset[str]
    stock_words: frozenset[str]


def load_match_rules(path: Path | str | None = None) -> MatchRules:
    """Read and check the rules of near-duplicates.

    Args:
        path: a YAML file shaped like `config/match_rules.yaml`; without one, that file.

    Raises:
        SettingsError: the file cannot be read, is not YAML, or holds a rule that cannot work.
    """
    return read_rules(Path(path or DEFAULT_MATCH_RULES), _RulesFile, _checked, called="match rules", hint=_HINT)


def _checked(entries: _RulesFile) -> MatchRules:
    special = [rule.similarity for rule in entries.retitled] + [entries.reposted.similarity]
    if min(special) < entries.similarity:
        raise ValueError("a special similarity is below `similarity`, which candidates must reach anyway")
    read = {
        "portals": frozenset(portal.domain for portal in entries.portals),
        "agencies": {name: one.domain for one in entries.agencies for name in _names(one)},
        "instalments": _by_word(entries.instalments),
        "recurring": frozenset(entries.recurring.split()),
        "stop_words": frozenset(entries.stop_words.split()),
        "fillers": frozenset(" ".join(entries.fillers.values()).split()),
        "stock_words": frozenset(" ".join(entries.stock_words.values()).split()),
    }
    return MatchRules(**(msgspec.structs.asdict(entries) | read))


def _names(agency: Agency) -> tuple[str, ...]:
    """What an agency is called: its domain, the domain's first label, and what portals call it."""
    return (agency.domain, agency.domain.partition(".")[0], *agency.names)


def _by_word(instalments: dict[str, list[str]]) -> dict[str, str]:
    names: dict[str, str] = {}
    for name, words in instalments.items():
        for word in words:
            if names.setdefault(word, name) != name:
                raise ValueError(f"the word {word!r} stands for both {names[word]!r} and {name!r}")
    return names
