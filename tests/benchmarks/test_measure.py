"""The measuring helper counts every process that a command starts, also those that outlive it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.measure import CommandError, measure, warm
from benchmarks.subjects import ENVIRONMENT

#: Uses CPU time until it has had a fifth of a second.
BUSY = "import time\nwhile time.process_time() < 0.2: pass\n"
#: Holds 60 MB for half a second.
LARGE = "import time\nblock = bytes([1]) * 60_000_000\ntime.sleep(0.5)\n"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def starting(code: str, times: int, *, wait: bool) -> list[str]:
    """A program that starts another one some times, and waits for it or not."""
    ending = "[p.wait() for p in started]" if wait else "import os; os._exit(0)"
    return python(
        f"import subprocess, sys\nstarted = [subprocess.Popen([sys.executable, '-c', {code!r}], "
        f"stdout=subprocess.DEVNULL) for _ in range({times})]\n{ending}"
    )


def test_output_and_wall_clock_time() -> None:
    cost = measure(python("import time; time.sleep(0.2); print('done')"))
    assert cost.output == "done\n"
    assert cost.wall >= 0.2
    assert cost.peak is None


def test_cpu_seconds_of_children_count() -> None:
    assert measure(starting(BUSY, 2, wait=True)).cpu >= 0.4


def test_cpu_seconds_of_processes_that_outlive_the_command_count() -> None:
    assert measure(starting(BUSY, 2, wait=False)).cpu >= 0.4


def test_memory_is_summed_over_processes_at_one_time() -> None:
    peak = measure(starting(LARGE, 2, wait=True), interval=0.02).peak
    assert peak is not None
    assert 120_000_000 < peak < 300_000_000


def test_a_failing_command_is_an_error_with_what_it_said() -> None:
    with pytest.raises(CommandError, match="no such luck"):
        measure(python("raise SystemExit('no such luck')"))


def test_the_environment_is_the_commands_own() -> None:
    code = "import os; print(os.environ['PYTHONPATH'], os.environ['EXTRA'])"
    assert measure(python(code), environment={"PYTHONPATH": "/somewhere", "EXTRA": "1"}).output == "/somewhere 1\n"


def test_modules_are_compiled_once_wherever_the_benchmark_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    code = "import sys; print(sys.dont_write_bytecode)"
    assert measure(python(code), environment=ENVIRONMENT).output == "False\n"


def test_warming_reads_files_in_all_folders(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "unreadable").symlink_to("nowhere")
    with pytest.raises(FileNotFoundError):
        warm(tmp_path)
