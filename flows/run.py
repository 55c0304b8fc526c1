"""One run from the outside: set up, locked, run by an engine, cleared away, and remembered.

Belongs here: what is the same whoever runs the pipeline. Does not belong here: the stages' order
(`pipeline`), and what the command line prints (`cli`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from config.contract import load_contract
from config.errors import PresslakeError, RunError, WarehouseError
from config.settings import Settings
from config.url_rules import load_url_rules
from flows.engine import Engine
from flows.guards import check_contract
from flows.notify import notify_failure, notify_success
from flows.pipeline import run_pipeline
from tasks.discover.source import open_sources
from tasks.report.outcome import Outcome
from tasks.report.progress import Progress
from tasks.report.summary import failed_outcome
from tasks.runs.logs import bound, log_of
from tasks.runs.run import Run, new_run_id
from tasks.warehouse.durable import remove_tree, storage_errors
from tasks.warehouse.faults import reach
from tasks.warehouse.history import with_history
from tasks.warehouse.journal import add_to_journal
from tasks.warehouse.lock import locked
from tasks.warehouse.warehouse import Snapshot, Warehouse, local_folder, open_warehouse
from tasks.write.upkeep import clear_staging

_log: Final = log_of("run")


def execute(
    sources: Sequence[str],
    settings: Settings,
    engine: Engine,
    *,
    full_refresh: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Run the pipeline on an engine; see `flows.start.run_ingest`."""
    settings = _for_workers(settings)
    warehouse = open_warehouse(settings)
    started_at = datetime.now(UTC)
    run_id = new_run_id(started_at)
    try:
        specs = list(sources) or [f"{name}={path}" for name, path in settings.sources.items()]
        opened = open_sources(specs, settings.discover.include, settings.discover.exclude, settings.access)
        contract = load_contract(settings.contract.path)
        rules = load_url_rules(settings.contract.url_rules)
        warehouse.create()
        with bound(run_id=run_id), locked(warehouse, run_id, settings.run.lock_timeout_seconds):
            clear_staging(warehouse)
            current = warehouse.current()
            note = _unreadable(current, {source.name for source in opened}) if current and full_refresh else ""
            parent = None if note else current
            run = Run(
                run_id=run_id,
                started_at=started_at,
                settings=settings,
                contract=with_history(contract, settings.history, parent),
                rules=rules,
                sources={source.name: source for source in opened},
                locations={source.name: str(getattr(source, "root", source.name)) for source in opened},
                full_refresh=full_refresh,
                parent=parent.number if parent else None,
                note=note,
            )
            check_contract(run)
            # Match rules that cannot be used fail the run now, not after all files were read.
            _ = run.match_rules
            listed = ", ".join(f"{name} ({where})" for name, where in run.locations.items())
            _log.info("run %s: %s into %s", run.run_id, listed, run.warehouse.root)
            if note:
                _log.warning("%s", note)
            outcome = _locked_run(run, engine, progress or Progress())
    except BaseException as error:
        with bound(run_id=run_id):
            _remember_failure(warehouse, run_id, started_at, error)
            notify_failure(settings, error, run_id=run_id)
        raise
    with bound(run_id=run_id):
        notify_success(settings, run_id=run_id)
    return outcome


def _for_workers(settings: Settings) -> Settings:
    """With paths that mean the same in the working folder of a cluster's worker."""
    if settings.run.executor == "processes":
        return settings
    path = str(local_folder(settings.warehouse.path).absolute())
    return msgspec.structs.replace(settings, warehouse=msgspec.structs.replace(settings.warehouse, path=path))


def _unreadable(current: Snapshot, sources: Collection[str]) -> str:
    """Why a full refresh does without the current snapshot, whose own records cannot be read; empty if they can.

    Raises:
        WarehouseError: with its manifest files of sources that are not read now would be forgotten.
    """
    try:
        for table in ("sources", "runs"):
            current.read(table)
    except WarehouseError as error:
        if others := sorted(set(listed_sources(current)) - set(sources)):
            raise WarehouseError(error.message, f"Run again with all sources ({', '.join(others)} too).") from error
        return f"{error.message} So `first_seen_at`, the table `runs` and any history start again."
    return ""


def listed_sources(snapshot: Snapshot) -> list[str]:
    """The names of the sources whose files a snapshot has."""
    names = snapshot.info.summary.get("sources")
    return [str(name) for name in names] if isinstance(names, list) else []


def _locked_run(run: Run, engine: Engine, progress: Progress) -> Outcome:
    try:
        # What the stages say of their own files says more; this is for the staged ones between them.
        with storage_errors(f"stage the run in {run.folder}"):
            run.save()
            outcome = run_pipeline(run, engine, progress)
    finally:
        _discard(run.folder)
    if outcome.status == "unchanged":
        add_to_journal(run.warehouse.root, msgspec.to_builtins(outcome))
    # Only now: until the run has ended well, the next one takes its finished batches over.
    _discard(run.batches_folder)
    return outcome


def _discard(folder: Path) -> None:
    """Clear up; what the disk does not let go the next run removes, and no reader looks there."""
    with suppress(OSError):
        reach("run.before-discard")
        remove_tree(folder)


def _remember_failure(warehouse: Warehouse, run_id: str, started_at: datetime, error: BaseException) -> None:
    """Put the failed run into the log, the journal, and its outcome on the error, also if it never got to start."""
    if isinstance(error, PresslakeError):
        _log.error("%s", error.message, extra={"hint": error.hint})
        error.logged = True
    elif isinstance(error, Exception):
        _log.error("%s: %s", type(error).__name__, error, exc_info=error)
    elif not isinstance(error, KeyboardInterrupt):
        _log.error("stopped by %s; the published tables are whole, the next run goes on", type(error).__name__)
    outcome = error.outcome if isinstance(error, RunError) else None
    if not isinstance(outcome, Outcome):
        outcome = failed_outcome(error, started_at, run_id, str(warehouse.root))
    if isinstance(error, RunError):
        error.outcome = outcome
    if warehouse.staging_path.is_dir():
        # The disk that failed the run may refuse this too; the run's own error is the one to tell.
        with suppress(PresslakeError):
            add_to_journal(warehouse.root, msgspec.to_builtins(outcome))
