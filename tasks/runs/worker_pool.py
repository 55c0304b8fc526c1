"""One pool of processes for all the batches of a run.

Belongs here: starting and stopping the pool, and what its processes are prepared with. Does not belong here:
calling a function in it (`workers`), which runs without a pool can do too. Prefect's tasks are threads that
wait there: measured, that is the cheapest way to use all cores under Prefect (forkserver, because Prefect has
threads and a forked child would inherit their locks).
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from logging.handlers import QueueHandler, QueueListener
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from tasks.runs.logs import ROOT, Stamp
from tasks.runs.workers import Pool, pools

#: Imported once in the server that the workers are forked from, not by each of them, in this order: all that the
#: two stages of a batch import; the last two are needed sooner or later.
PRELOAD: Final = [
    "tasks.parse.stage",
    "tasks.runs.worker_pool",
    "tasks.validate.stage",
    "flows.engine",
    "tasks.discover.source",
    "tasks.front_matter.yaml_events",
    "ftfy",
]


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
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(PRELOAD)
    lines = processes.Queue()
    with received_lines(lines):
        level = logging.getLogger(ROOT).getEffectiveLevel()
        make = partial(ProcessPoolExecutor, workers, processes, initializer=_prepare, initargs=(lines, level))
        pools[folder] = Pool(make)
        try:
            yield
        finally:
            pools.pop(folder).shutdown()


def _prepare(lines: Any, level: int) -> None:
    """Set up a worker process, whose log lines go into a queue.

    It ends with the run, however that ends: else a killed run's workers would stay for good, and
    might write into batches that the next run has taken over. And raw trees hold no cycles: without
    the collector's passes over them parsing is faster. Arrow's own allocator gives memory back to the
    system after every kernel and gets it again, zeroed: malloc needs a tenth less time, and less memory.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    pa.set_memory_pool(pa.system_memory_pool())
    send_lines(lines, level)
    gc.freeze()
    gc.disable()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def send_lines(queue: Any, level: int) -> None:
    """Send what this process logs into a queue; for worker processes.

    Args:
        queue: of `multiprocessing`.
        level: the least severe one that the run shows.
    """
    handler = QueueHandler(queue)
    handler.addFilter(Stamp())
    logger = logging.getLogger(ROOT)
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False


@contextmanager
def received_lines(queue: Any) -> Iterator[None]:
    """Log here what worker processes send, as long as the block lasts, and all of it before it ends."""
    listener = _Listener(queue)
    listener.start()
    try:
        yield
    finally:
        listener.stop()


class _Listener(QueueListener):
    """Hands records to this process's own loggers, in the context in which it was made."""

    def __init__(self, queue: Any) -> None:
        super().__init__(queue)
        self._context = copy_context()

    def handle(self, record: logging.LogRecord) -> None:
        self._context.run(logging.getLogger(record.name).handle, record)
