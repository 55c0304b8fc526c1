"""Memory that was freed, given back to the system.

Belongs here: what a step calls that frees much and is followed by one that needs much. Does not belong
here: what is freed, and when (who calls).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pyarrow as pa

#: Not empty while what is freed is kept.
_keeping: Final[list[bool]] = []


@contextmanager
def system_memory() -> Iterator[None]:
    """Let Arrow take its memory from malloc meanwhile: its own allocator keeps what was freed, and takes more time.

    Not where it shall keep it: then it is the one that takes less.
    """
    if _keeping:
        yield
        return
    usual = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(usual)


@contextmanager
def kept_memory() -> Iterator[None]:
    """Let `give_back` do nothing meanwhile: a small run would only ask for the same pages again, zeroed."""
    _keeping.append(True)
    try:
        yield
    finally:
        _keeping.pop()


def give_back() -> None:
    """Return what was freed to the system, Python's objects included, as malloc keeps it else."""
    if _keeping:
        return
    for pool in (pa.default_memory_pool(), pa.system_memory_pool()):
        pool.release_unused()
