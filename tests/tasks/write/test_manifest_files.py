"""Files of `sources` made of the parent's: whatever changed, they read as if they were written whole."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.tables.donors import Donor
from tasks.tables.parquet import ParquetOptions, parquet_bytes
from tasks.write import manifest_files, row_groups
from tasks.write.manifest_files import patched_manifest

SCHEMA = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_path", pa.string(), nullable=False),
        pa.field("article_id", pa.string()),
        pa.field("shingles", pa.list_(pa.int64())),
        pa.field("similarity", pa.float64()),
        pa.field("seen", pa.int64()),
    ]
)


@pytest.fixture(autouse=True, scope="module")
def small_groups() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_files, "GROUP_ROWS", 4)
        patch.setattr(row_groups, "_LEAST", 2)
        yield


def row(path: int, said: int, seen: int) -> dict[str, object]:
    shingles = [said, said + 1] if said % 3 else []
    similarity = None if said % 2 else said / 10
    told = {"article_id": f"{said:016x}", "shingles": shingles, "similarity": similarity}
    return {"source": "site", "source_path": f"{path:04d}.md", **told, "seen": seen}


def table(files: dict[int, int], seen: int) -> pa.Table:
    return pa.Table.from_pylist([row(path, files[path], seen) for path in sorted(files)], SCHEMA)


def written(rows: pa.Table) -> Donor:
    return Donor(parquet_bytes(rows, ParquetOptions(), group_rows=4), "before")


def patched(before: pa.Table, rows: pa.Table, content: bytes | memoryview | None = None) -> bytes | None:
    donor = written(before) if content is None else Donor(content, "before")
    pieces = patched_manifest(donor, before, rows, ParquetOptions())
    return None if pieces is None else b"".join(pieces)


def chunk(content: bytes | memoryview, group: int, name: str) -> bytes:
    """The bytes of a column chunk."""
    found = pq.read_metadata(pa.BufferReader(content)).row_group(group)
    column = found.column(SCHEMA.names.index(name))
    start = column.dictionary_page_offset or column.data_page_offset
    return bytes(memoryview(content)[start : start + column.total_compressed_size])


def test_only_columns_that_say_something_else_are_encoded_anew() -> None:
    before, rows = table(dict.fromkeys(range(8), 1), 1), table({**dict.fromkeys(range(8), 1), 6: 2}, 1)
    content = patched(before, rows)
    assert content is not None
    old = written(before).file
    assert chunk(content, 0, "article_id") == chunk(old, 0, "article_id")
    assert chunk(content, 1, "source_path") == chunk(old, 1, "source_path")
    assert chunk(content, 1, "article_id") != chunk(old, 1, "article_id")
    assert pq.read_table(pa.BufferReader(content)).equals(rows)


def test_files_that_come_make_one_group_anew_and_the_others_stay() -> None:
    before = table(dict.fromkeys(range(0, 24, 2), 1), 1)
    rows = table(dict.fromkeys([*range(0, 24, 2), 9], 1), 1)
    content = patched(before, rows)
    assert content is not None
    metadata = pq.read_metadata(pa.BufferReader(content))
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [4, 4, 1, 4]
    assert pq.read_table(pa.BufferReader(content)).equals(rows)


def test_other_rows_are_no_patch() -> None:
    assert patched(table({1: 1, 2: 1}, 1), table({3: 1, 4: 1}, 1)) is None


def test_a_file_with_other_rows_than_the_manifest_is_no_donor() -> None:
    before = table(dict.fromkeys(range(8), 1), 1)
    assert patched_manifest(written(before), before.slice(1), before, ParquetOptions()) is None


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.integers(0, 30), st.integers(0, 4), max_size=20),
    st.lists(st.dictionaries(st.integers(0, 30), st.none() | st.integers(0, 4), max_size=5), min_size=1, max_size=4),
)
def test_any_generations_read_as_if_written_whole(files: dict[int, int], changes: list[dict[int, int | None]]) -> None:
    before = table(files, 0)
    content: bytes | memoryview = written(before).file
    for seen, change in enumerate(changes, 1):
        files = {path: said for path, said in {**files, **change}.items() if said is not None}
        rows = table(files, seen)
        new = patched(before, rows, content)
        content = written(rows).file if new is None else new
        before = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True).read()
        assert before.equals(rows)
        assert before.schema.equals(rows.schema)
