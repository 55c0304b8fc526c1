"""One writer at a time: waiting, failing with the holder's name, and no lock left by the dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from config.errors import WarehouseLocked
from tasks.warehouse.lock import locked
from tasks.warehouse.warehouse import Warehouse

HOLD = """
import sys, time
from tasks.warehouse.lock import locked
from tasks.warehouse.warehouse import Warehouse
with locked(Warehouse(sys.argv[1]), "the-other-run", 0):
    print("locked", flush=True)
    time.sleep(60)
"""
PROJECT = Path(__file__).parents[3]


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse(tmp_path / "warehouse", durable=False)
    warehouse.create()
    return warehouse


@pytest.fixture
def holder(warehouse: Warehouse) -> subprocess.Popen[str]:
    """Another process that holds the lock."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    arguments = [sys.executable, "-c", HOLD, str(warehouse.root)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_the_second_run_waits_then_names_the_holder(warehouse: Warehouse, holder: subprocess.Popen[str]) -> None:
    started = time.monotonic()
    with (
        pytest.raises(WarehouseLocked, match=rf"run the-other-run, process {holder.pid} on .*waited 0\.2 s") as caught,
        locked(warehouse, "mine", 0.2),
    ):
        pass
    assert time.monotonic() - started >= 0.2
    assert "run.lock_timeout_seconds" in caught.value.hint
    kill(holder)


def test_the_lock_of_a_dead_process_is_no_obstacle(warehouse: Warehouse, holder: subprocess.Popen[str]) -> None:
    kill(holder)
    with locked(warehouse, "mine", 0):
        assert "mine" in (warehouse.root / ".lock-holder.json").read_text()


def test_a_run_that_waits_long_enough_gets_the_lock(warehouse: Warehouse, holder: subprocess.Popen[str]) -> None:
    timer = threading.Timer(0.3, kill, [holder])
    timer.start()
    with locked(warehouse, "mine", 30):
        timer.join()


def test_the_lock_is_free_again_after_an_error(warehouse: Warehouse) -> None:
    with pytest.raises(ZeroDivisionError), locked(warehouse, "first", 0):
        raise ZeroDivisionError
    with locked(warehouse, "second", 0):
        pass
    assert not (warehouse.root / ".lock-holder.json").exists()


@pytest.mark.parametrize("text", ["", "[]", '{"run_id": 1}', "\0"])
def test_a_holder_that_cannot_be_read_is_said_to_be_unknown(warehouse: Warehouse, text: str) -> None:
    with locked(warehouse, "first", 0):
        (warehouse.root / ".lock-holder.json").write_text(text)
        with pytest.raises(WarehouseLocked, match="did not say who it is"), locked(warehouse, "second", 0):
            pass
