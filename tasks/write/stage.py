"""The write stage: from the decided manifest to a published snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from tasks.tables.memory import system_memory
from tasks.tables.previous import known_manifest, previous_manifest
from tasks.tables.run import Publication, Run, load_run
from tasks.tables.staging import read_arrow
from tasks.write.job import Decided, RunRecord, WriteJob
from tasks.write.partitions import FOUND
from tasks.write.publish import write_snapshot


@system_memory()
def write_tables(folder: Path, publication: Publication) -> tuple[int, int]:
    """Publish the tables of a run.

    Args:
        folder: the run's staging folder, with `manifest.arrow`.
        publication: what is to be published.

    Returns:
        The number of the new snapshot, and the bytes of the files that are new in it.

    Raises:
        AuditError: a guarantee does not hold; nothing was published.
        WarehouseError: the disk refused; nothing was published.
    """
    run = load_run(folder)
    manifest = read_arrow(folder / "manifest.arrow")
    parent, plan = run.parent_snapshot(), publication.plan
    decided = Decided(
        manifest=manifest.drop_columns(["touched"]),
        path=folder / "manifest.arrow",
        touched=manifest["touched"].combine_chunks(),
        previous=_previous(run, FOUND),
        sources=run.sources.keys(),
        there=plan.discovered - publication.vanished,
    )
    rows = [dict(row) for row in publication.rows]
    record = RunRecord(
        run.run_id,
        run.contract.tag,
        run.code_version,
        rows,
        publication.summary,
        run.started_at,
        replaced=run.replaced,
    )
    snapshot = write_snapshot(write_job(run), parent, decided, [batch.path for batch in plan.batches], record)
    kept = set(parent.info.files) if parent else set()
    return snapshot.number, sum(file.bytes for file in snapshot.info.files if file not in kept)


def _previous(run: Run, columns: Sequence[str]) -> pa.Table:
    """The parent's manifest: all of it where it is at hand, else these columns."""
    known = known_manifest(run)
    return previous_manifest(run, columns) if known is None else known


def write_job(run: Run) -> WriteJob:
    """Where and how a run writes its tables."""
    settings = run.settings.warehouse
    return WriteJob(
        warehouse=run.warehouse,
        contract=run.contract,
        rule_version=run.rule_version,
        partition_by=settings.partition_by,
        form=run.table_form,
        max_rows=settings.max_rows_per_file,
        compression_level=settings.compression_level,
        workers=run.workers,
    )
