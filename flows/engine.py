"""How a stage is run: here, as a plain function with retries; the engine of a run by hand.

Belongs here: one call of a stage, the batches side by side in worker processes, and retries. Does not belong here:
the order of the stages (`pipeline`), and the engine that makes a Prefect task of each call (`ingest`). For a run by
hand nobody looks at a Prefect server, and starting one costs more than the run.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from config.errors import SourceError, SourceRefused
from tasks.runs.logs import bound, context, log_of
from tasks.runs.run import Batch, Run, load_run
from tasks.runs.staging import read_arrow

R = TypeVar("R")

#: Bytes of source files below which starting worker processes costs more than it saves.
WORTH_A_POOL: Final = 4 * 1024 * 1024


class Engine:
    """Runs stages where it is called."""

    def call(self, run: Run, stage: Callable[..., R], *arguments: Any, name: str = "") -> R:
        """Run one stage.

        Args:
            run: its staging folder is the first argument of the stage.
            stage: a function of the pipeline.
            arguments: its further arguments.
            name: of this call, where the engine shows names.
        """
        return _with_retries(run, partial(stage, run.folder, *arguments))

    def parse_and_validate(self, run: Run, batches: Sequence[Batch], done: Callable[[Batch], None]) -> None:
        """Take batches through both stages, as many at once as there are workers.

        Args:
            run: the run.
            batches: all of the run; those that an interrupted run has finished are not read again.
            done: called with each batch that is finished.
        """
        unread = [batch for batch in batches if not batch.resumed]
        if not unread:
            return
        from concurrent.futures import ThreadPoolExecutor, as_completed  # noqa: PLC0415  (most runs read nothing)

        shared = context()

        def read(batch: Batch) -> Batch:
            with bound(**shared, batch=f"{batch.number} of {len(batches)}", files=batch.files):
                _with_retries(run, partial(read_and_validate, run.folder, batch.path))
            return batch

        with worker_processes(run, unread), ThreadPoolExecutor(run.workers) as threads:
            futures = [threads.submit(read, batch) for batch in unread]
            try:
                for future in as_completed(futures):
                    done(future.result())
            except BaseException:
                threads.shutdown(cancel_futures=True)
                raise


def _with_retries(run: Run, action: Callable[[], R]) -> R:
    """Try again after what can pass (storage, network), with exponential back-off and full jitter."""
    settings = run.settings.run
    for attempt in range(settings.retries):
        try:
            return action()
        except SourceRefused:
            raise
        except SourceError as error:
            delay = random.uniform(0.5, 1.5) * settings.retry_delay_seconds * 2**attempt  # noqa: S311
            again = f"trying again in {delay:.1f} s, for the {attempt + 1}. of {settings.retries} times"
            log_of("run").warning("%s", f"{error.message} {again}")
            time.sleep(delay)
    return action()


def worker_processes(run: Run, batches: Sequence[Batch]) -> AbstractContextManager[None]:
    """Worker processes where there is enough to read to be worth their start."""
    if not are_worth_workers(batches):
        return nullcontext()
    from tasks.runs.worker_pool import worker_pool  # noqa: PLC0415  (with all that processes need)

    return worker_pool(run.folder, min(run.workers, len(batches)))


def are_worth_workers(batches: Sequence[Batch]) -> bool:
    """Whether there is so much to read that workers, of whatever kind, save more than their start costs."""
    return len(batches) > 1 and sum(batch.bytes for batch in batches) >= WORTH_A_POOL


def read_and_validate(folder: Path, batch: Path) -> Path:
    """Take a batch through both stages in the run's worker pool: what is parsed is validated there, in memory.

    Args:
        folder: the run's staging folder.
        batch: the batch's folder, with `input.arrow`: the files of `tasks.parse.batch.read_batch`.

    Raises:
        SourceError: the storage failed.
        RunError: a worker process died, or the batch took longer than a task may.
    """
    from tasks.runs.refusals import without_culprits  # noqa: PLC0415  (a run that finds no change reads nothing)

    timeout, files = load_run(folder).settings.run.task_timeout_seconds, len(read_arrow(batch / "input.arrow"))
    return without_culprits(folder, batch, files, timeout, _read_and_validated, _try_rows)


def _read_and_validated(folder: Path, batch: Path) -> Path:
    from tasks.parse.stage import parsed_batch  # noqa: PLC0415  (a run that finds no change reads nothing)
    from tasks.validate.stage import validated_batch  # noqa: PLC0415

    return validated_batch(folder, batch, parsed_batch(folder, batch))


def _try_rows(folder: Path, batch: Path, rows: Sequence[int]) -> Path:
    """Take some files of a batch through both stages, and write nothing."""
    from tasks.parse.stage import parsed_rows  # noqa: PLC0415
    from tasks.validate.batch import validate_batch  # noqa: PLC0415

    run = load_run(folder)
    validate_batch(parsed_rows(folder, batch, rows), run.contract, run.policy, run.erasures)
    return batch
