"""Work goes to processes where a pool is open, and is done here where none is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config.errors import RunError, SourceError
from tasks.tables.workers import in_worker, worker_pool


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


def test_an_error_of_a_worker_arrives_with_its_hint(tmp_path: Path) -> None:
    with worker_pool(tmp_path, 2), pytest.raises(SourceError) as caught:
        in_worker(tmp_path, 60, fail)
    assert caught.value.hint == "Mount it."


def test_a_dead_worker_is_said_to_be_dead(tmp_path: Path) -> None:
    with worker_pool(tmp_path, 2), pytest.raises(RunError, match=r"worker process died.*run\.workers"):
        in_worker(tmp_path, 60, die)
