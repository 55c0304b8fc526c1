"""The numbers behind `presslake status`: what a warehouse holds and how its last runs went.

Belongs here: reading them from the current snapshot and the journal. Does not belong here: how they
are shown (`terminal_status`). Nothing is written and no lock is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import pyarrow as pa

from config.errors import WarehouseError
from tasks.report.outcome import Files, Outcome, Records
from tasks.report.reasons import Reason, quarantine_reasons
from tasks.tables.durable import storage_errors
from tasks.tables.journal import NAME as JOURNAL_NAME
from tasks.tables.journal import read_journal
from tasks.tables.snapshots import Snapshot
from tasks.tables.warehouse import Warehouse

#: How many runs are shown.
LAST_RUNS: Final = 10


class TableSize(msgspec.Struct, frozen=True):
    """One table of the current snapshot; `bytes` on disk."""

    rows: int
    bytes: int
    files: int


class LastRun(msgspec.Struct, frozen=True):
    """One run, from the journal or the table `runs`; times are ISO 8601, UTC."""

    run_id: str
    status: str
    started_at: str
    ended_at: str
    snapshot: int | None
    message: str
    files: Files
    records: Records


class Status(msgspec.Struct, frozen=True):
    """All that `presslake status` says.

    Attributes:
        warehouse: its folder.
        snapshot: number of the snapshot that readers see; None before the first.
        published_at, age_seconds: when that was published, and how long ago.
        tables: table to size.
        quarantined: files in quarantine; `reasons` by code, most files first.
        runs: the last `LAST_RUNS`, newest first.
        sources: source name to folder, where a run has said so.
    """

    warehouse: str
    snapshot: int | None
    published_at: str | None
    age_seconds: float | None
    tables: dict[str, TableSize]
    quarantined: int
    reasons: list[Reason]
    runs: list[LastRun]
    sources: dict[str, str]


def read_status(root: Path, now: datetime | None = None) -> Status:
    """Read the state of a warehouse.

    Args:
        root: its folder.
        now: the time that ages count from, with a zone; by default the clock's.

    Raises:
        WarehouseError: there is no warehouse, or it is damaged.
    """
    warehouse = existing_warehouse(root)
    return status_of(warehouse, warehouse.current(), now)


def status_of(warehouse: Warehouse, snapshot: Snapshot | None, now: datetime | None = None) -> Status:
    """The state of a warehouse as one snapshot and the journal tell it; otherwise as `read_status`."""
    journal = list(read_outcomes(warehouse.root))
    published_runs = [] if snapshot is None else _latest(snapshot.read("runs"))
    published = None if snapshot is None else snapshot.info.published_at
    age = None if published is None else (now or datetime.now(UTC)) - datetime.fromisoformat(published)
    return Status(
        warehouse=str(warehouse.root),
        snapshot=None if snapshot is None else snapshot.number,
        published_at=published,
        age_seconds=None if age is None else age.total_seconds(),
        tables={} if snapshot is None else {name: _size(snapshot, name) for name in snapshot.tables()},
        quarantined=0 if snapshot is None else snapshot.rows("quarantine"),
        reasons=[] if snapshot is None else quarantine_reasons(snapshot),
        runs=_last_runs(published_runs, journal),
        sources=_sources(published_runs, journal),
    )


class TablePlace(msgspec.Struct, frozen=True):
    """Where a table is: the absolute path of its folder."""

    uri: str


class Place(msgspec.Struct, frozen=True):
    """Where the snapshot that readers see now is: all its tables are of one run.

    Attributes:
        snapshot: its number.
        path: its folder, absolute.
        tables: table to its place.
    """

    snapshot: int
    path: str
    tables: dict[str, TablePlace]


def published_snapshot(root: Path) -> Snapshot:
    """The snapshot that readers see now.

    Raises:
        WarehouseError: there is no warehouse, or nothing is published in it yet.
    """
    snapshot = existing_warehouse(root).current()
    if snapshot is None:
        raise WarehouseError(f"Nothing is published in {root} yet.", "Make the tables first: presslake run SOURCE")
    return snapshot


def current_place(root: Path) -> Place:
    """Where the snapshot that readers see now is.

    Raises:
        WarehouseError: there is no warehouse, or nothing is published in it yet.
    """
    snapshot = published_snapshot(root)
    folder = snapshot.path.resolve()
    tables = {table: TablePlace(str(folder / table)) for table in snapshot.tables()}
    return Place(snapshot.number, str(folder), tables)


def existing_warehouse(root: Path | str) -> Warehouse:
    """The warehouse in a folder.

    Raises:
        WarehouseError: there is none, or a former one of Delta tables; nothing is created.
    """
    warehouse = Warehouse(root)
    if not warehouse.exists() and not (warehouse.root / JOURNAL_NAME).is_file():
        raise WarehouseError(
            f"There is no warehouse in {warehouse.root}.",
            f"Name one with --warehouse, or make it: presslake run SOURCE --warehouse {warehouse.root}",
        )
    return warehouse


def _size(snapshot: Snapshot, table: str) -> TableSize:
    files = snapshot.files(table)
    return TableSize(snapshot.rows(table), sum(file.bytes for file in files), len(files))


def read_outcomes(root: Path) -> Iterator[Outcome]:
    """The outcomes of runs since the snapshot; an entry of another version's shape is passed over."""
    with storage_errors(f"read the journal of {root}"):
        entries = read_journal(root)
    for entry in entries:
        with suppress(msgspec.ValidationError):
            yield msgspec.convert(entry, Outcome)


def _last_runs(published: list[dict[str, Any]], journal: list[Outcome]) -> list[LastRun]:
    """Runs of both places by id, newest first; the journal has failed and unchanged ones at once."""
    runs = {row["run_id"]: _of_row(row) for row in published}
    runs |= {outcome.run_id: _of_outcome(outcome) for outcome in journal}
    return sorted(runs.values(), key=lambda run: (run.started_at, run.run_id), reverse=True)[:LAST_RUNS]


def _of_outcome(outcome: Outcome) -> LastRun:
    return LastRun(**{name: getattr(outcome, name) for name in LastRun.__struct_fields__})


def _latest(runs: pa.Table) -> list[dict[str, Any]]:
    """The last rows of the table `runs`, oldest first."""
    runs = runs.sort_by([("started_at", "ascending")])
    return cast(list[dict[str, Any]], runs.slice(max(0, len(runs) - LAST_RUNS)).to_pylist())


def _sources(published: list[dict[str, Any]], journal: list[Outcome]) -> dict[str, str]:
    """The folder of each source as the latest run that had it named it."""
    folders: dict[str, str] = {}
    for row in published:
        folders |= msgspec.json.decode(row["parameters"]).get("sources") or {}
    for outcome in journal:
        folders |= outcome.sources
    return folders


def _of_row(row: dict[str, Any]) -> LastRun:
    return LastRun(
        run_id=row["run_id"],
        status=row["status"],
        started_at=row["started_at"].isoformat(),
        ended_at=row["ended_at"].isoformat(),
        snapshot=row["snapshot"],
        message=row["message"],
        files=_fields_of(row, Files, "files_"),
        records=_fields_of(row, Records, "records_"),
    )


def _fields_of(row: dict[str, Any], kind: type[Any], prefix: str) -> Any:
    return kind(**{name: row[prefix + name] for name in kind.__struct_fields__})
