"""The history of a Delta warehouse: runs that are killed between its commits, and maintenance."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from deltalake import DeltaTable

from config.contract import TABLES, load_contract
from flows.maintenance import run_maintenance
from tasks.maintain.guarantees import verify_warehouse
from tasks.write.upkeep import move_pointer
from tests.builders import Desk, article, page
from tests.newsroom import settings_for
from tests.run_once import finish, ingest_into, start

DELTA: Final[Mapping[str, Mapping[str, Any]]] = {"history": {"enabled": True}, "warehouse": {"format": "delta"}}
#: Before the commit to the history, after it, before the pointer names it, and after.
FAULTS: Final = (
    f"delta.committed:{len(TABLES)}",
    f"delta.committed:{len(TABLES) + 1}",
    "publish.before-swap",
    "publish.after-swap",
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Two stories and their first states."""
    desk = Desk(tmp_path, DELTA)
    desk.write("a.md", article(heat=1, originalUrl=page(1)))
    desk.write("b.md", article("Swans", heat=5, originalUrl=page(2)))
    desk.run()
    return desk


def told(desk: Desk) -> list[tuple[Any, ...]]:
    rows = sorted(desk.rows("article_versions"), key=lambda row: (row["title"], row["valid_from"]))
    return [(row["title"], row["heat"], row["changed"], row["valid_to"] is None) for row in rows]


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_killed_run_told_is_taken_back_and_told_by_the_next(desk: Desk, fault: str) -> None:
    before = told(desk)
    desk.write("a.md", article(heat=2, originalUrl=page(1)))
    after = [("Swans", 5, [], True), ("The ferry", 1, [], False), ("The ferry", 2, ["heat"], True)]
    settings = settings_for(desk.warehouse.root, **desk.sections)
    assert finish(start(ingest_into, settings, [f"news={desk.root / 'news'}"], fault)) == -signal.SIGKILL
    assert told(desk) == (after if fault == "publish.after-swap" else before)
    desk.run()
    assert told(desk) == after
    assert DeltaTable(desk.warehouse.root / "article_versions").to_pyarrow_dataset().count_rows() == len(after)
    assert verify_warehouse(desk.warehouse, load_contract()).findings == []


def test_a_killed_run_that_began_the_history_leaves_no_row_of_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"warehouse": DELTA["warehouse"]})
    desk.write("a.md", article(heat=1, originalUrl=page(1)))
    desk.run()
    settings = settings_for(desk.warehouse.root, **DELTA)
    assert finish(start(ingest_into, settings, [f"news={desk.root / 'news'}"], FAULTS[1])) == -signal.SIGKILL
    assert desk.run().status == "unchanged"
    assert DeltaTable(desk.warehouse.root / "article_versions").to_pyarrow_dataset().count_rows() == 0
    assert verify_warehouse(desk.warehouse, load_contract()).findings == []
    desk.run(history=DELTA["history"])
    assert told(desk) == [("The ferry", 1, [], True)]


def test_maintenance_joins_its_files_and_removes_those_that_nobody_needs(desk: Desk) -> None:
    for number in range(3, 12):
        desk.write(f"{number}.md", article(f"Story {number}", originalUrl=page(number)))
        desk.run()
    rows, files = desk.rows("article_versions"), list((desk.warehouse.root / "article_versions").glob("*.parquet"))
    desk.run(history={"enabled": False})
    move_pointer(desk.warehouse, desk.snapshot.number - 1)
    keep = {"keep_snapshots": 1, "keep_days": 0}
    done = run_maintenance(settings_for(desk.warehouse.root, warehouse=keep))
    assert (done.status, done.findings) == ("sound", [])
    assert any(part.partition == "article_versions" for part in done.rewritten.partitions)
    assert len(desk.snapshot.files("article_versions")) == 1
    by_article = sorted(desk.rows("article_versions"), key=lambda row: row["article_id"])
    assert by_article == sorted(rows, key=lambda row: row["article_id"])
    run_maintenance(settings_for(desk.warehouse.root, warehouse=keep))
    assert len(list((desk.warehouse.root / "article_versions").glob("*.parquet"))) < len(files)
