"""Edges, components, survivor: what becomes of every record.

Belongs here: turning relations between records into the decision columns of the manifest. Does not
belong here: how relations are found (`exact`), and the order of records (`survivors`).

Decisions are a pure function of the set of records: same records, same decisions, whatever the
order of files, batches or runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tasks.deduplicate.components import chained, components
from tasks.deduplicate.exact import SAME_CONTENT, SAME_URL, Groups, content_groups, url_groups
from tasks.deduplicate.manifest import DECIDED, with_column
from tasks.deduplicate.survivors import CRITERIA, deciding_criterion, rank
from tasks.tables.keys import file_keys

#: Statuses of rows that are records, before and after deciding.
_RECORDS: Final = pa.array(["record", "loaded", "duplicate"])
_KEYS: Final = ("article_id", "alias_ids", "content_key")


class _Relation(NamedTuple):
    """Why a record is a duplicate: the record it matches, how, and what they share."""

    matched: int
    match: str
    shared: str


class _Suspects(NamedTuple):
    """The records that share a key with another; all numbers count from 0 among them.

    Attributes:
        rows: (s,) as mappings of `CRITERIA` and `article_id`.
        places: (s,) their places in the total order.
        clusters: the connected ones, the survivor first.
        url, content: of each record, the groups that it belongs to by that kind of key.
    """

    rows: list[dict[str, Any]]
    places: list[int]
    clusters: list[list[int]]
    url: dict[int, list[tuple[str, list[int]]]]
    content: dict[int, list[tuple[str, list[int]]]]


def decide(manifest: pa.Table) -> pa.Table:
    """Fill in the decision columns.

    Args:
        manifest: (n,) one row a file, statuses `record`, `loaded` or `duplicate` for records.

    Returns:
        The manifest with every record `loaded` (the survivor of its cluster) or `duplicate`, its
        `canonical_article_id`, `copies`, and for duplicates the relation; other rows unchanged.
    """
    is_record = pc.is_in(manifest["status"].combine_chunks(), _RECORDS)
    records = manifest.select([*_KEYS, *CRITERIA]).filter(is_record)
    urls, contents = url_groups(records), content_groups(records)
    involved = sorted({row for groups in (urls, contents) for group in groups.values() for row in group})
    suspects = _suspects(records.take(pa.array(involved, pa.int64())), involved, urls, contents)
    decided = pa.Table.from_pylist(
        _decided(suspects), pa.schema([manifest.schema.field(name) for name in ("status", *DECIDED)])
    )
    rows = pc.indices_nonzero(is_record).take(pa.array(involved, pa.int64()))
    return _with_decisions(_all_loaded(manifest, is_record), rows, decided)


def _suspects(records: pa.Table, involved: Sequence[int], urls: Groups, contents: Groups) -> _Suspects:
    """Renumber the groups so that they count among the involved records only."""
    number = {row: i for i, row in enumerate(involved)}
    urls, contents = (
        {key: [number[row] for row in group] for key, group in groups.items()} for groups in (urls, contents)
    )
    places = rank(records)
    clusters = components([*chained(urls.values()), *chained(contents.values())])
    rows = records.select(["article_id", *CRITERIA]).to_pylist()
    ordered = [sorted(cluster, key=places.__getitem__) for cluster in clusters]
    return _Suspects(rows, places, ordered, _by_row(urls), _by_row(contents))


def _by_row(groups: Groups) -> dict[int, list[tuple[str, list[int]]]]:
    by_row: dict[int, list[tuple[str, list[int]]]] = {}
    for key, members in groups.items():
        for row in members:
            by_row.setdefault(row, []).append((key, members))
    return by_row


def _decided(suspects: _Suspects) -> list[dict[str, Any]]:
    """(s,) the decision columns of the suspects: each is in exactly one cluster."""
    decided: list[dict[str, Any]] = [{} for _ in suspects.rows]
    for cluster in suspects.clusters:
        survivor = cluster[0]
        shared = {"canonical_article_id": suspects.rows[survivor]["article_id"], "copies": len(cluster)}
        decided[survivor] = {"status": "loaded", **shared}
        for row in cluster[1:]:
            decided[row] = {"status": "duplicate", **shared, **_relation_columns(suspects, row, survivor)}
    return decided


def _relation_columns(suspects: _Suspects, row: int, survivor: int) -> dict[str, Any]:
    relation = _relation(suspects, row, survivor)
    matched = suspects.rows[relation.matched]
    evidence = {"rule": relation.match, "shared": relation.shared}
    if relation.matched != survivor:
        evidence["through"] = "another record of the cluster"
    evidence["survivor_by"] = deciding_criterion(suspects.rows[survivor], suspects.rows[row])
    return {
        "match": relation.match,
        "matched_source": matched["source"],
        "matched_source_path": matched["source_path"],
        "similarity": 1.0,
        "evidence": msgspec.json.encode(evidence).decode(),
    }


def _relation(suspects: _Suspects, row: int, survivor: int) -> _Relation:
    """The relation to the survivor where there is one, else to the best record it is related to."""
    place = suspects.places.__getitem__
    kinds: Mapping[str, dict[int, list[tuple[str, list[int]]]]] = {
        SAME_URL: suspects.url,
        SAME_CONTENT: suspects.content,
    }
    related = [
        _Relation(min((other for other in group if other != row), key=place), match, f"{_KIND[match]} {key}")
        for match, by_row in kinds.items()
        for key, group in by_row.get(row, ())
    ]
    direct = [relation for relation in related if relation.matched == survivor]
    return (direct or sorted(related, key=lambda relation: place(relation.matched)))[0]


_KIND: Final = {SAME_URL: "url", SAME_CONTENT: "content"}


def _all_loaded(manifest: pa.Table, is_record: pa.BooleanArray) -> pa.Table:
    """The manifest as it were if no record were like another: all of them loaded."""
    manifest = with_column(manifest, "status", pc.if_else(is_record, "loaded", manifest["status"]))
    for name in DECIDED:
        manifest = with_column(manifest, name, pa.nulls(len(manifest), manifest.field(name).type))
    manifest = with_column(manifest, "canonical_article_id", pc.if_else(is_record, manifest["article_id"], None))
    return with_column(manifest, "copies", pc.if_else(is_record, pa.scalar(1, pa.int32()), None))


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
