"""The list of snapshots, and the names by which people mean one."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import UsageError, WarehouseError
from tasks.maintain.history import named_snapshot, read_history, read_infos, unshared_bytes
from tasks.warehouse.warehouse import Warehouse
from tasks.write.upkeep import move_pointer, remove_snapshot
from tests.builders import Desk, article, page
from tests.tasks.maintain.damage import overwrite, relist


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Three snapshots: two articles, one more, one changed."""
    desk = Desk(tmp_path)
    desk.write("ferry.md", article("Ferry", originalUrl=page(1)))
    desk.write("tram.md", article("Tram", originalUrl=page(2), publishedDateTime="2024-05-01T08:00:00Z"))
    desk.run()
    desk.write("bus.md", article("Bus", originalUrl=page(3)))
    desk.run()
    desk.write("bus.md", article("Busses", originalUrl=page(3)))
    desk.run()
    return desk


def test_each_says_what_changed_and_what_it_cost(desk: Desk) -> None:
    newest, middle, first = read_history(desk.warehouse).snapshots
    assert [entry.number for entry in (newest, middle, first)] == [3, 2, 1]
    assert [entry.current for entry in (newest, middle, first)] == [True, False, False]
    assert first.changes is not None and newest.changes is not None
    assert (first.changes.new, newest.changes.new, newest.changes.changed) == (2, 0, 1)
    assert (first.rows["articles"], newest.rows["articles"]) == (2, 3)
    assert first.new_bytes == first.bytes
    kept = {file for file in desk.snapshot.info.files if "2024" in file.partition}
    assert newest.new_bytes is not None
    assert 0 < newest.new_bytes <= newest.bytes - sum(file.bytes for file in kept)


def test_new_bytes_are_unknown_once_the_parent_is_gone(desk: Desk) -> None:
    remove_snapshot(desk.warehouse, 1)
    assert [entry.new_bytes is None for entry in read_history(desk.warehouse).snapshots] == [False, True]


def test_a_damaged_one_is_named_and_stops_nothing(desk: Desk) -> None:
    overwrite(desk.warehouse.snapshot(2).path / "snapshot.json", b"{")
    history = read_history(desk.warehouse)
    assert [entry.number for entry in history.snapshots] == [3, 1]
    assert "000002" in history.damaged[0]


def test_one_that_does_not_say_what_changed_is_listed_all_the_same(desk: Desk) -> None:
    relist(desk.warehouse.snapshot(1), summary={})
    relist(desk.warehouse.snapshot(2), summary={"files": "many"})
    assert [entry.changes is None for entry in read_history(desk.warehouse).snapshots] == [False, True, True]


def test_removing_gives_back_what_no_other_has(desk: Desk) -> None:
    infos = read_infos(desk.warehouse).infos
    assert unshared_bytes(infos, []) > unshared_bytes(infos[:1], infos[1:]) > 0
    assert unshared_bytes(infos[:1], infos[:1]) == 0


@pytest.mark.parametrize(("name", "number"), [("2", 2), ("current", 3), ("previous", 2)])
def test_names(desk: Desk, name: str, number: int) -> None:
    assert named_snapshot(desk.warehouse, name).number == number


def test_previous_is_the_parent_also_on_a_branch(desk: Desk) -> None:
    move_pointer(desk.warehouse, 1)
    desk.run()
    assert (desk.snapshot.number, named_snapshot(desk.warehouse, "previous").number) == (4, 1)
    remove_snapshot(desk.warehouse, 1)
    assert named_snapshot(desk.warehouse, "previous").number == 3


def test_names_of_nothing(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="`newest` names no snapshot"):
        named_snapshot(desk.warehouse, "newest")
    with pytest.raises(WarehouseError, match="no snapshot 9"):
        named_snapshot(desk.warehouse, "9")
    with pytest.raises(WarehouseError, match="Nothing is published"):
        named_snapshot(Warehouse(tmp_path / "new"), "current")
    move_pointer(desk.warehouse, 1)
    with pytest.raises(WarehouseError, match="no snapshot before 1"):
        named_snapshot(desk.warehouse, "previous")
