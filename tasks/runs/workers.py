"""Work that is done in a run's pool of processes, or here where there is none, and that may take so long.

Belongs here: calling a function, and ending it when it takes too long. Does not belong here: the pool
(`worker_pool`), which small runs do without: importing what processes need, and taking it down at the end, takes a
tenth of their time.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from config.errors import RunError
from tasks.runs.logs import context, with_context

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

P = ParamSpec("P")
R = TypeVar("R")


class WorkerDiedError(RunError):
    """A worker process died: it was killed, or crashed."""

    def __init__(self) -> None:
        super().__init__(
            "A worker process died; it was killed, or the machine is out of memory.",
            "Lower `run.workers` or `run.batch_bytes` and run again: finished batches are kept.",
        )


class Pool:
    """Processes that are replaced when one of them dies, as all of a broken pool's work fails.

    Args:
        make: starts the processes.
    """

    def __init__(self, make: Callable[[], ProcessPoolExecutor]) -> None:
        self._make = make
        self._processes = make()
        self._guard = threading.Lock()

    def call(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a function in a process, and wait for its result.

        Raises:
            WorkerDiedError: a process died, this call's or that of another one.
        """
        from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415  (who has a pool has imported it)

        processes = self._processes
        try:
            return processes.submit(function, *args, **kwargs).result()
        except BrokenProcessPool:
            with self._guard:
                if self._processes is processes:
                    self._processes = self._make()
            raise WorkerDiedError from None

    def shutdown(self) -> None:
        """End the processes; work that waits is not begun."""
        self._processes.shutdown(cancel_futures=True)


#: The pools of the runs of this process, by the run's staging folder.
pools: Final[dict[Path, Pool]] = {}


def in_worker(folder: Path, timeout: float, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a function in the run's pool, or here if there is none, and wait for its result.

    Args:
        folder: the run's staging folder, which names the pool.
        timeout: seconds that the function may work; kept where it works, as nobody can interrupt a
            thread that waits for a worker.
        function: picklable, like its arguments.

    Raises:
        WorkerDiedError: a worker process died (killed, or out of memory).
        RunError: it took too long.
    """
    pool = pools.get(folder)
    if pool is None:
        return timed(timeout, function, *args, **kwargs)
    return pool.call(with_context, context(), partial(timed, timeout, function, *args, **kwargs))


def timed(timeout: float, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
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
        import ctypes  # noqa: PLC0415  (hardly ever needed)

        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))
        raise _too_slow(timeout) from None


def _too_slow(timeout: float) -> RunError:
    return RunError(
        f"A batch took longer than {timeout:g} s (`run.task_timeout_seconds`).",
        "Raise the setting or lower `run.batch_bytes`, or see whether the source hangs.",
    )
