"""The files of `articles`, `duplicates` and `related`: written again where a row changed, else kept.

Belongs here: which of a file's three tables are written, and the look at each as it reads back. Does not belong here:
the rows (`record_set`), and the other tables (`publish`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import VERSIONS, Contract
from tasks.arrow.memory import give_back
from tasks.arrow.related import related_rows
from tasks.runs.staging import PART_BYTES
from tasks.warehouse.history import KEY
from tasks.warehouse.parquet_reading import read_parquet
from tasks.write.audit import check_articles, check_required
from tasks.write.record_set import RECORD_TABLES, Content, RecordSet
from tasks.write.snapshot import SnapshotBuilder

#: Order of rows within a file.
SORTING: Final[Mapping[str, tuple[str, ...]]] = {
    "articles": ("published_at", "article_id"),
    "duplicates": ("published_at", "article_id", "source", "source_path"),
    # In the order of their articles, whose times the table does not have.
    "related": (),
    VERSIONS: KEY,
}
#: The columns of `articles` from which the rows of `related` follow.
_OF_RELATED: Final = ["article_id", "related_digest"]


def add_file(
    contract: Contract,
    builder: SnapshotBuilder,
    table: str,
    rows: pa.Table,
    partition: str = "",
    name: str = "part-0.parquet",
) -> Path:
    """Write one file of a table, whose required columns have no null; its path.

    Raises:
        AuditError: a required column has nulls, or a type is not portable.
        WarehouseError: the disk refused.
    """
    check_required(f"{table}/{partition}/{name}", rows, contract)
    return builder.path / builder.add(table, partition, name, rows, SORTING.get(table, ())).path


def record_files(builder: SnapshotBuilder, records: RecordSet) -> Iterator[Callable[[], None]]:
    """Take over the parent's files that have the same rows; what is left to be done.

    Args:
        builder: of the snapshot.
        records: all records.

    Returns:
        Calls that write some files each, in any order and in any threads. They raise `AuditError` where a guarantee
        does not hold, `WarehouseError` where the disk refused or a file of the parent is damaged.
    """
    files = _RecordFiles(builder, records)
    for file in records.kept_files:
        for table in RECORD_TABLES:
            files.keep(table, file)
    for together in _groups(records):
        yield partial(files.write, together)


def _groups(records: RecordSet) -> Iterator[list[str]]:
    """The files to write, as many together as `PART_BYTES` of source files: each batch is then read once for all."""
    group, size = list[str](), 0
    for file in records.rewritten_files:
        more = records.size_of(file)
        if group and size + more > PART_BYTES:
            yield group
            group, size = [], 0
        group.append(file)
        size += more
    if group:
        yield group


class _Todo(NamedTuple):
    """Rows of a table that are to be written into a file: numbers of the records."""

    table: str
    file: str
    numbers: pa.Array


@dataclass(frozen=True)
class _RecordFiles:
    """The files of one snapshot's records."""

    builder: SnapshotBuilder
    records: RecordSet

    @cached_property
    def _older(self) -> list[str]:
        """Ids of articles that were last read under another contract."""
        is_older = pc.not_equal(self.records.manifest["contract_version"], self.records.contract.tag)
        ids: list[str] = self.records.manifest["article_id"].filter(is_older).to_pylist()
        return ids

    def keep(self, table: str, file: str) -> None:
        """Take over the parent's file of a table, if it has one."""
        if known := self.records.parent_file(table, file):
            self.builder.keep(known)

    def write(self, files: Sequence[str]) -> None:
        """Write what changed in some files; content is read for all of them at once."""
        todo = list(self._todo(files))
        if todo:
            numbers = pa.concat_arrays([one.numbers for one in todo])
            content, start = self.records.content(numbers), 0
            for one in todo:
                self._write(one, content, start)
                start += len(one.numbers)
            del content
        # Else what some files have freed is kept beside what the next ones need.
        give_back()

    def _todo(self, files: Sequence[str]) -> Iterator[_Todo]:
        for file in files:
            for table, numbers in (
                ("articles", self.records.articles_in(file)),
                ("duplicates", self.records.duplicates_in(file)),
            ):
                if not self.records.is_unchanged(table, file, numbers):
                    yield _Todo(table, file, numbers)
                    continue
                self.keep(table, file)
                if table == "articles":
                    self.keep("related", file)

    def _write(self, todo: _Todo, content: Content, start: int) -> None:
        if not len(todo.numbers):
            return
        at = pa.arange(start, start + len(todo.numbers))
        rows = content.rows.slice(start, len(todo.numbers))
        if todo.table == "duplicates":
            rows = rows.append_column("related", self.records.lists(content, todo.numbers, at))
            self._add("duplicates", todo.file, self.records.rows("duplicates", rows, todo.numbers))
            return
        articles = self.records.rows("articles", rows, todo.numbers)
        path = self._add("articles", todo.file, articles)
        check_articles(path, self.records.contract, self._older)
        if self._has_same_related(todo.file, articles):
            self.keep("related", todo.file)
            return
        lists = self.records.lists(content, todo.numbers, at)
        related = related_rows(articles["article_id"], lists, self.records.contract["related"].schema)
        if len(related):
            self._add("related", todo.file, related)

    def _has_same_related(self, file: str, articles: pa.Table) -> bool:
        """Whether the parent's file of `related` has the entries of just these articles."""
        known, parent = self.records.parent_file("articles", file), self.records.parent
        if parent is None or known is None or not self.records.is_same_form:
            return False
        schema = pa.schema([articles.schema.field(name) for name in _OF_RELATED])
        before, now = read_parquet(parent.path / known.path, _OF_RELATED, schema), articles.select(_OF_RELATED)
        has_entries = [table.filter(pc.is_valid(table["related_digest"])).combine_chunks() for table in (before, now)]
        return bool(has_entries[0].equals(has_entries[1]))

    def _add(self, table: str, file: str, rows: pa.Table) -> Path:
        partition, _, name = file.rpartition("/")
        return add_file(self.records.contract, self.builder, table, rows, partition, name)
