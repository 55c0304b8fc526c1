"""Write the next snapshot and publish it: the write stage as one function.

Belongs here: the order of work. What is written: `record_files`, `manifest_files` and `small_tables`; where: `layout`;
how it becomes visible: `snapshot`; the last look: `audit`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.contract import LINEAGE, VERSIONS
from tasks.runs.run import Publication, Run
from tasks.warehouse.history import history_summary
from tasks.warehouse.parquet import ParquetOptions
from tasks.warehouse.snapshots import Snapshot
from tasks.write import small_tables
from tasks.write.article_versions import Observation
from tasks.write.audit import check_files, check_manifest
from tasks.write.layout import Layout, layout_for, layout_of
from tasks.write.manifest_files import Decided, manifest_files
from tasks.write.record_files import add_file, record_files
from tasks.write.record_set import FOUND, PLACED, RECORD_TABLES, RecordSet
from tasks.write.records import OF_DUPLICATES, StagedRecords, is_record, records_of
from tasks.write.snapshot import SnapshotBuilder
from tasks.write.version_files import ParentVersions, write_all, write_versions

#: Partition of a table without rows: readers need one file to learn the columns from.
_EMPTY_AT: Final = {"year": "published_year=1970", "month": "published_month=1970-01", "none": ""}


def write_snapshot(run: Run, decided: Decided, publication: Publication, versions: pa.Table | None = None) -> Snapshot:
    """Write every table as one snapshot, check it, and let readers see it.

    Args:
        run: names warehouse, contract and settings; its warehouse is locked.
        decided: manifest and decisions.
        publication: the batches, the rows of `runs`, and what `snapshot.json` says of the run.
        versions: all rows of `article_versions`, where a backfill has put them together already.

    Raises:
        AuditError: a guarantee does not hold; nothing was published.
        WarehouseError: the disk refused; nothing was published.
    """
    parent, contract, settings = run.parent_snapshot(), run.contract, run.settings.warehouse
    # A full refresh takes over no file: it mends what is damaged.
    is_same = not run.full_refresh and parent is not None and parent.info.summary.get("form") == run.table_form
    sound = parent if is_same else None
    options = ParquetOptions(compression_level=settings.compression_level)
    builder = SnapshotBuilder(run.warehouse, parent, run.run_id, options, contract.tag)
    check_manifest(decided.manifest, run.sources.keys(), publication.expected)
    records = _record_set(run, sound, decided, publication)

    def calls() -> Iterator[Callable[[], None]]:
        parts = manifest_files(contract, settings.rows_per_file, builder, sound, decided)
        # In turn: many parts of the manifest at a time would take much memory beside the records.
        for pair in zip_longest(record_files(builder, records), parts):
            yield from (call for call in pair if call)

    _side_by_side(run.workers, calls())
    _write_small_tables(run, builder, sound, decided, publication)
    _write_empty(run, builder)
    if run.keeps_history:
        _write_versions(run, builder, versions)
    check_files(builder.path, builder.files, decided.manifest)
    layout = {"partition_by": settings.partition_by, "form": run.table_form, "sources": decided.live_sources()}
    history = history_summary(contract, parent, run.run_id, run.started_at)
    code = {"code": msgspec.to_builtins(run.code)}
    return builder.publish(contract.tag, run.code_version, {**layout, **code, **history, **publication.summary})


def _record_set(run: Run, sound: Snapshot | None, decided: Decided, publication: Publication) -> RecordSet:
    """All records; `sound` is the parent if its files can stand beside the new ones."""
    manifest, settings, parent = decided.manifest, run.settings.warehouse, run.parent_snapshot()
    current = records_of(manifest.select(PLACED))
    among = is_record(manifest).combine_chunks()
    records = RecordSet(
        manifest=current,
        lineage=manifest.select([*LINEAGE, *OF_DUPLICATES]),
        numbers=pc.indices_nonzero(among).cast(pa.int64()),
        affected=pc.or_(decided.affected.filter(among), sound is None),
        fresh=StagedRecords(publication.batches, run.contract.record_schema),
        parent=parent,
        is_same_form=sound is not None,
        before=records_of(decided.before.select(FOUND)),
        old=_layout_of_parent(parent, settings.partition_by),
        new=layout_for(current, settings.partition_by, settings.rows_per_file),
        contract=run.contract,
        rule_version=run.rule_version,
    )
    records.check()
    return records


def _layout_of_parent(parent: Snapshot | None, partition_by: str) -> Layout:
    if parent is None:
        return Layout(partition_by)
    return layout_of(parent.info.files, str(parent.info.summary.get("partition_by", partition_by)))


def _side_by_side(workers: int, calls: Iterable[Callable[[], None]]) -> None:
    """Make all calls, as many at a time as there are threads."""
    with ThreadPoolExecutor(workers) as threads:
        try:
            for done in [threads.submit(call) for call in calls]:
                done.result()
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise


def _write_empty(run: Run, builder: SnapshotBuilder) -> None:
    written = {file.table for file in builder.files}
    for table in RECORD_TABLES:
        if table not in written:
            empty = run.contract[table].schema.empty_table()
            add_file(run.contract, builder, table, empty, _EMPTY_AT[run.settings.warehouse.partition_by])


def _write_versions(run: Run, builder: SnapshotBuilder, versions: pa.Table | None) -> None:
    """Write `article_versions`."""

    def add(name: str, rows: pa.Table) -> None:
        add_file(run.contract, builder, VERSIONS, rows, name=name)

    if versions is None:
        seen = Observation(run.started_at, run.run_id)
        write_versions(ParentVersions(run.parent_snapshot(), run.contract), builder, seen, add)
    else:
        write_all(versions, add)


def _write_small_tables(
    run: Run, builder: SnapshotBuilder, sound: Snapshot | None, decided: Decided, publication: Publication
) -> None:
    parent, contract = run.parent_snapshot(), run.contract
    # The row of this run says which snapshot it publishes.
    number = {"snapshot": builder.next_number}
    rows = [{**row, **(number if row["run_id"] == run.run_id else {})} for row in publication.rows]
    add_file(contract, builder, "runs", small_tables.run_rows(parent, rows, contract, publication.forgotten))
    fresh = small_tables.staged_quarantine(publication.batches, contract)
    is_same = not len(fresh) and small_tables.is_same_quarantine(decided.before, decided.manifest)
    if sound is not None and is_same:
        for file in sound.files("quarantine"):
            builder.keep(file)
        return
    kept = small_tables.quarantine_rows(decided.manifest, fresh, parent, contract)
    for i, part in enumerate(small_tables.quarantine_parts(kept, contract["quarantine"].schema)):
        add_file(contract, builder, "quarantine", part, name=f"part-{i}.parquet")
