"""One writer at a time: the lock on a warehouse.

Belongs here: taking the lock, and saying who holds it. The operating system gives it back when its
holder dies, however it dies, so no stale lock is ever left.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from config.errors import WarehouseLocked
from tasks.warehouse.durable import storage_errors
from tasks.warehouse.warehouse import Warehouse

#: Beside the lock: who holds it. Only read to tell people; the lock itself is the kernel's.
_HOLDER: Final = ".lock-holder.json"


@contextmanager
def locked(warehouse: Warehouse, run_id: str, timeout: float) -> Iterator[None]:
    """Hold the warehouse's lock.

    Args:
        warehouse: created.
        run_id: told to whoever waits.
        timeout: seconds to wait for another writer.

    Raises:
        WarehouseLocked: another writer held it all that time.
        WarehouseError: the disk refused.
    """
    lock = FileLock(warehouse.lock_path)
    with storage_errors(f"lock {warehouse.root}"):
        try:
            lock.acquire(timeout=timeout)
        except Timeout:
            raise WarehouseLocked(
                f"Another run writes to {warehouse.root}: {_holder(warehouse.root)} (waited {timeout:g} s).",
                "Let it finish and run again, or raise `run.lock_timeout_seconds`.",
            ) from None
    try:
        _introduce(warehouse.root, run_id)
        yield
    finally:
        with suppress(OSError):
            (warehouse.root / _HOLDER).unlink()
        lock.release()


def _introduce(root: Path, run_id: str) -> None:
    holder = {
        "run_id": run_id,
        "pid": os.getpid(),
        "host": os.uname().nodename,
        "since": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
    }
    # Courtesy only: a full disk must not fail the run here.
    with suppress(OSError):
        (root / _HOLDER).write_text(json.dumps(holder))


def _holder(root: Path) -> str:
    try:
        holder = json.loads((root / _HOLDER).read_text())
        return f"run {holder['run_id']}, process {holder['pid']} on {holder['host']}, since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "its holder did not say who it is"
