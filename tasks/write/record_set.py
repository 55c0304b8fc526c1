"""All records after a run: the file of each, which files must be written again, and where the content is found.

Belongs here: comparing the records with those of the parent snapshot, and putting the content of any of them together.
Does not belong here: the rule by which a record lies in a file (`layout`), and writing the files (`record_files`).

A file holds the records of one place in each of three tables: `articles`, `duplicates`, and `related` for the entries
of its articles. Its name without the table, `published_year=2021/part-0.parquet`, is what is called a file here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import Contract
from config.errors import AuditError
from tasks.arrow.columns import is_numbered, rows_at, whole
from tasks.arrow.keys import file_keys
from tasks.arrow.nested import plain_lists
from tasks.arrow.recurring import plain_table
from tasks.arrow.related import related_lists
from tasks.warehouse.parquet_reading import read_parquet
from tasks.warehouse.snapshots import DataFile, Snapshot
from tasks.write.audit import check_read
from tasks.write.layout import Layout
from tasks.write.records import StagedRecords, with_lineage

#: Tables whose rows are records or follow from records.
RECORD_TABLES: Final = ("articles", "duplicates", "related")
#: Columns of the manifest that put a record into its file; and those by which one of the parent is found.
PLACED: Final = ("source", "source_path", "size", "article_id", "published_at", "status", "contract_version")
FOUND: Final = ("source", "source_path", "article_id", "published_at", "status")

_KEYS: Final = ["source", "source_path"]


class Content(NamedTuple):
    """What the source files of m records say.

    Attributes:
        rows: (m,) the columns of `Contract.record_schema` but `related`.
        fresh_lists: (k,) the lists `related` of those among them that this run read.
        fresh_at: (m,) the list of each, null where the record was not read.
    """

    rows: pa.Table
    fresh_lists: pa.Array
    fresh_at: pa.Array


@dataclass(frozen=True)
class RecordSet:
    """All records after a run.

    Attributes:
        manifest: (n,) manifest rows of all records in the columns `PLACED`, sorted by source and path.
        lineage: (m,) all manifest rows, mapped, as of these columns few rows are wanted at a time.
        numbers: (n,) the row of each record in `lineage`.
        affected: (n,) whether the tables must show the record differently than before.
        fresh: records that this run read.
        parent: snapshot that has the others; None at first.
        is_same_form: whether files of the parent can stand beside those to be written.
        before: manifest rows of all records in `parent`, in the columns `FOUND`.
        old, new: layout of the parent, and of what is written.
        contract: names the columns.
        rule_version: the column `duplicates.rule_version`.
    """

    manifest: pa.Table
    lineage: pa.Table
    numbers: pa.Int64Array
    affected: pa.BooleanArray
    fresh: StagedRecords
    parent: Snapshot | None
    is_same_form: bool
    before: pa.Table
    old: Layout
    new: Layout
    contract: Contract
    rule_version: str

    @cached_property
    def files(self) -> pa.DictionaryArray:
        """(n,) the file of each record."""
        return self.new.files(self.manifest)

    @cached_property
    def old_files(self) -> pa.DictionaryArray:
        """The file that each record of the parent has there."""
        return self.old.files(self.before)

    @cached_property
    def _members(self) -> dict[str, pa.Array]:
        """File to the numbers of its records."""
        return _members(self.files)

    @cached_property
    def _old_members(self) -> dict[str, pa.Array]:
        """File of the parent to the numbers of its records in `before`."""
        return _members(self.old_files)

    @cached_property
    def _keys(self) -> pa.Array:
        return file_keys(self.manifest)

    @cached_property
    def _was(self) -> pa.Int32Array:
        """(n,) which record of the parent each one is, null where it is none."""
        keys, were = self._keys, file_keys(self.before)
        # Where no record came or went, none need be looked up.
        return pa.arange(0, len(keys)).cast(pa.int32()) if keys.equals(were) else pc.index_in(keys, were)

    @cached_property
    def _fresh_as(self) -> pa.Int32Array:
        """(n,) which fresh record each one is, null where this run did not read it."""
        return pc.index_in(self._keys, file_keys(self.fresh.keys))

    @cached_property
    def rewritten_files(self) -> list[str]:
        """Files to write: where an affected record lies or lay, or one that moved."""
        is_other = pc.or_(self.affected, self._is_moved)
        stays = self._was.filter(pc.invert(is_other)).cast(pa.int64())
        left = pc.invert(is_numbered(len(self.before), stays))
        now = _names(self.files, pc.unique(self.files.indices.filter(is_other)))
        then = _names(self.old_files, pc.unique(self.old_files.indices.filter(left)))
        return sorted(now | (set(self.files.dictionary.to_pylist()) & then))

    @cached_property
    def _is_moved(self) -> pa.BooleanArray:
        """(n,) whether a record lies in another file than in the parent."""
        old = self.old_files
        code = pc.index_in(old.dictionary, self.files.dictionary).take(old.indices.take(self._was))
        return pc.fill_null(pc.not_equal(code, self.files.indices), True)

    @property
    def kept_files(self) -> list[str]:
        """Files that have the same rows as in the parent, in all tables."""
        return sorted(set(self.files.dictionary.to_pylist()) - set(self.rewritten_files))

    def size_of(self, file: str) -> int:
        """Bytes of the source files behind a file."""
        return int(pc.sum(self.manifest["size"].take(self._members[file])).as_py() or 0)

    def check(self) -> None:
        """Hold the fresh records against the manifest, see `audit.check_read`."""
        check_read(file_keys(self.fresh.keys), self._keys)

    def parent_file(self, table: str, file: str) -> DataFile | None:
        """The parent's file of a table; None where there is none, or it has no row."""
        return self._parent_files.get(f"{table}/{file.lstrip('/')}")

    @cached_property
    def _parent_files(self) -> dict[str, DataFile]:
        files = self.parent.info.files if self.parent else ()
        return {file.path: file for file in files if file.table in RECORD_TABLES and file.rows}

    def articles_in(self, file: str) -> pa.Array:
        """Numbers of the articles in a file, in their order."""
        numbers = self._members[file]
        numbers = numbers.filter(self._survives.take(numbers))
        rows = rows_at(self.manifest.select(["published_at", "article_id"]), numbers)
        return numbers.take(pc.sort_indices(rows, sort_keys=[(name, "ascending") for name in rows.column_names]))

    def duplicates_in(self, file: str) -> pa.Array:
        """Numbers of the duplicates in a file."""
        numbers = self._members[file]
        return numbers.filter(pc.invert(self._survives.take(numbers)))

    def is_unchanged(self, table: str, file: str, numbers: pa.Array) -> bool:
        """Whether the parent has the same rows in its file of a table.

        Args:
            table: `articles` or `duplicates`.
            file: one of the files.
            numbers: its records of that table.
        """
        if not self.is_same_form or pc.any(self.affected.take(numbers), min_count=0).as_py():
            return False
        were = self._old_members.get(file, pa.array([], pa.int64()))
        survived = self._survived.take(were)
        were = were.filter(survived if table == "articles" else pc.invert(survived))
        return bool(self._was.take(numbers).cast(pa.int64()).sort().equals(were.sort()))

    def content(self, numbers: pa.Array) -> Content:
        """What the source files of some records say: from the batches of this run, or from the parent.

        Raises:
            AuditError: a record has no content, or more than one.
        """
        keys, fresh = self._keys.take(numbers), self._fresh_as.take(numbers)
        ascending = fresh.drop_null().sort()
        read = self.fresh.rows(ascending)
        lists = whole(read["related"])
        carried = self._carried(numbers.filter(pc.is_null(fresh)))
        found = [rows for rows in (read.drop_columns(["related"]), carried) if len(rows)] or [carried]
        rows = found[0] if len(found) == 1 else pa.concat_tables([plain_table(one, carried.schema) for one in found])
        at = pc.index_in(keys, file_keys(rows))
        if at.null_count or len(rows) != len(numbers):
            raise AuditError(
                f"{', '.join(sorted(_names(self.files, pc.unique(self.files.indices.take(numbers)))))}: the records do "
                f"not match the manifest ({len(numbers)} expected, {len(rows)} found).",
                "Run `presslake run --full-refresh`, which reads every file.",
            )
        return Content(rows.take(at), lists, pc.index_in(fresh, ascending))

    def lists(self, content: Content, numbers: pa.Array, at: pa.Array) -> pa.ListArray:
        """The related entries of some records.

        Args:
            content: of records among which these are.
            numbers: (m,) the records.
            at: (m,) the row of each in `content`.

        Returns:
            (m,) lists, as `duplicates.related` has them, none null.
        """
        kind = self.contract["duplicates"].schema.field("related").type
        places = content.fresh_at.take(at)
        is_fresh = pc.is_valid(places)
        fresh = plain_lists(content.fresh_lists.take(places.drop_null())).cast(kind)
        if len(fresh) == len(numbers):
            return fresh
        carried = self._carried_lists(numbers.filter(pc.invert(is_fresh)), kind)
        order = pa.concat_arrays([pc.indices_nonzero(is_fresh), pc.indices_nonzero(pc.invert(is_fresh))])
        return pa.concat_arrays([fresh, carried]).take(pc.inverse_permutation(order.cast(pa.int64())))

    def rows(self, table: str, content: pa.Table, numbers: pa.Array) -> pa.Table:
        """Rows of `articles` or `duplicates`: content and lineage of the records."""
        lineage = rows_at(self.lineage, self.numbers.take(numbers))
        return with_lineage(content, lineage, self.contract[table].schema, self.rule_version)

    @cached_property
    def _survives(self) -> pa.BooleanArray:
        """(n,) whether a record is an article, not a duplicate."""
        return _are_articles(self.manifest)

    @cached_property
    def _survived(self) -> pa.BooleanArray:
        """Whether each record of the parent is an article there."""
        return _are_articles(self.before)

    def _carried(self, numbers: pa.Array) -> pa.Table:
        """The content of records that this run did not read, in any order: it stands in the parent's files."""
        fields = [field for field in self.fresh.schema if field.name != "related"]
        schema = pa.schema(fields)
        files = pc.unique(self.old_files.take(self._was.take(numbers).drop_null())).to_pylist()
        tables = [self._read_parent(table, file, schema) for table in RECORD_TABLES[:2] for file in files]
        rows = pa.concat_tables([schema.empty_table(), *tables])
        return rows.filter(pc.is_in(file_keys(rows), self._keys.take(numbers)))

    def _carried_lists(self, numbers: pa.Array, kind: pa.ListType) -> pa.ListArray:
        """The related entries of records that this run did not read."""
        was = self._was.take(numbers)
        files, survived = self.old_files.take(was), self._survived.take(was)
        ids, keys = whole(self.before["article_id"]).take(was), self._keys.take(numbers)
        duplicates = pa.schema([*(self.fresh.schema.field(name) for name in _KEYS), pa.field("related", kind)])
        found, order = [pa.array([], kind)], [pa.array([], pa.int64())]
        for file in pc.unique(files).to_pylist():
            here = pc.equal(files, file)
            articles, others = pc.and_(here, survived), pc.and_(here, pc.invert(survived))
            if articles.true_count:
                rows = self._read_parent("related", file, self.contract["related"].schema)
                found.append(related_lists(rows, ids.filter(articles), kind))
            if others.true_count:
                rows = self._read_parent("duplicates", file, duplicates)
                found.append(whole(rows["related"]).take(pc.index_in(keys.filter(others), file_keys(rows))))
            order += [pc.indices_nonzero(articles).cast(pa.int64()), pc.indices_nonzero(others).cast(pa.int64())]
        return pa.concat_arrays(found).take(pc.inverse_permutation(pa.concat_arrays(order)))

    def _read_parent(self, table: str, file: str, schema: pa.Schema) -> pa.Table:
        known = self.parent_file(table, file)
        if self.parent is None or known is None:
            return schema.empty_table()
        return read_parquet(self.parent.path / known.path, schema.names, schema)


def _members(files: pa.DictionaryArray) -> dict[str, pa.Array]:
    """File to the ascending numbers of its rows."""
    codes = files.indices
    order = pc.array_sort_indices(codes).cast(pa.int64())
    bounds = pc.search_sorted(codes.take(order), pa.arange(0, len(files.dictionary) + 1).cast(codes.type)).to_pylist()
    names = files.dictionary.to_pylist()
    return {name: order[start:stop] for name, start, stop in zip(names, bounds, bounds[1:], strict=False)}


def _names(files: pa.DictionaryArray, codes: pa.Array) -> set[str]:
    return set(files.dictionary.take(codes).to_pylist())


def _are_articles(manifest: pa.Table) -> pa.BooleanArray:
    return whole(pc.equal(manifest["status"], "loaded"))
