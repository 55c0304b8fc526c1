"""The list of snapshots of a warehouse, with the changes of each, and the names that stand for one.

Belongs here: reading `snapshot.json` of every published snapshot. Does not belong here: the
rows of the tables (`differences`), and the expiry of snapshots (`retention`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from config.errors import UsageError, WarehouseError
from tasks.warehouse.snapshots import Snapshot, SnapshotInfo
from tasks.warehouse.warehouse import Warehouse

#: Names that stand for a number on the command line.
CURRENT: Final = "current"
PREVIOUS: Final = "previous"


class Changes(msgspec.Struct, frozen=True):
    """Source files that the run of a snapshot found to be new, changed or removed."""

    new: int = 0
    changed: int = 0
    removed: int = 0


class Entry(msgspec.Struct, frozen=True):
    """One snapshot in the list of all.

    Attributes:
        current: readers see it.
        published_at: ISO 8601, UTC.
        parent: number of the snapshot that it was made from; None for a first one.
        changes: what its run found; None where the snapshot does not say.
        note: what it was made for, where that was no run over the sources.
        rows: table to rows.
        bytes: of all its files; `new_bytes` of those that its parent does not have, None where the
            parent is gone.
    """

    number: int
    current: bool
    published_at: str
    run_id: str
    parent: int | None
    changes: Changes | None
    note: str
    rows: dict[str, int]
    bytes: int
    new_bytes: int | None


class History(msgspec.Struct, frozen=True):
    """All snapshots, newest first, and a sentence on each that cannot be read."""

    warehouse: str
    current: int | None
    snapshots: list[Entry]
    damaged: list[str]


class Infos(NamedTuple):
    """The readable `snapshot.json`s by ascending number, and a sentence on each other one."""

    infos: list[SnapshotInfo]
    damaged: list[str]


def read_infos(warehouse: Warehouse) -> Infos:
    """The `snapshot.json` of every published snapshot; a damaged one stops nothing."""
    found = Infos([], [])
    for number in warehouse.snapshots():
        try:
            found.infos.append(warehouse.snapshot(number).info)
        except WarehouseError as error:
            found.damaged.append(error.message)
    return found


def read_history(warehouse: Warehouse) -> History:
    """The list of snapshots.

    Raises:
        WarehouseError: the pointer is damaged, or the folder cannot be listed.
    """
    infos, damaged = read_infos(warehouse)
    current = warehouse.pointed()
    known = {info.number: info for info in infos}
    entries = [_entry(info, known, current) for info in reversed(infos)]
    return History(str(warehouse.root), current, entries, damaged)


def _entry(info: SnapshotInfo, known: Mapping[int, SnapshotInfo], current: int | None) -> Entry:
    tables = sorted({file.table for file in info.files})
    return Entry(
        number=info.number,
        current=info.number == current,
        published_at=info.published_at,
        run_id=info.run_id,
        parent=info.parent,
        changes=_changes(info),
        note=str(info.summary.get("maintenance", "")),
        rows={table: sum(file.rows for file in info.files if file.table == table) for table in tables},
        bytes=sum(file.bytes for file in info.files),
        new_bytes=_new_bytes(info, known),
    )


def _changes(info: SnapshotInfo) -> Changes | None:
    files = info.summary.get("files")
    try:
        return None if files is None else msgspec.convert(files, Changes)
    except msgspec.ValidationError:
        return None


def _new_bytes(info: SnapshotInfo, known: Mapping[int, SnapshotInfo]) -> int | None:
    if info.parent is not None and info.parent not in known:
        return None
    kept = {file.digest for file in known[info.parent].files} if info.parent is not None else set()
    return sum(file.bytes for file in info.files if file.digest not in kept)


def unshared_bytes(leaving: Sequence[SnapshotInfo], staying: Sequence[SnapshotInfo]) -> int:
    """Bytes of the files that only leaving snapshots have: removing them frees so much."""
    kept = {file.digest for info in staying for file in info.files}
    sizes = {file.digest: file.bytes for info in leaving for file in info.files if file.digest not in kept}
    return sum(sizes.values())


def named_snapshot(warehouse: Warehouse, name: str) -> Snapshot:
    """The snapshot that a person means by a number, `current` or `previous`.

    Raises:
        UsageError: the name is none of those.
        WarehouseError: there is no such snapshot.
    """
    if name.isascii() and name.isdecimal():
        return warehouse.snapshot(int(name))
    if name not in (CURRENT, PREVIOUS):
        raise UsageError(
            f"`{name}` names no snapshot.", "Give a number (see `presslake snapshots`) or: current, previous"
        )
    current = warehouse.current()
    if current is None:
        raise WarehouseError(
            f"Nothing is published in {warehouse.root} yet.", "Make the tables first: presslake run SOURCE"
        )
    return current if name == CURRENT else warehouse.snapshot(_previous(warehouse, current.info))


def _previous(warehouse: Warehouse, info: SnapshotInfo) -> int:
    """The parent, or where that is gone the newest of the older ones."""
    older = [number for number in warehouse.snapshots() if number < info.number]
    if not older:
        raise WarehouseError(f"There is no snapshot before {info.number}.", "It is the oldest one.")
    return info.parent if info.parent in older else older[-1]
