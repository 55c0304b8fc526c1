"""What is Delta's own about the history: what a run commits, and what readers of the newest version see.

What its rows say is in `test_article_history` and `test_backfill`, for both formats; kills and maintenance
are in tests/e2e (`make test-e2e`): `test_delta_history`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from config.contract import load_contract
from tasks.maintain.guarantees import verify_warehouse
from tasks.write.upkeep import move_pointer
from tests.builders import Desk, article, page

ON: Final = {"enabled": True}
DELTA: Final = {"warehouse": {"format": "delta"}}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Two stories, loaded without a history."""
    desk = Desk(tmp_path, DELTA)
    desk.write("a.md", article(heat=1, originalUrl=page(1)))
    desk.write("b.md", article("Swans", heat=5, originalUrl=page(2)))
    desk.run()
    return desk


def table(desk: Desk) -> DeltaTable:
    return DeltaTable(desk.warehouse.root / "article_versions")


def newest(desk: Desk) -> int:
    """The rows that a reader sees who follows no pointer."""
    return int(table(desk).to_pyarrow_dataset().count_rows())


def test_a_run_merges_the_rows_that_begin_and_end_with_it(desk: Desk) -> None:
    desk.run(history=ON)
    desk.write("a.md", article(heat=2, originalUrl=page(1)))
    outcome = desk.run()
    (last,) = table(desk).history(1)
    assert (last["operation"], last["run_id"]) == ("MERGE", outcome.run_id)
    feed = pa.table(table(desk).load_cdf(starting_version=1).read_all()).to_pylist()
    said: list[tuple[Any, ...]] = [(row["_change_type"], row["heat"], row["valid_to"] is None) for row in feed]
    assert sorted(said) == [("insert", 2, True), ("update_postimage", 1, False), ("update_preimage", 1, True)]


def test_readers_of_the_newest_version_see_the_history_of_the_pointer(desk: Desk) -> None:
    desk.run(history=ON)
    desk.write("a.md", article(heat=2, originalUrl=page(1)))
    desk.run()
    seen = []
    for number in (2, 1, 3):
        move_pointer(desk.warehouse, number)
        seen.append((newest(desk), "article_versions" in desk.snapshot.tables()))
    assert seen == [(2, True), (0, False), (3, True)]
    desk.run(history={"enabled": False})
    desk.run()
    assert (newest(desk), "article_versions" in desk.snapshot.tables()) == (0, False)
    desk.run(history=ON)
    assert [row["changed"] for row in desk.rows("article_versions")] == [[], []]
    assert verify_warehouse(desk.warehouse, load_contract()).findings == []


def test_a_history_without_a_row_goes_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path, DELTA)
    desk.write("a.md", b"No front matter.\n")
    desk.run(history=ON)
    assert desk.rows("article_versions") == []
    assert verify_warehouse(desk.warehouse, load_contract()).findings == []
    desk.write("a.md", article(heat=1, originalUrl=page(1)))
    desk.run()
    assert [row["heat"] for row in desk.rows("article_versions")] == [1]
