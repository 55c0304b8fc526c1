"""The files of `articles`, `duplicates` and `related`: written anew, patched, or kept, place by place.

Belongs here: which files of a place are written in which way, and the look at each as it reads back.
Does not belong here: the rows (`partitions`), patching (`patches`), the other tables (`publish`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import VERSIONS
from tasks.tables.history import KEY
from tasks.tables.memory import give_back
from tasks.tables.parquet_reading import read_parquet
from tasks.write.audit import check_articles, check_patch, check_required
from tasks.write.job import WriteJob
from tasks.write.partitions import RECORD_TABLES, RecordSet
from tasks.write.patches import Patch, patched_articles
from tasks.write.records import related_rows
from tasks.write.snapshot import SnapshotBuilder

#: Order of rows within a file.
SORTING: Final[Mapping[str, tuple[str, ...]]] = {
    "articles": ("published_at", "article_id"),
    "duplicates": ("published_at", "article_id", "source", "source_path"),
    # In the order of their articles, whose times the table does not have.
    "related": (),
    VERSIONS: KEY,
}


def add_file(
    job: WriteJob,
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
    check_required(f"{table}/{partition}/{name}", rows, job.contract)
    return builder.path / builder.add(table, partition, name, rows, SORTING.get(table, ())).path


def record_files(job: WriteJob, builder: SnapshotBuilder, records: RecordSet) -> list[Callable[[], None]]:
    """Take over the parent's files of places that have the same rows; what is left to be done.

    Args:
        job: where and how.
        builder: of the snapshot.
        records: all records.

    Returns:
        Calls that write the files of one place each, in any order and in any threads. They raise
        `AuditError` where a guarantee does not hold, `WarehouseError` where the disk refused or a file of
        the parent is damaged.
    """
    files = _RecordFiles(job, builder, records)
    files.keep()
    return [partial(files.write, place) for place in records.touched_places]


@dataclass(frozen=True)
class _RecordFiles:
    """The files of one snapshot's records."""

    job: WriteJob
    builder: SnapshotBuilder
    records: RecordSet

    @cached_property
    def _older(self) -> list[str]:
        """Ids of articles that were last read under another contract."""
        is_older = pc.not_equal(self.records.manifest["contract_version"], self.job.contract.tag)
        ids: list[str] = self.records.manifest["article_id"].filter(is_older).to_pylist()
        return ids

    def keep(self) -> None:
        """Take over the files of all places that have the same rows as before."""
        for place in self.records.kept_places:
            for table in RECORD_TABLES:
                self._keep(table, place)

    def _keep(self, table: str, place: str) -> None:
        if file := self.records.parent_file(table, place):
            self.builder.keep(file)

    def write(self, place: str) -> None:
        """Write the files of a place in which something changed."""
        sorting = SORTING["articles"]
        patch = patched_articles(self.records, place, self.builder.options("articles"), sorting)
        if patch is None:
            self._write_anew(place)
        else:
            self._write_patched(place, patch)
        # Else what one place has freed is kept beside what the next one needs.
        give_back()

    def _write_anew(self, place: str) -> None:
        rows = self.records.rows_at(place)
        for table in RECORD_TABLES:
            path = self._add(table, place, getattr(rows, table))
            if table == "articles" and path:
                check_articles(path, self.job.contract, self._older)

    def _write_patched(self, place: str, patch: Patch) -> None:
        partition, _, name = place.rpartition("/")
        file = self.builder.put("articles", partition, name, patch.content, len(patch.ids))
        path = self.builder.path / file.path
        check_patch(path, patch.ids, patch.encoded, self.job.contract, self._older)
        if patch.has_same_related:
            self._keep("related", place)
        elif len(
            related := related_rows(read_parquet(path, ["article_id", "related"]), self.job.contract["related"].schema)
        ):
            self._add("related", place, related)
        if self.records.has_same_duplicates(place):
            self._keep("duplicates", place)
        else:
            self._add("duplicates", place, self.records.rows_of("duplicates", self.records.others_at(place)))

    def _add(self, table: str, place: str, rows: pa.Table) -> Path | None:
        """Write a file of a place and give its path; none where there is no row."""
        partition, _, name = place.rpartition("/")
        return add_file(self.job, self.builder, table, rows, partition, name) if len(rows) else None
