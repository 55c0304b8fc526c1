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
from tasks.tables.columns import is_numbered, rows_at, whole
from tasks.tables.keys import file_keys
from tasks.tables.parquet_reading import read_parquet
from tasks.tables.recurring import plain_table
from tasks.tables.snapshots import DataFile, Snapshot
from tasks.write.audit import check_read
from tasks.write.layout import Layout
from tasks.write.records import related_rows, with_lineage
from tasks.write.staged import StagedRecords

#: Tables whose rows are records or follow from records, one file of each a place.
RECORD_TABLES: Final = ("articles", "duplicates", "related")
#: What the manifest must say of a record for it to be put into its place; and of one of the parent for it to be found.
PLACED: Final = ("source", "source_path", "size", "article_id", "published_at", "status", "contract_version")
FOUND: Final = ("source", "source_path", "article_id", "published_at", "status")


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
        lineage: (m,) all manifest rows, mapped, as of these columns few rows are wanted at a time.
        numbers: (n,) the row of each record in `lineage`.
        touched: (n,) whether the tables must show the record differently than before.
        fresh: records that this run read.
        parent: snapshot that has the others; None at first.
        is_same_form: whether the parent's files have the form of those to be written (`WriteJob.form`).
        previous: manifest rows of all records in `parent`, in the columns `FOUND`.
        old, new: layout of the parent, and of what is written.
        contract: names the columns.
        rule_version: what `duplicates.rule_version` says.
    """

    manifest: pa.Table
    lineage: pa.Table
    numbers: pa.Int64Array
    touched: pa.BooleanArray
    fresh: StagedRecords
    parent: Snapshot | None
    is_same_form: bool
    previous: pa.Table
    old: Layout
    new: Layout
    contract: Contract
    rule_version: str

    @cached_property
    def places(self) -> pa.DictionaryArray:
        """(n,) the place of each record."""
        return self.new.places(self.manifest)

    @cached_property
    def old_places(self) -> pa.DictionaryArray:
        """The place that each record of the parent has there."""
        return self.old.places(self.previous)

    @cached_property
    def _keys(self) -> pa.Array:
        return file_keys(self.manifest)

    @cached_property
    def before(self) -> pa.Int32Array:
        """(n,) which record of the parent each one is, null where it is none."""
        keys, were = self._keys, file_keys(self.previous)
        # Where no record came or went, none need be looked up.
        return pa.arange(0, len(keys)).cast(pa.int32()) if keys.equals(were) else pc.index_in(keys, were)

    @cached_property
    def _fresh_as(self) -> pa.Int32Array:
        """(n,) which fresh record each one is, null where this run did not read it."""
        return pc.index_in(self._keys, file_keys(self.fresh.keys))

    @cached_property
    def touched_places(self) -> list[str]:
        """Places of the new layout to write: where a touched record lies or lay, or one that moved."""
        is_other = pc.or_(self.touched, self._is_moved)
        old = self.old_places
        stays = self.before.filter(pc.invert(is_other)).cast(pa.int64())
        gone = pc.invert(is_numbered(len(self.previous), stays))
        now = _names(self.places, pc.unique(self.places.indices.filter(is_other)))
        left = _names(old, pc.unique(old.indices.filter(gone)))
        return sorted(now | (set(self.places.dictionary.to_pylist()) & left))

    @cached_property
    def _is_moved(self) -> pa.BooleanArray:
        """(n,) whether a record lies elsewhere than in the parent: its time is another, or that of its file."""
        old = self.old_places
        code = pc.index_in(old.dictionary, self.places.dictionary).take(old.indices.take(self.before))
        return pc.fill_null(pc.not_equal(code, self.places.indices), True)

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
        survivors, others = self.survivors_at(place), self.others_at(place)
        records, at = self._content(pa.concat_arrays([survivors, others]))
        articles = self._with_lineage("articles", records.take(at[: len(survivors)]), survivors)
        duplicates = self._with_lineage("duplicates", records.take(at[len(survivors) :]), others)
        return PlaceRows(articles, duplicates, related_rows(articles, self.contract["related"].schema))

    def parent_file(self, table: str, place: str) -> DataFile | None:
        """The parent's file of a table at a place; None where there is none, or it has no row."""
        return self._parent_files.get(f"{table}/{place.lstrip('/')}")

    @cached_property
    def _parent_files(self) -> dict[str, DataFile]:
        files = self.parent.info.files if self.parent else ()
        return {file.path: file for file in files if file.table in RECORD_TABLES and file.rows}

    def survivors_at(self, place: str) -> pa.Array:
        """Numbers of the records at a place that are articles, in the order of the file."""
        numbers = _rows_at(self.places, place)
        return _sorted(self.manifest, numbers.filter(self._survive.take(numbers)))

    def others_at(self, place: str) -> pa.Array:
        """Numbers of the records at a place that are duplicates."""
        numbers = _rows_at(self.places, place)
        return numbers.filter(pc.invert(self._survive.take(numbers)))

    def parent_survivors_at(self, place: str) -> pa.Array:
        """Numbers in `previous` of the articles that the parent has at a place, in the order of its file."""
        numbers = _rows_at(self.old_places, place)
        return _sorted(self.previous, numbers.filter(self._survived.take(numbers)))

    def has_same_duplicates(self, place: str) -> bool:
        """Whether the parent has the same duplicates at a place, none of which is touched."""
        numbers = self.others_at(place)
        lay = _rows_at(self.old_places, place)
        before = lay.filter(pc.invert(self._survived.take(lay)))
        is_touched = pc.any(self.touched.take(numbers), min_count=0).as_py()
        return not is_touched and self.before.take(numbers).sort().equals(before.cast(pa.int32()).sort())

    def is_carried(self, numbers: pa.Array) -> bool:
        """Whether one of these records was not read by this run."""
        return bool(self._fresh_as.take(numbers).null_count)

    def rows_of(self, table: str, numbers: pa.Array, nearby: pa.Table | None = None) -> pa.Table:
        """Rows of `articles` or `duplicates`, in the order of the records' numbers.

        Args:
            table: which of the two.
            numbers: (m,) the records.
            nearby: rows of the parent that have been read already; they may hold some of the records.

        Raises:
            AuditError: content of a record is neither in the batches nor in the parent snapshot.
        """
        records, at = self._content(numbers, nearby)
        return self._with_lineage(table, records.take(at), numbers)

    @cached_property
    def _survive(self) -> pa.BooleanArray:
        """(n,) whether a record is an article, not a duplicate."""
        return _are_articles(self.manifest)

    @cached_property
    def _survived(self) -> pa.BooleanArray:
        """Whether each record of the parent is an article there."""
        return _are_articles(self.previous)

    def _content(self, numbers: pa.Array, nearby: pa.Table | None = None) -> tuple[pa.Table, pa.Array]:
        """The content of records in any order, and the row of it that each record has.

        Raises:
            AuditError: a record has none, or there is more than one of a record.
        """
        keys, fresh = self._keys.take(numbers), self._fresh_as.take(numbers)
        is_carried = pc.is_null(fresh)
        found = [self.fresh.rows(fresh.drop_null().sort())]
        if nearby is not None:
            rows = nearby.select(self.fresh.schema.names)
            found.append(rows.filter(pc.is_in(file_keys(rows), keys.filter(is_carried))).cast(self.fresh.schema))
            is_carried = pc.and_not(is_carried, pc.is_in(keys, file_keys(found[1])))
        found.append(self._carried(self.before.take(numbers).filter(is_carried), keys.filter(is_carried)))
        records = _together([rows for rows in found if len(rows)] or found[:1], self.fresh.schema)
        at = pc.index_in(keys, file_keys(records))
        if at.null_count or len(records) != len(numbers):
            missing = max(at.null_count, len(numbers) - len(records))
            raise AuditError(
                f"{self._spelled(numbers)}: the records do not match the manifest ({len(numbers)} expected, "
                f"{len(records)} found).",
                "Run `presslake run --full-refresh`, which reads every file anew." if missing else "",
            )
        return records, at

    def _spelled(self, numbers: pa.Array) -> str:
        """The places of some records, for a message."""
        return ", ".join(sorted(_names(self.places, pc.unique(self.places.indices.take(numbers)))))

    def _carried(self, before: pa.Array, keys: pa.Array) -> pa.Table:
        """Rows of records that this run did not read: they stand in the parent's files."""
        if self.parent is None or not len(keys):
            return self.fresh.schema.empty_table()
        lay_in = pc.unique(self.old_places.take(before.drop_null())).to_pylist()
        tables = [self._read_parent(table, place) for table in ("articles", "duplicates") for place in lay_in]
        rows = pa.concat_tables([self.fresh.schema.empty_table(), *tables])
        return rows.filter(pc.is_in(file_keys(rows), keys))

    def _read_parent(self, table: str, place: str) -> pa.Table:
        file = self.parent_file(table, place)
        if self.parent is None or file is None:
            return self.fresh.schema.empty_table()
        return read_parquet(self.parent.path / file.path, self.fresh.schema.names, self.fresh.schema)

    def _with_lineage(self, table: str, content: pa.Table, numbers: pa.Array) -> pa.Table:
        lineage = rows_at(self.lineage, self.numbers.take(numbers))
        return with_lineage(content, lineage, self.contract[table].schema, self.rule_version)


def _names(places: pa.DictionaryArray, codes: pa.Array) -> set[str]:
    return set(places.dictionary.take(codes).to_pylist())


def _rows_at(places: pa.DictionaryArray, place: str) -> pa.Array:
    """Numbers of the rows at a place; none where it does not occur."""
    code = pc.index_in(pa.scalar(place), places.dictionary)
    return pc.indices_nonzero(pc.fill_null(pc.equal(places.indices, code), False))


def _are_articles(manifest: pa.Table) -> pa.BooleanArray:
    return whole(pc.equal(manifest["status"], "loaded"))


def _sorted(manifest: pa.Table, numbers: pa.Array) -> pa.Array:
    """Numbers of articles in the order of a file."""
    rows = rows_at(manifest.select(["published_at", "article_id"]), numbers)
    return numbers.take(pc.sort_indices(rows, sort_keys=[(name, "ascending") for name in rows.column_names]))


def _together(tables: list[pa.Table], schema: pa.Schema) -> pa.Table:
    return tables[0] if len(tables) == 1 else pa.concat_tables([plain_table(table, schema) for table in tables])
