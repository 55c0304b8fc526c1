"""Clearing up, going back and forgetting, with whatever is found in the way."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from config.errors import WarehouseError
from tasks.warehouse import durable, pointer
from tasks.warehouse.verify import verify_files
from tasks.warehouse.warehouse import Snapshot, Warehouse
from tasks.write import upkeep
from tasks.write.snapshot import SnapshotBuilder
from tasks.write.upkeep import clear_staging, move_pointer, remove_snapshot, settle


def publish(warehouse: Warehouse) -> Snapshot:
    parent = warehouse.current()
    builder = SnapshotBuilder(warehouse, parent, "run")
    if parent:
        builder.keep(parent.files("articles")[0])
    else:
        builder.add("articles", "", "part-0.parquet", pa.table({"article_id": ["a"]}))
    return builder.publish("3", "0.1.0")


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    made = Warehouse(tmp_path / "warehouse", durable=False)
    made.create()
    for _ in range(3):
        publish(made)
    return made


def test_clearing_removes_all_but_finished_batches_and_what_is_to_be_kept(warehouse: Warehouse, tmp_path: Path) -> None:
    staging, outside = warehouse.staging_path, tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("stays")
    for name in ("batches", "mine", "dead/snapshot/articles"):
        (staging / name).mkdir(parents=True)
    (staging / "a file of an older layout").write_text("x")
    (staging / "link").symlink_to(outside)
    (staging / "broken").symlink_to("nowhere")
    cleared = clear_staging(warehouse, keep=["mine"])
    assert cleared == (["a file of an older layout", "broken", "dead", "link"], [])
    assert sorted(path.name for path in staging.iterdir()) == ["batches", "mine"]
    assert (outside / "precious").read_text() == "stays"


def test_what_cannot_be_removed_is_reported_and_stops_nothing(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    (warehouse.staging_path / "busy").mkdir()
    (warehouse.staging_path / "idle").mkdir()
    really = durable.remove_tree

    def refuse_busy(path: Path) -> None:
        if path.name == "busy":
            raise OSError("busy")
        really(path)

    monkeypatch.setattr(upkeep, "remove_tree", refuse_busy)
    assert clear_staging(warehouse) == (["idle"], ["busy"])


def test_an_announced_snapshot_is_undone_and_its_number_free(warehouse: Warehouse) -> None:
    pointer.announce(warehouse.root, 4, durable=False)
    (warehouse.root / pointer.folder_name(4)).mkdir()
    assert settle(warehouse) == 4
    assert settle(warehouse) is None
    assert publish(warehouse).number == 4


def test_newer_snapshots_after_a_rollback_are_not_taken_for_remains(warehouse: Warehouse) -> None:
    move_pointer(warehouse, 1)
    clear_staging(warehouse)
    assert warehouse.snapshots() == [1, 2, 3]
    move_pointer(warehouse, 3)
    current = warehouse.current()
    assert current is not None and current.number == 3


def test_a_killed_rollback_loses_nothing(warehouse: Warehouse) -> None:
    (warehouse.root / "current.move").symlink_to("snapshots/000001")
    clear_staging(warehouse)
    assert warehouse.snapshots() == [1, 2, 3]
    assert not (warehouse.root / "current.move").is_symlink()


def test_a_copy_that_holds_the_announcement_of_the_current_snapshot_keeps_it(warehouse: Warehouse) -> None:
    pointer.announce(warehouse.root, 3, durable=False)
    assert settle(warehouse) is None
    assert warehouse.snapshots() == [1, 2, 3]
    assert pointer.announced(warehouse.root) is None


def test_a_lost_pointer_is_mended_by_pointing_to_a_snapshot(warehouse: Warehouse) -> None:
    (warehouse.root / "current").unlink()
    move_pointer(warehouse, 3)
    current = warehouse.current()
    assert current is not None and current.number == 3


def test_the_pointer_does_not_move_to_what_is_not_there_or_damaged(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match=r"no snapshot 9 .*There are: 1, 2, 3"):
        move_pointer(warehouse, 9)
    info = warehouse.snapshot(2).path / "snapshot.json"
    info.chmod(0o644)
    info.write_bytes(b"{")
    with pytest.raises(WarehouseError, match="damaged"):
        move_pointer(warehouse, 2)
    current = warehouse.current()
    assert current is not None and current.number == 3


def test_forgetting_a_snapshot_leaves_the_files_that_others_share(warehouse: Warehouse) -> None:
    remove_snapshot(warehouse, 1)
    assert warehouse.snapshots() == [2, 3]
    assert verify_files(warehouse.snapshot(3)) == []
    assert list(warehouse.staging_path.iterdir()) == []


def test_the_current_and_the_newest_snapshot_stay(warehouse: Warehouse) -> None:
    move_pointer(warehouse, 2)
    for number in (2, 3):
        with pytest.raises(WarehouseError, match="has to stay"):
            remove_snapshot(warehouse, number)
    with pytest.raises(WarehouseError, match="no snapshot 9"):
        remove_snapshot(warehouse, 9)
    assert warehouse.snapshots() == [1, 2, 3]
