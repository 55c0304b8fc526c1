"""The files in quarantine as rows of an artifact: this run's first, capped, and it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.report import quarantine
from tasks.report.quarantine import quarantined_files
from tests.builders import Desk, article


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    found = Desk(tmp_path, {"guards": {"accept_quarantine": True}})
    found.write("z.md", b"---\ntitle: no end\n")
    found.run()
    found.write("a.md", article(["The ferry"]))
    found.write("b.md", article())
    return found


def test_files_of_this_run_come_first_with_place_and_reason(desk: Desk) -> None:
    rows, sentence = quarantined_files(desk.run(), [])
    assert sentence == "2 files are in quarantine."
    assert [row["place"] for row in rows] == ["news/a.md:2:1", "news/z.md:1:1"]
    assert rows[0]["what to mend"].startswith("title: expected a text, found a list")
    assert rows[1]["kind"] == "front-matter/unclosed-fence"


def test_of_many_files_it_shows_the_first_and_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "MAX_ROWS", 1)
    rows, sentence = quarantined_files(desk.run(), [])
    assert len(rows) == 1
    assert sentence == "2 files are in quarantine; these are the first 1. `presslake check` lists all."
