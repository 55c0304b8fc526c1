"""Rows are taken out of a table in pieces as out of one in one piece."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.tables.columns import rows_at

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


def test_columns_need_not_have_the_same_pieces() -> None:
    table = in_pieces(0, 4).set_column(1, "text", in_pieces(0, 9)["text"])
    assert rows_at(table, pa.array([11, 3, 8, 3])).to_pylist() == TABLE.take([11, 3, 8, 3]).to_pylist()
