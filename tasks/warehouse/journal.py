"""Runs that no snapshot tells of yet: `journal.jsonl` in the warehouse, one JSON object a line.

Belongs here: keeping what failed and unchanged runs said until the next snapshot takes them into
the table `runs`. They publish nothing, and still an operator wants to know of them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import msgspec

from tasks.warehouse.durable import storage_errors, write_new_file

NAME: Final = "journal.jsonl"
_NEXT: Final = f"{NAME}.next"
#: Most entries that are kept between two publishing runs: a year of hourly ones.
_MOST: Final = 10_000
_MOST_BYTES: Final = 64 * 1024 * 1024


def read_journal(warehouse: Path) -> list[dict[str, Any]]:
    """The entries, oldest first; a line that a crash cut off is left out."""
    try:
        lines = (warehouse / NAME).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    entries = []
    for line in lines:
        try:
            entries.append(msgspec.json.decode(line, type=dict[str, Any]))
        except msgspec.DecodeError:
            continue
    return entries


def add_to_journal(warehouse: Path, entry: dict[str, Any]) -> None:
    """Add one entry.

    Raises:
        WarehouseError: the disk refused.
    """
    path = warehouse / NAME
    with storage_errors(f"write {path}"), path.open("ab") as journal:
        # A line that a crash cut off stays by itself.
        journal.write(b"\n" + msgspec.json.encode(entry) + b"\n")
        journal.flush()
        os.fsync(journal.fileno())
    if path.stat().st_size > _MOST_BYTES:
        _write(warehouse, read_journal(warehouse)[-_MOST:])


def clear_journal(warehouse: Path) -> None:
    """Forget all entries: a snapshot has them.

    Raises:
        WarehouseError: the disk refused.
    """
    with storage_errors(f"remove {warehouse / NAME}"):
        for name in (NAME, _NEXT):
            (warehouse / name).unlink(missing_ok=True)


def _write(warehouse: Path, entries: list[dict[str, Any]]) -> None:
    content = b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
    with storage_errors(f"write {warehouse / NAME}"):
        write_new_file(warehouse / _NEXT, content)
        (warehouse / _NEXT).replace(warehouse / NAME)
