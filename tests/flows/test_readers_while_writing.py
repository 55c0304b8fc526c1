"""G4: readers that resolve `current` once a round never see an error, a torn file or a mix of two runs.

Each run writes its number into every story, so a round tells which run it saw, in every table. Readers of
DuckDB, Polars and PyArrow read while runs publish, and while maintenance cuts the files again and removes snapshots.
`PRESSLAKE_PUBLISHES=100` goes on until there were that many snapshots (`make torture`).
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import duckdb
import msgspec
import polars as pl
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest

from config.settings import Settings
from flows.start import run_ingest, run_maintenance
from tasks.maintain.outcome import Maintenance
from tests.newsroom import Newsroom, Shape, Story, settings_for

SECONDS: Final = 4
STORIES: Final = 24
#: Fewest snapshots that are published while readers read, and after how many runs there is a maintenance.
PUBLISHES: Final = int(os.environ.get("PRESSLAKE_PUBLISHES", "3"))
MAINTAINED: Final = 3
TABLES: Final = ("articles", "related", "duplicates", "quarantine", "sources", "runs")


@dataclass(frozen=True)
class Seen:
    """What one round read: rows by table, ids of articles and the distinct bodies, one a run."""

    rows: dict[str, int]
    ids: list[str]
    bodies: set[str]


@dataclass(frozen=True)
class Place:
    """What one look at the pointer gave: where the tables are, and what their list says."""

    root: Path
    info: Mapping[str, Any]


@dataclass
class Hammer:
    """A reader that goes round and round until told to stop: one look at the pointer, then all tables."""

    look: Callable[[], Place]
    read: Callable[[Place], Seen]
    rounds: int = 0
    snapshots: set[int] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def go(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                place = self.look()
                self.wrong += disagreements(place.info, self.read(place))
                self.snapshots.add(place.info["number"])
            except Exception as error:
                self.wrong.append(f"{type(error).__name__}: {error}")
            self.rounds += 1


def disagreements(info: Mapping[str, Any], seen: Seen) -> list[str]:
    """What a round read that is not what the list of the snapshot says."""
    listed = {name: sum(file["rows"] for file in info["files"] if file["table"] == name) for name in TABLES}
    # The snapshots of maintenance say nothing of records.
    loaded = info["summary"].get("records", {"loaded": listed["articles"]})["loaded"]
    return [
        f"{info['number']}: {said}"
        for said, wrong in [
            (f"{seen.rows} rows, {listed} are listed", seen.rows != listed),
            ("an article_id twice", len(set(seen.ids)) != len(seen.ids)),
            (f"stories of the runs {seen.bodies}", len(seen.bodies) != 1),
            (f"{len(seen.ids)} articles", len(seen.ids) != loaded),
        ]
        if wrong
    ]


def snapshot_at(current: Path) -> Place:
    snapshot = current.resolve()
    return Place(snapshot, json.loads((snapshot / "snapshot.json").read_bytes()))


def by_duckdb(place: Place) -> Seen:
    snapshot = place.root
    with duckdb.connect() as connection:

        def ask(query: str, table: str) -> list[Any]:
            found = connection.execute(query.format(f"read_parquet('{snapshot}/{table}/**/*.parquet')")).fetchall()
            return [value for (value,) in found]

        rows = {table: ask("SELECT count(*) FROM {}", table)[0] for table in TABLES}
        bodies = ask("SELECT DISTINCT body FROM {}", "articles")
        return Seen(rows, ask("SELECT article_id FROM {}", "articles"), set(bodies))


def by_polars(place: Place) -> Seen:
    snapshot = place.root
    rows = {
        table: pl.scan_parquet(f"{snapshot}/{table}/**/*.parquet").select(pl.len()).collect().item() for table in TABLES
    }
    articles = pl.read_parquet(f"{snapshot}/articles/**/*.parquet", columns=["article_id", "body"])
    return Seen(rows, articles["article_id"].to_list(), set(articles["body"].to_list()))


def by_pyarrow(place: Place) -> Seen:
    snapshot = place.root
    rows = {table: ds.dataset(snapshot / table, format="parquet").to_table().num_rows for table in TABLES}
    articles = ds.dataset(snapshot / "articles", format="parquet").to_table(columns=["article_id", "body"])
    return Seen(rows, articles["article_id"].to_pylist(), set(pc.unique(articles["body"]).to_pylist()))


def edition(newsroom: Newsroom, number: int) -> None:
    """Every story says `number`; some come and go, change their year, are copies or are broken."""
    for n in range(STORIES):
        file = ("harbour", f"{n:02}.md")
        if n % 6 == number % 6 and file in newsroom.files:
            newsroom.delete(file)
            continue
        year = 2020 + (n + number) % 3
        shape: Shape = "unclosed" if (n + number) % 11 == 0 else "article"
        story = Story(
            f"Story {n}", page=n % 20, date=f"{year}-05-01", related=(n, n + 1), body=f"{number}", shape=shape
        )
        newsroom.write(file, story)


def maintain(settings: Settings) -> Maintenance:
    """Cut the files again, one row each, and remove all but the newest snapshots: no round lasts as long as those."""
    small = msgspec.structs.replace(settings.warehouse, rows_per_file=1, keep_snapshots=20, keep_days=0)
    return run_maintenance(msgspec.structs.replace(settings, warehouse=small))


def assert_whole_runs_only(newsroom: Newsroom, settings: Settings, hammers: Sequence[Hammer], seconds: float) -> None:
    """Readers see one run a round, each of them more than one in all, while runs follow one another."""
    edition(newsroom, 0)
    run_ingest(newsroom.specs(["harbour"]), settings)
    stop = threading.Event()
    threads = [threading.Thread(target=hammer.go, args=(stop,)) for hammer in hammers]
    for thread in threads:
        thread.start()
    number, published, end = 0, 0, time.monotonic() + seconds
    try:
        while time.monotonic() < end or published < PUBLISHES:
            number += 1
            edition(newsroom, number)
            run_ingest(newsroom.specs(["harbour"]), settings)
            published += 1
            if number % MAINTAINED == 0:
                published += maintain(settings).rewritten.snapshot is not None
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    rounds = ", ".join(f"{hammer.rounds:,} of {len(hammer.snapshots):,} snapshots" for hammer in hammers)
    sys.stdout.write(f"{published:,} snapshots were published; readers' rounds: {rounds}\n")
    assert [hammer.wrong for hammer in hammers] == [[] for _ in hammers]
    assert all(hammer.rounds > 1 and len(hammer.snapshots) > 1 for hammer in hammers)


@pytest.mark.timeout(SECONDS * 6 + PUBLISHES * 6)
def test_readers_see_whole_runs_only(tmp_path: Path) -> None:
    warehouse = tmp_path / "warehouse"
    hammers = [Hammer(lambda: snapshot_at(warehouse / "current"), read) for read in (by_duckdb, by_polars, by_pyarrow)]
    assert_whole_runs_only(Newsroom(tmp_path / "files"), settings_for(warehouse), hammers, SECONDS)
