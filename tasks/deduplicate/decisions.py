"""Edges, components, survivor: what becomes of every record.

Belongs here: turning relations between records into the decision columns of the manifest. Does not
belong here: how relations are found (`exact`), and the order of records (`survivors`).

Decisions are a pure function of the set of records: same records, same decisions, whatever the
order of files, batches or runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.match_rules import MatchRules, load_match_rules
from tasks.deduplicate.clusters import clusters
from tasks.deduplicate.components import chained, components
from tasks.deduplicate.crowds import bundles
from tasks.deduplicate.exact import SAME_CONTENT, SAME_URL, Groups, content_groups, url_groups
from tasks.deduplicate.index import index_column, related_pairs, unknown
from tasks.deduplicate.manifest import DECIDED
from tasks.deduplicate.near import FEATURES, Edge, stories
from tasks.deduplicate.origins import spread
from tasks.deduplicate.outcome import all_loaded, with_decisions, with_index
from tasks.deduplicate.pair_rule import PairRule, Story
from tasks.deduplicate.survivors import CRITERIA, deciding_criterion, rank
from tasks.deduplicate.unstirred import stirred
from tasks.tables.keys import file_keys

#: Statuses of rows that are records, before and after deciding.
_RECORDS: Final = pa.array(["record", "loaded", "duplicate"])
_KEYS: Final = ("article_id", "alias_ids", "content_key", "title_words", "outlet", "shingles", "near", "match_version")


class _Relation(NamedTuple):
    """Why a record is a duplicate: the record it matches, how, and what they have in common."""

    matched: int
    match: str
    similarity: float
    evidence: dict[str, Any]


class _Ties(NamedTuple):
    """What ties records together: addresses, contents, related pairs, and bundles of crowds."""

    urls: Groups
    contents: Groups
    pairs: list[Edge]
    bundles: list[list[int]]

    def among(self, rows: Sequence[int], places: Sequence[int]) -> _Ties:
        """The same in numbers of these rows, whole components; groups by key from the best record to the worst."""
        number = {row: i for i, row in enumerate(rows)}
        urls, contents = (
            {
                key: sorted((number[row] for row in group), key=places.__getitem__)
                for key, group in groups.items()
                if group[0] in number
            }
            for groups in (self.urls, self.contents)
        )
        pairs = [(number[a], number[b]) for a, b in self.pairs if a in number]
        crowds = [[number[row] for row in bundle] for bundle in self.bundles if bundle[0] in number]
        return _Ties(urls, contents, pairs, crowds)


class _Suspects(NamedTuple):
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


def decide(
    manifest: pa.Table, rules: MatchRules | None = None, version: str = "", previous: pa.Table | None = None
) -> pa.Table:
    """Fill in the decision columns, and the index of related pairs.

    Args:
        manifest: (n,) one row a file, sorted by source and path, statuses `record`, `loaded` or
            `duplicate` for records.
        rules: when two records tell one story; by default those that presslake comes with.
        version: names rules and code; rows indexed under it are not compared again.
        previous: the decided manifest of the parent snapshot, whose decisions stand where nothing they
            depend on has changed; without one all are taken anew, which comes to the same.

    Returns:
        The manifest with every record `loaded` (the survivor of its cluster) or `duplicate`, its
        `canonical_article_id`, `copies`, and for duplicates the relation; other rows unchanged.
    """
    is_record = pc.is_in(manifest["status"].combine_chunks(), _RECORDS)
    records = manifest.select([*_KEYS, *CRITERIA]).filter(is_record)
    rules = rules or load_match_rules()
    urls, contents = url_groups(records), content_groups(records, rules.same_content_days)
    crowds, fresh = bundles(records, rules), unknown(records, version)
    represented = {row for bundle in crowds for row in bundle[1:]}
    pairs = related_pairs(records, fresh, represented, rules)
    compared = pc.invert(pc.is_in(pa.arange(0, len(records)), pa.array(sorted(represented), pa.int64())))
    stories_found = components(chained([*urls.values(), *contents.values(), *pairs, *crowds]))
    news = _stirred_rows(records, pc.or_(fresh, pc.invert(compared)), previous)
    kept = sorted(row for story in stories_found if news.isdisjoint(story) for row in story)
    involved = sorted(row for story in stories_found if not news.isdisjoint(story) for row in story)
    suspects = _suspects(
        records.take(pa.array(involved, pa.int64())), involved, _Ties(urls, contents, pairs, crowds), rules
    )
    decided = pa.Table.from_pylist(
        _decided(suspects), pa.schema([manifest.schema.field(name) for name in ("status", *DECIDED)])
    )
    places = pc.indices_nonzero(is_record)
    manifest = with_index(manifest, is_record, index_column(records, pairs), pc.if_else(compared, version, None))
    manifest = with_decisions(all_loaded(manifest, is_record), places.take(pa.array(involved, pa.int64())), decided)
    if previous is None or not kept:
        return manifest
    return with_decisions(manifest, *_decided_before(manifest, places.take(pa.array(kept, pa.int64())), previous))


def _stirred_rows(records: pa.Table, fresh: pa.BooleanArray, previous: pa.Table | None) -> frozenset[int]:
    """Rows whose component must be decided anew."""
    if previous is None or pc.all(fresh, min_count=0).as_py():
        return frozenset(range(len(records)))
    return frozenset(pc.indices_nonzero(stirred(records, fresh, previous)).to_pylist())


def _decided_before(manifest: pa.Table, rows: pa.Array, previous: pa.Table) -> tuple[pa.Array, pa.Table]:
    """Rows of the manifest, and what the previous run decided on them."""
    places = pc.index_in(file_keys(manifest.select(["source", "source_path"]).take(rows)), file_keys(previous))
    return rows, previous.select(["status", *DECIDED]).take(places)


def _suspects(records: pa.Table, involved: Sequence[int], found: _Ties, rules: MatchRules) -> _Suspects:
    """Renumber what ties records together so that it counts among the involved ones only, and cluster them."""
    places, told, rule = rank(records), stories(records.select(FEATURES)), PairRule(rules)
    ties = found.among(involved, places)
    bound, related = [*ties.urls.values(), *ties.bundles], [*ties.contents.values(), *ties.pairs]
    found_clusters = clusters(places, bound, related, lambda a, b: rule.conflicting(told[a], told[b]))
    rows = records.select(["article_id", "outlet", *CRITERIA]).to_pylist()
    partners = _partners([*ties.pairs, *chained(ties.bundles)])
    return _Suspects(rows, told, places, found_clusters, _by_row(ties.urls), _by_row(ties.contents), partners, rule)


def _partners(pairs: Sequence[Edge]) -> dict[int, list[int]]:
    partners: dict[int, list[int]] = {}
    for a, b in pairs:
        partners.setdefault(a, []).append(b)
        partners.setdefault(b, []).append(a)
    return partners


def _by_row(groups: Groups) -> dict[int, list[tuple[str, list[int]]]]:
    by_row: dict[int, list[tuple[str, list[int]]]] = {}
    for key, members in groups.items():
        for row in members:
            by_row.setdefault(row, []).append((key, members))
    return by_row


def _decided(suspects: _Suspects) -> list[dict[str, Any]]:
    """(s,) the decision columns of the suspects: each is in exactly one cluster."""
    decided: list[dict[str, Any]] = [{} for _ in suspects.rows]
    alone = set(range(len(suspects.rows))).difference(*suspects.clusters)
    for cluster in [*suspects.clusters, *([row] for row in sorted(alone))]:
        survivor = cluster[0]
        told, members = [suspects.rows[row] for row in cluster], frozenset(cluster)
        shared = {"canonical_article_id": told[0]["article_id"], "copies": len(cluster), **spread(told)}
        decided[survivor] = {"status": "loaded", **shared}
        for row in cluster[1:]:
            decided[row] = {"status": "duplicate", **shared, **_relation_columns(suspects, row, survivor, members)}
    return decided


def _relation_columns(suspects: _Suspects, row: int, survivor: int, cluster: frozenset[int]) -> dict[str, Any]:
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


def _relation(suspects: _Suspects, row: int, survivor: int, cluster: frozenset[int]) -> _Relation:
    """The relation to the survivor where there is one, else to the best record it is related to.

    To one record an address says more than content, and content more than likeness.
    """
    place = suspects.places.__getitem__
    related: list[tuple[int, str, str]] = []
    for match, by_row in ((SAME_URL, suspects.url), (SAME_CONTENT, suspects.content)):
        for key, group in by_row.get(row, ()):
            best = next((other for other in group if other != row and other in cluster), None)
            if best is not None:
                related.append((best, match, f"{_KIND[match]} {key}"))
    related += [(other, "", "") for other in suspects.near.get(row, ()) if other in cluster]
    direct = [relation for relation in related if relation[0] == survivor]
    other, match, shared = (direct or sorted(related, key=lambda relation: place(relation[0])))[0]
    if match:
        return _Relation(other, match, 1.0, {"rule": match, "shared": shared})
    return _near_relation(suspects, row, other)


def _near_relation(suspects: _Suspects, row: int, other: int) -> _Relation:
    relation = suspects.rule.relation(suspects.stories[row], suspects.stories[other])
    assert relation is not None, "the index holds a pair that the rule does not relate"
    evidence = msgspec.structs.asdict(relation)
    match, similarity = evidence.pop("match"), evidence.pop("similarity")
    return _Relation(other, match, similarity, evidence)


_KIND: Final = {SAME_URL: "url", SAME_CONTENT: "content"}


def touched_rows(previous: pa.Table, manifest: pa.Table, reread: pa.BooleanArray) -> pa.BooleanArray:
    """Which rows of the new manifest differ from the previous one in what the tables show.

    Args:
        previous, manifest: manifests, both sorted by source and path.
        reread: (n,) whether this run read the row's file anew.

    Returns:
        (n,) true where the row is new, was read anew, or is decided differently.
    """
    keys, old_keys = file_keys(manifest), file_keys(previous)
    places = None if keys.equals(old_keys) else pc.index_in(keys, old_keys)
    touched = reread if places is None else pc.or_(reread, pc.is_null(places))
    for name in ("status", "deleted", *DECIDED):
        before, now = (table[name].combine_chunks() for table in (previous, manifest))
        before = before if places is None else before.take(places)
        same = pc.or_(pc.fill_null(pc.equal(before, now), False), pc.and_(pc.is_null(before), pc.is_null(now)))
        touched = pc.or_(touched, pc.invert(same))
    return touched
