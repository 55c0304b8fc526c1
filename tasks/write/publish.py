"""Write the next snapshot and publish it: the write stage as one function.

Belongs here: the order of work. What is written: `partitions` and `small_tables`; where: `layout`;
how it becomes visible: `snapshot`; the last look: `audit`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import VERSIONS
from tasks.tables.history import KEY, history_summary
from tasks.tables.parquet import ParquetOptions
from tasks.tables.snapshots import Snapshot
from tasks.write import small_tables
from tasks.write.article_versions import Observation
from tasks.write.audit import check_articles, check_files, check_manifest, check_required
from tasks.write.job import Decided, RunRecord, WriteJob
from tasks.write.layout import Layout, layout_of, next_layout
from tasks.write.parent_versions import ParentVersions
from tasks.write.partitions import PLACED, RECORD_TABLES, PlaceRows, RecordSet
from tasks.write.records import content_schema, is_record, records_of
from tasks.write.snapshot import SnapshotBuilder
from tasks.write.staged import StagedRecords
from tasks.write.version_files import write_all, write_versions

#: Order of rows within a file.
SORTING: Final[Mapping[str, tuple[str, ...]]] = {
    "articles": ("published_at", "article_id"),
    "duplicates": ("published_at", "article_id", "source", "source_path"),
    # In the order of their articles, whose times the table does not have.
    "related": (),
    VERSIONS: KEY,
}
#: Partition of a table without rows: readers need one file to learn the columns from.
_EMPTY_AT: Final = {"year": "published_year=1970", "month": "published_month=1970-01", "none": ""}


def write_snapshot(
    job: WriteJob, parent: Snapshot | None, decided: Decided, batches: Sequence[Path], run: RunRecord
) -> Snapshot:
    """Write every table as one snapshot, check it, and let readers see it.

    Args:
        job: where and how.
        parent: the current snapshot.
        decided: manifest and decisions.
        batches: folders of validated batches with `records.arrow` and `quarantine.arrow`.
        run: lineage.

    Raises:
        AuditError: a guarantee does not hold; nothing was published.
        WarehouseError: the disk refused; nothing was published.
    """
    check_manifest(decided.manifest, decided.sources, decided.there)
    options = ParquetOptions(compression_level=job.compression_level)
    builder = SnapshotBuilder(job.warehouse, parent, run.run_id, options)
    records = _record_set(job, parent, decided, batches)
    _write_records(job, builder, records)
    _keep_records(builder, records)
    _write_empty(job, builder)
    _write_small_tables(job, builder, parent, decided, batches, run)
    _write_versions(job, builder, parent, run)
    check_files(builder.path, builder.files, decided.manifest)
    told = {"partition_by": job.partition_by, "form": job.form, "sources": decided.live_sources()}
    history = history_summary(job.contract, parent, run.run_id, run.started_at)
    summary = {**told, **history, **run.summary}
    return builder.publish(run.contract_version, run.code_version, summary)


def _record_set(job: WriteJob, parent: Snapshot | None, decided: Decided, batches: Sequence[Path]) -> RecordSet:
    manifest = decided.manifest
    current, previous = (records_of(table.select(PLACED)) for table in (manifest, decided.previous))
    old = _layout_of_parent(job, parent)
    records = RecordSet(
        manifest=current,
        touched=pc.or_(decided.touched.filter(is_record(manifest).combine_chunks()), _is_of_another_form(job, parent)),
        fresh=StagedRecords(batches, content_schema(job.contract)),
        parent=parent,
        previous=previous,
        old=old,
        new=next_layout(old, job.partition_by, current, job.max_rows),
        contract=job.contract,
        rule_version=job.rule_version,
    )
    records.check()
    return records


def _is_of_another_form(job: WriteJob, parent: Snapshot | None) -> bool:
    return parent is None or parent.info.summary.get("form") != job.form


def _add(
    job: WriteJob,
    builder: SnapshotBuilder,
    table: str,
    rows: pa.Table,
    partition: str = "",
    name: str = "part-0.parquet",
) -> Path:
    """Write one file of a table, whose required columns have no null; its path."""
    check_required(f"{table}/{partition}/{name}", rows, job.contract)
    return builder.path / builder.add(table, partition, name, rows, SORTING.get(table, ())).path


def _layout_of_parent(job: WriteJob, parent: Snapshot | None) -> Layout:
    if parent is None:
        return Layout(job.partition_by)
    return layout_of(parent.info.files, str(parent.info.summary.get("partition_by", job.partition_by)))


def _write_records(job: WriteJob, builder: SnapshotBuilder, records: RecordSet) -> None:
    is_older = pc.not_equal(records.manifest["contract_version"], job.contract.tag)
    older = records.manifest["article_id"].filter(is_older).to_pylist()

    def write(place: str) -> None:
        partition, _, name = place.rpartition("/")
        rows: PlaceRows = records.rows_at(place)
        for table in RECORD_TABLES:
            if len(getattr(rows, table)):
                path = _add(job, builder, table, getattr(rows, table), partition, name)
                if table == "articles":
                    check_articles(path, job.contract, older)

    if len(records.touched_places) < 2:
        for place in records.touched_places:
            write(place)
        return
    with ThreadPoolExecutor(job.workers) as threads:
        list(threads.map(write, records.touched_places))


def _keep_records(builder: SnapshotBuilder, records: RecordSet) -> None:
    kept = {place.lstrip("/") for place in records.kept_places}
    for file in records.parent.info.files if records.parent else ():
        if file.table in RECORD_TABLES and file.rows and file.path.removeprefix(f"{file.table}/") in kept:
            builder.keep(file)


def _write_empty(job: WriteJob, builder: SnapshotBuilder) -> None:
    written = {file.table for file in builder.files}
    for table in RECORD_TABLES:
        if table not in written:
            empty = job.contract[table].schema.empty_table()
            _add(job, builder, table, empty, _EMPTY_AT[job.partition_by])


def _write_versions(job: WriteJob, builder: SnapshotBuilder, parent: Snapshot | None, run: RunRecord) -> None:
    """Write `article_versions` where the warehouse keeps a history."""
    if VERSIONS not in job.contract.tables:
        return

    def add(name: str, rows: pa.Table) -> None:
        _add(job, builder, VERSIONS, rows, name=name)

    if run.versions is None:
        seen = Observation(run.started_at, run.run_id)
        write_versions(ParentVersions(parent, job.contract), builder, seen, add)
    else:
        write_all(run.versions, add)


def _write_small_tables(
    job: WriteJob,
    builder: SnapshotBuilder,
    parent: Snapshot | None,
    decided: Decided,
    batches: Sequence[Path],
    run: RunRecord,
) -> None:
    manifest = decided.manifest.cast(job.contract["sources"].schema)
    for i, part in enumerate(small_tables.manifest_parts(manifest)):
        _add(job, builder, "sources", part, name=f"part-{i}.parquet")
    rows = small_tables.run_rows(parent, run.numbered(builder.next_number), job.contract, run.forgotten)
    _add(job, builder, "runs", rows)
    _write_quarantine(job, builder, parent, decided, batches)


def _write_quarantine(
    job: WriteJob, builder: SnapshotBuilder, parent: Snapshot | None, decided: Decided, batches: Sequence[Path]
) -> None:
    fresh = small_tables.staged_quarantine(batches, job.contract)
    is_same = not len(fresh) and small_tables.is_same_quarantine(decided.previous, decided.manifest)
    if parent is not None and is_same and not _is_of_another_form(job, parent):
        for file in parent.files("quarantine"):
            builder.keep(file)
        return
    rows = small_tables.quarantine_rows(decided.manifest, fresh, parent, job.contract)
    for i, part in enumerate(small_tables.quarantine_parts(rows, job.contract["quarantine"].schema)):
        _add(job, builder, "quarantine", part, name=f"part-{i}.parquet")
