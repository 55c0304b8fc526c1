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
from tasks.deduplicate.exact import SAME_CONTENT, SAME_URL, Groups, content_groups, url_groups
from tasks.deduplicate.index import index_column, related_pairs
from tasks.deduplicate.manifest import DECIDED, with_column
from tasks.deduplicate.near import FEATURES, Edge, stories
from tasks.deduplicate.origins import spread
from tasks.deduplicate.pair_rule import PairRule, Story
from tasks.deduplicate.survivors import CRITERIA, deciding_criterion, rank
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


def decide(manifest: pa.Table, rules: MatchRules | None = None, version: str = "") -> pa.Table:
    """Fill in the decision columns, and the index of related pairs.

    Args:
        manifest: (n,) one row a file, sorted by source and path, statuses `record`, `loaded` or
            `duplicate` for records.
        rules: when two records tell one story; by default those that presslake comes with.
        version: names rules and code; rows indexed under it are not compared again.

    Returns:
        The manifest with every record `loaded` (the survivor of its cluster) or `duplicate`, its
        `canonical_article_id`, `copies`, and for duplicates the relation; other rows unchanged.
    """
    is_record = pc.is_in(manifest["status"].combine_chunks(), _RECORDS)
    records = manifest.select([*_KEYS, *CRITERIA]).filter(is_record)
    rules = rules or load_match_rules()
    urls, contents = url_groups(records), content_groups(records, rules.same_content_days)
    pairs = related_pairs(records, rules, version)
    groups = [*urls.values(), *contents.values(), *pairs]
    involved = sorted({row for group in groups for row in group})
    suspects = _suspects(records.take(pa.array(involved, pa.int64())), involved, (urls, contents, pairs), rules)
    decided = pa.Table.from_pylist(
        _decided(suspects), pa.schema([manifest.schema.field(name) for name in ("status", *DECIDED)])
    )
    rows = pc.indices_nonzero(is_record).take(pa.array(involved, pa.int64()))
    manifest = _with_index(manifest, is_record, index_column(records, pairs), version)
    return _with_decisions(_all_loaded(manifest, is_record), rows, decided)


def _suspects(
    records: pa.Table, involved: Sequence[int], found: tuple[Groups, Groups, list[Edge]], rules: MatchRules
) -> _Suspects:
    """Renumber groups and pairs so that they count among the involved records only, and cluster them."""
    urls, contents, pairs = found
    number = {row: i for i, row in enumerate(involved)}
    urls, contents = (
        {key: [number[row] for row in group] for key, group in groups.items()} for groups in (urls, contents)
    )
    pairs = [(number[a], number[b]) for a, b in pairs]
    places, told, rule = rank(records), stories(records.select(FEATURES)), PairRule(rules)
    related = [*contents.values(), *pairs]
    found_clusters = clusters(places, urls.values(), related, lambda a, b: rule.conflicting(told[a], told[b]))
    rows = records.select(["article_id", "outlet", *CRITERIA]).to_pylist()
    return _Suspects(rows, told, places, found_clusters, _by_row(urls), _by_row(contents), _partners(pairs), rule)


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
        told = [suspects.rows[row] for row in cluster]
        shared = {"canonical_article_id": told[0]["article_id"], "copies": len(cluster), **spread(told)}
        decided[survivor] = {"status": "loaded", **shared}
        for row in cluster[1:]:
            decided[row] = {"status": "duplicate", **shared, **_relation_columns(suspects, row, cluster)}
    return decided


def _relation_columns(suspects: _Suspects, row: int, cluster: Sequence[int]) -> dict[str, Any]:
    survivor = cluster[0]
    relation = _relation(suspects, row, cluster)
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


def _relation(suspects: _Suspects, row: int, cluster: Sequence[int]) -> _Relation:
    """The relation to the survivor where there is one, else to the best record it is related to.

    To one record an address says more than content, and content more than likeness.
    """
    place, members = suspects.places.__getitem__, set(cluster) - {row}
    related: list[tuple[int, str, str]] = []
    for match, by_row in ((SAME_URL, suspects.url), (SAME_CONTENT, suspects.content)):
        for key, group in by_row.get(row, ()):
            if others := members.intersection(group):
                related.append((min(others, key=place), match, f"{_KIND[match]} {key}"))
    related += [(other, "", "") for other in suspects.near.get(row, ()) if other in members]
    direct = [relation for relation in related if relation[0] == cluster[0]]
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


def _with_index(manifest: pa.Table, is_record: pa.BooleanArray, near: pa.ListArray, version: str) -> pa.Table:
    """The manifest with the related pairs of its records; other rows have none."""
    places = pc.if_else(is_record, pc.subtract(pc.cumulative_sum(is_record.cast(pa.int64())), 1), None)
    lists = near.take(places)
    lists = pc.if_else(pc.is_null(lists), pa.scalar([], lists.type), lists)
    manifest = with_column(manifest, "near", lists)
    return with_column(manifest, "match_version", pc.if_else(is_record, version, pa.scalar(None, pa.string())))


def _all_loaded(manifest: pa.Table, is_record: pa.BooleanArray) -> pa.Table:
    """The manifest as it were if no record were like another: all of them loaded."""
    manifest = with_column(manifest, "status", pc.if_else(is_record, "loaded", manifest["status"]))
    for name in DECIDED:
        manifest = with_column(manifest, name, pa.nulls(len(manifest), manifest.field(name).type))
    manifest = with_column(manifest, "canonical_article_id", pc.if_else(is_record, manifest["article_id"], None))
    manifest = with_column(manifest, "copies", pc.if_else(is_record, pa.scalar(1, pa.int32()), None))
    known = pc.and_(is_record, pc.is_valid(manifest["outlet"].combine_chunks()))
    manifest = with_column(manifest, "outlets", pc.if_else(is_record, known.cast(pa.int32()), None))
    dated = pc.and_(is_record, pc.is_valid(manifest["published_at"].combine_chunks()))
    manifest = with_column(manifest, "first_published_at", pc.if_else(dated, manifest["published_at"], None))
    return with_column(manifest, "first_published_by", pc.if_else(dated, manifest["outlet"], None))


def _with_decisions(manifest: pa.Table, rows: pa.Array, decided: pa.Table) -> pa.Table:
    """Put decisions (s,) into rows (s,) of the manifest, both ascending."""
    is_decided = pc.is_in(pa.arange(0, len(manifest)), rows.cast(pa.int64()))
    for name in decided.column_names:
        values, news = (table[name].combine_chunks() for table in (manifest, decided))
        manifest = with_column(manifest, name, pc.replace_with_mask(values, is_decided, news))
    return manifest


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
