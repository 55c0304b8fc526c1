"""Measure a command: wall-clock time, CPU time and memory of it and of every process it starts.

    python -m benchmarks.measure [--interval 0.05] -- COMMAND ...

runs it once and prints JSON. The command runs in a session of its own, under a supervisor that Linux
hands its orphans (a fork server and its workers may outlive the process that started them), so no CPU
second gets lost. Linux only.

Does not belong here: which commands are compared (`compare`).
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_PR_SET_CHILD_SUBREAPER: Final = 36
#: How long processes may outlive the command before they are ended, seconds.
_LINGER: Final = 10.0


class CommandError(Exception):
    """A measured command failed; the message holds the end of what it wrote to standard error."""


@dataclass(frozen=True)
class Cost:
    """What one run of a command took.

    Attributes:
        wall: seconds until the command ended.
        cpu: user and system seconds of all its processes.
        peak: most bytes that its processes held at one time: their proportional set sizes (shared
            pages are divided among those who share them), summed; None if not measured.
        output: what it wrote to standard output.
    """

    wall: float
    cpu: float
    peak: int | None
    output: str


def measure(
    command: Sequence[str], *, interval: float | None = None, environment: Mapping[str, str] | None = None
) -> Cost:
    """Run a command and measure it.

    Args:
        command: program and arguments.
        interval: seconds between two looks at the memory. They cost CPU time, so None does not look.
        environment: variables beside those of this process.

    Raises:
        CommandError: its exit code was not 0.
    """
    repository = Path(__file__).resolve().parents[1]
    supervisor = [
        sys.executable,
        "-m",
        "benchmarks.measure",
        *(["--interval", str(interval)] if interval else []),
        "--",
    ]
    variables = {**os.environ, **(environment or {}), "MEASURED_PYTHONPATH": (environment or {}).get("PYTHONPATH", "")}
    variables["PYTHONPATH"] = str(repository)
    done = subprocess.run([*supervisor, *command], capture_output=True, text=True, env=variables, check=False)
    if done.returncode:
        raise CommandError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return Cost(**json.loads(done.stdout))


def median(values: Iterable[float]) -> float:
    """Median of one or more values."""
    return statistics.median(values)


def warm(folder: Path) -> None:
    """Read every file below a folder once, so that the first run does not pay for the disk."""
    for parent, _, names in os.walk(folder):
        for name in names:
            (Path(parent) / name).read_bytes()


def supervise(command: Sequence[str], interval: float | None) -> Cost:
    """Run a command as the parent of all its orphans; see `measure`."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    variables = dict(os.environ)
    variables["PYTHONPATH"] = variables.pop("MEASURED_PYTHONPATH", "")
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True, env=variables)
    memory = _Memory(process.pid, interval) if interval else None
    output, _ = process.communicate()
    wall = time.perf_counter() - started
    _wait_for_orphans(process.pid)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise SystemExit(process.returncode if process.returncode > 0 else 1)
    return Cost(wall, used.ru_utime + used.ru_stime, memory.stop() if memory else None, output)


def _wait_for_orphans(session: int) -> None:
    deadline = time.monotonic() + _LINGER
    while True:
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not ended:
            if time.monotonic() > deadline:
                os.killpg(session, signal.SIGKILL)
            time.sleep(0.005)


class _Memory:
    """Looks at the memory of all processes of a session until it is stopped."""

    def __init__(self, session: int, interval: float) -> None:
        self._session, self._interval = session, interval
        self._peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """The highest sum that was seen, bytes."""
        self._over.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while not self._over.wait(self._interval):
            self._peak = max(self._peak, sum(map(_proportional_size, _processes(self._session))))


def _processes(session: int) -> list[Path]:
    """Folders in /proc of the processes of a session."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                # The name in parentheses may hold anything; the session is the fourth field after it.
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session:
                found.append(folder)
    return found


def _proportional_size(process: Path) -> int:
    """Bytes (PSS) of a process; 0 if it has just ended."""
    try:
        lines = (process / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def main(arguments: Sequence[str]) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.measure")
    parser.add_argument("--interval", type=float)
    parser.add_argument("command", nargs="+")
    given: Any = parser.parse_args(arguments)
    cost = supervise(given.command, given.interval)
    print(json.dumps(cost.__dict__))


if __name__ == "__main__":
    main(sys.argv[1:])
