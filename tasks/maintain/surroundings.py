"""Checks of all that is around the current snapshot: the pointer, the other snapshots, and strays.

Belongs here: checks of the warehouse's folder. Does not belong here: the tables of the current
snapshot (`contents`, `joins`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from config.errors import WarehouseError
from tasks.runs import stamps
from tasks.warehouse import erasures, journal, pointer
from tasks.warehouse.durable import storage_errors
from tasks.warehouse.verify import Known, verify_files
from tasks.warehouse.warehouse import BATCHES, Snapshot, Warehouse

_POINTERS: Final = {name + ending for name in ("current", "CURRENT") for ending in ("", ".next", ".move")}
_FILES: Final = {name + ending for name in (erasures.NAME, journal.NAME, stamps.NAME) for ending in ("", ".next")}
_KNOWN: Final = {"snapshots", "staging", "lock", *_FILES, *_POINTERS}


def check_pointer(warehouse: Warehouse) -> tuple[Snapshot | None, list[str]]:
    """The snapshot that readers see, or a sentence on why they see none."""
    try:
        return warehouse.current(), []
    except WarehouseError as error:
        return None, [f"{error.message} {error.hint}".strip()]


def check_others(warehouse: Warehouse, current: int | None, known: set[Known] | None = None) -> list[str]:
    """Findings on the snapshots that readers do not see: a rollback needs each of them whole.

    Args:
        warehouse: the warehouse.
        current: number of the snapshot that readers see.
        known: files whose bytes were read, if every byte of the others is to be read, too; else sizes and footers are
            checked.
    """
    findings = []
    for number in warehouse.snapshots():
        try:
            snapshot = warehouse.snapshot(number)
        except WarehouseError as error:
            findings.append(error.message)
            continue
        findings.extend(f"Snapshot {number}: {finding}" for finding in _misnumbered(snapshot, number))
        if number != current:
            findings.extend(
                f"Snapshot {number}: {finding}" for finding in verify_files(snapshot, known is not None, known)
            )
    return findings


def _misnumbered(snapshot: Snapshot, number: int) -> Iterator[str]:
    info = snapshot.info
    if info.number != number:
        yield f"its snapshot.json says that it is number {info.number}."
    if info.parent is not None and info.parent >= info.number:
        yield f"its parent is {info.parent}, which is not older."


def check_strays(warehouse: Warehouse) -> list[str]:
    """Findings on files and folders that do not belong to the warehouse; hidden ones are ignored."""
    with storage_errors(f"list {warehouse.root}"):
        top = [entry for entry in warehouse.root.iterdir() if entry.name not in _KNOWN]
        inner = list(warehouse.snapshots_path.iterdir()) if warehouse.snapshots_path.is_dir() else []
    own = {pointer.folder_name(number).rpartition("/")[2] for number in warehouse.numbers()}
    strays = [*top, *(entry for entry in inner if entry.name not in own)]
    visible = sorted(str(entry.relative_to(warehouse.root)) for entry in strays if not entry.name.startswith("."))
    return [f"{name} does not belong to the warehouse." for name in visible]


def remains(warehouse: Warehouse) -> list[str]:
    """Notes on the leftovers of a run in progress or an interrupted one in `staging`, where no reader looks."""
    if not warehouse.staging_path.is_dir():
        return []
    with storage_errors(f"list {warehouse.staging_path}"):
        names = sorted(entry.name for entry in warehouse.staging_path.iterdir() if entry.name != BATCHES)
    notes = [
        f"staging/{name} is of a run in progress or of an interrupted one; the next run clears it." for name in names
    ]
    announced = pointer.announced(warehouse.root)
    if announced is not None and announced != pointer.pointed(warehouse.root):
        notes.append(f"Snapshot {announced} is announced and not published; the next run undoes it.")
    return notes
