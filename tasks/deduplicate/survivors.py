"""Survivor selection: the best record of each cluster, and the reason why each other one is its duplicate.

Belongs here: the total order of records, the columns that sum up a cluster, and the relation that a
duplicate names. Does not belong here: which records are in a cluster (`clustering`).

The order is never "first seen", so the same files give the same survivors in any order of runs:

1. published before unsaid before draft (`is_published`);
2. higher `quality`, none last;
3. later `updated_at`, none last;
4. more complete (columns that have a value);
5. earlier `published_at`: the original before its copies;
6. source name, then path, bytewise, which makes the order total.

Records of one address are versions of one page, and there the newest is the best, unless it is a draft: by
`updated_at`, else `published_at`. The page takes the best place that one of its versions has.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import TIMESTAMP
from config.match_rules import MatchRules
from tasks.arrow.texts import registrable_domain
from tasks.deduplicate.clustering import clusters, components, edges
from tasks.deduplicate.links import Links
from tasks.deduplicate.pair_rule import PairRule
from tasks.deduplicate.related_pairs import FEATURES, stories

#: The criteria, in order; also the words that `evidence` uses for why the survivor won.
CRITERIA: Final = ("is_published", "quality", "updated_at", "completeness", "published_at", "source", "source_path")
#: Why the newest version of a page survives, as `evidence` says it.
NEWEST: Final = "newest version"
#: Before all times, in microseconds: versions without a time come last.
_NEVER: Final = -(1 << 62)
#: How a portal says whose story it shows; a portal's name is short.
_CARRIER: Final = re.compile(r"(?P<name>.*\S)\s+(?:on|via)\s+(?P<portal>\S+(?:\s+\S+)?)")
_WORD: Final = re.compile(r"\w+")
#: Columns of the manifest that sum up a record's cluster, besides `copies`.
SPREAD: Final = ("outlets", "first_published_at", "first_published_by")


def rank(records: pa.Table) -> list[int]:
    """Position of each record in the total order, 0 for the best.

    Args:
        records: (n,) rows with the columns of `CRITERIA`.
    """
    keys = pa.table({name: _ascending(name, records[name]) for name in CRITERIA})
    order = pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in CRITERIA])
    ranks: list[int] = pc.inverse_permutation(order.cast(pa.int64())).to_pylist()
    return ranks


def _ascending(name: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column turned so that better values are smaller; null stays null."""
    if name == "is_published":
        return pc.if_else(pc.is_null(values), 1, pc.if_else(values, 0, 2))
    if name in ("quality", "completeness"):
        return pc.negate(values.cast(pa.int64()))
    if name == "updated_at":
        return pc.negate(values.cast(TIMESTAMP).cast(pa.int64()))
    return values


def newest_first(records: pa.Table, ranks: Sequence[int], pages: Iterable[Sequence[int]]) -> list[int]:
    """The ranks with those of each page given out anew, the best one to its newest version.

    Args:
        records: (n,) rows with the columns of `CRITERIA`.
        ranks: (n,) as `rank` gives them.
        pages: rows of each page, which have no row in common.
    """
    moments = pc.coalesce(records["updated_at"].cast(TIMESTAMP), records["published_at"]).cast(pa.int64()).to_pylist()
    states = _ascending("is_published", records["is_published"]).to_pylist()
    anew = list(ranks)
    for page in pages:
        versions = {row: _NEVER if moments[row] is None else moments[row] for row in page}
        newest = sorted(page, key=lambda row: (states[row], -versions[row], ranks[row]))
        for row, place in zip(newest, sorted(ranks[row] for row in page), strict=True):
            anew[row] = place
    return anew


def version_time(record: Mapping[str, Any]) -> Any:
    """When a version of a page was made: `updated_at`, else `published_at`."""
    return record["published_at"] if record["updated_at"] is None else record["updated_at"]


def deciding_criterion(winner: Mapping[str, Any], loser: Mapping[str, Any]) -> str:
    """The first criterion in which two records differ: why one survives the other."""
    return next((name for name in CRITERIA if winner[name] != loser[name]), CRITERIA[-1])


def spread(cluster: Sequence[Mapping[str, Any]], rules: MatchRules) -> dict[str, Any]:
    """Number of outlets of a story, and when and by whom it was first published.

    The origin is the agency where one has the story, else the first outlet, and never a portal: a record of a portal
    stands for the outlet that it names, or for none.

    Args:
        cluster: records with `outlet`, `named_outlet` and `published_at`, the survivor first.
        rules: knows agencies and portals.

    Returns:
        The columns `SPREAD`. Among records of the same time the better one is first; a time without
        an outlet, or no time at all, leaves null what is not known.
    """
    dated = [record for record in cluster if record["published_at"] is not None]
    origins = [(_kind_of_origin(origin := origin_of(record, rules), rules), record, origin) for record in dated]
    _, first, by = min(origins, key=lambda one: (one[0], one[1]["published_at"]), default=(0, {}, None))
    return {
        "outlets": len({record["outlet"] for record in cluster} - {None}),
        "first_published_at": first.get("published_at"),
        "first_published_by": by,
    }


def origin_of(record: Mapping[str, Any], rules: MatchRules) -> str | None:
    """The outlet whose text a record is: its own, or that which a portal names; agencies by their domain."""
    outlet = record["outlet"]
    if outlet in rules.portals:
        outlet = _carried(record["named_outlet"] or "", rules.portals)
    return rules.agencies.get(outlet, outlet) if outlet else None


def _carried(name: str, portals: frozenset[str]) -> str | None:
    """The outlet in what a portal names as the provider: `X on PORTAL` is X; none if it names a portal alone."""
    while carrier := _CARRIER.fullmatch(name):
        if not _names_portal(carrier["portal"], portals):
            break
        name = carrier["name"]
    return None if not name or _names_portal(name, portals) else name


def _names_portal(name: str, portals: frozenset[str]) -> bool:
    """Whether a name has a portal's host, or its domain's first label as a word or without blanks."""
    hosts = [word for word in name.split() if "." in word.strip(".")]
    if hosts:
        return not portals.isdisjoint(map(registrable_domain, hosts))
    words = _WORD.findall(name)
    return not _first_labels(portals).isdisjoint([*words, "".join(words)])


@lru_cache(maxsize=4)
def _first_labels(portals: frozenset[str]) -> frozenset[str]:
    return frozenset(portal.partition(".")[0] for portal in portals)


def _kind_of_origin(outlet: str | None, rules: MatchRules) -> int:
    """0 for an agency, 1 for an outlet, 2 where none is known."""
    return 2 if outlet is None else int(outlet not in rules.agencies)


class LinkedRecords:
    """The records of whole components; all numbers count from 0 among them."""

    def __init__(self, records: pa.Table, links: Links, rules: MatchRules) -> None:
        """Take the records apart.

        Args:
            records: (s,) rows with the columns `FEATURES`, `CRITERIA` and `article_id`.
            links: all links between them.
            rules: parameters of the pair rule.
        """
        self._rows = records.select(["article_id", "outlet", "named_outlet", *CRITERIA]).to_pylist()
        self._links = links
        pages = components(links.urls.values())
        self._page_of = {row: number for number, page in enumerate(pages) for row in page}
        self._ranks = newest_first(records, rank(records), pages)
        self._stories, self._rule = stories(records.select(FEATURES)), PairRule(rules)
        # Of each record the groups it shares a key with, the best of them first, and those the rule relates to it.
        self._groups = defaultdict[int, list[tuple[str, str, list[int]]]](list)
        for match, kind, groups in (("same_url", "url", links.urls), ("same_content", "content", links.contents)):
            for key, group in groups.items():
                by_rank = sorted(group, key=self._ranks.__getitem__)
                for row in group:
                    self._groups[row].append((match, f"{kind} {key}", by_rank))
        self._near = defaultdict[int, list[int]](list)
        for a, b in (*links.pairs.edges(), *edges(links.leaders)):
            self._near[a].append(b)
            self._near[b].append(a)

    def decisions(self) -> list[dict[str, Any]]:
        """(s,) the decision columns: each record is in exactly one cluster."""
        pages = [*self._links.urls.values(), *self._links.leaders]
        related = [*self._links.contents.values(), *self._links.pairs.edges()]
        found = clusters(self._ranks, pages, related, self._conflicting)
        alone = set(range(len(self._rows))).difference(*found)
        decided: list[dict[str, Any]] = [{} for _ in self._rows]
        for cluster in [*found, *([row] for row in sorted(alone))]:
            survivor, *duplicates = cluster
            rows, members = [self._rows[row] for row in cluster], frozenset(cluster)
            shared = {
                "canonical_article_id": rows[0]["article_id"],
                "copies": len(cluster),
                **spread(rows, self._rule.rules),
            }
            decided[survivor] = {"status": "loaded", **shared}
            for row in duplicates:
                decided[row] = {"status": "duplicate", **shared, **self._relation(row, survivor, members)}
        return decided

    def _conflicting(self, a: int, b: int) -> bool:
        return self._rule.conflicting(self._stories[a], self._stories[b])

    def _relation(self, row: int, survivor: int, cluster: frozenset[int]) -> dict[str, Any]:
        """The columns of a duplicate that name its relation to the survivor, or else to the best record related to it.

        To one record an address says more than content, and content more than similarity.
        """
        related: list[tuple[int, dict[str, Any]]] = []
        for match, shared, group in self._groups[row]:
            best = next((other for other in group if other != row and other in cluster), None)
            if best is not None:
                related.append((best, {"match": match, "similarity": 1.0, "rule": match, "shared": shared}))
        related += [(other, {}) for other in self._near[row] if other in cluster]
        direct = [relation for relation in related if relation[0] == survivor]
        matched, evidence = (direct or sorted(related, key=lambda relation: self._ranks[relation[0]]))[0]
        evidence = dict(evidence or self._near_evidence(row, matched))
        match, similarity = evidence.pop("match"), evidence.pop("similarity")
        if matched != survivor:
            evidence["through"] = "another record of the cluster"
        evidence["survivor_by"] = self._survivor_by(survivor, row)
        return {
            "match": match,
            "matched_source": self._rows[matched]["source"],
            "matched_source_path": self._rows[matched]["source_path"],
            "similarity": similarity,
            "evidence": msgspec.json.encode(evidence).decode(),
        }

    def _survivor_by(self, survivor: int, row: int) -> str:
        """Why one record survives another: the first criterion, or that it is the newer version of one page."""
        winner, loser = self._rows[survivor], self._rows[row]
        criterion = deciding_criterion(winner, loser)
        one_page = survivor in self._page_of and self._page_of[survivor] == self._page_of.get(row)
        is_newer = one_page and criterion != "is_published" and version_time(winner) != version_time(loser)
        return NEWEST if is_newer else criterion

    def _near_evidence(self, row: int, other: int) -> dict[str, Any]:
        relation = self._rule.relation(self._stories[row], self._stories[other])
        assert relation is not None, "a stored pair is one that the rule does not relate"
        return {name: value for name, value in msgspec.structs.asdict(relation).items() if value is not None}
