"""A real Prefect server for tests and for the scripts that take screenshots.

Belongs here: starting one on a free loopback port with a database of its own, and the environment
that points a process at it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: The first start makes the database; on a busy machine that takes a while.
_PATIENCE_SECONDS: Final = 120
PROJECT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        url: of the UI; the API is below it at `/api`.
        environment: for processes that talk to it; nothing of Prefect's is inherited.
    """

    url: str
    environment: dict[str, str]


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def without_settings() -> dict[str, str]:
    """This process's environment without anyone's settings of Prefect and presslake."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "PRESSLAKE_"))}


def environment(home: Path, url: str) -> dict[str, str]:
    """The environment of processes that talk to a server: presslake's code, no one's Prefect profile."""
    return {
        **without_settings(),
        "PYTHONPATH": str(PROJECT),
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"{url}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }


@contextmanager
def started_server(home: Path) -> Iterator[Server]:
    """A server that lasts as long as the context.

    Args:
        home: folder for Prefect's files, the server's log `server.log` among them.

    Raises:
        RuntimeError: it did not answer in time; its log is in the message.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    ours = environment(home, url)
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**ours, "PREFECT_SERVER_UI_API_URL": f"{url}/api"},
            cwd=home,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(f"{url}/api/health", process, log)
        yield Server(url, ours)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.2)
    raise RuntimeError(f"The Prefect server did not start:\n{log.read_text(errors='replace')[-4000:]}")
