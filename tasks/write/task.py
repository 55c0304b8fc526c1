"""The Prefect task of the write stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.tables.run import Plan
from tasks.write.stage import write_tables


@task(name="write", task_run_name="write and publish the tables", cache_policy=NO_CACHE)
def write(
    folder: Path,
    plan: Plan,
    vanished: int,
    rows: Sequence[Mapping[str, Any]],
    summary: Mapping[str, object],
) -> tuple[int, int]:
    """Write the changed partitions, audit the snapshot, and move the pointer.

    Args:
        folder: the run's staging folder.
        plan: the run's batches.
        vanished: files that were gone when they were to be read.
        rows: rows for the table `runs`.
        summary: counts for `snapshot.json`.

    Retries: by the settings, after `WarehouseError` (the disk did not answer). Each try starts from
    an empty folder, and only a whole snapshot is ever published.
    """
    return write_tables(folder, plan, vanished, rows, summary)
