"""The files of `articles`, `duplicates` and `related` that a run must write anew, and their rows.

Belongs here: which places are touched, where the rows of a place come from, and how they split into
the three tables. Does not belong here: which file a row lies in (`layout`), the small tables
(`small_tables`), and putting files into a snapshot (`publish`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import CLUSTER_COLUMNS, Contract
from config.errors import AuditError
from tasks.tables.keys import file_keys
from tasks.tables.parquet import read_parquet
from tasks.tables.snapshots import Snapshot
from tasks.write.layout import Layout

#: Tables whose rows are records or follow from records, one file of each a place.
RECORD_TABLES: Final = ("articles", "duplicates", "related")
_RECORD_STATUSES: Final = pa.array(["loaded", "duplicate"])
_LINEAGE: Final = ("first_seen_at", "loaded_at", "run_id", *CLUSTER_COLUMNS)
_OF_DUPLICATES: Final = (
    "canonical_article_id",
    "match",
    "similarity",
    "evidence",
    "matched_source",
    "matched_source_path",
)


class PlaceRows(NamedTuple):
    """The rows of one place, by table."""

    articles: pa.Table
    duplicates: pa.Table
    related: pa.Table


@dataclass(frozen=True)
class RecordSet:
    """All records after a run, and where the content of each is to be found.

    Attributes:
        manifest: (n,) manifest rows of all records, sorted by source and path.
        touched: (n,) whether the tables must show the record differently than before.
        fresh: records that this run read, in the columns of `articles` less the lineage.
        parent: snapshot that has the others; None at first.
        previous: manifest rows of all records in `parent`.
        old, new: layout of the parent, and of what is written.
        contract: names the columns.
        rule_version: what `duplicates.rule_version` says.
    """

    manifest: pa.Table
    touched: pa.BooleanArray
    fresh: pa.Table
    parent: Snapshot | None
    previous: pa.Table
    old: Layout
    new: Layout
    contract: Contract
    rule_version: str

    @cached_property
    def places(self) -> pa.Array:
        """(n,) the place of each record."""
        return self.new.places(self.manifest)

    @cached_property
    def fresh_places(self) -> pa.Array:
        """The place of each fresh record."""
        return self.new.places(self.fresh)

    @cached_property
    def old_places(self) -> pa.Array:
        """The place that each record of the parent has there."""
        return self.old.places(self.previous)

    @cached_property
    def fresh_keys(self) -> pa.Array:
        """File keys of the fresh records."""
        return file_keys(self.fresh)

    @cached_property
    def touched_places(self) -> list[str]:
        """Places of the new layout to write: where a touched record lies or lay, and moved ones."""
        now = self.places.filter(self.touched)
        stays = file_keys(self.manifest).filter(pc.invert(self.touched))
        left = self.old_places.filter(pc.invert(pc.is_in(file_keys(self.previous), stays)))
        split = pc.is_in(pc.unique(self.places), pc.unique(self.old_places))
        moved = pc.unique(self.places).filter(pc.invert(split))
        live = pc.unique(self.places)
        touched = pc.unique(pa.concat_arrays([now, moved, left.filter(pc.is_in(left, live))]))
        return sorted(touched.to_pylist())

    @cached_property
    def kept_places(self) -> set[str]:
        """Places that have the same rows as in the parent, so that its files serve as they are."""
        return set(pc.unique(self.places).to_pylist()) - set(self.touched_places)

    def rows_at(self, place: str) -> PlaceRows:
        """The rows of one place.

        Raises:
            AuditError: content of a record is neither in the batches nor in the parent snapshot.
        """
        expected = self.manifest.filter(pc.equal(self.places, place))
        records = pa.concat_tables([self.fresh.filter(pc.equal(self.fresh_places, place)), self._carried(expected)])
        records = records.sort_by([("source", "ascending"), ("source_path", "ascending")])
        if not file_keys(records).equals(file_keys(expected)):
            missing = len(expected) - len(records)
            raise AuditError(
                f"{place}: the records do not match the manifest ({len(expected)} expected, {len(records)} found).",
                "Run `presslake run --full-refresh`, which reads every file anew." if missing else "",
            )
        return self._split(records, expected)

    def _carried(self, expected: pa.Table) -> pa.Table:
        """Rows of the place that this run did not read: they stand in the parent's files."""
        keys = file_keys(expected)
        keys = keys.filter(pc.invert(pc.is_in(keys, self.fresh_keys)))
        if self.parent is None or not len(keys):
            return self.fresh.slice(0, 0)
        lay_in = pc.unique(self.old_places.filter(pc.is_in(file_keys(self.previous), keys))).to_pylist()
        tables = [self._read_parent(table, place) for table in ("articles", "duplicates") for place in lay_in]
        rows = pa.concat_tables(tables)
        return rows.filter(pc.is_in(file_keys(rows), keys))

    def _read_parent(self, table: str, place: str) -> pa.Table:
        assert self.parent is not None
        schema = self.fresh.schema
        path = f"{table}/{place.lstrip('/')}"
        if all(file.path != path for file in self.parent.files(table)):
            return schema.empty_table()
        return read_parquet(self.parent.path / path, schema.names, schema)

    def _split(self, records: pa.Table, expected: pa.Table) -> PlaceRows:
        for name in (*_LINEAGE, *_OF_DUPLICATES):
            records = records.append_column(name, expected[name])
        rule = pa.repeat(pa.scalar(self.rule_version), len(records))
        records = records.append_column("rule_version", rule)
        survives = pc.equal(expected["status"], "loaded")
        articles = _in_schema(records.filter(survives), self.contract["articles"].schema)
        articles = articles.sort_by([("published_at", "ascending"), ("article_id", "ascending")])
        duplicates = _in_schema(records.filter(pc.invert(survives)), self.contract["duplicates"].schema)
        return PlaceRows(articles, duplicates, related_rows(articles, self.contract["related"].schema))


def _in_schema(table: pa.Table, schema: pa.Schema) -> pa.Table:
    return table.select(schema.names).cast(schema)


def records_of(manifest: pa.Table) -> pa.Table:
    """The manifest rows that are records: those in `articles` and `duplicates`."""
    return manifest.filter(pc.is_in(manifest["status"], _RECORD_STATUSES))


def related_rows(articles: pa.Table, schema: pa.Schema) -> pa.Table:
    """The related entries of articles, flat: in the order of the articles, then as they stand there.

    Args:
        articles: (n,) rows with `article_id` and `related`.
        schema: of the table `related`.
    """
    lists = articles["related"].combine_chunks()
    items, rows = lists.flatten(), pc.list_parent_indices(lists)
    starts = pc.subtract(lists.offsets, lists.offsets[0])
    position = pc.subtract(pa.arange(0, len(items)), starts.take(rows))
    columns = {field.name: items.field(i) for i, field in enumerate(items.type)}
    columns["article_id"] = articles["article_id"].combine_chunks().take(rows)
    columns["position"] = position
    if "images" in columns:
        columns["image_url"] = _first_image(columns["images"])
    missing = {f.name: pa.nulls(len(items), f.type) for f in schema if f.name not in columns}
    return pa.table([(columns | missing)[name] for name in schema.names], names=schema.names).cast(schema)


def _first_image(images: pa.ListArray) -> pa.StringArray:
    has = pc.greater(pc.list_value_length(images), 0)
    first = images.offsets.slice(0, len(images))
    return images.values.field("url").take(pc.if_else(has, first, None))
