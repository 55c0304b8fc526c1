"""Parts hold what they may, and are not cut anew without need."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.write.parts import FULL, fills, next_cuts


def part_of(position: int, cuts: tuple[int, ...]) -> int:
    return sum(cut <= position for cut in cuts)


def counts(at: list[int], cuts: tuple[int, ...]) -> list[int]:
    """Records in each part that has any."""
    return [count for _, count in sorted(Counter(part_of(position, cuts) for position in at).items())]


def cut(at: list[int], max_rows: int, before: tuple[int, ...] = ()) -> tuple[int, ...]:
    return next_cuts(pa.array(at, pa.int64()), fills(pa.chunked_array([[1] * len(at)]), max_rows), before)


def test_a_record_takes_its_bytes_or_its_share_of_the_rows() -> None:
    assert fills(pa.chunked_array([[5, FULL]]), 4).to_pylist() == [FULL // 4, FULL]


def test_what_fits_is_not_cut() -> None:
    assert cut(list(range(8)), 8) == ()


def test_pieces_are_about_equal() -> None:
    assert counts(list(range(1_000)), cut(list(range(1_000)), 300)) == [250, 250, 250, 250]


def test_records_need_no_order() -> None:
    assert cut([5, 1, 3, 2, 4], 4) == cut([1, 2, 3, 4, 5], 4)


def test_records_at_one_position_stay_together() -> None:
    at = [1, 2, *[3] * 9, 4]
    assert counts(at, cut(at, 4)) == [2, 9, 1]
    assert cut([7] * 20, 4) == ()


def test_one_huge_record_has_a_part_of_its_own() -> None:
    sizes = pa.chunked_array([[10, 10, 3 * FULL, 10, 10]])
    cuts = next_cuts(pa.array(range(5), pa.int64()), fills(sizes, 50_000), ())
    assert cuts == (2, 3)


def test_only_the_part_that_is_too_full_is_split() -> None:
    before = cut(list(range(0, 160, 10)), 8)
    more = [*range(0, 160, 10), *range(161, 166)]
    after = cut(more, 8, before)
    assert set(after) > set(before)
    assert min(set(after) - set(before)) > max(before)


def test_parts_are_joined_when_together_they_fill_half_a_part() -> None:
    before = cut(list(range(32)), 8)
    assert cut(list(range(0, 32, 2)), 8, before) == before
    assert counts(list(range(0, 32, 8)), cut(list(range(0, 32, 8)), 8, before)) == [4]


def test_a_cut_stays_though_its_record_is_gone() -> None:
    assert cut([1, 2, 3, 4, 11, 12, 13, 14], 4, (10,)) == (10,)
    # All records lie behind the cut: they need not move.
    assert cut([11, 12, 13, 14], 4, (10,)) == (10,)
    assert cut([11, 12, 13, 14], 4, (5, 10)) == (10,)


def test_a_cut_behind_all_records_goes() -> None:
    assert cut([1, 2, 3, 4], 4, (10,)) == ()


def test_of_cuts_with_nothing_between_the_later_one_stays() -> None:
    assert cut([1, 2, 3, 4, 11, 12, 13, 14], 4, (6, 9)) == (9,)


@pytest.mark.parametrize("max_rows", [1, 2, 7])
@given(at=st.lists(st.integers(0, 60), min_size=1, max_size=80), before=st.sets(st.integers(0, 60), max_size=6))
def test_parts_hold_what_they_may_and_then_stay(max_rows: int, at: list[int], before: set[int]) -> None:
    cuts = cut(at, max_rows, tuple(sorted(before)))
    assert list(cuts) == sorted(set(cuts))
    alone = max(Counter(at).values())
    assert all(count <= max(max_rows, alone) for count in counts(at, cuts))
    assert cut(at, max_rows, cuts) == cuts
