"""Edges, components, survivor: what becomes of every record.

Belongs here: turning relations between records into the decision columns of the manifest. Does not
belong here: how relations are found (`exact`), and the order of records (`survivors`).

Decisions are a pure function of the set of records: same records, same decisions, whatever the
order of files, batches or runs.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tasks.deduplicate.components import chained, components
from tasks.deduplicate.exact import SAME_CONTENT, SAME_URL, Groups, content_groups, url_groups
from tasks.deduplicate.manifest import DECIDED
from tasks.deduplicate.survivors import deciding_criterion, rank
from tasks.tables.keys import file_keys

#: Statuses of rows that are records, before and after deciding.
_RECORDS: Final = ("record", "loaded", "duplicate")


class _Relation(NamedTuple):
    """Why a record is a duplicate: the record it matches, how, and what they share."""

    matched: int
    match: str
    shared: str


class _Links(NamedTuple):
    """For every record its groups of records with the same key."""

    url: dict[int, list[tuple[str, list[int]]]]
    content: dict[int, list[tuple[str, list[int]]]]


def decide(manifest: pa.Table) -> pa.Table:
    """Fill in the decision columns.

    Args:
        manifest: one row a file, statuses `record`, `loaded` or `duplicate` for records.

    Returns:
        The manifest with every record `loaded` (the survivor of its cluster) or `duplicate`, its
        `canonical_article_id`, `copies`, and for duplicates the relation; other rows unchanged.
    """
    rows = pc.indices_nonzero(pc.is_in(manifest["status"], pa.array(_RECORDS)))
    records = manifest.take(rows)
    urls, contents = url_groups(records), content_groups(records)
    clusters = components([*chained(urls.values()), *chained(contents.values())])
    involved = sorted(row for cluster in clusters for row in cluster)
    places = dict(zip(involved, rank(records.take(pa.array(involved, pa.int64()))), strict=True))
    links = _Links(_by_row(urls), _by_row(contents))
    decided = _loaded(records)
    for cluster in clusters:
        _decide_cluster(decided, records, sorted(cluster, key=places.__getitem__), places, links)
    return _with_decisions(manifest, rows, decided)


def _by_row(groups: Groups) -> dict[int, list[tuple[str, list[int]]]]:
    by_row: dict[int, list[tuple[str, list[int]]]] = {}
    for key, members in groups.items():
        for row in members:
            by_row.setdefault(row, []).append((key, members))
    return by_row


def _loaded(records: pa.Table) -> dict[str, list[Any]]:
    """Decisions for records that nothing is like: all of them loaded."""
    none: list[Any] = [None] * len(records)
    decided: dict[str, list[Any]] = {name: list(none) for name in DECIDED}
    decided["status"] = ["loaded"] * len(records)
    decided["canonical_article_id"] = records["article_id"].to_pylist()
    decided["copies"] = [1] * len(records)
    return decided


def _decide_cluster(
    decided: dict[str, list[Any]], records: pa.Table, cluster: list[int], places: dict[int, int], links: _Links
) -> None:
    survivor = cluster[0]
    for row in cluster:
        decided["copies"][row] = len(cluster)
        decided["canonical_article_id"][row] = decided["canonical_article_id"][survivor]
    for row in cluster[1:]:
        relation = _relation(row, survivor, places, links)
        evidence = {"rule": relation.match, "shared": relation.shared}
        if relation.matched != survivor:
            evidence["through"] = "another record of the cluster"
        evidence["survivor_by"] = deciding_criterion(records, survivor, row)
        decided["status"][row] = "duplicate"
        decided["match"][row] = relation.match
        decided["matched_source"][row] = records["source"][relation.matched].as_py()
        decided["matched_source_path"][row] = records["source_path"][relation.matched].as_py()
        decided["similarity"][row] = 1.0
        decided["evidence"][row] = msgspec.json.encode(evidence).decode()


def _relation(row: int, survivor: int, places: dict[int, int], links: _Links) -> _Relation:
    """The relation to the survivor where there is one, else to the best record it is related to."""
    related = [
        _Relation(min((m for m in members if m != row), key=places.__getitem__), match, shared)
        for match, groups, name in ((SAME_URL, links.url, "url "), (SAME_CONTENT, links.content, "content "))
        for key, members in groups.get(row, ())
        for shared in (name + key,)
    ]
    direct = [relation for relation in related if relation.matched == survivor]
    return (direct or sorted(related, key=lambda relation: places[relation.matched]))[0]


def _with_decisions(manifest: pa.Table, rows: pa.Array, decided: dict[str, list[Any]]) -> pa.Table:
    places = pc.index_in(pa.array(range(len(manifest)), rows.type), rows)
    for name, values in decided.items():
        i = manifest.schema.get_field_index(name)
        field = manifest.field(i)
        news = pa.array(values, field.type).take(places)
        manifest = manifest.set_column(i, field, pc.if_else(pc.is_valid(places), news, manifest[name]))
    return manifest


def touched_rows(previous: pa.Table, manifest: pa.Table, reread: pa.Array) -> pa.BooleanArray:
    """Which rows of the new manifest differ from the previous one in what the tables show.

    Args:
        previous, manifest: manifests, both sorted by source and path.
        reread: (n,) whether this run read the row's file anew.

    Returns:
        (n,) true where the row is new, was read anew, or is decided differently.
    """
    old = previous.select(["source", "source_path", "status", *DECIDED])
    places = pc.index_in(file_keys(manifest), file_keys(old))
    touched = pc.or_(pc.is_null(places), reread)
    for name in ("status", *DECIDED):
        before = old[name].combine_chunks().take(places)
        now = manifest[name].combine_chunks()
        same = pc.or_(pc.fill_null(pc.equal(before, now), False), pc.and_(pc.is_null(before), pc.is_null(now)))
        touched = pc.or_(touched, pc.invert(same))
    return touched

