"""The parse stage: one batch, in a worker process."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tasks.parse.batch import ParseJob, parse_batch
from tasks.tables.logs import log_of
from tasks.tables.run import load_run
from tasks.tables.workers import in_worker


def parse_files(folder: Path, batch: Path) -> Path:
    """Read and parse the files of a batch in the run's worker pool.

    Args:
        folder: the run's staging folder.
        batch: the batch's folder, see `parse_batch`.

    Raises:
        SourceError: the storage failed.
        RunError: a worker process died.
    """
    timeout = load_run(folder).settings.run.task_timeout_seconds
    return in_worker(folder, timeout, _parse, folder, batch)


def _parse(folder: Path, batch: Path) -> Path:
    run = load_run(folder)
    log_of("parse").debug("reading in process %d", os.getpid())
    started = time.perf_counter()
    job = ParseJob(run.sources, run.contract, run.rules, run.policy, run.settings.read.max_file_bytes)
    parse_batch(batch, job)
    log_of("parse").debug("read in %.2f s", time.perf_counter() - started)
    return batch
