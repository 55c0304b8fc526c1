"""G4: a kill or a full disk at any step leaves one whole version, and the next run leaves no trace of it."""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import tasks.write
from config.errors import WarehouseError
from tasks.warehouse import faults
from tasks.warehouse.verify import verify_files
from tasks.warehouse.warehouse import Snapshot, Warehouse

REPOSITORY = Path(tasks.write.__file__).parents[2]
SCRIPT = Path(__file__).with_name("storage_scenario.py")
scenario = SimpleNamespace(**runpy.run_path(str(SCRIPT)))

STORAGE = ("file.", "keep.", "publish.", "move.", "settle.", "discard.", "clear.")
POINTS = [point for point in faults.POINTS if point.startswith(STORAGE)]
LATER = ["file.before-write:2", "file.part-written:3", "move.before-swap:2", "settle.before-withdraw:4"]


def frozen(snapshot: Snapshot) -> dict[str, tuple[int, bytes]]:
    """Inode and content of every file: a snapshot that was not touched has the same."""
    paths = [path for path in snapshot.path.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_ino, path.read_bytes()) for path in paths}


def assert_one_whole_version(warehouse: Warehouse) -> None:
    current = warehouse.current()
    assert current is not None and current.number in (2, 3)
    assert verify_files(current) == []
    changed = current.read("articles", partitions={"published_year=2021"})
    versions = [changed["version"].to_pylist(), current.read("runs")["version"].to_pylist()]
    assert versions == [[current.number]] * 2
    assert current.read("articles")["article_id"].to_pylist() == ["a", "b", "c"]
    assert all(warehouse.snapshot(number).number == number for number in warehouse.snapshots())


def assert_a_rerun_leaves_nothing_behind(warehouse: Warehouse) -> None:
    scenario.run(warehouse, "again")
    names = sorted(path.name for path in warehouse.root.iterdir())
    assert names == ["current", "snapshots", "staging"]
    assert [path.name for path in warehouse.staging_path.rglob("*")] == ["batches", "done.arrow"]
    assert warehouse.numbers() == warehouse.snapshots()
    assert all(verify_files(warehouse.snapshot(number)) == [] for number in warehouse.snapshots())
    current = warehouse.current()
    assert current is not None and current.info.run_id == "again"


def run_in_a_process(warehouse: Warehouse, fault: str) -> int:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PRESSLAKE_FAULT": fault}
    command = [sys.executable, str(SCRIPT), str(warehouse.root)]
    return subprocess.run(command, env=environment, check=False).returncode


@pytest.mark.parametrize("fault", POINTS + LATER)
def test_a_kill_leaves_one_whole_version_and_the_next_run_clears_up(tmp_path: Path, fault: str) -> None:
    warehouse = scenario.prepare(tmp_path / "warehouse")
    second = warehouse.snapshot(2)
    before = frozen(second)
    assert run_in_a_process(warehouse, fault) == -signal.SIGKILL
    assert_one_whole_version(warehouse)
    assert frozen(second) == before
    assert_a_rerun_leaves_nothing_behind(warehouse)


@pytest.mark.parametrize("point", POINTS)
def test_a_full_disk_is_reported_and_leaves_one_whole_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    warehouse = scenario.prepare(tmp_path / "warehouse", durable=False)
    monkeypatch.setattr(faults, "_armed", faults.parse_fault(f"{point}:raise=ENOSPC"))
    if point in {"publish.after-sync", "clear.before-remove"}:
        scenario.run(warehouse, "undisturbed")
    else:
        with pytest.raises(WarehouseError, match="the disk is full"):
            scenario.run(warehouse, "disturbed")
    assert_one_whole_version(warehouse)
    assert_a_rerun_leaves_nothing_behind(warehouse)


def test_killed_twice_at_the_same_step_is_no_worse_than_once(tmp_path: Path) -> None:
    warehouse = scenario.prepare(tmp_path / "warehouse")
    for _ in range(2):
        assert run_in_a_process(warehouse, "publish.before-swap") == -signal.SIGKILL
        assert_one_whole_version(warehouse)
    assert_a_rerun_leaves_nothing_behind(warehouse)
