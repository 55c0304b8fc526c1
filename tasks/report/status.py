"""The state of a warehouse: what it holds, how its last runs went, and where its tables are.

Belongs here: reading the current snapshot and the journal. Does not belong here: how that is shown
(`terminal`). Nothing is written and no lock is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from config.contract import TABLES, VERSIONS
from config.errors import WarehouseError
from tasks.report.outcome import Files, Outcome, Records, outcome_of
from tasks.report.quarantine import Reason, quarantine_reasons
from tasks.warehouse.durable import storage_errors
from tasks.warehouse.journal import NAME as JOURNAL_NAME
from tasks.warehouse.journal import read_journal
from tasks.warehouse.snapshots import Snapshot
from tasks.warehouse.warehouse import Warehouse

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
    """All that `presslake status` shows.

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
    """The state of a warehouse by one snapshot and the journal; otherwise as `read_status`."""
    runs, _ = read_runs(warehouse.root, snapshot, LAST_RUNS)
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
        runs=[msgspec.convert(run, LastRun, from_attributes=True) for run in reversed(runs[-LAST_RUNS:])],
        sources={name: folder for run in runs for name, folder in run.sources.items()},
    )


def read_runs(root: Path, snapshot: Snapshot | None, most: int) -> tuple[list[Outcome], int]:
    """The runs of the journal and the last ones of the table `runs`.

    Args:
        root: folder of the warehouse.
        snapshot: has the table; None before the first.
        most: how many rows of the table are read into outcomes.

    Returns:
        The runs, oldest first, each once (the journal has hints of failed ones, too), and how many are known.

    Raises:
        WarehouseError: the table or the journal cannot be read.
    """
    outcomes: dict[str, Outcome] = {}
    known: set[str] = set()
    if snapshot is not None:
        table = snapshot.read("runs").sort_by([("started_at", "ascending"), ("run_id", "ascending")])
        known.update(table["run_id"].to_pylist())
        rows = table.slice(max(0, len(table) - most)).to_pylist()
        outcomes = {row["run_id"]: outcome_of(row) for row in rows}
    outcomes |= {outcome.run_id: outcome for outcome in read_outcomes(root)}
    return sorted(outcomes.values(), key=lambda run: (run.start, run.run_id)), len(known | outcomes.keys())


def read_outcomes(root: Path) -> Iterator[Outcome]:
    """The outcomes of runs since the snapshot; an entry of another version's shape is passed over."""
    with storage_errors(f"read the journal of {root}"):
        entries = read_journal(root)
    for entry in entries:
        with suppress(msgspec.ValidationError):
            yield msgspec.convert(entry, Outcome)


def _size(snapshot: Snapshot, table: str) -> TableSize:
    files = snapshot.files(table)
    return TableSize(snapshot.rows(table), sum(file.bytes for file in files), len(files))


class PublishedTable(msgspec.Struct, frozen=True):
    """A table of the snapshot that readers see; `uri` is its folder."""

    uri: str


class PublishedTables(msgspec.Struct, frozen=True):
    """The snapshot that readers see now: all its tables are of one run.

    Attributes:
        snapshot: its number.
        path: its folder, absolute.
        tables: the public tables by name.
    """

    snapshot: int
    path: str
    tables: dict[str, PublishedTable]


def published_snapshot(root: Path) -> Snapshot:
    """The snapshot that readers see now.

    Raises:
        WarehouseError: there is no warehouse, or nothing is published in it yet.
    """
    snapshot = existing_warehouse(root).current()
    if snapshot is None:
        raise WarehouseError(f"Nothing is published in {root} yet.", "Make the tables first: presslake run SOURCE")
    return snapshot


def published_tables(root: Path) -> PublishedTables:
    """The folder of the snapshot that readers see now, and those of its tables.

    Raises:
        WarehouseError: there is no warehouse, or nothing is published in it yet.
    """
    snapshot = published_snapshot(root)
    folder = snapshot.path.resolve()
    tables = {table: PublishedTable(str(folder / table)) for table in _public(snapshot)}
    return PublishedTables(snapshot.number, str(folder), tables)


def views_sql(root: Path) -> str:
    """SQL for DuckDB: a view on every public table of the snapshot that readers see now.

    The views name the folder of the snapshot, so all queries on them are of one run, whatever is published
    meanwhile.

    Raises:
        WarehouseError: there is no warehouse, or nothing is published in it yet.
    """
    snapshot = published_snapshot(root)
    folder = snapshot.path.resolve()
    views = []
    for table in _public(snapshot):
        # Off where the table has no partitions: DuckDB would make columns of folders above that are named `key=value`.
        hive = "true" if any(file.partition for file in snapshot.files(table)) else "false"
        # In brackets a character of a pattern stands for itself.
        escaped = re.sub(r"[*?\[]", r"[\g<0>]", str(folder / table)).replace("'", "''")
        query = f"SELECT * FROM read_parquet('{escaped}/**/*.parquet', hive_partitioning = {hive})"  # noqa: S608
        views.append(f"CREATE OR REPLACE VIEW {table} AS {query};\n")
    return "".join(views)


def _public(snapshot: Snapshot) -> list[str]:
    """The tables of the contract that a snapshot has."""
    return [table for table in (*TABLES, VERSIONS) if snapshot.files(table)]


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
