"""Which row groups of a parent's file serve again: kept, patched, or replaced by groups of other rows."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pytest

from tasks.write import row_groups
from tasks.write.row_groups import Piece, pieces


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_groups, "_LEAST", 2)
    monkeypatch.setattr(row_groups, "_MOST_TOUCHED", 2)


def cut(was_at: Sequence[int | None], bounds: Sequence[int], touched: Sequence[int] = ()) -> list[Piece]:
    mask = pa.array([row in touched for row in range(len(was_at))], pa.bool_())
    return pieces(pa.array(was_at, pa.int64()), mask, bounds)


def test_groups_with_the_same_rows_are_found_again() -> None:
    assert cut(range(6), [0, 3, 6]) == [Piece(0, 3, 0), Piece(3, 6, 1)]


def test_touched_rows_are_those_of_their_group() -> None:
    assert cut(range(6), [0, 3, 6], touched=[1, 5]) == [Piece(0, 3, 0, (1,)), Piece(3, 6, 1, (5,))]


def test_a_group_that_lost_a_row_is_made_anew_and_the_others_stay() -> None:
    assert cut([0, 1, 2, 3, 4, 6, 7, 8], [0, 3, 6, 9]) == [Piece(0, 3, 0), Piece(3, 5), Piece(5, 8, 2)]


def test_new_rows_between_groups_make_one_of_their_own() -> None:
    assert cut([0, 1, None, None, 2, 3], [0, 2, 4]) == [Piece(0, 2, 0), Piece(2, 4), Piece(4, 6, 1)]


def test_new_rows_within_a_group_take_all_of_it() -> None:
    assert cut([0, None, 1, 2, 3], [0, 2, 4]) == [Piece(0, 3), Piece(3, 5, 1)]


def test_rows_that_changed_places_do_not_count_as_the_same_group() -> None:
    assert cut([1, 0, 2, 3], [0, 2, 4]) == [Piece(0, 2), Piece(2, 4, 1)]


def test_a_group_that_moved_before_another_one_is_made_anew() -> None:
    assert cut([2, 3, 0, 1], [0, 2, 4]) == [Piece(0, 2), Piece(2, 4, 0)]


def test_few_rows_take_a_neighbour_so_that_files_do_not_crumble() -> None:
    assert cut([0, 1, 2, None, 3, 4], [0, 3, 5]) == [Piece(0, 3, 0), Piece(3, 6)]


def test_where_much_is_touched_all_of_the_group_is_made_anew() -> None:
    assert cut(range(6), [0, 3, 6], touched=[0, 1, 2]) == [Piece(0, 3), Piece(3, 6, 1)]


def test_empty_groups_and_files_give_no_piece() -> None:
    assert cut(range(2), [0, 2, 2]) == [Piece(0, 2, 0)]
    assert cut([], [0, 2]) == []
    assert cut([None, None], [0]) == [Piece(0, 2)]
