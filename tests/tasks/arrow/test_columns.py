"""Columns as single arrays, rows out of tables in pieces, and rows told by their numbers."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.contract_types import TIMESTAMP
from tasks.arrow.columns import is_numbered, period_starts, rows_at, whole

TABLE = pa.table({"number": range(12), "text": [None if n % 5 == 0 else f"text {n}" for n in range(12)]})


def in_pieces(*bounds: int) -> pa.Table:
    """The table with chunks that begin at some rows."""
    stops = [*bounds[1:], len(TABLE)]
    copies = [TABLE.slice(start, stop - start).to_pylist() for start, stop in zip(bounds, stops, strict=True)]
    return pa.concat_tables([pa.Table.from_pylist(rows, TABLE.schema) for rows in copies])


@pytest.mark.parametrize("bounds", [(0,), (0, 5), (0, 1, 1, 7, 11)])
@given(numbers=st.lists(st.integers(0, len(TABLE) - 1)))
def test_rows_come_in_the_order_of_their_numbers(bounds: tuple[int, ...], numbers: list[int]) -> None:
    wanted = pa.array(numbers, pa.int64())
    assert rows_at(in_pieces(*bounds), wanted).to_pylist() == TABLE.take(wanted).to_pylist()


def test_periods_start_in_utc() -> None:
    times = [datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), datetime(2024, 2, 29, 12, 30, 1, 5, UTC), None]
    starts = {unit: period_starts(pa.chunked_array([times], TIMESTAMP), unit) for unit in ("year", "month", "second")}
    assert {starts[unit].type for unit in starts} == {pa.timestamp("us")}
    assert starts["year"].to_pylist() == [datetime(1969, 1, 1), datetime(2024, 1, 1), None]
    assert starts["month"].to_pylist() == [datetime(1969, 12, 1), datetime(2024, 2, 1), None]
    assert starts["second"].cast(pa.int64()).to_pylist() == [-1_000_000, 1_709_209_801_000_000, None]


def test_columns_need_not_have_the_same_pieces() -> None:
    table = in_pieces(0, 4).set_column(1, "text", in_pieces(0, 9)["text"])
    assert rows_at(table, pa.array([11, 3, 8, 3])).to_pylist() == TABLE.take([11, 3, 8, 3]).to_pylist()


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
