"""`presslake contract` as one who types sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from config.contract import load_contract
from flows.cli import main
from tests.builders import Desk, article

OVERLAY = """\
overlay: 1
columns:
  published_at: {from: posted_on, order: dmy, timezone: Europe/Berlin}
  excerpt: {from: not}
  mood: {from: mood, type: string}
rules:
  - {column: title, max_length: 90, message: The title is long.}
"""
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return Desk(tmp_path)


@pytest.fixture
def overlay(desk: Desk) -> Path:
    """An overlay that the settings of the working folder name."""
    path = desk.root / "site.yaml"
    path.write_text(OVERLAY, encoding="utf-8")
    (desk.root / "presslake.yaml").write_text("contract: {path: site.yaml}\n", encoding="utf-8")
    return path


def foreign(number: int) -> bytes:
    """An article whose keys the contract does not know."""
    fields = {"titel": f"The sea, part {number}", "datum": f"{number} February 2021", "mood": "calm"}
    return article(None, publishedDateTime=None, **fields)


def test_show_marks_what_differs_from_the_packaged_contract(overlay: Path, capsys: Captured) -> None:
    assert main(["contract", "show"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("site.yaml, version ")
    assert "not as in the packaged one: + 1 new, * 3 changed, 1 rule." in out
    marked = {line.split()[1]: line for line in out.splitlines() if line[:1] in ("+", "*")}
    assert marked.keys() == {"title", "published_at", "excerpt", "mood"}
    assert "← posted_on, publishedDateTime, " in marked["published_at"]
    assert marked["published_at"].endswith("; order dmy; times without a zone are Europe/Berlin")
    assert marked["excerpt"].endswith("← nothing")
    assert "title: max_length 90, error. The title is long." in out


def test_show_of_the_packaged_contract_marks_nothing(desk: Desk, capsys: Captured) -> None:
    assert main(["contract", "show"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("The packaged contract, version ")
    assert not [line for line in out.splitlines() if line[:1] in ("+", "*")]


def test_show_speaks_json_and_whole_contracts(overlay: Path, capsys: Captured) -> None:
    assert main(["contract", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    column = next(column for column in shown["columns"] if column["name"] == "published_at")
    assert (column["new_fields"], column["order"], column["differs"]) == (["posted_on"], "dmy", "changed")
    assert column["from"][:2] == ["posted_on", "publishedDateTime"]
    assert main(["contract", "show", "--full"]) == 0
    whole = overlay.with_name("whole.yaml")
    whole.write_text(capsys.readouterr().out, encoding="utf-8")
    assert yaml.safe_load(whole.read_text(encoding="utf-8"))["kind"] == "DataContract"
    assert load_contract(whole) == load_contract(overlay)
    assert main(["contract", "show", "--full", "--json"]) == 2
    assert main(["contract", "show", "--published", "--full"]) == 2


def test_an_overlay_of_suggestions_loads_what_no_contract_knew(desk: Desk, capsys: Captured) -> None:
    for number in range(1, 4):
        desk.write(f"{number}.md", foreign(number))
    assert main(["contract", "suggest", "news"]) == 0
    printed = capsys.readouterr()
    assert printed.err == "From 3 files:\n"
    (desk.root / "site.yaml").write_text(printed.out, encoding="utf-8")
    desk.run(contract={"path": "site.yaml"})
    row = desk.one("articles", "2.md")
    assert (row["title"], row["mood"], row["published_at"].isoformat()[:10]) == (
        "The sea, part 2",
        "calm",
        "2021-02-02",
    )
    assert row["extra"] is None


def test_suggestions_come_of_tables_and_quarantine_or_of_the_sources_in_the_settings(
    desk: Desk, capsys: Captured
) -> None:
    desk.write("1.md", foreign(1))
    desk.write("2.md", article(readingTime=7))
    (desk.root / "presslake.yaml").write_text("sources: {news: news}\n", encoding="utf-8")
    outputs = []
    for where in ("2 files", "2 files in the tables of warehouse"):
        assert main(["contract", "suggest"]) == 0
        printed = capsys.readouterr()
        assert printed.err == f"From {where}:\n"
        outputs.append(printed.out)
        desk.run()
    assert outputs[0] == outputs[1]
    assert "reading_time: {from: readingTime, type: integer}" in outputs[0]
    assert "`datum` is in 1 file and reads as a time" in outputs[0]


def test_nothing_to_suggest_is_said(desk: Desk, capsys: Captured) -> None:
    desk.write("1.md", article())
    assert main(["contract", "suggest", "news"]) == 0
    assert capsys.readouterr() == ("", "The contract knows every field of 1 file.\n")
    assert main(["contract", "suggest"]) == 2
    assert "No source is given" in capsys.readouterr().err
