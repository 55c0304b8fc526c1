"""`presslake report` as one who types sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.cli import main
from tests.builders import Desk, article


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk(tmp_path)
    desk.write("a.md", article())
    desk.run()
    monkeypatch.chdir(tmp_path)
    return desk


def test_the_page_is_written_where_it_is_wanted(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--warehouse", "warehouse", "-o", "www/state.html"]) == 0
    assert capsys.readouterr().out.startswith("www/state.html: ")
    assert Path("www/state.html").read_text().startswith("<!DOCTYPE html>")
    assert [path.name for path in Path("www").iterdir()] == ["state.html"]


def test_places_where_it_would_do_harm_are_refused(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--warehouse", "warehouse", "-o", "."]) == 2
    assert "is a folder" in capsys.readouterr().err
    assert main(["report", "--warehouse", "warehouse", "-o", "warehouse/current/articles/report.html"]) == 2
    assert "among the tables" in capsys.readouterr().err
