"""One writer at a time where the operating system cannot say so: a lock object on an object store.

Belongs here: taking, renewing and giving back the lock of a warehouse at a URL. Does not belong here:
the lock of a folder (`lock`).

The lock is a lease: its holder renews it every few seconds, and one that was not renewed for long is
free again, so a dead run blocks nobody for more than a minute. Taking and renewing are puts under a
condition, so of two writers one wins. A run that slept through its lease and wakes up beside its
successor publishes nothing: the pointer is put under a condition, too, and is no longer what it read.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Final

import msgspec

from config.errors import WarehouseError, WarehouseLocked
from tasks.tables.blobs import ABSENT, Blob, Blobs, Moved

NAME: Final = "lock.json"
#: A lock is free this long after its lease ended, as clocks of two machines need not agree.
GRACE_SECONDS: Final = 30.0
LEASE_SECONDS: Final = 30.0
_LOOKS_PER_LEASE: Final = 3


class Lease(msgspec.Struct, frozen=True):
    """What the lock object says: who holds it, and until when (seconds since 1970; 0 is given back)."""

    run_id: str
    host: str
    process: int
    since: str
    until: float

    def is_free(self) -> bool:
        """Whether another writer may take the lock."""
        return time.time() > self.until + GRACE_SECONDS


@contextmanager
def leased(blobs: Blobs, place: str, run_id: str, timeout: float, seconds: float = LEASE_SECONDS) -> Iterator[None]:
    """Hold the lock of a warehouse at a URL.

    Args:
        blobs: where the lock object is.
        place: what to call the warehouse.
        run_id: told to whoever waits.
        timeout: seconds to wait for another writer.
        seconds: length of a lease.

    Raises:
        WarehouseLocked: another writer held it all that time.
        WarehouseError: the store did not answer.
    """
    since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    mine = Lease(run_id, socket.gethostname(), os.getpid(), since, time.time() + seconds)
    keeper = _Keeper(blobs, mine, seconds, _take(blobs, place, mine, timeout))
    keeper.start()
    try:
        yield
    finally:
        keeper.give_back()


def _take(blobs: Blobs, place: str, mine: Lease, timeout: float) -> Blob:
    deadline = time.monotonic() + timeout
    while True:
        found = blobs.get(NAME)
        holder = None if found is None else _read(found)
        if holder is None or holder.is_free():
            with suppress(Moved):
                return blobs.put(NAME, msgspec.json.encode(mine), found.tag if found else ABSENT)
            continue
        if time.monotonic() >= deadline:
            raise WarehouseLocked(
                f"Another run writes to {place}: run {holder.run_id}, process {holder.process} on {holder.host}, "
                f"since {holder.since} (waited {timeout:g} s).",
                "Let it finish and run again, or raise `run.lock_timeout_seconds`. The lock of a run that died is "
                f"free {LEASE_SECONDS + GRACE_SECONDS:g} s later.",
            )
        time.sleep(min(1.0, max(0.05, timeout / 20)))


def _read(found: Blob) -> Lease | None:
    """Who holds the lock; None if nobody can tell."""
    try:
        return msgspec.json.decode(found.content, type=Lease)
    except msgspec.DecodeError:
        return None


class _Keeper(threading.Thread):
    """Renews a lease until told to give it back."""

    def __init__(self, blobs: Blobs, mine: Lease, seconds: float, held: Blob) -> None:
        super().__init__(name="presslake-lease", daemon=True)
        self._blobs, self._mine, self._seconds, self._held = blobs, mine, seconds, held
        self._done = threading.Event()

    def run(self) -> None:
        """Put the lease anew, in time; stop if another writer has taken it."""
        while not self._done.wait(self._seconds / _LOOKS_PER_LEASE):
            try:
                self._put(time.time() + self._seconds)
            except Moved:
                return
            except WarehouseError:
                # The store may answer the next time, still within the lease.
                continue

    def give_back(self) -> None:
        """Let the next writer have the lock; where the store does not answer, it ends by itself."""
        self._done.set()
        self.join()
        with suppress(WarehouseError):
            self._put(0.0)

    def _put(self, until: float) -> None:
        content = msgspec.json.encode(msgspec.structs.replace(self._mine, until=until))
        self._held = self._blobs.put(NAME, content, self._held.tag)
