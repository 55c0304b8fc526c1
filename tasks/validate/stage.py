"""The validate stage: one batch, in a worker process."""

from __future__ import annotations

from pathlib import Path

from tasks.tables.run import load_run
from tasks.tables.workers import in_worker
from tasks.validate.batch import validate_batch


def validate_records(folder: Path, batch: Path) -> Path:
    """Hold the records of a parsed batch against the contract, in the run's worker pool.

    Args:
        folder: the run's staging folder.
        batch: the batch's folder, see `validate_batch`.

    Raises:
        RunError: a worker process died.
    """
    timeout = load_run(folder).settings.run.task_timeout_seconds
    return in_worker(folder, timeout, _validate, folder, batch)


def _validate(folder: Path, batch: Path) -> Path:
    run = load_run(folder)
    return validate_batch(batch, run.contract, run.policy, partition_by=run.settings.warehouse.partition_by)
