"""What changes a warehouse besides publishing: clearing up, going back, and forgetting snapshots.

Belongs here: undoing an interrupted publishing, clearing `staging`, moving the pointer, and removing
single snapshots. All of it expects its caller to hold the warehouse's lock.
Does not belong here: building and publishing (`tasks.write.snapshot`), and deciding how many
snapshots to keep.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from config.errors import WarehouseError
from tasks.warehouse import pointer
from tasks.warehouse.durable import remove_tree, storage_errors, sync_folder
from tasks.warehouse.faults import reach
from tasks.warehouse.warehouse import BATCHES, Warehouse


class Cleared(NamedTuple):
    """What `clear_staging` did: names under `staging` that it removed, and that it could not."""

    removed: list[str]
    left: list[str]


def settle(warehouse: Warehouse) -> int | None:
    """Undo a publishing that was interrupted before its pointer swap.

    The snapshot that was announced and never named by the pointer goes back to `staging` and is
    removed; its number is free again, since no reader can have resolved it. Can itself be
    interrupted anywhere and called again.

    Returns:
        The number of the snapshot that was undone; None where there was none.

    Raises:
        WarehouseError: the file system refused.
    """
    number = pointer.announced(warehouse.root)
    # A copy of a warehouse, made file by file while a run published, can hold both.
    if number == pointer.pointed(warehouse.root):
        number = None
    with storage_errors(f"undo the interrupted publishing in {warehouse.root}"):
        if number is not None:
            reach("settle.before-discard")
            _discard(warehouse, number)
        reach("settle.before-withdraw")
        pointer.withdraw(warehouse.root, warehouse.durable)
    return number


def clear_staging(warehouse: Warehouse, keep: Collection[str] = ()) -> Cleared:
    """Remove all that interrupted runs left: announced snapshots and everything in `staging`.

    Finished batches (`staging/batches`) stay. What cannot be removed is reported and stays too:
    no reader looks there, and the next run tries again.

    Args:
        warehouse: its lock is held, so no other run is alive.
        keep: ids of runs whose folders stay: the caller's own.

    Raises:
        WarehouseError: `staging` cannot be listed, or an announced snapshot not be undone.
    """
    settle(warehouse)
    cleared = Cleared([], [])
    with storage_errors(f"list {warehouse.staging_path}"):
        entries = sorted(warehouse.staging_path.iterdir())
    for entry in entries:
        if entry.name in keep or (entry.name == BATCHES and entry.is_dir()):
            continue
        try:
            reach("clear.before-remove")
            remove_tree(entry)
        except OSError:
            cleared.left.append(entry.name)
        else:
            cleared.removed.append(entry.name)
    return cleared


def move_pointer(warehouse: Warehouse, number: int) -> None:
    """Let readers see another published snapshot: rollback, and the way forward again.

    Raises:
        WarehouseError: there is no such snapshot, its list of files is damaged, or the file system
            refused; the pointer is as it was.
    """
    settle(warehouse)
    warehouse.snapshot(number)
    pointer.move(warehouse.root, number, warehouse.durable)


def remove_snapshot(warehouse: Warehouse, number: int) -> None:
    """Forget a published snapshot. Files that others share stay with them.

    The current snapshot stays, and so does the newest: its number is what keeps numbers from being
    used twice.

    Raises:
        WarehouseError: it is one of those two or does not exist, or the file system refused.
    """
    settle(warehouse)
    published = warehouse.snapshots()
    if number not in published:
        raise WarehouseError(f"There is no snapshot {number} in {warehouse.root}.")
    if number in (pointer.pointed(warehouse.root), published[-1]):
        raise WarehouseError(f"Snapshot {number} is the current or the newest one and has to stay.")
    _discard(warehouse, number)


def _discard(warehouse: Warehouse, number: int) -> None:
    """Take a snapshot away from readers in one step, then remove it."""
    folder = warehouse.root / pointer.folder_name(number)
    grave = warehouse.staging_path / f"discarded-{number:06d}"
    with storage_errors(f"remove snapshot {number}"):
        remove_tree(grave)
        if folder.is_dir():
            _move_folder(folder, grave, warehouse.durable)
        reach("discard.before-remove")
        remove_tree(grave)


def _move_folder(source: Path, target: Path, durable: bool) -> None:
    source.rename(target)
    sync_folder(target.parent, durable)
    sync_folder(source.parent, durable)
