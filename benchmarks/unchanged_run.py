"""A run over files that have not changed: how fast it is, and that it reads none of them.

    python -m benchmarks.unchanged_run --source DIR [--times N]

The peer is `find DIR -type f -printf`, which does the least that any such run must: ask the file system
for every file's size and time. Counted, not only timed: the bytes that are read from source files.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.replay_history import settings_of
from flows.start import run_ingest
from tasks.discover.local import LocalSource
from tasks.report.outcome import Outcome
from tasks.runs.source import Content


@contextmanager
def counted_reads() -> Iterator[list[int]]:
    """Lengths of all that sources hand over in this process, while the context lasts."""
    lengths: list[int] = []
    read_many = LocalSource.read_many

    def counted(source: LocalSource, files: Sequence[tuple[str, str]], limit: int) -> Iterator[Content | OSError]:
        for content in read_many(source, files, limit):
            lengths.append(0 if isinstance(content, OSError) else len(content.raw))
            yield content

    with patch.object(LocalSource, "read_many", counted):
        yield lengths


def seconds_of(action: Callable[[], Any], times: int) -> float:
    """Median wall-clock seconds of several calls."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def list_with_find(source: Path) -> None:
    """List every file with its size and time."""
    find = shutil.which("find")
    assert find is not None, "find is not installed"
    subprocess.run([find, str(source), "-type", "f", "-printf", "%s %T@ %p\\n"], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time a run that has nothing to do.")
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--times", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_of(Path(folder) / "warehouse", workers=1)

        def run() -> Outcome:
            return run_ingest([f"site={arguments.source}"], settings)

        with counted_reads() as reads:
            first = run()
        assert sum(reads) == first.bytes["parse"] > 0
        with counted_reads() as reads:
            last = run()
            seconds = seconds_of(run, arguments.times)
    assert (last.status, last.files.unchanged, reads) == ("unchanged", first.files.discovered, [])
    peer = seconds_of(lambda: list_with_find(arguments.source), arguments.times)
    files = first.files.discovered
    print(f"{files:,} files, {sum(reads)} bytes of them read")
    print(
        f"unchanged run {seconds:.3f} s, {files / seconds:,.0f} files/s; find {peer:.3f} s: {seconds / peer:.1f} times"
    )


if __name__ == "__main__":
    main()
