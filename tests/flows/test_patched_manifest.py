"""The table `sources` from run to run: chunks of the last file serve again, and it reads like a rebuild's."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.write import manifest_files, row_groups
from tests.builders import Desk, article, assert_equals_rebuild, page
from tests.newsroom import contract_with_described_titles
from tests.tasks.maintain.damage import encode_otherwise


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row groups of four rows, so that few files have several."""
    monkeypatch.setattr(manifest_files, "GROUP_ROWS", 4)
    monkeypatch.setattr(row_groups, "_LEAST", 2)


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The files that runs have put together, each of which holds what it was asked for."""
    made: list[bytes] = []
    real = manifest_files.patched_manifest

    def spy(donor: Any, before: pa.Table, rows: pa.Table, options: Any) -> list[memoryview] | None:
        pieces = real(donor, before, rows, options)
        if pieces is not None:
            content = b"".join(pieces)
            file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
            assert file.read().equals(rows)
            made.append(content)
        return pieces

    monkeypatch.setattr(manifest_files, "patched_manifest", spy)
    return made


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Twelve articles, whose rows are three row groups."""
    desk = Desk(tmp_path)
    for number in range(12):
        desk.write(f"{number:02d}.md", told(number))
    desk.run()
    return desk


def told(number: int, **fields: Any) -> bytes:
    return article(**{"title": f"Story {number}", "originalUrl": page(number), **fields})


def file_of(desk: Desk) -> Path:
    (file,) = desk.snapshot.files("sources")
    return desk.snapshot.path / file.path


def chunks(path: Path) -> Iterator[tuple[tuple[int, str], bytes]]:
    metadata, content = pq.read_metadata(path), path.read_bytes()
    for group in range(metadata.num_row_groups):
        for column in range(metadata.row_group(group).num_columns):
            found = metadata.row_group(group).column(column)
            start = found.dictionary_page_offset or found.data_page_offset
            yield (group, found.path_in_schema), content[start : start + found.total_compressed_size]


def test_what_stays_is_copied(desk: Desk, patched: list[bytes]) -> None:
    before = dict(chunks(file_of(desk)))
    desk.write("05.md", told(5, excerpt="Another one."))
    desk.run()
    changed = {key for key, content in chunks(file_of(desk)) if before[key] != content}
    assert len(patched) == 1
    assert (1, "source_hash") in changed
    assert changed.isdisjoint({(0, "source_hash"), (1, "source_path"), (1, "article_id"), (2, "run_id")})
    assert_equals_rebuild(desk)


def test_a_file_whose_bytes_are_not_those_published_is_no_donor(desk: Desk, patched: list[bytes]) -> None:
    path = file_of(desk)
    encode_otherwise(path, row_group_size=4)
    desk.write("05.md", told(5, excerpt="Another one."))
    desk.run()
    assert patched == []
    assert_equals_rebuild(desk)


def test_a_new_description_reaches_a_table_whose_rows_stay(desk: Desk, patched: list[bytes]) -> None:
    contract = contract_with_described_titles(desk.root, "What stands above the story.")
    assert desk.run(contract={"path": str(contract)}).snapshot == 2
    assert patched == []


def test_any_sequence_of_changes_equals_a_rebuild(desk: Desk, patched: list[bytes]) -> None:
    rng = random.Random(11)
    for step in range(10):
        for number in rng.sample(range(20), rng.randint(1, 3)):
            name, kind = f"{number:02d}.md", rng.choice(["excerpt", "gone", "copy", "moved", "broken"])
            path = desk.root / "news" / name
            if kind == "gone":
                path.unlink(missing_ok=True)
            elif kind == "moved" and path.exists():
                path.rename(path.with_name(f"moved-{step}-{name}"))
            elif kind == "broken":
                desk.write(name, b"---\ntitle: none\n")
            else:
                desk.write(name if kind == "excerpt" else f"copy-{name}", told(number, excerpt=f"Step {step}"))
        desk.run()
        assert_equals_rebuild(desk)
    assert len(patched) >= 5
