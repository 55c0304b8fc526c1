"""Maintenance from the outside: what is done in which order, under the lock, by either engine.

Belongs here: the order of the steps, the steps that write, and the report in words. Does not belong here: the rules
(`tasks.maintain`), the Prefect flow (`flows.maintain`), and the terminal (`flows.commands.upkeep`).

The order is one of caution: the warehouse is verified before anything is forgotten. Where something
is wrong with the tables that readers see nothing is, since an older snapshot may be what helps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import load_contract
from config.errors import AuditError
from config.settings import History, Settings
from config.url_rules import load_url_rules
from flows.notify import notify_failure, notify_success
from tasks.maintain.guarantees import Verification, verify_settings
from tasks.maintain.outcome import Expired, Maintenance, Resplit, Rewritten, some
from tasks.maintain.retention import expired_runs, plan_expiry, without_tombstones
from tasks.report.escaping import escaped
from tasks.report.outcome import Files, Outcome, Records, run_row
from tasks.report.status import existing_warehouse
from tasks.report.summary import iso
from tasks.report.words import counted, format_size
from tasks.runs.run import Run, count_by, new_run_id
from tasks.warehouse.history import with_history
from tasks.warehouse.lock import locked
from tasks.warehouse.snapshots import Snapshot
from tasks.warehouse.warehouse import open_warehouse
from tasks.write.stage import changed_parts, rewrite_tables
from tasks.write.upkeep import Cleared, clear_staging, remove_snapshot


def clear(settings: Settings) -> Cleared:
    """Remove what interrupted runs left in `staging`; the lock says that no other run is alive."""
    return clear_staging(open_warehouse(settings))


def rewrite(settings: Settings, run_id: str) -> Rewritten:
    """Forget old rows of `runs` and `sources`, split partitions that outgrew their files; one snapshot if any.

    Raises:
        RunError: the rewritten tables broke a guarantee or the disk refused; nothing was published.
    """
    parent = open_warehouse(settings).current()
    if parent is None:
        return Rewritten()
    run = quiet_run(settings, run_id, datetime.now(UTC), parent)
    if parent.info.summary.get("form") != run.table_form:
        return Rewritten(note="Contract, rules or version changed: the next run writes all tables, then maintain.")
    return _rewrite(run, parent)


def expire(settings: Settings) -> Expired:
    """Remove the snapshots that the settings do not keep; files that others share stay with them."""
    expired = plan_expiry(settings, datetime.now(UTC))
    for number in expired.snapshots:
        remove_snapshot(open_warehouse(settings), number)
    return expired


@dataclass(frozen=True)
class Steps:
    """The steps as an engine runs them; each takes the settings."""

    clear: Callable[[Settings], Cleared] = clear
    verify: Callable[[Settings], Verification] = verify_settings
    rewrite: Callable[[Settings, str], Rewritten] = rewrite
    expire: Callable[[Settings], Expired] = expire


def execute(settings: Settings, steps: Steps) -> Maintenance:
    """Maintain the warehouse with the steps of an engine, and notify; see `flows.start.run_maintenance`."""
    try:
        done = _maintain(settings, steps)
    except BaseException as error:
        notify_failure(settings, error, "maintain")
        raise
    if done.status == "damaged":
        notify_failure(settings, damage(done), "maintain", done.run_id)
    else:
        notify_success(settings, "maintain", done.run_id)
    return done


def damage(done: Maintenance) -> AuditError:
    """What is wrong with a damaged warehouse, as an error whose `outcome` is the maintenance."""
    error = AuditError(f"{done.warehouse} is damaged: {done.findings[0]}", "`presslake verify` lists all findings.")
    error.outcome = done
    return error


def _maintain(settings: Settings, steps: Steps) -> Maintenance:
    existing_warehouse(settings.warehouse.path)
    warehouse, started_at = open_warehouse(settings), datetime.now(UTC)
    warehouse.create()
    run_id = new_run_id(started_at)
    rewritten, expired = Rewritten(), Expired()
    with locked(warehouse, run_id, settings.run.lock_timeout_seconds):
        cleared = steps.clear(settings)
        verified = steps.verify(settings)
        if verified.tables_sound:
            # In this order: on a full disk, what expires makes the room that writing needs.
            expired = steps.expire(settings)
            rewritten = steps.rewrite(settings, run_id)
        if rewritten.snapshot is not None or (expired.snapshots and not verified.sound):
            verified = steps.verify(settings)
    return Maintenance(
        status="sound" if verified.sound else "damaged",
        run_id=run_id,
        started_at=iso(started_at),
        ended_at=iso(datetime.now(UTC)),
        warehouse=str(warehouse.root),
        snapshot=verified.snapshot,
        staging_removed=cleared.removed,
        staging_left=cleared.left,
        rewritten=rewritten,
        expired=expired,
        findings=verified.findings,
        notes=verified.notes + ([rewritten.note] if rewritten.note else []),
    )


def _rewrite(run: Run, parent: Snapshot) -> Rewritten:
    settings, previous = run.settings.warehouse, run.parent_manifest.read()
    kept = without_tombstones(previous, run.started_at - timedelta(days=settings.keep_tombstones_days))
    runs = parent.read("runs", ["run_id", "started_at"])
    forgotten = expired_runs(runs, kept, run.started_at - timedelta(days=settings.keep_runs_days))
    parts = changed_parts(parent, kept, settings.rows_per_file)
    plan = Rewritten(
        runs=len(forgotten),
        tombstones=len(previous) - len(kept),
        partitions=[Resplit(name, old, new) for name, (old, new) in parts.items()],
    )
    if not (plan.runs or plan.tombstones or plan.partitions):
        return plan
    message = _message(plan)
    snapshot = rewrite_tables(run, kept, [quiet_row(run, kept, message)], {"maintenance": message}, forgotten)
    return Rewritten(snapshot.number, plan.runs, plan.tombstones, plan.partitions)


def _message(plan: Rewritten) -> str:
    parts = {
        "forgotten": (plan.runs, "run"),
        "of deleted files forgotten": (plan.tombstones, "row"),
        "split again": (len(plan.partitions), "partition"),
    }
    done = [f"{counted(count, noun)} {what}" for what, (count, noun) in parts.items() if count]
    return f"Maintenance: {', '.join(done)}."


def quiet_run(settings: Settings, run_id: str, started_at: datetime, parent: Snapshot) -> Run:
    """A run that reads no source and writes tables of a snapshot again."""
    return Run(
        run_id=run_id,
        started_at=started_at,
        settings=settings,
        contract=with_history(load_contract(settings.contract.path), History(), parent),
        rules=load_url_rules(settings.contract.url_rules),
        parent=parent.number,
    )


def quiet_row(run: Run, manifest: pa.Table, message: str) -> dict[str, Any]:
    """The row of `runs`: no file was looked at, and the tables say what they said before."""
    live = manifest.filter(pc.invert(manifest["deleted"]))
    statuses = count_by(live["status"])
    outcome = Outcome(
        status="completed",
        run_id=run.run_id,
        started_at=iso(run.started_at),
        ended_at=iso(datetime.now(UTC)),
        message=message,
        warehouse=run.settings.warehouse.path,
        files=Files(ignored=statuses.get("ignored", 0)),
        records=Records(**{name: statuses.get(name, 0) for name in Records.__struct_fields__}),
        violations=count_by(pc.list_flatten(live["violations"])),
        duplicates=count_by(live["match"]),
        contract_version=run.contract.tag,
        code_version=run.code_version,
    )
    return run_row(outcome)


def headline(done: Maintenance) -> str:
    """The maintenance in one sentence."""
    if done.status == "damaged":
        return f"The warehouse is damaged: {counted(len(done.findings), 'finding')}."
    return "The warehouse is sound."


def maintenance_report(done: Maintenance) -> str:
    """The report as Markdown; names of files and articles are escaped."""
    parts = [f"# Maintenance of {escaped(done.warehouse)}", headline(done)]
    if done.findings:
        parts += ["## What is wrong", _list(done.findings)]
    parts += ["## What was done", _list(deeds(done))]
    if done.notes:
        parts += ["## Notes", _list(done.notes)]
    return "\n\n".join(parts) + "\n"


def _list(sentences: list[str]) -> str:
    return "\n".join(f"- {escaped(sentence)}" for sentence in sentences)


def deeds(done: Maintenance) -> list[str]:
    """What was done, a sentence each; one that says so where nothing was."""
    rewritten, expired = done.rewritten, done.expired
    sentences = []
    if done.staging_removed:
        sentences.append(f"Cleared {counted(len(done.staging_removed), 'folder')} that interrupted runs left.")
    if done.staging_left:
        sentences.append(f"Could not remove {some(done.staging_left)} from staging; the next run tries again.")
    if rewritten.runs:
        sentences.append(f"Forgot {counted(rewritten.runs, 'row')} of runs.")
    if rewritten.tombstones:
        sentences.append(f"Forgot {counted(rewritten.tombstones, 'file')} that went long ago.")
    sentences += [
        f"Spread {p.partition or 'all articles'} over {counted(p.new, 'file')} instead of {p.old:,}."
        for p in rewritten.partitions
    ]
    if rewritten.snapshot is not None:
        sentences.append(f"Published this as snapshot {rewritten.snapshot}.")
    if expired.snapshots:
        which = f"{counted(len(expired.snapshots), 'snapshot')} ({some(expired.snapshots)})"
        sentences.append(f"Removed {which}, which gave back {format_size(expired.bytes)}.")
    idle = "There was nothing to do." if done.status == "sound" else "Nothing was forgotten."
    return sentences or [idle]
