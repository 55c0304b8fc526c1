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
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from tasks.tables.logs import ROOT
from tasks.tables.worker_lines import received_lines, send_lines
from tasks.tables.workers import pools

#: Imported once in the server that the workers are forked from, not by each of them, in this order: all that the
#: two stages of a batch import; the last two are needed sooner or later.
PRELOAD: Final = [
    "tasks.tables.worker_imports",
    "tasks.parse.stage",
    "tasks.tables.worker_pool",
    "tasks.validate.stage",
    "flows.batch",
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
        pools[folder] = ProcessPoolExecutor(workers, processes, initializer=_prepare, initargs=(lines, level))
        try:
            yield
        finally:
            pools.pop(folder).shutdown(cancel_futures=True)


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
