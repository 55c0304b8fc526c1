"""Files of a batch that cannot be processed, for whatever reason: finding them, so that the rest goes on.

Belongs here: the search by halves, in processes of its own, and the note of what it found. Does not belong here: the
work (`tasks.parse.stage`, `tasks.validate.stage`, `flows.engine`), and faults that are data: readers report those.

A file may take more memory than there is, overflow what Arrow can hold, kill its process, or meet a bug. Its batch is
then tried in halves, each in a new process, until single files are left that fail alone. They are quarantined by their
name, as `file/unprocessable`; faults of the storage still fail the run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from config.errors import PresslakeError, RunError
from tasks.runs.logs import log_of
from tasks.runs.staging import write_json
from tasks.runs.workers import Pool, WorkerDiedError, in_worker, timed

P = ParamSpec("P")
R = TypeVar("R")

#: The note in a batch's folder: number of a file in it to the reason.
_NOTE: Final = "refused.json"
#: More files that fail alone are no fault of the files.
_MOST: Final = 64

#: Works on a batch: its arguments are the run's staging folder and the batch's folder.
Work = Callable[[Path, Path], Path]
#: Tries some files of a batch, by their numbers, and leaves nothing behind.
Attempt = Callable[[Path, Path, Sequence[int]], object]


def refused(batch: Path) -> dict[int, str]:
    """The files of a batch that are not to be processed, by number, with the reason."""
    note = batch / _NOTE
    return {int(row): reason for row, reason in json.loads(note.read_bytes()).items()} if note.exists() else {}


def without_culprits(folder: Path, batch: Path, files: int, timeout: float, work: Work, attempt: Attempt) -> Path:
    """Work on a batch in the run's pool; if it fails for what is in its files, without those that fail alone.

    Args:
        folder: the run's staging folder.
        batch: the batch's folder.
        files: number of files in the batch.
        timeout: seconds that the work may take.
        work: done in the pool; it leaves out what `refused` says.
        attempt: what fails for a culprit alone.

    Raises:
        SourceError: the storage failed.
        RunError: a worker process died, or the work failed, and no single file is the cause.
    """
    try:
        return in_worker(folder, timeout, work, folder, batch)
    except (PresslakeError, OSError) as error:
        if not isinstance(error, WorkerDiedError):
            raise
        failure: Exception = error
    except Exception as error:
        failure = error
    log_of("run").warning("a batch of %d files failed (%s): looking for the file", files, _reason(failure))
    culprits = _culprits(range(files), partial(_failure, timeout, attempt, folder, batch))
    if not culprits or len(culprits) > _MOST:
        raise (
            failure
            if isinstance(failure, PresslakeError)
            else RunError(
                f"A batch could not be processed: {_reason(failure)}.", "No single file is the cause; please report it."
            )
        ) from failure
    write_json(batch / _NOTE, {str(row): reason for row, reason in culprits.items()})
    return _in_new_process(timeout, work, folder, batch)


def _culprits(rows: Sequence[int], failure: Callable[[Sequence[int]], str]) -> dict[int, str]:
    """The rows that fail alone, with the reason; of rows that only fail together none."""
    reason = failure(rows)
    if not reason:
        return {}
    if len(rows) == 1:
        return {rows[0]: reason}
    middle = len(rows) // 2
    found = _culprits(rows[:middle], failure)
    return found | _culprits(rows[middle:], failure) if len(found) <= _MOST else found


def _failure(timeout: float, attempt: Attempt, folder: Path, batch: Path, rows: Sequence[int]) -> str:
    """Why an attempt fails; empty if it does not."""
    try:
        _in_new_process(timeout, attempt, folder, batch, list(rows))
    except WorkerDiedError:
        return "its process died"
    except (PresslakeError, OSError):
        raise
    except Exception as error:
        return _reason(error)
    return ""


def _in_new_process(timeout: float, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function in a process of its own; here, where processes cannot have any."""
    import multiprocessing  # noqa: PLC0415  (hardly ever needed)
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415

    if multiprocessing.current_process().daemon:
        return timed(timeout, function, *args, **kwargs)
    pool = Pool(partial(ProcessPoolExecutor, 1, multiprocessing.get_context("forkserver")))
    try:
        return pool.call(timed, timeout, function, *args, **kwargs)
    finally:
        pool.shutdown()


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
