"""A copy of the project in a folder of its own, run by the commands of docs/operations.md.

Belongs here: the commands as the document has them, and questions to the API. Only the port differs,
so that several servers fit on one machine.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
from filelock import FileLock

from tasks.warehouse.warehouse import Warehouse
from tests.e2e.server import PROJECT, free_port, without_settings

PASSWORD: Final = "operator:pa55-w0rd"
_PARTS: Final = ("config", "flows", "tasks", "docs", "Makefile", "prefect.yaml", "prefect.toml", "pyproject.toml")
_DOCUMENT: Final = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")


def commands(title: str) -> list[str]:
    """The lines of the block that follows a comment in docs/operations.md."""
    found = re.search(rf"<!-- {title}.*?-->\n```sh\n(.*?)```", _DOCUMENT, re.DOTALL)
    assert found, title
    return found[1].strip().splitlines()


def clean_environment(home: Path) -> dict[str, str]:
    """This process's environment without anyone's settings."""
    path = os.pathsep.join([str(home / "tree"), *filter(None, [os.environ.get("PYTHONPATH")]), str(PROJECT)])
    return {**without_settings(), "PREFECT_HOME": str(home / "prefect"), "PYTHONPATH": path, "DO_NOT_TRACK": "1"}


@dataclass
class Office:
    """A server with its deployments, and a worker.

    Attributes:
        home: everything is in here; `home/tree` is the copy of the project.
        port: the server's.
        environment: of the commands.
        worker: the process of the worker, as long as there is one.
    """

    home: Path
    port: int
    environment: dict[str, str]
    worker: subprocess.Popen[bytes] | None = None

    @property
    def tree(self) -> Path:
        """The copy of the project."""
        return self.home / "tree"

    def shell(self, *lines: str, check: bool = True) -> str:
        """Run lines of the document in one bash; what they print."""
        script = "\n".join(lines).replace("4200", str(self.port))
        done = subprocess.run(
            ["bash", "-ec", script],
            cwd=self.tree,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout
        return done.stdout

    def start_worker(self) -> None:
        """The fifth command."""
        first, *_, fifth = commands("five commands")
        script = f"{first}\nexec {fifth}".replace("4200", str(self.port))
        with (self.home / "worker.log").open("ab") as log:
            self.worker = subprocess.Popen(
                ["bash", "-ec", script], cwd=self.tree, env=self.environment, stdout=log, stderr=log
            )

    def kill_worker(self) -> None:
        """SIGKILL for the worker and for its runs; the worker first, or it might still tell of theirs."""
        assert self.worker is not None
        for process in [psutil.Process(self.worker.pid), *self.runs()]:
            process.send_signal(signal.SIGKILL)
        self.worker.wait()
        self.worker = None

    def runs(self) -> list[psutil.Process]:
        """The processes of runs."""
        assert self.worker is not None
        return psutil.Process(self.worker.pid).children(recursive=True)

    def api(self, method: str, path: str, body: Any = None, auth: bool = True) -> httpx.Response:
        """An answer of the API; a server whose database is busy says 503, and is asked again."""
        login = httpx.BasicAuth(*PASSWORD.split(":")) if auth else None
        url = f"http://127.0.0.1:{self.port}/api/{path}"
        for _ in range(60):
            answer = httpx.request(method, url, json=body, auth=login, trust_env=False, timeout=60)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(0.5)
        return answer

    def found(self, what: str, **wanted: Any) -> list[dict[str, Any]]:
        """All of a kind, such as `flow_runs`, that a filter of the API finds."""
        answer = self.api("POST", f"{what}/filter", wanted)
        assert answer.is_success, answer.text
        return list(answer.json())

    def trigger(self, deployment: str = "ingest/hourly", **parameters: Any) -> str:
        """Start a run at once; its id."""
        known = self.api("GET", f"deployments/name/{deployment}").json()
        merged = {**known["parameters"], **parameters}
        started = self.api("POST", f"deployments/{known['id']}/create_flow_run", {"parameters": merged})
        assert started.is_success, started.text
        return str(started.json()["id"])

    def wait(self, run: str, states: Collection[str], seconds: float = 240) -> dict[str, Any]:
        """The run, as soon as it is in one of the states."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            seen: dict[str, Any] = self.api("GET", f"flow_runs/{run}").json()
            if seen["state_type"] in states:
                return seen
            time.sleep(0.5)
        log = (self.home / "worker.log").read_text(encoding="utf-8", errors="replace")
        raise AssertionError(f"{seen['state_name']}: {seen['state']['message']}\n{log[-4000:]}")

    @contextmanager
    def busy_warehouse(self) -> Iterator[None]:
        """Runs wait for the lock, and so can be caught at work."""
        warehouse = Warehouse(self.tree / "warehouse")
        warehouse.create()
        with FileLock(warehouse.lock_path):
            yield


@contextmanager
def opened_office(home: Path, **more: str) -> Iterator[Office]:
    """From nothing to a worker, by the five commands; all of it ends with the context."""
    port = free_port()
    environment = clean_environment(home)
    password = {"PREFECT_SERVER_API_AUTH_STRING": PASSWORD, "PREFECT_API_AUTH_STRING": PASSWORD}
    office = Office(home, port, {**environment, **password, "PREFECT_SERVER_API_PORT": str(port), **more})
    _copy_project(office.tree)
    try:
        office.shell(*commands("five commands")[:4])
        office.start_worker()
        yield office
    finally:
        if office.worker is not None:
            office.kill_worker()
        office.shell("kill $(cat .prefect/server.pid)", check=False)


def _copy_project(tree: Path) -> None:
    """The project as after `make setup`, whose environment is the one of this test."""
    (tree / ".venv").mkdir(parents=True)
    for part in _PARTS:
        source = PROJECT / part
        shutil.copytree(source, tree / part) if source.is_dir() else shutil.copy(source, tree / part)
    shutil.copy(PROJECT / "requirements.lock", tree)
    (tree / ".venv" / "bin").symlink_to(Path(sys.prefix) / "bin")
    (tree / ".venv" / ".ready").touch()
