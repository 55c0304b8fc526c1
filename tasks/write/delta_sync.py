"""What a pointer names is on disk before the pointer is.

Belongs here: fsync of the files and logs of Delta tables in a local folder. Does not belong here: the
pointer itself (`tasks.tables.blobs` syncs that).
"""

from __future__ import annotations

import os
from typing import Final

from tasks.tables.delta import DeltaSnapshot, DeltaWarehouse
from tasks.tables.durable import storage_errors, sync_tree

#: The newest entries of each table's log that one run can have written: retries and compaction included.
_LOG_ENTRIES: Final = 6


def sync_snapshot(warehouse: DeltaWarehouse, snapshot: DeltaSnapshot) -> None:
    """Sync what a snapshot has that the current one has not: deltalake itself does not wait for that.

    Raises:
        WarehouseError: the disk refused.
    """
    if not warehouse.durable:
        return
    current = warehouse.current()
    known = set(current.info.files) if current else set()
    paths = [snapshot.path / file.path for file in snapshot.info.files if file not in known]
    with storage_errors(f"sync {warehouse.root}"):
        for table in snapshot.tables():
            newest = sorted((snapshot.path / table / "_delta_log").glob("*.json"))
            paths += newest[-_LOG_ENTRIES:]
        for path in paths:
            with path.open("rb") as file:
                os.fsync(file.fileno())
        for table in snapshot.tables():
            sync_tree(snapshot.path / table, warehouse.durable)
