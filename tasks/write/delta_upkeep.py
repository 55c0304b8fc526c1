"""What changes a Delta warehouse besides a run: undoing an interrupted one, going back, forgetting.

Belongs here: bringing the tables to what the pointer says, moving the pointer, removing pointers and
the files that no pointer needs. All of it expects its caller to hold the warehouse's lock.
Does not belong here: commits of a run (`delta_commit`), and publishing (`delta`).

Tables that are ahead of the pointer are those of a run that was interrupted before it published.
Readers who follow the pointer never saw them; RESTORE, a commit of its own, brings the older content
back for those who read the newest version.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from config.contract import TABLES, VERSIONS
from config.errors import WarehouseError
from tasks.tables.blobs import ABSENT
from tasks.tables.delta import POINTER, DeltaSnapshot, DeltaWarehouse, entry_name
from tasks.tables.delta_table import open_table
from tasks.tables.faults import reach
from tasks.write.delta_commit import TARGET_BYTES, Commits, commit_errors

if TYPE_CHECKING:
    from deltalake import DeltaTable

_HOURS: Final = 24
#: All that can be there; a warehouse without a history has not the last one.
_TABLES: Final = (*TABLES, VERSIONS)
_LOST: Final = "`presslake run --full-refresh` into a new warehouse makes it anew."
#: Small files that one partition may have before they are joined.
_SMALL_FILES: Final = 8


def settle_tables(warehouse: DeltaWarehouse) -> dict[str, int]:
    """Bring every table to the content that the pointer names; the versions that they are at then.

    Can itself be interrupted anywhere and called again.

    Returns:
        Table to version, without tables that do not exist.

    Raises:
        WarehouseError: a table is damaged, or the storage refused.
    """
    current = warehouse.current()
    tables = {table: found for table in _TABLES if (found := open_table(warehouse.location, table)) is not None}
    if current is not None:
        _remember(warehouse, current)
        for table, version in current.info.versions.items():
            if table not in tables:
                raise WarehouseError(f"The table {table} of {warehouse.location} is gone.", _LOST)
            if not _is_same(tables[table], version):
                reach("delta.before-restore")
                with commit_errors(table):
                    tables[table].restore(version)
        for table in tables.keys() - current.info.versions.keys():
            _empty(table, tables[table])
    return {table: int(found.version()) for table, found in tables.items()}


def _remember(warehouse: DeltaWarehouse, current: DeltaSnapshot) -> None:
    """Put the pointer into the history, if its run was interrupted right after publishing."""
    name = entry_name(current.number)
    if warehouse.blobs.get(name) is None:
        warehouse.blobs.put(name, current.info.to_json(), ABSENT)


def _is_same(found: DeltaTable, pinned: int) -> bool:
    """Whether the commits since a version change nothing: it was brought back, or files were cleared."""
    ahead = int(found.version()) - pinned
    for commit in found.history(ahead) if ahead else ():
        if str(commit.get("operation")).startswith("VACUUM"):
            continue
        restored = (commit.get("operationParameters") or {}).get("version")
        return commit.get("operation") == "RESTORE" and str(restored) == str(pinned)
    return True


def _empty(table: str, found: DeltaTable) -> None:
    """Take the rows of a table that the pointer does not name from those who read the newest version."""
    if found.file_uris():
        reach("delta.before-restore")
        with commit_errors(table):
            found.delete()


def move_to(warehouse: DeltaWarehouse, target: DeltaSnapshot) -> None:
    """Let readers see another published snapshot: first those of the pointer, then those of the newest versions.

    Raises:
        WarehouseError: the storage refused.
    """
    settle_tables(warehouse)
    pointer = warehouse.pointer()
    reach("move.before-swap")
    warehouse.blobs.put(POINTER, target.info.to_json(), pointer.tag if pointer else ABSENT)
    reach("move.after-swap")
    settle_tables(warehouse)


def forget(warehouse: DeltaWarehouse, number: int) -> None:
    """Remove a pointer from the history; `vacuum` then removes the files that only it needed.

    Raises:
        WarehouseError: it is the current or the newest one, or the storage refused.
    """
    published = warehouse.snapshots()
    if number not in published:
        raise WarehouseError(f"There is no snapshot {number} in {warehouse.location}.")
    if number in (warehouse.pointed(), published[-1]):
        raise WarehouseError(f"Snapshot {number} is the current or the newest one and has to stay.")
    warehouse.blobs.delete(entry_name(number))


def vacuum(warehouse: DeltaWarehouse, keep_days: int) -> int:
    """Remove files that no kept snapshot has and that are older than `keep_days`; how many.

    Change data goes by its age alone, as in any Delta table.

    Raises:
        WarehouseError: the storage refused.
    """
    kept = [warehouse.snapshot(number) for number in warehouse.snapshots()]
    removed = 0
    for table in _TABLES:
        found = open_table(warehouse.location, table)
        if found is None:
            continue
        versions: Collection[int] = {
            snapshot.info.versions[table] for snapshot in kept if table in snapshot.info.versions
        }
        with commit_errors(table):
            files = found.vacuum(
                retention_hours=keep_days * _HOURS,
                dry_run=False,
                enforce_retention_duration=False,
                full=True,
                keep_versions=sorted(versions),
            )
        removed += len(files)
    return removed


def compact(warehouse: DeltaWarehouse, commits: Commits, tables: Collection[str]) -> dict[str, int]:
    """Join small files of tables; the versions that they are at then. Readers of older versions keep theirs.

    Raises:
        Conflict: another program committed meanwhile.
        WarehouseError: the storage refused.
    """
    versions = {}
    for table in tables:
        found = open_table(warehouse.location, table)
        assert found is not None
        with commit_errors(table):
            found.optimize.compact(**commits.options())
        versions[table] = int(found.version())
    return versions


def crowded_tables(snapshot: DeltaSnapshot) -> dict[str, dict[str, int]]:
    """Tables that have too many small files in a partition: table to partition to their number."""
    found: dict[str, dict[str, int]] = {}
    for file in snapshot.info.files:
        if file.bytes < TARGET_BYTES // 2:
            counts = found.setdefault(file.table, {})
            counts[file.partition] = counts.get(file.partition, 0) + 1
    many = {
        table: {name: count for name, count in counts.items() if count > _SMALL_FILES}
        for table, counts in found.items()
    }
    return {table: counts for table, counts in many.items() if counts}
