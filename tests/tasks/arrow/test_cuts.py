"""Where sorted rows are cut into parts."""

from __future__ import annotations

import zlib
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.arrow.cuts import MOST_FILES, NEVER, part_starts, rows_in_part


def checksum(row: int) -> int:
    return zlib.crc32(str(row).encode())


def starts(rows: list[int], most: int, weight: int = 1, never: frozenset[int] = frozenset()) -> list[int]:
    def hashes(start: int, stop: int) -> list[int]:
        return [NEVER if row in never else checksum(row) for row in rows[start:stop]]

    return part_starts(pa.array([weight] * len(rows), pa.int64()), most, hashes)


@given(st.integers(0, 400), st.integers(2, 60))
def test_parts_are_more_than_half_full_but_for_the_last(count: int, most: int) -> None:
    found = [*starts(list(range(count)), most), count]
    sizes = [stop - start for start, stop in pairwise(found)]
    assert sum(sizes) == count
    assert all(most // 2 <= size <= most for size in sizes[:-1])
    assert all(size <= most for size in sizes)


@given(st.integers(0, 599), st.integers(0, 599))
def test_only_the_parts_around_a_change_are_others(gone: int, came: int) -> None:
    all_rows = list(range(600))
    before, after = ([row for row in all_rows if row != out] for out in (came, gone))
    cuts = [{rows[start] for start in starts(rows, 40)} for rows in (before, after)]
    assert len(cuts[0] ^ cuts[1]) <= 12


def test_a_heavy_row_has_a_part_to_itself() -> None:
    weights = pa.array([1, 1, 50, 1, 1], pa.int64())
    assert part_starts(weights, 10, lambda start, stop: [checksum(row) for row in range(start, stop)]) == [0, 2, 3]


def test_no_part_starts_where_none_may() -> None:
    rows = list(range(100))
    assert starts(rows, 10, never=frozenset(rows)) == [0]
    assert 50 <= starts(rows, 10, never=frozenset(range(50)))[1] < 60


@pytest.mark.parametrize(("rows", "most"), [(0, 12), (9 * MOST_FILES, 12), (9 * MOST_FILES + 1, 24), (10**6, 6144)])
def test_files_get_larger_when_there_would_be_too_many(rows: int, most: int) -> None:
    assert rows_in_part(rows, 9) == most
