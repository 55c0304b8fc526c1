"""The validate stage of a run: one batch, in a worker process.

Belongs here: the calls for worker processes, and what they take from the run. Does not belong here: sorting the
records (`batch`), which `presslake check` does without a run, and Prefect (`task`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from tasks.runs.logs import log_of
from tasks.runs.parsed import Parsed, read_parsed, remove_parsed
from tasks.runs.refusals import refused, without_culprits
from tasks.runs.run import load_run
from tasks.runs.staging import read_arrow
from tasks.validate.batch import validate_batch, validate_parsed


def validate_records(folder: Path, batch: Path) -> Path:
    """Hold the records of a parsed batch against the contract, in the run's worker pool.

    Args:
        folder: the run's staging folder.
        batch: the batch's folder, see `validate_parsed`.

    Raises:
        RunError: a worker process died, for no single file.
    """
    timeout, files = load_run(folder).settings.run.task_timeout_seconds, len(read_arrow(batch / "input.arrow"))
    return without_culprits(folder, batch, files, timeout, _validate, _try_rows)


def _try_rows(folder: Path, batch: Path, rows: Sequence[int]) -> Path:
    """Hold some records of a parsed batch against the contract, by their numbers, and write nothing."""
    run = load_run(folder)
    validate_batch(read_parsed(batch).take(rows), run.contract, run.policy, run.erasures)
    return batch


def _validate(folder: Path, batch: Path) -> Path:
    validated_batch(folder, batch, read_parsed(batch).without(refused(batch)))
    # Only now: a second call after a crash still needs the parsed files.
    remove_parsed(batch)
    return batch


def validated_batch(folder: Path, batch: Path, parsed: Parsed) -> Path:
    """Hold the records of a parsed batch against the contract in this process; see `validate_records`."""
    run = load_run(folder)
    validate_parsed(batch, parsed, run.contract, run.policy, run.erasures)
    _log_quarantined(read_arrow(batch / "quarantine.arrow"))
    return batch


def _log_quarantined(quarantine: pa.Table) -> None:
    """Log the number of quarantined files of the batch, with the first of them."""
    log = log_of("validate")
    if not len(quarantine):
        log.debug("no file goes to quarantine")
        return
    first = quarantine.select(["source", "source_path", "violations"]).slice(0, 1).to_pylist()[0]
    reason = first["violations"][0]
    location = f"{first['source_path']}:{reason['line'] or 1}:{reason['column'] or 1}"
    are = "file goes" if len(quarantine) == 1 else "files go"
    log.info(
        "%d %s to quarantine, such as %s of %s: %s", len(quarantine), are, location, first["source"], reason["code"]
    )
