"""Files of `articles` in which few records changed: copied but for what changed, and equal to a rebuild."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tasks.tables.parquet import ParquetOptions
from tasks.tables.splice import splice
from tasks.write import patches, publish, row_groups
from tests.builders import Desk, article, assert_equals_rebuild, page
from tests.newsroom import contract_with_described_titles
from tests.tasks.maintain.damage import encode_otherwise

MARCH = "2025-03-{:02d}T09:00:00Z"


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row groups of four rows, so that few articles have several."""
    monkeypatch.setattr(publish, "ParquetOptions", partial(ParquetOptions, row_group_rows=4))
    monkeypatch.setattr(row_groups, "_LEAST", 2)


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What runs have put together from parts of other files."""
    made: list[object] = []
    real = splice

    def spy(*arguments: Any) -> Any:
        made.append(real(*arguments))
        return made[-1]

    monkeypatch.setattr(patches, "splice", spy)
    return made


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Twelve articles of one year, one a day, in three row groups."""
    desk = Desk(tmp_path)
    for day in range(1, 13):
        desk.write(f"{day:02d}.md", told(day))
    desk.run()
    return desk


def told(day: int, **fields: Any) -> bytes:
    related = [{"title": f"Story {n}", "webUrl": page(n)} for n in (day, day + 1)]
    front = {"title": f"Day {day}", "originalUrl": page(day), "publishedDateTime": MARCH.format(day)}
    return article(**{**front, "related": related, **fields})


def file_of(desk: Desk, table: str = "articles") -> Path:
    (file,) = [file for file in desk.snapshot.files(table) if file.rows]
    return desk.snapshot.path / file.path


def chunks(path: Path) -> Iterator[tuple[int, str, bytes]]:
    """Row group, column and bytes of every chunk of a file."""
    metadata, content = pq.read_metadata(path), path.read_bytes()
    for group in range(metadata.num_row_groups):
        for column in range(metadata.row_group(group).num_columns):
            found = metadata.row_group(group).column(column)
            start = found.dictionary_page_offset or found.data_page_offset
            yield group, found.path_in_schema, content[start : start + found.total_compressed_size]


def encoded_anew(before: Path, after: Path) -> dict[int, set[str]]:
    """Columns by row group whose bytes are not those of the other file."""
    old, changed = {(group, name): content for group, name, content in chunks(before)}, dict[int, set[str]]()
    for group, name, content in chunks(after):
        if old.get((group, name)) != content:
            changed.setdefault(group, set()).add(name.partition(".")[0])
    return changed


def test_only_columns_that_say_something_else_are_encoded_anew(desk: Desk) -> None:
    before = file_of(desk)
    desk.write("06.md", told(6, excerpt="Another one."))
    desk.run()
    changed = encoded_anew(before, file_of(desk))
    assert changed == {1: {"excerpt", "source_hash", "loaded_at", "run_id"}}
    assert_equals_rebuild(desk)


def test_files_of_related_and_duplicates_stay_where_their_rows_do(desk: Desk) -> None:
    desk.write("copy.md", told(3))
    desk.run()
    before = [file_of(desk, table) for table in ("related", "duplicates")]
    desk.write("06.md", told(6, excerpt="Another one."))
    desk.run()
    assert all(old.samefile(file_of(desk, table)) for old, table in zip(before, ("related", "duplicates"), strict=True))
    assert_equals_rebuild(desk)


def test_other_related_entries_reach_both_tables(desk: Desk) -> None:
    before = file_of(desk)
    desk.write("06.md", told(6, related=[{"title": "Only this", "webUrl": page(90)}]))
    desk.run()
    assert "related" in encoded_anew(before, file_of(desk))[1]
    assert [row["title"] for row in desk.rows("related")].count("Only this") == 1
    assert_equals_rebuild(desk)


def test_an_article_between_others_makes_its_group_anew(desk: Desk) -> None:
    before = file_of(desk)
    desk.write("new.md", told(60, title="Between", publishedDateTime=MARCH.format(6)))
    desk.run()
    changed = encoded_anew(before, file_of(desk))
    assert 0 not in changed
    assert "article_id" in changed[1]
    assert_equals_rebuild(desk)


def test_an_article_that_goes_leaves_the_other_groups(desk: Desk) -> None:
    before = file_of(desk)
    desk.delete("06.md")
    desk.run()
    assert 0 not in encoded_anew(before, file_of(desk))
    assert_equals_rebuild(desk)


def test_what_is_known_of_an_article_changes_without_its_file(desk: Desk) -> None:
    before = file_of(desk)
    desk.write("copy.md", told(6, title="A copy", publishedDateTime=MARCH.format(7), quality=None))
    desk.run()
    changed = encoded_anew(before, file_of(desk))
    assert "copies" in changed[1]
    assert "body" not in changed[1]
    assert_equals_rebuild(desk)


def test_a_year_that_loses_all_its_articles_or_gets_its_first(desk: Desk) -> None:
    desk.write("old.md", told(70, publishedDateTime="2019-01-01T00:00:00Z"))
    desk.run()
    desk.delete("old.md")
    desk.run()
    assert_equals_rebuild(desk)


def test_a_file_whose_bytes_are_not_those_published_is_no_donor(desk: Desk, patched: list[object]) -> None:
    path = file_of(desk)
    encode_otherwise(path, row_group_size=4)
    desk.write("06.md", told(6, excerpt="Another one."))
    desk.run()
    assert patched == []
    assert_equals_rebuild(desk)


def test_a_new_description_reaches_files_whose_rows_stay(desk: Desk, patched: list[object]) -> None:
    contract = contract_with_described_titles(desk.root, "What stands above the story.")
    desk.run(contract={"path": str(contract)})
    described = pq.read_schema(file_of(desk)).field("title").metadata[b"description"]
    assert described == b"What stands above the story."
    assert patched == []


def test_any_sequence_of_changes_equals_a_rebuild(desk: Desk, patched: list[object]) -> None:
    rng = random.Random(7)
    for step in range(14):
        for day in rng.sample(range(1, 20), rng.randint(1, 3)):
            name = f"{day:02d}.md"
            kind = rng.choice(["excerpt", "related", "date", "gone", "copy", "address"])
            if kind == "gone":
                (desk.root / "news" / name).unlink(missing_ok=True)
            elif kind == "copy":
                desk.write(f"copy-{day}.md", told(day, excerpt=f"Step {step}"))
            else:
                changes: dict[str, dict[str, Any]] = {
                    "excerpt": {"excerpt": f"Step {step}"},
                    "related": {"related": [{"title": f"Step {step}", "webUrl": page(step)}]},
                    "date": {"publishedDateTime": MARCH.format(rng.randint(1, 28))},
                    "address": {"originalUrl": page(100 + step)},
                }
                desk.write(name, told(day, **changes[kind]))
        desk.run()
        assert_equals_rebuild(desk)
    assert len(patched) >= 7
