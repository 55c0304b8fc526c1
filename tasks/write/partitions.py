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

from config.contract import Contract
from config.errors import AuditError
from tasks.tables.keys import file_keys
from tasks.tables.parquet import read_parquet
from tasks.tables.snapshots import Snapshot
from tasks.write.audit import check_read
from tasks.write.layout import Layout
from tasks.write.records import LINEAGE, OF_DUPLICATES, related_rows, with_lineage
from tasks.write.staged import StagedRecords

#: Tables whose rows are records or follow from records, one file of each a place.
RECORD_TABLES: Final = ("articles", "duplicates", "related")
#: What the manifest must say of a record for it to be put into its place.
PLACED: Final = (
    "source",
    "source_path",
    "size",
    "article_id",
    "published_at",
    "status",
    "contract_version",
    *LINEAGE,
    *OF_DUPLICATES,
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
        manifest: (n,) manifest rows of all records in the columns `PLACED`, sorted by source and path.
        touched: (n,) whether the tables must show the record differently than before.
        fresh: records that this run read.
        parent: snapshot that has the others; None at first.
        previous: manifest rows of all records in `parent`.
        old, new: layout of the parent, and of what is written.
        contract: names the columns.
        rule_version: what `duplicates.rule_version` says.
    """

    manifest: pa.Table
    touched: pa.BooleanArray
    fresh: StagedRecords
    parent: Snapshot | None
    previous: pa.Table
    old: Layout
    new: Layout
    contract: Contract
    rule_version: str

    @cached_property
    def places(self) -> pa.DictionaryArray:
        """(n,) the place of each record."""
        return self.new.places(self.manifest).dictionary_encode()

    @cached_property
    def old_places(self) -> pa.Array:
        """The place that each record of the parent has there."""
        return self.old.places(self.previous)

    @cached_property
    def _keys(self) -> pa.Array:
        return file_keys(self.manifest)

    @cached_property
    def _before(self) -> pa.Int32Array:
        """(n,) which record of the parent each one is, null where it is none."""
        return pc.index_in(self._keys, file_keys(self.previous))

    @cached_property
    def _fresh_as(self) -> pa.Int32Array:
        """(n,) which fresh record each one is, null where this run did not read it."""
        return pc.index_in(self._keys, file_keys(self.fresh.keys))

    @cached_property
    def touched_places(self) -> list[str]:
        """Places of the new layout to write: where a touched record lies or lay, and moved ones."""
        live = self.places.dictionary
        now = live.take(pc.unique(self.places.indices.filter(self.touched)))
        stays = self._before.filter(pc.invert(self.touched))
        left = self.old_places.filter(pc.invert(pc.is_in(pa.arange(0, len(self.previous)), stays.cast(pa.int64()))))
        moved = live.filter(pc.invert(pc.is_in(live, pc.unique(self.old_places))))
        touched = pc.unique(pa.concat_arrays([now, moved, left.filter(pc.is_in(left, live))]))
        return sorted(touched.to_pylist())

    @cached_property
    def kept_places(self) -> set[str]:
        """Places that have the same rows as in the parent, so that its files serve as they are."""
        return set(self.places.dictionary.to_pylist()) - set(self.touched_places)

    def check(self) -> None:
        """Every fresh record has its row in the manifest.

        Raises:
            AuditError: one has none.
        """
        check_read(file_keys(self.fresh.keys), self._keys)

    def rows_at(self, place: str) -> PlaceRows:
        """The rows of one place.

        Raises:
            AuditError: content of a record is neither in the batches nor in the parent snapshot.
        """
        code = pc.index_in(pa.scalar(place), self.places.dictionary)
        rows = pc.indices_nonzero(pc.equal(self.places.indices, code))
        expected = self.manifest.take(rows)
        records, at = self._content(rows, file_keys(expected))
        if at.null_count or len(records) != len(expected):
            missing = max(at.null_count, len(expected) - len(records))
            raise AuditError(
                f"{place}: the records do not match the manifest ({len(expected)} expected, {len(records)} found).",
                "Run `presslake run --full-refresh`, which reads every file anew." if missing else "",
            )
        return self._split(records, at, expected)

    def _content(self, rows: pa.Array, keys: pa.Array) -> tuple[pa.Table, pa.Array]:
        """The content of records in any order, and the row of it that each record has; null where there is none."""
        fresh = self._fresh_as.take(rows)
        wanted = fresh.drop_null().sort()
        carried = self._carried(self._before.take(rows).filter(pc.is_null(fresh)), keys.filter(pc.is_null(fresh)))
        read = self.fresh.rows(wanted)
        at = pc.index_in(keys, pa.concat_arrays([file_keys(read), file_keys(carried)]))
        return pa.concat_tables([read, carried]) if len(carried) else read, at

    def _carried(self, before: pa.Array, keys: pa.Array) -> pa.Table:
        """Rows of records that this run did not read: they stand in the parent's files."""
        if self.parent is None or not len(keys):
            return self.fresh.schema.empty_table()
        lay_in = pc.unique(self.old_places.take(before.drop_null())).to_pylist()
        tables = [self._read_parent(table, place) for table in ("articles", "duplicates") for place in lay_in]
        rows = pa.concat_tables([self.fresh.schema.empty_table(), *tables])
        return rows.filter(pc.is_in(file_keys(rows), keys))

    def _read_parent(self, table: str, place: str) -> pa.Table:
        assert self.parent is not None
        path = f"{table}/{place.lstrip('/')}"
        if all(file.path != path for file in self.parent.files(table)):
            return self.fresh.schema.empty_table()
        return read_parquet(self.parent.path / path, self.fresh.schema.names, self.fresh.schema)

    def _split(self, records: pa.Table, at: pa.Array, expected: pa.Table) -> PlaceRows:
        """Each table's rows in its order: taken once from the content, for that copies all texts."""
        survives = pc.equal(expected["status"], "loaded")
        survivors, others = (pc.indices_nonzero(mask) for mask in (survives, pc.invert(survives)))
        order = pc.sort_indices(
            expected.take(survivors), sort_keys=[("published_at", "ascending"), ("article_id", "ascending")]
        )
        articles, duplicates = (
            with_lineage(
                records.take(at.take(chosen)), expected.take(chosen), self.contract[table].schema, self.rule_version
            )
            for table, chosen in (("articles", survivors.take(order)), ("duplicates", others))
        )
        return PlaceRows(articles, duplicates, related_rows(articles, self.contract["related"].schema))
