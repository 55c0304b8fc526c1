"""One pool of processes for all the batches of a run.

Belongs here: starting and stopping the pool, and running a pure function in it. Prefect's tasks are
threads that wait here: measured, that is the cheapest way to use all cores under Prefect
(forkserver, because Prefect has threads and a forked child would inherit their locks).
"""

from __future__ import annotations

import ctypes
import gc
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from types import FrameType
from typing import Any, Final, ParamSpec, TypeVar

import pyarrow as pa

from config.errors import RunError
from tasks.tables.logs import ROOT, context, received_lines, send_lines, with_context

P = ParamSpec("P")
R = TypeVar("R")

#: Imported once in the server that the workers are forked from, not by each of them: all that the two stages of a
#: batch import; the last three are needed sooner or later.
PRELOAD: Final = [
    "tasks.parse.stage",
    "tasks.validate.stage",
    "flows.batch",
    "tasks.discover.source",
    "tasks.front_matter.yaml_events",
    "tasks.parse.mending",
    "ftfy",
]
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
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(PRELOAD)
    lines = processes.Queue()
    with received_lines(lines):
        level = logging.getLogger(ROOT).getEffectiveLevel()
        _pools[folder] = ProcessPoolExecutor(workers, processes, initializer=_prepare, initargs=(lines, level))
        try:
            yield
        finally:
            _pools.pop(folder).shutdown(cancel_futures=True)


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


def in_worker(folder: Path, timeout: float, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a function in the run's pool, or here if there is none, and wait for its result.

    Args:
        folder: the run's staging folder, which names the pool.
        timeout: seconds that the function may work; kept where it works, as nobody can interrupt a
            thread that waits for a worker.
        function: picklable, like its arguments.

    Raises:
        RunError: a worker process died (killed, or out of memory), or took too long.
    """
    pool = _pools.get(folder)
    if pool is None:
        return _timed(timeout, function, *args, **kwargs)
    work = partial(_timed, timeout, function, *args, **kwargs)
    future = pool.submit(with_context, context(), work)
    try:
        return future.result()
    except BrokenProcessPool:
        raise RunError(
            "A worker process died; it was killed, or the machine is out of memory.",
            "Lower `run.workers` or `run.batch_bytes` and run again: finished batches are kept.",
        ) from None


def _timed(timeout: float, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function, and end it when it takes too long.

    Only the main thread (of our own workers, and of Ray's) can have an alarm; Dask's workers have
    their tasks in other threads.
    """
    if threading.current_thread() is not threading.main_thread():
        return _timed_in_thread(timeout, function, *args, **kwargs)

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise _too_slow(timeout)

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    try:
        return function(*args, **kwargs)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _timed_in_thread(timeout: float, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function in a thread of its own, which is left alone when it takes too long.

    It gets `SystemExit` then, so that it ends with the next step of Python and writes nothing more,
    even if it hangs in a call to a storage that answers at last.
    """
    result: Future[R] = Future()
    context = copy_context()

    def work() -> None:
        try:
            result.set_result(context.run(function, *args, **kwargs))
        except BaseException as error:
            result.set_exception(error)

    thread = threading.Thread(target=work, name="batch", daemon=True)
    thread.start()
    try:
        return result.result(timeout)
    except TimeoutError:
        if result.done():
            raise
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))
        raise _too_slow(timeout) from None


def _too_slow(timeout: float) -> RunError:
    return RunError(
        f"A batch took longer than {timeout:g} s (`run.task_timeout_seconds`).",
        "Raise the setting or lower `run.batch_bytes`, or see whether the source hangs.",
    )
