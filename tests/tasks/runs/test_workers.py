"""Work goes to processes where a pool is open, is done here where none is, and takes no longer than it may."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

from config.errors import RunError, SourceError
from tasks.runs.worker_pool import PRELOAD, worker_pool
from tasks.runs.workers import in_worker


def process() -> int:
    return os.getpid()


def die() -> None:
    os._exit(1)


def fail() -> None:
    raise SourceError("The disk is gone.", "Mount it.")


def test_without_a_pool_work_is_done_here(tmp_path: Path) -> None:
    with worker_pool(tmp_path, 1):
        assert in_worker(tmp_path, 60, process) == os.getpid()


def test_with_a_pool_work_is_done_in_another_process(tmp_path: Path) -> None:
    with worker_pool(tmp_path, 2):
        assert in_worker(tmp_path, 60, process) != os.getpid()
    assert in_worker(tmp_path, 60, process) == os.getpid()


def test_all_that_workers_are_forked_with_is_there() -> None:
    # The server that they are forked from says nothing of a name that is none.
    assert [name for name in PRELOAD if find_spec(name) is None] == []


def test_an_error_of_a_worker_arrives_with_its_hint(tmp_path: Path) -> None:
    with worker_pool(tmp_path, 2), pytest.raises(SourceError) as caught:
        in_worker(tmp_path, 60, fail)
    assert caught.value.hint == "Mount it."


def test_a_dead_worker_is_said_to_be_dead(tmp_path: Path) -> None:
    with worker_pool(tmp_path, 2), pytest.raises(RunError, match=r"worker process died.*run\.workers"):
        in_worker(tmp_path, 60, die)


def sleep_and_write(path: Path) -> None:
    for _ in range(100):
        time.sleep(0.01)
    path.touch()


def test_work_that_takes_too_long_is_ended_where_it_is(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"longer than 0\.05 s \(`run\.task_timeout_seconds`\)"):
        in_worker(tmp_path, 0.05, sleep_and_write, tmp_path / "written")


def test_work_in_a_thread_is_ended_too_and_writes_nothing_more(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as threads:
        late = threads.submit(in_worker, tmp_path, 0.05, sleep_and_write, tmp_path / "written")
        with pytest.raises(RunError, match="longer than"):
            late.result()
    for thread in threading.enumerate():
        if thread.name == "batch":
            thread.join()
    assert not (tmp_path / "written").exists()


def test_an_error_in_a_thread_arrives_as_it_is(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as threads, pytest.raises(SourceError, match="The disk is gone"):
        threads.submit(in_worker, tmp_path, 60, fail).result()
