"""Everything a run and its upkeep do to a warehouse, as a script that tests kill at any point.

Every snapshot N says N in each row that it writes, in two tables: so a mix of two runs shows.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa

from tasks.warehouse import pointer
from tasks.warehouse.warehouse import Snapshot, Warehouse
from tasks.write.snapshot import SnapshotBuilder
from tasks.write.upkeep import clear_staging, move_pointer, remove_snapshot


def rows(*ids: str, version: int) -> pa.Table:
    return pa.table(
        {"article_id": list(ids), "version": pa.array([version] * len(ids), pa.int32())},
        schema=pa.schema([("article_id", pa.string()), ("version", pa.int32())]),
    )


def publish(warehouse: Warehouse, run_id: str) -> Snapshot:
    """One run: articles of 2020 stay as they are, those of 2021 and `runs` are written anew."""
    clear_staging(warehouse)
    parent = warehouse.current()
    version = 1 + (parent.number if parent else 0)
    builder = SnapshotBuilder(warehouse, parent, run_id)
    kept = [file for file in parent.files("articles") if "2020" in file.partition] if parent else []
    for file in kept:
        builder.keep(file)
    if not kept:
        builder.add("articles", "published_year=2020", "part-0.parquet", rows("a", "b", version=0))
    builder.add("articles", "published_year=2021", "part-0.parquet", rows("c", version=version), ["article_id"])
    builder.add("runs", "", "part-0.parquet", rows(run_id, version=version))
    return builder.publish("3", "0.1.0", {"version": version})


def prepare(root: Path, durable: bool = True) -> Warehouse:
    """Two snapshots, finished batches, and the traces of a run killed before its pointer swap."""
    warehouse = Warehouse(root, durable)
    warehouse.create()
    publish(warehouse, "first")
    publish(warehouse, "second")
    (warehouse.staging_path / "batches").mkdir()
    (warehouse.staging_path / "batches" / "done.arrow").write_bytes(b"batch")
    (warehouse.staging_path / "dead" / "snapshot").mkdir(parents=True)
    pointer.announce(root, 3, durable)
    (root / pointer.folder_name(3)).mkdir()
    (root / pointer.folder_name(3) / "snapshot.json").write_bytes(b"{}")
    return warehouse


def run(warehouse: Warehouse, run_id: str) -> None:
    """Publish, go back, go forward again, forget the oldest."""
    published = publish(warehouse, run_id)
    move_pointer(warehouse, published.number - 1)
    move_pointer(warehouse, published.number)
    remove_snapshot(warehouse, warehouse.snapshots()[0])


if __name__ == "__main__":
    run(Warehouse(sys.argv[1]), "killed")
