"""The pipeline without Prefect: the same stages as plain functions, with the same retries.

For a run by hand nobody looks at a server, and starting one costs more than the run. What reads and
writes is imported when there is something to read or write: most runs find nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from config.errors import SourceError, SourceRefused
from flows.run_names import batch_number
from tasks.deduplicate.stage import deduplicate_records
from tasks.discover.stage import discover_changes
from tasks.tables.logs import bound, context, log_of
from tasks.tables.run import Batch, Decisions, Plan, Publication, Run

R = TypeVar("R")


class LocalStages:
    """Stages that run where they are called; see `flows.pipeline.Stages`."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._plan: Plan | None = None

    def discover(self, folder: Path) -> Plan:
        """List the sources and plan the work."""
        self._plan = self._with_retries(lambda: discover_changes(folder))
        return self._plan

    def parse_and_validate(self, folder: Path, batches: Sequence[Batch], done: Callable[[Batch], None]) -> None:
        """Take every batch through both stages, as many at once as there are workers."""
        if not batches:
            return
        from concurrent.futures import ThreadPoolExecutor, as_completed  # noqa: PLC0415

        from flows.batch import read_and_validate  # noqa: PLC0415

        shared, planned = context(), self._plan.batches if self._plan else batches

        def both(batch: Batch) -> Batch:
            with bound(**shared, batch=batch_number(batch, planned), files=batch.files):
                self._with_retries(lambda: read_and_validate(folder, batch.path))
            return batch

        with ThreadPoolExecutor(self._run.workers) as threads:
            futures = [threads.submit(both, batch) for batch in batches]
            try:
                for future in as_completed(futures):
                    done(future.result())
            except BaseException:
                threads.shutdown(cancel_futures=True)
                raise

    def deduplicate(self, folder: Path, batches: Sequence[Path]) -> Decisions:
        """Decide on every record."""
        return deduplicate_records(folder, batches)

    def write(self, folder: Path, publication: Publication) -> tuple[int, int]:
        """Publish."""
        from tasks.write.stage import write_tables  # noqa: PLC0415

        return write_tables(folder, publication)

    def _with_retries(self, action: Callable[[], R]) -> R:
        """Try again after what can pass (storage, network), with exponential back-off and full jitter."""
        settings = self._run.settings.run
        for attempt in range(settings.retries):
            try:
                return action()
            except SourceRefused:
                raise
            except SourceError as error:
                import random  # noqa: PLC0415

                delay = random.uniform(0.5, 1.5) * settings.retry_delay_seconds * 2**attempt  # noqa: S311
                again = f"trying again in {delay:.1f} s, for the {attempt + 1}. of {settings.retries} times"
                log_of("run").warning("%s", f"{error.message} {again}")
                time.sleep(delay)
        return action()
