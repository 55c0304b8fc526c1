"""The write stage: from the decided manifest to a published snapshot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tasks.tables.memory import system_memory
from tasks.tables.run import Publication, Run, load_run
from tasks.tables.snapshots import Snapshot
from tasks.tables.staging import read_arrow
from tasks.tables.warehouse import is_delta
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
    of_delta = is_delta(run.warehouse)
    decided = Decided(
        manifest=manifest.drop_columns(["touched"]),
        path=folder / "manifest.arrow",
        touched=manifest["touched"].combine_chunks(),
        previous=run.parent_manifest.read(None if of_delta else FOUND),
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
    snapshot = _writer(of_delta=of_delta)(
        write_job(run), parent, decided, [batch.path for batch in plan.batches], record
    )
    kept = set(parent.info.files) if parent else set()
    return snapshot.number, sum(file.bytes for file in snapshot.info.files if file not in kept)


def _writer(*, of_delta: bool) -> Callable[..., Snapshot]:
    """What writes a warehouse of this format; that of the other one need not be imported."""
    if not of_delta:
        return write_snapshot
    from tasks.write.delta import write_delta  # noqa: PLC0415

    return write_delta


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
