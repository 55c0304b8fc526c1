"""What a pointer names is on disk before the pointer is.

Belongs here: fsync of the files and logs of Delta tables in a local folder. Does not belong here: the
pointer itself (`tasks.tables.blobs` syncs that).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from tasks.tables.delta import DeltaSnapshot, DeltaWarehouse
from tasks.tables.durable import storage_errors, sync_tree

_VERSION: Final = re.compile(r"\d{20}(?=\.)")


def sync_snapshot(warehouse: DeltaWarehouse, snapshot: DeltaSnapshot) -> None:
    """Sync what a snapshot has that the current one has not: deltalake itself does not wait for that.

    Raises:
        WarehouseError: the disk refused.
    """
    if not warehouse.durable:
        return
    current = warehouse.current()
    known, versions = (set(current.info.files), current.info.versions) if current else (set(), {})
    paths = [snapshot.path / file.path for file in snapshot.info.files if file not in known]
    with storage_errors(f"sync {warehouse.root}"):
        for table in snapshot.info.versions:
            paths += _log_entries(snapshot.path / table / "_delta_log", versions.get(table, -1))
        for path in paths:
            with path.open("rb") as file:
                os.fsync(file.fileno())
        for table in snapshot.info.versions:
            sync_tree(snapshot.path / table, warehouse.durable)


def _log_entries(log: Path, version: int) -> list[Path]:
    """What a table's log has beyond a version: commits, however many tries it took, and checkpoints."""
    entries = [(entry, _VERSION.match(entry.name)) for entry in log.iterdir() if entry.is_file()]
    return [entry for entry, found in entries if found is None or int(found[0]) > version]
