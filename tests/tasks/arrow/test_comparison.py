"""Columns of every kind of type are compared as Python would compare their values."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.arrow.comparison import rows_differ

PICTURE = pa.struct([("url", pa.string()), ("sizes", pa.list_(pa.int32()))])


@pytest.mark.parametrize(
    ("kind", "old", "new", "differs"),
    [
        (pa.string(), ["a", "a", None, None, ""], ["a", "b", None, "a", None], [False, True, False, True, True]),
        (pa.list_(pa.string()), [["a"], ["a"], [], None], [["a"], ["a", "b"], [], []], [False, True, False, True]),
        (pa.list_(pa.int32()), [[1, 2], [1, None], [3]], [[2, 1], [1, None], [3]], [True, False, False]),
        (PICTURE, [{"url": "a", "sizes": [1]}, None], [{"url": "a", "sizes": [2]}, None], [True, False]),
        (pa.list_(PICTURE), [[{"url": "a", "sizes": []}]], [[{"url": None, "sizes": []}]], [True]),
    ],
)
def test_where_values_differ(kind: pa.DataType, old: list[Any], new: list[Any], differs: list[bool]) -> None:
    assert rows_differ(pa.array(old, kind), pa.array(new, kind)).to_pylist() == differs


def test_another_type_is_compared_by_value() -> None:
    assert rows_differ(pa.array([1, 2], pa.int16()), pa.array([1, 3], pa.int32())).to_pylist() == [False, True]


def test_a_type_that_nothing_can_be_cast_to_differs_wherever_there_is_a_value() -> None:
    assert rows_differ(pa.array(["a", None]), pa.array([1, None], pa.int32())).to_pylist() == [True, False]


ROWS = st.lists(
    st.none() | st.lists(st.none() | st.fixed_dictionaries({"a": st.none() | st.integers(0, 1)}), max_size=3),
    max_size=6,
)


@given(st.data())
def test_nested_values_compare_like_python_values(data: st.DataObject) -> None:
    kind = pa.list_(pa.struct([("a", pa.int32())]))
    old, new = data.draw(ROWS), data.draw(ROWS)
    size = min(len(old), len(new))
    # Slices: offsets that do not start at 0 are where list arithmetic goes wrong.
    before, after = pa.array([None, *old], kind).slice(1, size), pa.array([[{"a": 1}], *new], kind).slice(1, size)
    assert rows_differ(before, after).to_pylist() == [a != b for a, b in zip(old, new, strict=False)]
