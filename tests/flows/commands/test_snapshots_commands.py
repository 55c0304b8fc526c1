"""`snapshots`, `diff` and `rollback` as one who types sees them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from flows.cli import main
from tasks.warehouse.lock import locked
from tests.builders import Desk, article, page
from tests.tasks.maintain.damage import overwrite

LONG = "The ferry sails again, and all who waited on the quay for eleven hours are glad of it, says the harbour master"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Two snapshots: an article added, one removed, one changed, one file into quarantine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name in [name for name in os.environ if name.startswith("PRESSLAKE_")]:
        monkeypatch.delenv(name)
    desk = Desk(tmp_path)
    desk.write("ferry.md", article("Ferry", originalUrl=page(1), excerpt=LONG))
    desk.write("gone.md", article("Gone [with] wind", originalUrl=page(2)))
    desk.run()
    desk.delete("gone.md")
    desk.write("ferry.md", article("Ferry", originalUrl=page(1), excerpt=f"{LONG} today"))
    desk.write("bus.md", article("Bus \u202e31m\nred", originalUrl=page(3)))
    desk.write("broken.md", article(None))
    desk.run()
    return desk


def presslake(*arguments: str) -> int:
    return main([*arguments, "--warehouse", "warehouse"])


def printed(capsys: pytest.CaptureFixture[str], width: int = 80) -> str:
    shown = capsys.readouterr().out
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= width
    return shown


def in_json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_snapshots_lists_newest_first_and_marks_the_current_one(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert presslake("snapshots") == 0
    lines = printed(capsys).splitlines()
    assert lines[0] == "warehouse: 2 snapshots, readers see 2."
    assert "+2 ~1 -1" in lines[3]
    assert lines[3].rstrip().endswith("<- current")
    assert "+2 " in lines[4]


def test_on_a_wide_terminal_snapshots_names_the_run(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    presslake("snapshots")
    assert desk.snapshot.info.run_id in printed(capsys, 120)


def test_snapshots_in_json(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert presslake("snapshots", "--json") == 0
    history = in_json(capsys)
    assert history["current"] == 2
    assert [entry["number"] for entry in history["snapshots"]] == [2, 1]
    assert history["snapshots"][0]["changes"] == {"new": 2, "changed": 1, "removed": 1}


def test_diff_shows_articles_values_and_quarantine(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert presslake("diff") == 0
    shown = printed(capsys)
    assert shown.startswith("Snapshot 1 to 2: 1 added, 1 removed, 1 changed.")
    assert "  - Gone [with] wind" in shown
    assert "\u202e" not in shown
    assert r"Bus \u202e31m" in shown
    assert "master today" in shown
    assert "broken.md  field/missing" in shown


def test_diff_in_json_has_whole_values(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert presslake("diff", "1", "current", "--json") == 0
    found = in_json(capsys)
    assert found["changed"][0]["columns"]["excerpt"] == {"old": LONG, "new": f"{LONG} today"}
    assert found["quarantine"] == {"added": 1, "removed": 0}


def test_diff_with_a_limit_says_how_many_more(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert presslake("diff", "--limit", "0") == 0
    assert "and 1 more; --limit shows more of them." in printed(capsys)


def test_diff_of_equal_snapshots(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert presslake("diff", "2", "2") == 0
    assert printed(capsys) == "Snapshot 2 to 2: no article differs.\n"


def test_rollback_moves_the_pointer_and_says_what_that_means(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert presslake("rollback", "previous") == 0
    assert desk.snapshot.number == 1
    shown = printed(capsys)
    assert "Readers see snapshot 1 now" in shown
    assert "nothing was deleted" in shown
    desk.run()
    presslake("snapshots")
    assert "from 1 <- current" in printed(capsys)


def test_rollback_waits_for_no_run_in_progress(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    (desk.root / "presslake.yaml").write_text("run: {lock_timeout_seconds: 0}\n")
    with locked(desk.warehouse, "a run", 0):
        assert presslake("rollback", "1") == 1
    assert "Another run writes" in capsys.readouterr().err
    assert desk.snapshot.number == 2


def test_rollback_to_a_damaged_snapshot_is_refused(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    older = desk.warehouse.snapshot(1)
    overwrite(older.path / older.files("articles")[0].path, b"cut")
    assert presslake("rollback", "1") == 1
    assert "Snapshot 1 is damaged" in capsys.readouterr().err
    assert desk.snapshot.number == 2


def test_rollback_mends_a_lost_pointer(desk: Desk) -> None:
    (desk.warehouse.root / "current").unlink()
    assert presslake("status") == 1
    assert presslake("rollback", "2") == 0
    assert desk.snapshot.number == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["diff", "newest"], 2, "`newest` names no snapshot"),
        (["diff", "7"], 1, "There is no snapshot 7"),
        (["diff", "--limit", "-1"], 2, "--limit"),
        (["rollback"], 2, "SNAPSHOT"),
        (["rollback", "7"], 1, "There is no snapshot 7"),
    ],
)
def test_what_is_not_there_is_said_and_changes_nothing(
    desk: Desk, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    assert presslake(*arguments) == code
    assert said in capsys.readouterr().err
    assert desk.snapshot.number == 2


def test_an_empty_warehouse_has_no_snapshots(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    empty = Desk(desk.root / "empty")
    empty.warehouse.create()
    assert main(["snapshots", "--warehouse", "empty/warehouse"]) == 0
    assert "nothing is published yet" in capsys.readouterr().out
    assert main(["snapshots", "--warehouse", "nowhere"]) == 1
