"""Numbers of the HTML report that come from runs: how long they took, and the quarantine after each.

Belongs here: reading the table `runs`, the journal, and the quarantine of the snapshots that are
kept. Does not belong here: the state as it is now (`status`), and how numbers look (`html_page`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa

from config.errors import WarehouseError
from tasks.report.outcome import Outcome
from tasks.report.reasons import quarantine_reasons
from tasks.report.status import read_outcomes
from tasks.tables.snapshots import Snapshot
from tasks.tables.warehouse import Warehouse

#: How many runs and snapshots are shown; the tables have them all.
RUNS: Final = 30
_COLUMNS: Final = ["run_id", "status", "started_at", "ended_at", "snapshot", "message", "stages", "files_new"]
_COLUMNS_TOO: Final = ["files_changed", "files_removed", "records_quarantined", "unknown_fields"]


class RunNumbers(msgspec.Struct, frozen=True):
    """One run; `seconds` by stage, of which a failed run has those that it came to."""

    run_id: str
    status: str
    started_at: datetime
    took: float
    snapshot: int | None
    message: str
    hint: str
    seconds: dict[str, float]
    new: int
    changed: int
    removed: int
    quarantined: int
    unknown_fields: int


class QuarantineAt(msgspec.Struct, frozen=True):
    """The quarantine of one snapshot: `files`, and by code those that have an error of it."""

    snapshot: int
    published_at: str
    files: int
    reasons: dict[str, int]


def run_numbers(root: Path, snapshot: Snapshot | None) -> tuple[list[RunNumbers], int]:
    """The last `RUNS` runs of snapshot and journal, oldest first, and how many are known.

    Raises:
        WarehouseError: the table or the journal cannot be read.
    """
    runs: dict[str, RunNumbers] = {}
    if snapshot is not None:
        rows = snapshot.read("runs", [*_COLUMNS, *_COLUMNS_TOO])
        order = [("started_at", "ascending"), ("run_id", "ascending")]
        runs = {row["run_id"]: _of_row(row) for row in rows.sort_by(order).to_pylist()}
    # The journal also has the hint of a run that failed.
    runs |= {outcome.run_id: _of_outcome(outcome) for outcome in read_outcomes(root)}
    ordered = sorted(runs.values(), key=lambda run: (run.started_at, run.run_id))
    return ordered[-RUNS:], len(ordered)


def _of_row(row: dict[str, Any]) -> RunNumbers:
    return RunNumbers(
        run_id=row["run_id"],
        status=row["status"],
        started_at=row["started_at"],
        took=(row["ended_at"] - row["started_at"]).total_seconds(),
        snapshot=row["snapshot"],
        message=row["message"],
        hint="",
        seconds={stage["stage"]: stage["seconds"] for stage in row["stages"]},
        new=row["files_new"],
        changed=row["files_changed"],
        removed=row["files_removed"],
        quarantined=row["records_quarantined"],
        unknown_fields=len(row["unknown_fields"]),
    )


def _of_outcome(outcome: Outcome) -> RunNumbers:
    start, end = datetime.fromisoformat(outcome.started_at), datetime.fromisoformat(outcome.ended_at)
    return RunNumbers(
        run_id=outcome.run_id,
        status=outcome.status,
        started_at=start,
        took=(end - start).total_seconds(),
        snapshot=outcome.snapshot,
        message=outcome.message,
        hint=outcome.hint,
        seconds=outcome.seconds,
        new=outcome.files.new,
        changed=outcome.files.changed,
        removed=outcome.files.removed,
        quarantined=outcome.records.quarantined,
        unknown_fields=len(outcome.unknown_fields),
    )


def quarantine_history(warehouse: Warehouse) -> list[QuarantineAt]:
    """The quarantine of each of the last `RUNS` snapshots that are kept, oldest first.

    A snapshot that is damaged, or that maintenance removes meanwhile, is left out: what it said of
    the past must not hide what is true now.
    """
    return list(_histories(warehouse, warehouse.snapshots()[-RUNS:]))


def _histories(warehouse: Warehouse, numbers: list[int]) -> Iterator[QuarantineAt]:
    known: dict[tuple[str, ...], dict[str, int]] = {}
    for number in numbers:
        try:
            snapshot = warehouse.snapshot(number)
            # Snapshots share the files of what did not change.
            files = tuple(file.digest for file in snapshot.files("quarantine"))
            if files not in known:
                known[files] = {reason.code: reason.files for reason in quarantine_reasons(snapshot)}
        except (WarehouseError, pa.ArrowException):
            continue
        yield QuarantineAt(number, snapshot.info.published_at, snapshot.rows("quarantine"), known[files])
