"""The same tables once more, without what is to be forgotten and in files of the right size.

Belongs here: the snapshot that maintenance publishes; nothing in it is new. Does not belong here:
what is to be forgotten (`tasks.maintain.retention`), and the snapshot of a run (`stage`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pyarrow as pa

from tasks.tables.delta import DeltaSnapshot
from tasks.tables.run import Run
from tasks.tables.snapshots import Snapshot
from tasks.write.delta import write_delta
from tasks.write.delta_upkeep import crowded_tables
from tasks.write.job import Decided, RunRecord
from tasks.write.layout import layout_of, next_layout
from tasks.write.publish import write_snapshot
from tasks.write.records import records_of
from tasks.write.stage import write_job


def changed_parts(parent: Snapshot, manifest: pa.Table, max_rows: int) -> dict[str, tuple[int, int]]:
    """The partitions that should be cut into other files: partition to their number, now and then.

    Args:
        parent: the snapshot that has the files.
        manifest: its table `sources`.
        max_rows: most rows in one file.

    Of a Delta table: those with many small files, which compaction joins.
    """
    if isinstance(parent, DeltaSnapshot):
        return {
            f"{table} {partition}".rstrip(): (count, 1)
            for table, counts in crowded_tables(parent).items()
            for partition, count in sorted(counts.items())
        }
    partition_by = str(parent.info.summary["partition_by"])
    old = layout_of(parent.info.files, partition_by)
    new = next_layout(old, partition_by, records_of(manifest), max_rows)
    partitions = {file.partition for file in parent.files("articles") + parent.files("duplicates") if file.rows}
    cuts = {name: (old.cuts.get(name, ()), new.cuts.get(name, ())) for name in sorted(partitions)}
    return {name: (len(was) + 1, len(now) + 1) for name, (was, now) in cuts.items() if was != now}


def rewrite_tables(
    run: Run,
    manifest: pa.Table,
    forgotten_runs: Collection[str],
    row: Mapping[str, Any],
    summary: Mapping[str, object],
    versions: pa.Table | None = None,
) -> Snapshot:
    """Publish the parent's tables again, without these rows of `sources` and `runs`.

    Args:
        run: without sources; its warehouse is locked and its parent is of the run's `table_form`.
        manifest: the rows of the parent's `sources` that stay.
        forgotten_runs: ids of the rows of `runs` that go.
        row: of this run, for `runs`.
        summary: what `snapshot.json` says of it.
        versions: all rows of `article_versions`, if they are not to be those of the parent.

    Raises:
        AuditError: a guarantee does not hold; nothing was published.
        WarehouseError: the disk refused, or a file is damaged; nothing was published.
    """
    untouched = pa.repeat(pa.scalar(False), len(manifest))
    decided = Decided(manifest, untouched, run.parent_manifest.read(), sources=(), there=0)
    record = RunRecord(
        run_id=run.run_id,
        contract_version=run.contract.tag,
        code_version=run.code_version,
        rows=[dict(row)],
        summary=summary,
        started_at=run.started_at,
        forgotten=frozenset(forgotten_runs),
        versions=versions,
    )
    job, parent = write_job(run), run.parent_snapshot()
    if isinstance(parent, DeltaSnapshot):
        return write_delta(job, parent, decided, [], record, list(crowded_tables(parent)))
    return write_snapshot(job, parent, decided, [], record)
