"""One pool of processes for all the batches of a run.

Belongs here: starting and stopping the pool, and running a pure function in it. Prefect's tasks are
threads that wait here: measured, that is the cheapest way to use all cores under Prefect
(forkserver, because Prefect has threads and a forked child would inherit their locks).
"""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from config.errors import RunError

P = ParamSpec("P")
R = TypeVar("R")

#: Imported once in the server that the workers are forked from.
_PRELOAD: Final = ["tasks.parse.batch", "tasks.validate.batch"]
_pools: Final[dict[Path, ProcessPoolExecutor]] = {}


@contextmanager
def worker_pool(folder: Path, workers: int) -> Iterator[None]:
    """Let `in_worker` calls for a run go to processes while the context lasts.

    Args:
        folder: the run's staging folder, which names the pool.
        workers: number of processes; with fewer than two, work is done where it is called.
    """
    if workers < 2:
        yield
        return
    _pools[folder] = _new_pool(workers)
    try:
        yield
    finally:
        _pools.pop(folder).shutdown(cancel_futures=True)


def _new_pool(workers: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOAD)
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare)


def _prepare() -> None:
    """Raw trees hold no cycles: without the collector's passes over them parsing is faster."""
    gc.freeze()
    gc.disable()


def in_worker(folder: Path, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a function in the run's pool, or here if there is none, and wait for its result.

    Raises:
        RunError: a worker process died (killed, or out of memory).
    """
    pool = _pools.get(folder)
    if pool is None:
        return function(*args, **kwargs)
    try:
        return pool.submit(function, *args, **kwargs).result()
    except BrokenProcessPool:
        raise RunError(
            "A worker process died; it was killed, or the machine is out of memory.",
            "Lower `run.workers` or `run.batch_bytes` and run again: finished batches are kept.",
        ) from None
