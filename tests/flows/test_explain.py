"""`presslake explain`: a file by its path, its URL or its id, with its story and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.cli import main
from tests.builders import Desk, article

TEXT = "The night ferry came back to the bay on Sunday after four years of repairs and two broken promises."


def story(outlet: str, day: int, title: str = "Night ferry returns to Merrow Bay") -> bytes:
    fields = {"excerpt": TEXT, "type": "article", "category": "news"}
    return article(
        title, originalUrl=f"https://www.{outlet}/ferry", publishedDateTime=f"2026-03-0{day}T08:00:00Z", **fields
    )


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    desk = Desk(tmp_path_factory.mktemp("explain"))
    desk.write("_news/a.md", story("tides.example", 2))
    desk.write("_news/b.md", story("wire.example", 3, "Night ferry returns to Merrow Bay at last"))
    desk.write("_news/broken.md", b"---\nexcerpt: Half of it\n---\n")
    desk.run()
    return desk.warehouse.root


def explained(warehouse: Path, subject: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["explain", subject, "--warehouse", str(warehouse)]) == 0
    return capsys.readouterr().out


def test_a_story_names_its_records_and_why_they_are_one(warehouse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = explained(warehouse, "_news/b.md", capsys)
    assert "2 records, 2 outlets" in text
    assert "first       2026-03-02 08:00 UTC by tides.example" in text
    assert "syndicated of news:_news/" in text
    assert "rule: alike" in text
    assert "at last" in text


@pytest.mark.parametrize(
    "subject",
    [
        *("_news/a.md", "a.md", "news:_news/a.md", "/data/content/_news/a.md", "content/_news/a.md:2:1"),
        "http://tides.example/ferry?utm_source=mail",
    ],
)
def test_a_file_is_found_by_its_path_and_its_url(
    warehouse: Path, subject: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explained(warehouse, subject, capsys).startswith("news:_news/a.md\n")


def test_a_file_is_found_by_its_id(warehouse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "a.md", "--warehouse", str(warehouse), "--json"]) == 0
    [file] = json.loads(capsys.readouterr().out)["files"]
    assert explained(warehouse, file["article_id"], capsys).startswith("news:_news/a.md\n")


def test_a_quarantined_file_has_its_findings_with_their_lines(
    warehouse: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = explained(warehouse, "broken.md", capsys)
    assert "status      quarantined" in text
    assert "[field/missing]" in text


def test_what_nobody_knows_is_said_to_be_unknown(warehouse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "nowhere.md", "--warehouse", str(warehouse)]) == 2
    assert "nowhere.md" in capsys.readouterr().err
