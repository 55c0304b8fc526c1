"""Memory that was freed, given back to the system.

Belongs here: what a step calls that frees much and is followed by one that needs much. Does not belong
here: what is freed, and when (who calls).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa


@contextmanager
def system_memory() -> Iterator[None]:
    """Let Arrow take its memory from malloc meanwhile: its own allocator keeps what was freed, and takes more time."""
    usual = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(usual)


def give_back() -> None:
    """Return what was freed to the system, Python's objects included, as malloc keeps it else."""
    for pool in (pa.default_memory_pool(), pa.system_memory_pool()):
        pool.release_unused()
