"""Write the next snapshot and publish it: the write stage as one function.

Belongs here: the order of work. What is written: `partitions` and `small_tables`; where: `layout`;
how it becomes visible: `snapshot`; the last look: `audit`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, zip_longest
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import VERSIONS
from tasks.tables.history import history_summary
from tasks.tables.parquet import ParquetOptions
from tasks.tables.snapshots import Snapshot
from tasks.write import small_tables
from tasks.write.article_versions import Observation
from tasks.write.audit import check_files, check_manifest
from tasks.write.job import Decided, RunRecord, WriteJob
from tasks.write.layout import Layout, layout_of, next_layout
from tasks.write.manifest_files import manifest_files
from tasks.write.parent_versions import ParentVersions
from tasks.write.partitions import FOUND, PLACED, RECORD_TABLES, RecordSet
from tasks.write.record_files import add_file, record_files
from tasks.write.records import LINEAGE, OF_DUPLICATES, content_schema, is_record, records_of
from tasks.write.snapshot import SnapshotBuilder
from tasks.write.staged import StagedRecords
from tasks.write.version_files import write_all, write_versions

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
    options = ParquetOptions(compression_level=job.compression_level)
    builder = SnapshotBuilder(job.warehouse, parent, run.run_id, options)
    first, *others = manifest_files(job, builder, parent, decided)

    def rest() -> Iterator[Callable[[], None]]:
        check_manifest(decided.manifest, decided.sources, decided.there)
        records = _record_set(job, parent, decided, batches)
        # In turn: a part of the manifest takes as much memory as a place.
        calls = zip_longest(others, record_files(job, builder, records))
        yield from (call for pair in calls for call in pair if call)
        _write_small_tables(job, builder, parent, decided, batches, run)

    _side_by_side(job, chain([first], rest()))
    _write_empty(job, builder)
    _write_versions(job, builder, parent, run)
    check_files(builder.path, builder.files, decided.manifest)
    told = {"partition_by": job.partition_by, "form": job.form, "sources": decided.live_sources()}
    history = history_summary(job.contract, parent, run.run_id, run.started_at)
    summary = {**told, **history, **run.summary}
    return builder.publish(run.contract_version, run.code_version, summary)


def _record_set(job: WriteJob, parent: Snapshot | None, decided: Decided, batches: Sequence[Path]) -> RecordSet:
    manifest = decided.manifest
    current, previous = records_of(manifest.select(PLACED)), records_of(decided.previous.select(FOUND))
    among = is_record(manifest).combine_chunks()
    old, is_same_form = _layout_of_parent(job, parent), job.is_same_form(parent)
    records = RecordSet(
        manifest=current,
        lineage=manifest.select([*LINEAGE, *OF_DUPLICATES]),
        numbers=pc.indices_nonzero(among).cast(pa.int64()),
        touched=pc.or_(decided.touched.filter(among), not is_same_form),
        fresh=StagedRecords(batches, content_schema(job.contract)),
        parent=parent,
        is_same_form=is_same_form,
        previous=previous,
        old=old,
        new=next_layout(old, job.partition_by, current, job.max_rows),
        contract=job.contract,
        rule_version=job.rule_version,
    )
    records.check()
    return records


def _layout_of_parent(job: WriteJob, parent: Snapshot | None) -> Layout:
    if parent is None:
        return Layout(job.partition_by)
    return layout_of(parent.info.files, str(parent.info.summary.get("partition_by", job.partition_by)))


def _side_by_side(job: WriteJob, calls: Iterable[Callable[[], None]]) -> None:
    """Make all calls, as many at a time as there are threads; what gives them out works meanwhile."""
    with ThreadPoolExecutor(job.workers) as threads:
        try:
            for done in [threads.submit(call) for call in calls]:
                done.result()
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise


def _write_empty(job: WriteJob, builder: SnapshotBuilder) -> None:
    written = {file.table for file in builder.files}
    for table in RECORD_TABLES:
        if table not in written:
            empty = job.contract[table].schema.empty_table()
            add_file(job, builder, table, empty, _EMPTY_AT[job.partition_by])


def _write_versions(job: WriteJob, builder: SnapshotBuilder, parent: Snapshot | None, run: RunRecord) -> None:
    """Write `article_versions` where the warehouse keeps a history."""
    if VERSIONS not in job.contract.tables:
        return

    def add(name: str, rows: pa.Table) -> None:
        add_file(job, builder, VERSIONS, rows, name=name)

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
    rows = small_tables.run_rows(parent, run.numbered(builder.next_number), job.contract, run.forgotten)
    add_file(job, builder, "runs", rows)
    _write_quarantine(job, builder, parent, decided, batches)


def _write_quarantine(
    job: WriteJob, builder: SnapshotBuilder, parent: Snapshot | None, decided: Decided, batches: Sequence[Path]
) -> None:
    fresh = small_tables.staged_quarantine(batches, job.contract)
    is_same = not len(fresh) and small_tables.is_same_quarantine(decided.previous, decided.manifest)
    if parent is not None and is_same and job.is_same_form(parent):
        for file in parent.files("quarantine"):
            builder.keep(file)
        return
    rows = small_tables.quarantine_rows(decided.manifest, fresh, parent, job.contract)
    for i, part in enumerate(small_tables.quarantine_parts(rows, job.contract["quarantine"].schema)):
        add_file(job, builder, "quarantine", part, name=f"part-{i}.parquet")
