"""Columns as single arrays, and rows told by their numbers."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tasks.tables.columns import is_numbered, whole


def test_a_column_in_one_piece_is_not_copied() -> None:
    column = pa.chunked_array([["a", "b"]])
    assert whole(column).buffers()[2].address == column.chunk(0).buffers()[2].address
    assert whole(pa.chunked_array([["a"], ["b"]])).to_pylist() == ["a", "b"]


@pytest.mark.parametrize(
    ("count", "numbers", "wanted"),
    [
        (0, [], []),
        (3, [], [False, False, False]),
        (3, [2, None, 0], [True, False, True]),
        (2, [0, 1], [True, True]),
    ],
)
@pytest.mark.parametrize("kind", [pa.int32(), pa.int64()], ids=str)
def test_rows_among_numbers(count: int, numbers: list[int | None], wanted: list[bool], kind: pa.DataType) -> None:
    assert is_numbered(count, pa.array(numbers, kind)).to_pylist() == wanted
