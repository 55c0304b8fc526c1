"""The pipeline as one function of its stages: discover, parse, validate, deduplicate, write, report.

Belongs here: the order of the stages and what they hand each other. Does not belong here: what a
stage does (`tasks`), and who runs it: `flows.ingest` gives Prefect tasks as stages, `flows.local`
the same functions as they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from config.errors import RunError, WarehouseError
from flows.guards import check_decisions, check_listing, rails_met
from flows.stage_log import tell_decisions, tell_outcome, tell_plan, tell_reading
from tasks.report.outcome import Outcome
from tasks.report.summary import build_outcome, bytes_read, iso, run_row, what_changed, worker_seconds
from tasks.tables.faults import reach
from tasks.tables.journal import clear_journal
from tasks.tables.previous import kept, reading_ahead
from tasks.tables.run import Batch, Decisions, Plan, Publication, Run
from tasks.tables.stamps import update_stamps

if TYPE_CHECKING:
    from tasks.report.progress import Progress

#: Bytes of source files below which starting worker processes costs more than it saves.
WORTH_A_POOL: Final = 4 * 1024 * 1024


class Stages(Protocol):
    """The stages as the engine runs them; each takes the run's staging folder."""

    def discover(self, folder: Path) -> Plan:
        """List the sources and plan the work."""
        ...

    def parse_and_validate(self, folder: Path, batches: Sequence[Batch], done: Callable[[Batch], None]) -> None:
        """Take every batch through both stages; `done` hears of each that is finished."""
        ...

    def deduplicate(self, folder: Path, batches: Sequence[Path]) -> Decisions:
        """Decide on every record."""
        ...

    def write(self, folder: Path, publication: Publication) -> tuple[int, int]:
        """Publish; the snapshot's number and the bytes written."""
        ...


class Clock:
    """Wall-clock seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens in the context."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = time.perf_counter() - started


def run_pipeline(run: Run, stages: Stages, progress: Progress) -> Outcome:
    """Take a run through all its stages.

    Args:
        run: the run, saved in its staging folder, its warehouse locked.
        stages: what does the work.
        progress: hears how the run goes on.

    Returns:
        The outcome; `unchanged` where there was nothing to publish.

    Raises:
        GuardRailError: the run would have quarantined or removed too much.
        RunError: a source or the warehouse failed, or an audit did. Nothing was published.
    """
    found = _Found()
    try:
        with reading_ahead(run):
            outcome = _run(run, stages, progress, found)
    except RunError as error:
        told = {"message": error.message, "hint": error.hint, "snapshot": run.parent, "error": type(error).__name__}
        rails = rails_met(found.plan, found.decisions, run.settings.guards)
        error.outcome = build_outcome(
            run, "failed", found.plan, found.decisions, found.clock.seconds, rails=rails, **told
        )
        raise
    outcome = msgspec.structs.replace(outcome, rails=rails_met(found.plan, found.decisions, run.settings.guards))
    tell_outcome(outcome)
    return outcome


class _Found(msgspec.Struct):
    """What the stages have returned so far: a run that fails tells of it."""

    clock: Clock = msgspec.field(default_factory=Clock)
    plan: Plan | None = None
    decisions: Decisions | None = None


def _run(run: Run, stages: Stages, progress: Progress, found: _Found) -> Outcome:
    with found.clock.stage("discover"), _shown(progress, "discover"):
        plan = found.plan = stages.discover(run.folder)
    tell_plan(plan)
    check_listing(plan, run.settings.guards)
    reach("run.listed")
    with kept(run, plan), _files_ahead(run, plan):
        outcome = _carried_out(run, stages, plan, progress, found)
    update_stamps(run, [batch.path for batch in plan.batches])
    return outcome


def _files_ahead(run: Run, plan: Plan) -> AbstractContextManager[None]:
    """Read ahead what writing will ask of the parent's files, if there will be anything to write."""
    if not plan.batches:
        return nullcontext()
    from tasks.write.parent_files import files_ahead  # noqa: PLC0415  (most runs have nothing to write)

    return files_ahead(run, plan)


def _carried_out(run: Run, stages: Stages, plan: Plan, progress: Progress, found: _Found) -> Outcome:
    """What follows on the listing."""
    clock = found.clock
    work = [batch for batch in plan.batches if not batch.resumed]
    with clock.stage("parse"), _workers(run, work):
        _read(run, stages, work, progress)
    tell_reading(work, clock.seconds["parse"])
    _split_seconds(clock, work)
    paths = [batch.path for batch in plan.batches]
    reach("run.before-deduplicate")
    with clock.stage("deduplicate"), _shown(progress, "deduplicate"):
        decisions = found.decisions = stages.deduplicate(run.folder, paths)
    tell_decisions(decisions)
    check_decisions(plan, decisions, run.settings.guards)
    reach("run.after-deduplicate")
    if not decisions.touched and not run.writes_anew:
        return _unchanged(run, plan, decisions, clock)
    with _shown(progress, "write"):
        return _publish(run, stages, plan, decisions, clock)


@contextmanager
def _shown(progress: Progress, stage: str) -> Iterator[None]:
    """Tell of a stage whose length nobody knows before."""
    progress.start(stage, None, "")
    yield
    progress.finish(stage)


def _workers(run: Run, work: Sequence[Batch]) -> AbstractContextManager[None]:
    """Worker processes where there is enough to read to be worth their start."""
    if run.settings.run.executor != "processes" or not are_worth_workers(work):
        return nullcontext()
    from tasks.tables.worker_pool import worker_pool  # noqa: PLC0415  (with all that processes need)

    return worker_pool(run.folder, min(run.workers, len(work)))


def are_worth_workers(work: Sequence[Batch]) -> bool:
    """Whether there is so much to read that workers, of whatever kind, save more than their start costs."""
    return len(work) > 1 and sum(batch.bytes for batch in work) >= WORTH_A_POOL


def _read(run: Run, stages: Stages, work: Sequence[Batch], progress: Progress) -> None:
    def done(batch: Batch) -> None:
        progress.advance("parse", batch.files)
        reach("run.batch-done")

    progress.start("parse", sum(batch.files for batch in work), "files")
    stages.parse_and_validate(run.folder, work, done)
    progress.finish("parse")


def _split_seconds(clock: Clock, batches: Sequence[Batch]) -> None:
    """Parse and validate run side by side: each gets its share of the wall-clock time."""
    wall = clock.seconds["parse"]
    spent = worker_seconds([batch.path for batch in batches])
    share = spent["parse"] / (sum(spent.values()) or 1.0)
    clock.seconds |= {"parse": wall * share, "validate": wall * (1 - share)} if batches else {"validate": 0.0}


def _unchanged(run: Run, plan: Plan, decisions: Decisions, clock: Clock) -> Outcome:
    message = f"Nothing to do: all {plan.discovered:,} files are as they were."
    return build_outcome(run, "unchanged", plan, decisions, clock.seconds, message=message, snapshot=run.parent)


def _publish(run: Run, stages: Stages, plan: Plan, decisions: Decisions, clock: Clock) -> Outcome:
    paths = [batch.path for batch in plan.batches if not batch.resumed]
    amount = {"parse": bytes_read(paths)}
    outcome = build_outcome(run, "completed", plan, decisions, clock.seconds, message="", bytes=amount)
    outcome = msgspec.structs.replace(outcome, message=f"{what_changed(outcome)} {run.note}".rstrip())
    summary = {"files": msgspec.to_builtins(outcome.files), "records": msgspec.to_builtins(outcome.records)}
    with clock.stage("write"):
        from tasks.report.status import read_outcomes  # noqa: PLC0415  (most runs find nothing to publish)

        # Runs that published nothing have no row yet.
        rows = [*map(run_row, read_outcomes(run.warehouse.root)), run_row(outcome)]
        publication = Publication(plan, decisions.vanished, rows, summary)
        number, written = stages.write(run.folder, publication)
    # It is published; entries that could not be forgotten are known by their ids next time.
    with suppress(WarehouseError, OSError):
        reach("run.published")
        clear_journal(run.warehouse.root)
    seconds = {stage: round(value, 3) for stage, value in clock.seconds.items()}
    ended = {"ended_at": iso(datetime.now(UTC)), "seconds": seconds, "bytes": {**amount, "write": written}}
    return msgspec.structs.replace(outcome, snapshot=number, **ended)
