"""What a pointer of a Delta warehouse will name is on disk before it: data, commits and checkpoints."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.tables.blobs import ABSENT
from tasks.tables.delta import POINTER, DeltaInfo, DeltaSnapshot, DeltaWarehouse
from tasks.tables.snapshots import DataFile
from tasks.write.delta_sync import sync_snapshot


def info(version: int, *files: str) -> DeltaInfo:
    found = tuple(DataFile("articles", f"articles/{name}", "", 1, 1, f"name:{name}") for name in files)
    return DeltaInfo(1, "run", None, "2026-03-02T00:00:00Z", "1", "1", found, versions={"articles": version})


def test_all_that_is_newer_than_the_pointer_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse = DeltaWarehouse(str(tmp_path))
    warehouse.blobs.put(POINTER, info(1, "old").to_json(), ABSENT)
    log = tmp_path / "articles" / "_delta_log"
    log.mkdir(parents=True)
    newer = {f"{version:020d}.json" for version in range(2, 12)} | {f"{5:020d}.checkpoint.parquet", "_last_checkpoint"}
    for path in (*(log / name for name in newer), log / f"{0:020d}.json", log / f"{1:020d}.json"):
        path.touch()
    for name in ("old", "new"):
        (tmp_path / "articles" / name).touch()
    synced: list[Path] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(Path(f"/proc/self/fd/{descriptor}").resolve()))
    sync_snapshot(warehouse, DeltaSnapshot(tmp_path, info(11, "old", "new"), str(tmp_path)))
    folders = {"_delta_log", "articles"}
    assert {path.name for path in synced} == newer | {"new"} | folders
