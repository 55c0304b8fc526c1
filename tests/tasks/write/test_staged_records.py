"""Rows of staged batches: any of them, in the order asked for, whatever files they lie in."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from tasks.runs.staging import write_arrow
from tasks.write.records import StagedRecords

SCHEMA = pa.schema([("source", pa.string()), ("source_path", pa.string()), ("topics", pa.list_(pa.string()))])


def staged(folder: Path, *batches: str) -> StagedRecords:
    """Batches whose records are named by the letters of a word each."""
    for number, letters in enumerate(batches):
        (folder / str(number)).mkdir()
        rows = [{"source": "s", "source_path": letter, "topics": [letter]} for letter in letters]
        table = pa.Table.from_pylist(rows, SCHEMA)
        write_arrow(folder / str(number) / "records.arrow", table)
        write_arrow(folder / str(number) / "keys.arrow", table.select(["source", "source_path"]))
    return StagedRecords([folder / str(number) for number in range(len(batches))], SCHEMA)


@pytest.mark.parametrize("numbers", [[], [0], [5], [1, 2], [2, 3], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5]])
def test_rows_come_from_the_batches_that_have_them(tmp_path: Path, numbers: list[int]) -> None:
    records = staged(tmp_path, "abc", "", "d", "ef")
    found = records.rows(pa.array(numbers, pa.int32()))
    assert found.schema.equals(SCHEMA)
    assert found["topics"].to_pylist() == [["abcdef"[number]] for number in numbers]
    assert records.keys["source_path"].to_pylist() == list("abcdef")


def test_rows_stay_when_the_files_go(tmp_path: Path) -> None:
    records = staged(tmp_path, "ab", "cd")
    found = records.rows(pa.array([1, 2], pa.int32()))
    for file in tmp_path.rglob("records.arrow"):
        file.write_bytes(bytes(file.stat().st_size))
    assert found["topics"].to_pylist() == [["b"], ["c"]]


def test_without_batches_there_are_no_rows(tmp_path: Path) -> None:
    records = staged(tmp_path)
    assert len(records.rows(pa.array([], pa.int32()))) == len(records.keys) == 0
