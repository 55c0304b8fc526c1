"""Files of the parent that are opened ahead: the same as opened when they are asked for, or the same error."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tasks.tables import previous
from tasks.write import parent_files, row_groups
from tasks.write.parent_files import ParentFile
from tests.builders import Desk, article, assert_equals_rebuild, page
from tests.tasks.maintain.damage import encode_otherwise


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Articles of two years."""
    desk = Desk(tmp_path)
    for number in range(8):
        desk.write(f"{number}.md", told(number))
    desk.run()
    return desk


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[ParentFile | None]:
    """The files that patches were made of; each is as it would be if it was opened then."""
    given: list[ParentFile | None] = []
    real = parent_files.parent_file

    def spy(path: Path, *about: Any) -> ParentFile | None:
        begun = parent_files._ahead.get(path)
        if begun is not None:
            begun.result()  # Not one that is begun after all.
        given.append(real(path, *about))
        return given[-1]

    monkeypatch.setattr("tasks.write.patches.parent_file", spy)
    return given


def told(number: int, **fields: Any) -> bytes:
    published = f"{2024 + number % 2}-03-0{number + 1}T09:00:00Z"
    front = {"title": f"Story {number}", "originalUrl": page(number), "publishedDateTime": published}
    return article(**{**front, **fields})


def test_what_changed_records_said_is_read_ahead(desk: Desk, asked: list[ParentFile | None]) -> None:
    desk.write("3.md", told(3, excerpt="Another one."))
    desk.run()
    (file,) = asked
    assert file is not None
    # Stories 1, 3, 5 and 7 are of one year, in the order of their days.
    assert {group: list(rows) for group, rows in file.said.items()} == {0: [1]}
    (said,) = file.said[0].values()
    assert said == file.read([0]).take([1]).to_pylist()[0]
    assert parent_files._ahead == {}
    assert_equals_rebuild(desk)


def test_rows_that_nobody_read_ahead_are_read_when_asked_for(desk: Desk) -> None:
    (listed, *_) = desk.snapshot.files("articles")
    path = desk.snapshot.path / listed.path
    file = parent_files.parent_file(path, listed, pq.read_schema(path))
    assert file is not None
    wanted = pq.read_table(path, partitioning=None).to_pylist()
    assert file.rows(0, [0, 2]) == [wanted[0], wanted[2]]
    file.said[0] = {0: {"article_id": "known"}}
    assert file.rows(0, [0]) == [{"article_id": "known"}]
    assert file.rows(0, [0, 2]) == [wanted[0], wanted[2]]


def test_a_run_that_reads_many_files_reads_nothing_ahead(
    desk: Desk, asked: list[ParentFile | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previous, "_FEW", 0)
    desk.write("3.md", told(3, excerpt="Another one."))
    desk.run()
    assert [file and file.said for file in asked] == [{}]
    assert_equals_rebuild(desk)


def test_a_file_that_is_damaged_is_written_anew(desk: Desk, asked: list[ParentFile | None]) -> None:
    (listed, *_) = [file for file in desk.snapshot.files("articles") if "2025" in file.path]
    path = desk.snapshot.path / listed.path
    encode_otherwise(path)
    desk.write("3.md", told(3, excerpt="Another one."))
    desk.run()
    assert asked == [None]
    assert_equals_rebuild(desk)


def test_any_sequence_of_changes_equals_a_rebuild(
    desk: Desk, asked: list[ParentFile | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_groups, "_LEAST", 2)
    rng = random.Random(5)
    for step in range(10):
        for number in rng.sample(range(9), 2):
            path = desk.root / "news" / f"{number}.md"
            kind = rng.choice(["excerpt", "gone", "copy", "moved", "year"])
            if kind == "gone":
                path.unlink(missing_ok=True)
            elif kind == "moved" and path.exists():
                path.rename(path.with_name(f"moved-{step}.md"))
            elif kind == "copy":
                desk.write(f"copy-{number}.md", told(number, excerpt=f"Step {step}"))
            else:
                year = {"publishedDateTime": f"{2023 + step % 3}-05-01T00:00:00Z"} if kind == "year" else {}
                desk.write(f"{number}.md", told(number, excerpt=f"Step {step}", **year))
        desk.run()
        assert_equals_rebuild(desk)
    assert any(file is not None and file.said for file in asked)
