"""The validate stage: one batch, in a worker process."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from tasks.runs.logs import log_of
from tasks.runs.parsed import Parsed, read_parsed, remove_parsed
from tasks.runs.run import load_run
from tasks.runs.staging import PARTS, read_arrow
from tasks.runs.workers import in_worker
from tasks.validate.batch import validate_parsed


def validate_records(folder: Path, batch: Path) -> Path:
    """Hold the records of a parsed batch against the contract, in the run's worker pool.

    Args:
        folder: the run's staging folder.
        batch: the batch's folder, see `validate_parsed`.

    Raises:
        RunError: a worker process died.
    """
    timeout = load_run(folder).settings.run.task_timeout_seconds
    return in_worker(folder, timeout, _validate, folder, batch)


def _validate(folder: Path, batch: Path) -> Path:
    validated_batch(folder, batch, read_parsed(batch))
    # Only now: whoever calls this again after a crash finds what it needs.
    remove_parsed(batch)
    return batch


def validated_batch(folder: Path, batch: Path, parsed: Parsed) -> Path:
    """Hold the records of a parsed batch against the contract in this process; see `validate_records`."""
    run = load_run(folder)
    parts = int((read_arrow(batch / "input.arrow").schema.metadata or {}).get(PARTS, b"1"))
    partition_by = run.settings.warehouse.partition_by
    validate_parsed(batch, parsed, run.contract, run.policy, partition_by=partition_by, parts=parts)
    _tell(read_arrow(batch / "quarantine.arrow"))
    return batch


def _tell(quarantine: pa.Table) -> None:
    """Say how many files of the batch are bad, with one of them."""
    log = log_of("validate")
    if not len(quarantine):
        log.debug("no file goes to quarantine")
        return
    first = quarantine.select(["source", "source_path", "violations"]).slice(0, 1).to_pylist()[0]
    why = first["violations"][0]
    place = f"{first['source_path']}:{why['line'] or 1}:{why['column'] or 1}"
    are = "file goes" if len(quarantine) == 1 else "files go"
    log.info("%d %s to quarantine, such as %s of %s: %s", len(quarantine), are, place, first["source"], why["code"])
