"""Runs write the history of the articles: opt in, go on, watch other columns, give up; and it is checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.contract import load_contract
from config.errors import ContractError, WarehouseError
from tasks.maintain.guarantees import verify_warehouse
from tasks.write import version_files
from tasks.write.version_files import ParentVersions
from tests.builders import Desk, article, page

ON = {"enabled": True}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write("a.md", article(heat=1, originalUrl=page(1)))
    desk.write("b.md", article("Swans", heat=5, originalUrl=page(2)))
    desk.run()
    return desk


def past(desk: Desk, title: str = "The ferry") -> list[dict[str, Any]]:
    """The rows of one story, oldest first."""
    rows = [row for row in desk.rows("article_versions") if row["title"] == title]
    return sorted(rows, key=lambda row: row["valid_from"])


def findings(desk: Desk) -> list[str]:
    return verify_warehouse(desk.warehouse, load_contract()).findings


def test_no_history_is_kept_unless_it_is_asked_for(desk: Desk) -> None:
    assert "article_versions" not in desk.snapshot.tables()


def test_a_change_ends_a_row_and_begins_one(desk: Desk) -> None:
    first = desk.run(history=ON)
    desk.write("a.md", article(heat=2, topics=["boats"], originalUrl=page(1)))
    second = desk.run()
    before, now = past(desk)
    assert (before["heat"], before["changed"], before["run_id"]) == (1, [], first.run_id)
    assert (now["heat"], now["changed"], now["run_id"]) == (2, ["heat", "topics"], second.run_id)
    assert (before["valid_to"], now["valid_to"]) == (now["valid_from"], None)
    assert findings(desk) == []


def test_an_article_that_goes_and_comes_back_says_so(desk: Desk) -> None:
    desk.run(history=ON)
    desk.delete("a.md")
    desk.run()
    desk.write("a.md", article(heat=1, originalUrl=page(1)))
    desk.run()
    rows = past(desk)
    assert [row["is_deleted"] for row in rows] == [False, True, False]
    assert [row["changed"] for row in rows] == [[], ["is_deleted"], ["is_deleted"]]
    assert [row["heat"] for row in rows] == [1, 1, 1]


def test_what_is_not_watched_leaves_the_files_of_the_history_as_they_are(desk: Desk) -> None:
    desk.run(history=ON)
    before = desk.snapshot.files("article_versions")
    desk.write("a.md", article(body="Other words.", heat=1, originalUrl=page(1)))
    assert desk.run().status == "completed"
    assert desk.snapshot.files("article_versions") == before


def test_a_run_over_unchanged_files_adds_nothing(desk: Desk) -> None:
    desk.run(history=ON)
    number = desk.snapshot.number
    assert desk.run().status == "unchanged"
    assert desk.run(full_refresh=True).status == "completed"
    assert len(desk.rows("article_versions")) == 2
    assert desk.snapshot.number == number + 1


def test_files_of_closed_rows_that_are_full_stay(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version_files, "CLOSED_ROWS", 2)
    desk.run(history=ON)
    kept = []
    for heat in range(2, 7):
        desk.write("a.md", article(heat=heat, originalUrl=page(1)))
        desk.run()
        kept.append({file.path: file.digest for file in desk.snapshot.files("article_versions")})
    assert [row["heat"] for row in past(desk)] == [1, 2, 3, 4, 5, 6]
    first = "article_versions/closed-00000.parquet"
    assert kept[1][first] == kept[4][first]
    assert sorted(kept[4])[:3] == [f"article_versions/closed-0000{n}.parquet" for n in range(3)]
    assert findings(desk) == []


def test_another_column_is_watched_from_then_on(desk: Desk) -> None:
    desk.run(history={**ON, "columns": ["title"]})
    desk.run(history={"columns": ["title", "heat", "topics"]})
    before, now = past(desk)
    assert (before["heat"], before["topics"]) == (None, [])
    assert (now["heat"], now["changed"]) == (1, ["heat"])
    desk.run()
    assert len(past(desk)) == 2
    assert findings(desk) == []


def test_a_column_that_cannot_be_watched_is_refused_with_those_that_can(desk: Desk) -> None:
    with pytest.raises(ContractError, match="'copies' cannot be watched") as error:
        desk.run(history={**ON, "columns": ["copies"]})
    assert "heat" in error.value.hint


def test_a_history_that_is_given_up_is_not_published_any_more(desk: Desk) -> None:
    desk.run(history=ON)
    desk.run(history={"enabled": False})
    assert "article_versions" not in desk.snapshot.tables()


def test_a_damaged_history_is_told_with_the_way_out(desk: Desk) -> None:
    desk.run(history=ON)
    (desk.snapshot.path / "article_versions/last.parquet").chmod(0o644)
    (desk.snapshot.path / "article_versions/last.parquet").write_bytes(b"PAR1 no more")
    desk.write("a.md", article(heat=2, originalUrl=page(1)))
    with pytest.raises(WarehouseError, match=r"last\.parquet cannot be read") as error:
        desk.run(full_refresh=True)
    assert "presslake rollback" in error.value.hint
    assert desk.run(history={"enabled": False}).status == "completed"


def test_verify_finds_a_history_that_does_not_fit_the_articles(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.run(history=ON)
    monkeypatch.setattr(ParentVersions, "has_articles", lambda *_: True)
    desk.write("a.md", article(heat=2, originalUrl=page(1)))
    desk.run()
    (finding,) = findings(desk)
    assert finding.startswith("article_versions: the last `heat` is not that of articles in ")
