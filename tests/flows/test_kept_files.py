"""Files of a snapshot: written again where a row changed, hard links where none did, and equal to a rebuild."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from config.contract import load_contract
from tasks.warehouse.manifest import ParentManifest
from tests.builders import Desk, article, assert_equals_rebuild, page
from tests.newsroom import contract_with_described_titles

DAYS = 40
SMALL = {"warehouse": {"rows_per_file": 4}}


def story(day: int, **fields: Any) -> bytes:
    related = [{"title": f"Story {n}", "webUrl": page(n), "images": [{"url": f"/{n}.jpg"}]} for n in (day, day + 1)]
    when = f"2025-{day // 28 + 1:02d}-{day % 28 + 1:02d}T09:00:00Z"
    front = {"title": f"Day {day}", "originalUrl": page(day), "publishedDateTime": when, "related": related}
    return article(**{**front, **fields})


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Forty articles of one year, one a day, in some ten files a table."""
    desk = Desk(tmp_path, SMALL)
    for day in range(DAYS):
        desk.write(f"{day:02d}.md", story(day))
    desk.write("copy.md", story(3, body="Shorter."))
    desk.run()
    return desk


def new_files(desk: Desk, run: Mapping[str, Any] | None = None) -> dict[str, int]:
    """How many files of each table a run writes; the others are links to those of the snapshot before."""
    before = {status.stat().st_ino for status in desk.snapshot.path.rglob("*.parquet")}
    desk.run(**run or {})
    paths = [path for path in desk.snapshot.path.rglob("*.parquet") if path.stat().st_ino not in before]
    tables = [path.relative_to(desk.snapshot.path).parts[0] for path in paths]
    return {table: tables.count(table) for table in sorted(set(tables)) if table != "runs"}


def test_an_edit_writes_the_one_file_in_which_it_lies(desk: Desk) -> None:
    assert len(desk.snapshot.files("articles")) > 5
    desk.write("06.md", story(6, excerpt="Another one."))
    assert new_files(desk) == {"articles": 1, "index": 1, "sources": 1}
    assert_equals_rebuild(desk)


def test_other_related_entries_write_the_file_of_entries_too(desk: Desk) -> None:
    digest = desk.one("articles", "06.md")["related_digest"]
    desk.write("06.md", story(6, related=[{"title": "Only this", "webUrl": page(90)}]))
    assert new_files(desk) == {"articles": 1, "index": 1, "related": 1, "sources": 1}
    assert [row["title"] for row in desk.rows("related")].count("Only this") == 1
    assert desk.one("articles", "06.md")["related_digest"] not in (digest, None)
    assert_equals_rebuild(desk)


def test_a_deleted_article_takes_its_entries_along(desk: Desk) -> None:
    desk.delete("20.md")
    assert {"articles", "related"} <= new_files(desk).keys()
    assert not [
        row for row in desk.rows("related") if row["article_id"] not in {a["article_id"] for a in desk.rows("articles")}
    ]
    assert_equals_rebuild(desk)


def test_a_record_keeps_its_entries_when_it_becomes_a_duplicate_and_an_article_again(desk: Desk) -> None:
    entries = [{name: row[name] for name in ("title", "url", "images")} for row in desk.rows("related")]
    desk.write("better.md", story(8, excerpt="It says more.", body="Much longer.", quality=90))
    desk.run()
    assert [entry["title"] for entry in desk.one("duplicates", "08.md")["related"]] == ["Story 8", "Story 9"]
    assert_equals_rebuild(desk)
    desk.delete("better.md")
    desk.run()
    assert [{name: row[name] for name in ("title", "url", "images")} for row in desk.rows("related")] == entries
    assert_equals_rebuild(desk)


def test_files_before_and_after_a_new_one_are_links_under_other_numbers(desk: Desk) -> None:
    desk.write("000.md", story(60, title="A new first file"))
    found = new_files(desk)
    assert max(found["sources"], found["index"]) < len(desk.snapshot.files("sources")) / 2
    assert_equals_rebuild(desk)


def test_a_new_description_writes_every_file(desk: Desk) -> None:
    contract = contract_with_described_titles(desk.root, "Its headline.")
    desk.write("06.md", story(6, excerpt="Another one."))
    desk.run(contract={"path": str(contract)})
    files = desk.snapshot.files("articles")
    titles = [desk.snapshot.path / file.path for file in files]
    assert {path.stat().st_nlink for path in titles} == {1}


def test_the_index_is_read_with_the_rows_of_sources(desk: Desk) -> None:
    manifest = ParentManifest(desk.snapshot, load_contract()).read(["source_path", "shingles", "status"])
    assert manifest["source_path"].to_pylist() == sorted([*(f"{day:02d}.md" for day in range(DAYS)), "copy.md"])
    assert all(manifest["shingles"].to_pylist())


@pytest.mark.parametrize("seed", range(3))
def test_any_sequence_of_changes_comes_to_the_same_as_a_rebuild(tmp_path: Path, seed: int) -> None:
    chance, desk = random.Random(seed), Desk(tmp_path, SMALL)
    for day in range(24):
        desk.write(f"{day:02d}.md", story(day))
    desk.run()
    for step in range(8):
        for _ in range(chance.randint(1, 3)):
            day, kind = chance.randrange(24), chance.choice(["excerpt", "related", "date", "gone", "copy", "address"])
            if kind == "gone":
                (tmp_path / "news" / f"{day:02d}.md").unlink(missing_ok=True)
                continue
            changes: dict[str, dict[str, Any]] = {
                "excerpt": {"excerpt": f"Step {step}"},
                "related": {"related": [{"title": f"Step {step}", "webUrl": page(step)}] * chance.randint(0, 2)},
                "date": {"publishedDateTime": f"202{chance.randint(4, 6)}-05-0{chance.randint(1, 9)}T09:00:00Z"},
                "copy": {"originalUrl": page(chance.randrange(24)), "quality": chance.randint(1, 99)},
                "address": {"originalUrl": page(100 + step)},
            }
            desk.write(f"{day:02d}.md", story(day, **changes[kind]))
        desk.run(warehouse={"rows_per_file": chance.choice([2, 4, 4, 1_000])})
    assert_equals_rebuild(desk)
