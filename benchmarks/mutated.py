"""A run over mutated files under a limit of memory: it ends, and every file has one status.

`python -m benchmarks.mutated [FILES] [GIB]` takes the files of docs/sample, breaks them in usual ways and in ways
that nobody would, and runs presslake over them with a limit on the address space of each process. It
prints the statuses, and fails if a file has none, or the run does not end well.

Belongs here: the mutations and the run. Does not belong here: single kinds of hostile input (`tests/flows`).
"""

from __future__ import annotations

import json
import random
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks.environment import REPOSITORY
from benchmarks.subjects import CLI, ENVIRONMENT

#: Pieces that mean something to a parser, or to nobody.
_PIECES: Final = (
    *(
        b"---\n",
        b"+++\n",
        b"{",
        b"}",
        b"[",
        b"]",
        b": ",
        b"- ",
        b"&a ",
        b"*a",
        b"!!python/object:os.system ",
        b"<<: *a\n",
    ),
    *(
        b"'",
        b'"',
        b"\t",
        b"\r",
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xc2\xa0",
        b"\xe2\x80\xa8",
        b"\\ud800",
        b"\\0",
    ),
    *(b"<<<<<<< HEAD\n", b"...\n", b"%YAML 9.9\n", b"0x7fffffffffffffffffff", b"1e999999", b"9999-99-99", b".nan"),
    *(b"[" * 500, b"{a: " * 500, b"- " * 500, b"x" * 100_000, b"\n" * 10_000, b"\xf0\x9f\x98\x80" * 1_000),
)


def _flip(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << rng.randrange(8))]) + data[place + 1 :]


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def _insert(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + rng.choice(_PIECES) + data[place:]


def _repeat(data: bytes, rng: random.Random) -> bytes:
    start, stop = sorted(rng.randrange(len(data)) for _ in range(2))
    return data[:stop] + data[start:stop] * rng.randrange(1, 50) + data[stop:]


def _swap(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


_MUTATIONS: Final[tuple[Callable[[bytes, random.Random], bytes], ...]] = (_flip, _cut, _insert, _insert, _repeat, _swap)


def mutate(folder: Path, files: int, seed: int = 1) -> None:
    """Write mutated files into a folder; the same arguments give the same files."""
    rng = random.Random(seed)
    originals = [path.read_bytes() for path in sorted((REPOSITORY / "docs" / "sample").rglob("*.*"))]
    for number in range(files):
        data = rng.choice(originals)
        for _ in range(rng.randrange(1, 5)):
            data = rng.choice(_MUTATIONS)(data or b"-", rng)
        (folder / f"{number:05}.md").write_bytes(data)


def main(files: int = 10_000, gibibytes: int = 3) -> int:
    """Mutate, run, and print what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "site").mkdir()
        mutate(Path(folder) / "site", files)
        command = [sys.executable, "-m", CLI, "run", "site", "--warehouse", "w", "--accept-quarantine", "--json"]
        limited = f"ulimit -v {gibibytes * 1024 * 1024} && exec {shlex.join(command)}"
        done = subprocess.run(["bash", "-c", limited], cwd=folder, env=ENVIRONMENT, capture_output=True, check=False)
        report = json.loads(done.stdout)
    statuses = {**report["records"], "ignored": report["files"]["ignored"]}
    sys.stdout.write(f"{files:,} files, {gibibytes} GiB a process: exit code {done.returncode}, {statuses}\n")
    sys.stdout.write(f"{dict(sorted(report['violations'].items(), key=lambda item: -item[1]))}\n")
    return int(done.returncode != 0 or sum(statuses.values()) != files)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
