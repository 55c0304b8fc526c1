"""Both stages of a batch in one call of a worker: what is parsed is validated where it is, in memory.

Belongs here: the way of engines to which the two stages are one step. Does not belong here: what the stages do, and
Prefect, whose tasks are calls of their own and hand over files (`ingest`).
"""

from __future__ import annotations

from pathlib import Path

from tasks.parse.stage import parsed_batch
from tasks.tables.run import load_run
from tasks.tables.workers import in_worker
from tasks.validate.stage import validated_batch


def read_and_validate(folder: Path, batch: Path) -> Path:
    """Take a batch through both stages, in the run's worker pool.

    Args:
        folder: the run's staging folder.
        batch: the batch's folder, with `input.arrow`: the files of `tasks.parse.batch.read_batch`.

    Raises:
        SourceError: the storage failed.
        RunError: a worker process died, or the batch took longer than a task may.
    """
    timeout = load_run(folder).settings.run.task_timeout_seconds
    return in_worker(folder, timeout, _both, folder, batch)


def _both(folder: Path, batch: Path) -> Path:
    return validated_batch(folder, batch, parsed_batch(folder, batch))
