"""Decisions: what becomes of every record, in the decision columns of the manifest.

Belongs here: deciding on the components that a change affects, keeping all other decisions, and filling
columns. Does not belong here: how links are found (`links`), and which record survives (`survivors`).

Decisions are a pure function of the set of records: same records, same decisions, whatever the
order of files, batches or runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.match_rules import MatchRules, load_match_rules
from tasks.arrow.columns import whole
from tasks.arrow.memory import give_back
from tasks.deduplicate.clustering import represented
from tasks.deduplicate.links import Links, affected_records, find_links
from tasks.deduplicate.manifest import DECIDED, with_column
from tasks.deduplicate.merging import in_order
from tasks.deduplicate.related_pairs import FEATURES, STORED, stored_column, unknown
from tasks.deduplicate.survivors import CRITERIA, LinkedRecords, origin_of

#: Statuses of rows that are records, before and after deciding.
_RECORDS: Final = pa.array(["record", "loaded", "duplicate"])
#: Records that are clustered at a time: some 10 kB each in Python.
_AT_ONCE: Final = 5_000
_KEYS: Final = tuple(
    dict.fromkeys(["article_id", "alias_ids", "content_key", "named_outlet", *FEATURES, *STORED, *CRITERIA])
)


def decide(
    manifest: pa.Table,
    rules: MatchRules | None = None,
    version: str = "",
    parent: pa.Table | None = None,
    parent_rows: pa.Array | None = None,
) -> pa.Table:
    """Fill in the decision columns, and the related pairs.

    Args:
        manifest: (n,) one row a file, sorted by source and path, statuses `record`, `loaded` or
            `duplicate` for records.
        rules: when two records tell one story; by default those that presslake comes with.
        version: names rules and code; records whose pairs are stored under it are not compared again.
        parent: the decided manifest of the parent snapshot, whose decisions stand where nothing they
            depend on has changed; without one all are recomputed, which comes to the same.
        parent_rows: (n,) each file's row in `parent`, null where it has none; goes with it.

    Returns:
        The manifest with every record `loaded` (the survivor of its cluster) or `duplicate`, its
        `canonical_article_id`, `copies`, and for duplicates the relation; other rows unchanged.
    """
    is_record = pc.is_in(whole(manifest["status"]), _RECORDS)
    rows = pc.indices_nonzero(is_record).cast(pa.int64())
    records, rules = _records(manifest, rows), rules or load_match_rules()
    fresh = unknown(records, version)
    links = find_links(records, fresh, rules)
    compared = pc.invert(represented(links.leaders, len(records)))
    versions = pc.if_else(compared, version, None)
    manifest = _with_pairs(manifest, is_record, stored_column(records, links.pairs), versions)
    manifest = _all_loaded(manifest, is_record, rules)
    affected = links.components
    if parent is not None and parent_rows is not None and not pc.all(fresh, min_count=0).as_py():
        changed = pc.or_(fresh, pc.invert(compared))
        unaffected, affected = _split(affected, affected_records(records, changed, parent, parent_rows.take(rows)))
        kept = rows.take(pa.array(unaffected, pa.int64()))
        earlier = parent.select(["status", *DECIDED]).take(parent_rows.take(kept))
        manifest = _with_decisions(manifest, kept, earlier)
    schema = pa.schema([manifest.schema.field(name) for name in ("status", *DECIDED)])
    chosen, decided = _decided(records, links, affected, rules, schema)
    give_back()
    return _with_decisions(manifest, rows.take(chosen), decided)


def _records(manifest: pa.Table, rows: pa.Int64Array) -> pa.Table:
    """What decisions look at in these rows, ascending; the shingles, most of it, are not copied if they need not be."""
    if len(rows) == len(manifest):
        return manifest.select(_KEYS).combine_chunks()
    lists = whole(manifest["shingles"])
    records = in_order(manifest.select([name for name in _KEYS if name != "shingles"]), rows)
    return records.append_column("shingles", _lists_at(lists, rows))


def _lists_at(lists: pa.ListArray, rows: pa.Int64Array) -> pa.ListArray:
    """The lists at these rows, without a copy if all others are empty, as those of files without a record are."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).take(rows)
    bounds = pc.take(lists.offsets, pa.concat_arrays([rows, pa.array([len(lists)], pa.int64())]))
    if not pc.subtract(bounds[1:], bounds[:-1]).equals(lengths):
        return lists.take(rows)
    return pa.ListArray.from_arrays(bounds, lists.values)


def _split(components: Sequence[list[int]], affected: pa.BooleanArray) -> tuple[list[int], list[list[int]]]:
    """Rows of the components without an affected record, ascending, and the other components."""
    affected_rows = frozenset(pc.indices_nonzero(affected).to_pylist())
    kept = [rows for rows in components if affected_rows.isdisjoint(rows)]
    others = [rows for rows in components if not affected_rows.isdisjoint(rows)]
    return sorted(row for rows in kept for row in rows), others


def _decided(
    records: pa.Table, links: Links, components: Sequence[list[int]], rules: MatchRules, schema: pa.Schema
) -> tuple[pa.Int64Array, pa.Table]:
    """Rows of the components, ascending, and the decisions on them, taken some components at a time."""
    numbers, decided = list[int](), [schema.empty_table()]
    for rows in _parts(components):
        linked = LinkedRecords(records.take(pa.array(rows, pa.int64())), links.among(rows), rules)
        decided.append(pa.Table.from_pylist(linked.decisions(), schema))
        numbers += rows
    chosen = pa.array(numbers, pa.int64())
    order = pc.sort_indices(chosen)
    return chosen.take(order), pa.concat_tables(decided).combine_chunks().take(order)


def _parts(components: Iterable[list[int]]) -> Iterator[list[int]]:
    """Rows of whole components, ascending, `_AT_ONCE` or somewhat more together."""
    rows = list[int]()
    for component in components:
        rows += component
        if len(rows) >= _AT_ONCE:
            yield sorted(rows)
            rows = []
    if rows:
        yield sorted(rows)


def _with_pairs(manifest: pa.Table, is_record: pa.BooleanArray, near: pa.ListArray, versions: pa.Array) -> pa.Table:
    """The manifest with the related pairs of its records and their versions; other rows have none."""
    numbers = pc.if_else(is_record, pc.subtract(pc.cumulative_sum(is_record.cast(pa.int64())), 1), None)
    lists = near.take(numbers)
    lists = pc.if_else(pc.is_null(lists), pa.scalar([], lists.type), lists)
    manifest = with_column(manifest, "near", lists)
    return with_column(manifest, "match_version", versions.cast(pa.string()).take(numbers))


def _all_loaded(manifest: pa.Table, is_record: pa.BooleanArray, rules: MatchRules) -> pa.Table:
    """The manifest as it were if no record were like another: all of them loaded."""
    outlets, times = whole(manifest["outlet"]), whole(manifest["published_at"])
    dated = pc.and_(is_record, pc.is_valid(times))
    columns = {
        "status": pc.if_else(is_record, "loaded", manifest["status"]),
        **{name: pa.nulls(len(manifest), manifest.field(name).type) for name in DECIDED},
        "canonical_article_id": pc.if_else(is_record, manifest["article_id"], None),
        "copies": pc.if_else(is_record, 1, None),
        "outlets": pc.if_else(is_record, pc.is_valid(outlets).cast(pa.int32()), None),
        "first_published_at": pc.if_else(dated, times, None),
        "first_published_by": pc.if_else(dated, _origins(outlets, whole(manifest["named_outlet"]), rules), None),
    }
    for name, values in columns.items():
        manifest = with_column(manifest, name, values)
    return manifest


def _origins(outlets: pa.StringArray, named: pa.StringArray, rules: MatchRules) -> pa.StringArray:
    """(n,) `survivors.origin_of` of each record, by the distinct pairs of outlets."""
    pairs = pc.binary_join_element_wise(outlets, named, "\0", null_handling="replace").dictionary_encode()
    keys = (pair.partition("\0")[::2] for pair in pairs.dictionary.to_pylist())
    found = [origin_of({"outlet": own or None, "named_outlet": other or None}, rules) for own, other in keys]
    return pa.array(found, pa.string()).take(pairs.indices)


def _with_decisions(manifest: pa.Table, rows: pa.Array, decided: pa.Table) -> pa.Table:
    """Put decisions (s,) into rows (s,) of the manifest, both ascending."""
    if not len(rows):
        return manifest
    is_decided = pc.is_in(pa.arange(0, len(manifest)), rows.cast(pa.int64()))
    for name in decided.column_names:
        values, news = (whole(table[name]) for table in (manifest, decided))
        manifest = with_column(manifest, name, pc.replace_with_mask(values, is_decided, news))
    return manifest
