"""G4 on Delta: a reader that takes versions from `current.json` sees one run, never a mix, while runs go on."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl
import pytest

from flows.run import run_ingest
from tests.flows.test_readers_while_writing import TABLES, edition
from tests.newsroom import Newsroom, settings_for

SECONDS: Final = 10


@dataclass
class Reader:
    """Goes round and round until told to stop: reads the pointer once a round, then all tables."""

    lake: Path
    snapshots: set[int] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def go(self, stop: threading.Event) -> None:
        while not stop.is_set():
            pointer = json.loads((self.lake / "_presslake" / "current.json").read_bytes())
            try:
                self.wrong += self.disagreements(pointer["versions"], pointer["files"])
            except Exception as error:
                self.wrong.append(f"{pointer['number']}: {type(error).__name__}: {error}")
            self.snapshots.add(pointer["number"])

    def disagreements(self, versions: dict[str, int], files: list[dict[str, str | int]]) -> Iterator[str]:
        """What the tables at these versions are that the pointer does not say."""
        read = {table: pl.scan_delta(str(self.lake / table), version=versions[table]) for table in TABLES}
        for table, frame in read.items():
            listed = sum(int(file["rows"]) for file in files if file["table"] == table)
            found = frame.select(pl.len()).collect().item()
            if found != listed:
                yield f"{table} has {found} rows, {listed} are listed"
        bodies = read["articles"].select("body").unique().collect()["body"].to_list()
        if len(bodies) != 1:
            yield f"stories of the runs {bodies}"


@pytest.mark.timeout(SECONDS * 12)
def test_readers_by_the_pointer_see_whole_runs_only(tmp_path: Path) -> None:
    newsroom, lake = Newsroom(tmp_path / "files"), tmp_path / "lake"
    settings = settings_for(lake, warehouse={"format": "delta"})
    edition(newsroom, 0)
    run_ingest(newsroom.specs(["harbour"]), settings)
    reader, stop = Reader(lake), threading.Event()
    thread = threading.Thread(target=reader.go, args=(stop,))
    thread.start()
    number, end = 0, time.monotonic() + SECONDS
    try:
        while time.monotonic() < end or number < 3:
            number += 1
            edition(newsroom, number)
            run_ingest(newsroom.specs(["harbour"]), settings)
    finally:
        stop.set()
        thread.join()
    assert reader.wrong == []
    assert len(reader.snapshots) > 1
