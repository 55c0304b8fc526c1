"""One run in a process of its own, for tests that kill it or take its disk away.

    python -m tests.run_once WAREHOUSE SOURCE…      one run, as PRESSLAKE_FAULT says

`start` does the same from a server that has everything imported, which is ten times as fast.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from config.settings import Settings
from flows import engine
from flows.start import run_ingest
from tasks.warehouse import faults
from tests.newsroom import settings_for

_CONTEXT: Final = multiprocessing.get_context("forkserver")
#: A batch a file, so that a run has many steps.
MANY_BATCHES: Final = {"batch_bytes": 1}


def ingest(warehouse: Path, specs: Sequence[str], fault: str = "", workers: int = 1) -> None:
    """Run once, with a fault armed; two workers are processes however little there is to read.

    Raises:
        PresslakeError: the run failed.
    """
    ingest_into(settings_for(warehouse, {**MANY_BATCHES, "workers": workers}), specs, fault)


def ingest_into(settings: Settings, specs: Sequence[str], fault: str) -> None:
    """Run once with these settings, with a fault armed."""
    # A test's process prints nothing, not even what its death makes others say.
    sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    faults._armed = faults.parse_fault(fault) if fault else None
    engine.WORTH_A_POOL = 0  # type: ignore[misc]
    run_ingest(specs, settings)


def start(function: Callable[..., None], *args: Any) -> BaseProcess:
    """Call a function of an importable module in a process that is forked from a prepared server."""
    _CONTEXT.set_forkserver_preload(["tests.run_once"])
    # The server has the environment of the test that needed it first, not of the one that calls now.
    process = _CONTEXT.Process(target=_call, args=(dict(os.environ), function, *args))
    process.start()
    return process


def _call(environment: Mapping[str, str], function: Callable[..., None], *args: Any) -> None:
    os.environ.clear()
    os.environ.update(environment)
    function(*args)


def finish(process: BaseProcess) -> int:
    """Wait for the end of a process; its exit code, -9 if it was killed."""
    process.join()
    assert process.exitcode is not None
    return process.exitcode


if __name__ == "__main__":
    run_ingest(sys.argv[2:], settings_for(Path(sys.argv[1]), MANY_BATCHES))
