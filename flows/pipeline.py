"""The pipeline: discover, parse, validate, deduplicate, write, report.

Belongs here: the order of the stages and what they hand each other. Does not belong here: what a stage does (`tasks`),
how one is run (`flows.engine`; as Prefect tasks, `flows.ingest`), and what is logged and counted (`flows.tracking`).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import RunError, WarehouseError
from flows.engine import Engine
from flows.failure_help import help_for_run, require_rows
from flows.guards import check_decisions, check_listing
from flows.tracking import Tracker
from tasks.deduplicate.stage import deduplicate_records
from tasks.discover.stage import discover_changes
from tasks.report.outcome import Outcome
from tasks.report.words import counted
from tasks.runs.run import Publication, Run
from tasks.runs.stamps import update_stamps
from tasks.warehouse.faults import reach
from tasks.warehouse.journal import clear_journal

if TYPE_CHECKING:
    from tasks.report.progress import Progress


def run_pipeline(run: Run, engine: Engine, progress: Progress) -> Outcome:
    """Take a run through all its stages.

    Args:
        run: the run, saved in its staging folder, its warehouse locked.
        engine: runs the stages.
        progress: hears how the run goes on.

    Returns:
        The outcome; `unchanged` where there was nothing to publish.

    Raises:
        GuardRailError: readers would have lost too many articles, or too many files are bad or missing.
        RunError: a source or the warehouse failed, or an audit did. Nothing was published.
    """
    tracker = Tracker(run, progress)
    try:
        return _run_stages(run, engine, tracker)
    except RunError as error:
        error.outcome = tracker.failed(error)
        raise


def _run_stages(run: Run, engine: Engine, tracker: Tracker) -> Outcome:
    with tracker.stage("discover"):
        name = f"discover what changed in {counted(len(run.sources), 'source')}"
        plan = engine.call(run, discover_changes, name=name)
    tracker.listed(plan)
    check_listing(plan, run.settings.guards)
    reach("run.listed")

    with tracker.stage("parse", sum(batch.files for batch in plan.unread), "files"):
        engine.parse_and_validate(run, plan.batches, tracker.batch_done)
    tracker.read(plan.unread)
    reach("run.before-deduplicate")

    with tracker.stage("deduplicate"):
        batches = [batch.path for batch in plan.batches]
        read = sum(batch.files for batch in plan.batches)
        name = f"deduplicate {counted(plan.discovered, 'file')}, {read:,} of them read"
        decisions = engine.call(run, deduplicate_records, batches, name=name)
    tracker.decided(decisions)
    explained = partial(help_for_run, run, batches, decisions)
    check_decisions(decisions, run.settings.guards, explained)
    require_rows(run, decisions, explained)
    reach("run.after-deduplicate")

    outcome = _publish(run, engine, tracker) if decisions.affected or run.writes_all else tracker.unchanged()
    update_stamps(run, batches)
    return outcome


def _publish(run: Run, engine: Engine, tracker: Tracker) -> Outcome:
    with tracker.stage("write"):
        publication = tracker.publication()
        snapshot, written = engine.call(run, write_tables, publication, name=_write_name(publication))
    # It is published; entries that could not be forgotten are known by their ids next time.
    with suppress(WarehouseError, OSError):
        reach("run.published")
        clear_journal(run.warehouse.root)
    return tracker.published(snapshot, written)


def _write_name(publication: Publication) -> str:
    """`write and publish: 1,195 loaded, 665 duplicate, 414 quarantined`."""
    records = publication.summary["records"]
    counts = records.items() if isinstance(records, Mapping) else ()
    return f"write and publish: {', '.join(f'{count:,} {status}' for status, count in counts if count)}"


def write_tables(folder: Path, publication: Publication) -> tuple[int, int]:
    """Publish the tables of a run; see `tasks.write.stage`, which most runs need not import."""
    from tasks.write import stage  # noqa: PLC0415

    return stage.write_tables(folder, publication)
