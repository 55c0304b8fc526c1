"""The parse stage of a run: one batch, in a worker process.

Belongs here: the calls for worker processes, and what they take from the run. Does not belong here: reading
files (`batch`), which `presslake check` does without a run, and Prefect (`task`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from config.errors import SourceError
from tasks.parse.batch import ParseJob, read_batch
from tasks.runs.logs import log_of
from tasks.runs.parsed import Parsed, write_parsed
from tasks.runs.refusals import refused, without_culprits
from tasks.runs.run import Run, load_run
from tasks.runs.source import read_files
from tasks.runs.staging import read_arrow


def parse_files(folder: Path, batch: Path) -> Path:
    """Read and parse the files of a batch in the run's worker pool.

    Args:
        folder: the run's staging folder.
        batch: the batch's folder, with `input.arrow`: the files of `read_batch`.

    Raises:
        SourceError: the storage failed.
        RunError: a worker process died, for no single file.
    """
    timeout, files = load_run(folder).settings.run.task_timeout_seconds, len(read_arrow(batch / "input.arrow"))
    return without_culprits(folder, batch, files, timeout, _parse, parsed_rows)


def _parse(folder: Path, batch: Path) -> Path:
    write_parsed(batch, parsed_batch(folder, batch))
    return batch


def parsed_rows(folder: Path, batch: Path, rows: Sequence[int]) -> Parsed:
    """Read and parse some files of a batch, by their numbers, and write nothing."""
    files = read_arrow(batch / "input.arrow").take(pa.array(rows, pa.int64()))
    return read_batch(files, _job(load_run(folder)))


def parsed_batch(folder: Path, batch: Path) -> Parsed:
    """Read and parse the files of a batch in this process, but those that are refused; see `parse_files`."""
    log_of("parse").debug("reading in process %d", os.getpid())
    parsed = read_batch(read_arrow(batch / "input.arrow"), _job(load_run(folder)), refused(batch))
    log_of("parse").debug("read in %.2f s", parsed.seconds)
    return parsed


def _job(run: Run) -> ParseJob:
    return ParseJob.of(run.settings, run.contract, run.rules, run.sources)


def confirm_missing(folder: Path, batch: Path) -> None:
    """Make sure that the files that a worker on another machine did not find are missing here, too.

    Without this a worker that lacks a source's mount would make its articles disappear.

    Args:
        folder: the run's staging folder.
        batch: the batch's folder, validated.

    Raises:
        SourceError: a file that the worker did not find is there. The batch counts as not done.
    """
    run = load_run(folder)
    files = read_arrow(batch / "files.arrow").select(["status", "source", "source_path", "etag"])
    missing = files.filter(pc.equal(files["status"], "missing")).to_pylist()
    for row, content in zip(missing, read_files(missing, run.sources, 0), strict=True):
        if isinstance(content, OSError):
            continue
        (batch / "numbers.json").unlink(missing_ok=True)
        raise SourceError(
            f"{row['source']}:{row['source_path']} is there, but a worker did not find it.",
            f"Mount {run.locations[row['source']]} at the same path on every worker, see docs/scaling.md.",
        )
