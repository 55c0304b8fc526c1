"""What a duplicate says of why: the record it matches, how, and with what evidence.

Belongs here: choosing the relation that a duplicate names. Does not belong here: which records are in
its cluster (`clusters`), and who survives (`survivors`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec

from tasks.deduplicate.exact import SAME_CONTENT, SAME_URL, Groups
from tasks.deduplicate.near import Edge
from tasks.deduplicate.pair_rule import PairRule, Story
from tasks.deduplicate.survivors import deciding_criterion

_KIND: Final = {SAME_URL: "url", SAME_CONTENT: "content"}


class _Relation(NamedTuple):
    """Why a record is a duplicate: the record it matches, how, and what they have in common."""

    matched: int
    match: str
    similarity: float
    evidence: dict[str, Any]


class Suspects(NamedTuple):
    """The records that share a key with another; all numbers count from 0 among them.

    Attributes:
        rows: (s,) as mappings of `CRITERIA`, `article_id` and `outlet`.
        stories: (s,) as the pair rule sees them.
        places: (s,) their places in the total order.
        clusters: the connected ones, the survivor first.
        url, content: of each record, the groups that it belongs to by that kind of key.
        near: of each record, those that the pair rule relates to it.
        rule: the pair rule.
    """

    rows: list[dict[str, Any]]
    stories: list[Story]
    places: list[int]
    clusters: list[list[int]]
    url: dict[int, list[tuple[str, list[int]]]]
    content: dict[int, list[tuple[str, list[int]]]]
    near: dict[int, list[int]]
    rule: PairRule


def by_row(groups: Groups) -> dict[int, list[tuple[str, list[int]]]]:
    """Row to the groups, with their keys, that it belongs to."""
    found: dict[int, list[tuple[str, list[int]]]] = {}
    for key, members in groups.items():
        for row in members:
            found.setdefault(row, []).append((key, members))
    return found


def partners(pairs: Iterable[Edge]) -> dict[int, list[int]]:
    """Row to the rows that it is paired with."""
    found: dict[int, list[int]] = {}
    for a, b in pairs:
        found.setdefault(a, []).append(b)
        found.setdefault(b, []).append(a)
    return found


def relation_columns(suspects: Suspects, row: int, survivor: int, cluster: frozenset[int]) -> dict[str, Any]:
    """The columns of a duplicate that name its relation to the survivor or another record of the cluster."""
    relation = _relation(suspects, row, survivor, cluster)
    matched = suspects.rows[relation.matched]
    evidence = dict(relation.evidence)
    if relation.matched != survivor:
        evidence["through"] = "another record of the cluster"
    evidence["survivor_by"] = deciding_criterion(suspects.rows[survivor], suspects.rows[row])
    return {
        "match": relation.match,
        "matched_source": matched["source"],
        "matched_source_path": matched["source_path"],
        "similarity": relation.similarity,
        "evidence": msgspec.json.encode(evidence).decode(),
    }


def _relation(suspects: Suspects, row: int, survivor: int, cluster: frozenset[int]) -> _Relation:
    """The relation to the survivor where there is one, else to the best record it is related to.

    To one record an address says more than content, and content more than likeness.
    """
    place = suspects.places.__getitem__
    related: list[tuple[int, str, str]] = []
    for match, groups in ((SAME_URL, suspects.url), (SAME_CONTENT, suspects.content)):
        for key, group in groups.get(row, ()):
            best = next((other for other in group if other != row and other in cluster), None)
            if best is not None:
                related.append((best, match, f"{_KIND[match]} {key}"))
    related += [(other, "", "") for other in suspects.near.get(row, ()) if other in cluster]
    direct = [relation for relation in related if relation[0] == survivor]
    other, match, shared = (direct or sorted(related, key=lambda relation: place(relation[0])))[0]
    if match:
        return _Relation(other, match, 1.0, {"rule": match, "shared": shared})
    return _near_relation(suspects, row, other)


def _near_relation(suspects: Suspects, row: int, other: int) -> _Relation:
    relation = suspects.rule.relation(suspects.stories[row], suspects.stories[other])
    assert relation is not None, "the index holds a pair that the rule does not relate"
    evidence = msgspec.structs.asdict(relation)
    match, similarity = evidence.pop("match"), evidence.pop("similarity")
    return _Relation(other, match, similarity, evidence)
