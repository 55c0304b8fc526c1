"""A Git repository made of states of a folder, for tests of history: thousands of commits in a second.

Belongs here: writing commits by `git fast-import`. Does not belong here: what is in the files.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

#: The time of the first commit; each next one is an hour later.
START = datetime(2024, 1, 1, tzinfo=UTC)


def make_repository(root: Path, states: Iterable[Mapping[str, bytes]], times: Iterable[int] | None = None) -> Path:
    """A bare repository with one commit a state on its branch `main`.

    Args:
        root: the folder to make.
        states: path to content of all files, oldest first.
        times: seconds since 1970 of each commit; by default an hour apart.
    """
    subprocess.run(["git", "init", "-q", "--bare", "--initial-branch=main", str(root)], check=True)
    stream, before = bytearray(), dict[str, bytes]()
    clock = iter(times) if times is not None else (int(START.timestamp()) + 3600 * n for n in range(1_000_000))
    for state, time in zip(states, clock, strict=False):
        stream += f"commit refs/heads/main\ncommitter A <a@example.org> {time} +0000\ndata 0\n".encode()
        stream += b"".join(f"D {path}\n".encode() for path in before.keys() - state.keys())
        for path, content in state.items():
            if before.get(path) != content:
                stream += f"M 100644 inline {path}\ndata {len(content)}\n".encode() + content + b"\n"
        before = dict(state)
    subprocess.run(["git", "-C", str(root), "fast-import", "--quiet"], input=bytes(stream), check=True)
    return root
