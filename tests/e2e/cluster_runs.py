"""Runs on a cluster, held against runs on one machine.

Belongs here: files with everything that batches can hold, and the comparison. Does not belong here:
how a cluster of one kind is made and what can go wrong with it (`test_dask_executor`,
`test_ray_executor`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from flows import engine as engines
from flows.start import run_ingest
from tasks.report.outcome import Outcome
from tasks.warehouse.warehouse import Warehouse
from tests.newsroom import Newsroom, Story, settings_for
from tests.tables_equal import assert_same_tables

SOURCES: Final = ("harbour", "inland")
#: So small that the files make about ten batches.
_BATCH_BYTES: Final = 2048


def busy_newsroom(root: Path) -> Newsroom:
    """Sixty files in two sources: articles, copies, reposts, withdrawn and broken ones, and no articles."""
    newsroom = Newsroom(root)
    for n in range(60):
        newsroom.write((SOURCES[n % 2], f"{n:02}.md"), _story(n))
    return newsroom


def _story(n: int) -> Story:
    date = f"202{n % 4}-0{1 + n % 9}-01"
    if n % 10 == 3:
        return Story(f"Broken {n}", date=date, shape="unclosed")
    if n % 15 == 7:
        return Story(f"Apart {n}", page=n, date=date, shape="removed" if n % 30 == 7 else "plain")
    related = tuple(range(n % 5))
    return Story(f"Story {n % 40}", page=n % 40, spelling=n % 3, date=date, related=related, mood=f"calm {n}")


def run_on(executor: str, newsroom: Newsroom, folder: Path, **run: Any) -> Outcome:
    """One run over the newsroom; `executor` is one of the settings', `run` further settings of that section."""
    engine = "local" if executor == "processes" else "auto"
    section = {"engine": engine, "executor": executor, "workers": 2, "batch_bytes": _BATCH_BYTES, **run}
    return run_ingest(newsroom.specs(SOURCES), settings_for(folder, run=section))


def check_cluster_equals_machine(
    executor: str, folder: Path, monkeypatch: pytest.MonkeyPatch, address: str | None = None
) -> None:
    """A first and a second run on the cluster give the tables of one run on this machine.

    Raises:
        AssertionError: a table differs, or the cluster had nothing to do.
    """
    monkeypatch.setattr(engines, "WORTH_A_POOL", 0)
    newsroom, on_cluster = busy_newsroom(folder / "files"), folder / executor
    first = run_on(executor, newsroom, on_cluster, executor_address=address)
    assert (first.files.new, first.records.quarantined) == (60, 6)
    newsroom.write(("harbour", "00.md"), Story("Retold", page=0, body="Longer than before."))
    newsroom.write(("inland", "new.md"), Story("New", page=5, date="2024-01-01"))
    newsroom.delete(("inland", "11.md"))
    newsroom.rename(("harbour", "02.md"), ("inland", "02.md"))
    second = run_on(executor, newsroom, on_cluster, executor_address=address, batch_bytes=1)
    assert (second.files.new, second.files.changed) == (2, 1)
    run_on("processes", newsroom, folder / "machine")
    assert_same_tables(Warehouse(on_cluster, durable=False), Warehouse(folder / "machine", durable=False))
