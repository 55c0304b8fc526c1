"""The course of a run: what its stages returned, how long they took, and what is logged and shown of them.

Belongs here: times, progress, a log line a stage, and the outcome however a run ends. Batches log themselves
(`tasks.parse.stage`, `tasks.validate.stage`). Does not belong here: the stages' order (`pipeline`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from config.errors import RunError
from flows.guards import limits_met
from tasks.report.outcome import Outcome, run_row
from tasks.report.summary import Status, build_outcome, bytes_read, iso, what_changed, worker_seconds
from tasks.report.words import counted, format_seconds, format_size
from tasks.runs.logs import log_of
from tasks.runs.run import Batch, Decisions, Plan, Publication, Run
from tasks.warehouse.faults import reach

if TYPE_CHECKING:
    from tasks.report.progress import Progress


class Tracker:
    """Follows one run through its stages.

    Args:
        run: the run.
        progress: hears how the run goes on.
    """

    def __init__(self, run: Run, progress: Progress) -> None:
        self._run, self._progress = run, progress
        self._plan: Plan | None = None
        self._decisions: Decisions | None = None
        self._published: Outcome | None = None
        self._seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str, total: int | None = None, unit: str = "") -> Iterator[None]:
        """Time a stage and show its progress; without a total its length is not known before."""
        self._progress.start(name, total, unit)
        started = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[name] = time.perf_counter() - started
        self._progress.finish(name)

    def listed(self, plan: Plan) -> None:
        """Log what is there, and what has to be read."""
        self._plan = plan
        log = log_of("discover")
        changes = f"{plan.new:,} new, {plan.changed:,} changed, {plan.unchanged:,} unchanged, {plan.deleted:,} deleted"
        log.info("%s: %s", counted(plan.discovered, "file"), changes)
        if resumed := sum(batch.resumed for batch in plan.batches):
            log.info("%s of an interrupted run are taken over", counted(resumed, "finished batch", "finished batches"))

    def batch_done(self, batch: Batch) -> None:
        """A batch is parsed and validated."""
        self._progress.advance("parse", batch.files)
        reach("run.batch-done")

    def read(self, batches: list[Batch]) -> None:
        """Log how much was read. Both stages run side by side: each gets its share of the wall-clock time."""
        wall = self._seconds["parse"]
        spent = worker_seconds([batch.path for batch in batches])
        share = spent["parse"] / (sum(spent.values()) or 1.0) if batches else 1.0
        self._seconds |= {"parse": wall * share, "validate": wall * (1 - share)}
        if batches:
            files, size = sum(batch.files for batch in batches), sum(batch.bytes for batch in batches)
            number = counted(len(batches), "batch", "batches")
            said = f"{counted(files, 'file')} in {number}, {format_size(size)}, {format_seconds(wall)}"
            log_of("parse").info("read %s", said)

    def decided(self, decisions: Decisions) -> None:
        """Log what became of the files."""
        self._decisions = decisions
        counts = [f"{decisions.statuses.get(name, 0):,} {name}" for name in ("loaded", "duplicate", "quarantined")]
        log_of("deduplicate").info("%s", ", ".join(counts))
        if decisions.missing:
            missing = counted(decisions.missing, "file")
            log_of("parse").warning("%s were listed and gone when they were to be read", missing)

    def publication(self) -> Publication:
        """What the write stage publishes; its last row of `runs` is of this run."""
        from tasks.report.status import read_outcomes  # noqa: PLC0415  (most runs find nothing to publish)

        assert self._plan is not None and self._decisions is not None
        outcome = self._outcome(
            "completed", message="", bytes={"parse": bytes_read([batch.path for batch in self._plan.unread])}
        )
        outcome = msgspec.structs.replace(outcome, message=f"{what_changed(outcome)} {self._run.note}".rstrip())
        self._published = outcome
        # Runs that published nothing have no row yet.
        rows = [*map(run_row, read_outcomes(self._run.warehouse.root)), run_row(outcome)]
        summary = msgspec.to_builtins({"files": outcome.files, "records": outcome.records})
        batches = [batch.path for batch in self._plan.batches]
        return Publication(batches, self._plan.discovered - self._decisions.missing, rows, summary)

    def published(self, snapshot: int, written: int) -> Outcome:
        """The outcome of a run whose `publication` is published.

        Args:
            snapshot: its number.
            written: bytes of the files that are new in it.
        """
        assert self._published is not None
        return _logged(
            msgspec.structs.replace(
                self._published,
                snapshot=snapshot,
                ended_at=iso(datetime.now(UTC)),
                seconds={stage: round(value, 3) for stage, value in self._seconds.items()},
                bytes={**self._published.bytes, "write": written},
            )
        )

    def unchanged(self) -> Outcome:
        """The outcome of a run that has nothing to publish."""
        discovered = self._plan.discovered if self._plan else 0
        message = f"Nothing to do: all {discovered:,} files are as they were."
        return _logged(self._outcome("unchanged", message=message, snapshot=self._run.parent))

    def failed(self, error: RunError) -> Outcome:
        """The outcome of a run that failed, as far as it got."""
        about = {"message": error.message, "hint": error.hint, "error": type(error).__name__}
        return self._outcome("failed", snapshot=self._run.parent, **about)

    def _outcome(self, status: Status, **more: Any) -> Outcome:
        limits = limits_met(self._plan, self._decisions, self._run.settings.guards)
        return build_outcome(self._run, status, self._plan, self._decisions, self._seconds, rails=limits, **more)


def _logged(outcome: Outcome) -> Outcome:
    """Log how the run ended, and what a person should look at."""
    log = log_of("run")
    published = f" Published snapshot {outcome.snapshot}." if outcome.status == "completed" else ""
    log.info("%s%s", outcome.message, published)
    if outcome.changes.quarantined:
        files = counted(outcome.changes.quarantined, "file")
        log.warning("%s went to quarantine: `presslake status` says why", files)
    return outcome
