"""`presslake serve`: server and schedule in one command, ended by a signal, and killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from filelock import FileLock

from tasks.warehouse.warehouse import Warehouse
from tests.builders import article, page
from tests.e2e.office import clean_environment
from tests.e2e.server import free_port

pytestmark = [pytest.mark.xdist_group("serve"), pytest.mark.timeout(900)]


class Service:
    """`presslake serve` in a process of its own; `said` is what it printed."""

    def __init__(self, home: Path, every: str) -> None:
        self.port, self.log, self.warehouse = free_port(), home / f"{time.monotonic_ns()}.log", home / "warehouse"
        command = [sys.executable, "-m", "flows", "serve", str(home / "news"), "--warehouse", str(self.warehouse)]
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, "--every", every, "--port", str(self.port)],
                cwd=home,
                env=clean_environment(home),
                stdout=output,
                stderr=output,
            )

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def runs(self, *states: str) -> list[dict[str, Any]]:
        body = {"flow_runs": {"state": {"type": {"any_": list(states)}}}, "sort": "EXPECTED_START_TIME_DESC"}
        try:
            url = f"http://127.0.0.1:{self.port}/api/flow_runs/filter"
            found: list[dict[str, Any]] = httpx.post(url, json=body, trust_env=False, timeout=30).json()
        except httpx.HTTPError:
            return []
        return found

    def wait_for(self, there: Callable[[], Any], seconds: float = 400) -> Any:
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.process.poll() is None:
            if found := there():
                return found
            time.sleep(0.5)
        raise AssertionError(self.said[-4000:])

    def kill(self) -> None:
        """As when the machine goes down: server, schedule and run at once."""
        everything = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        for process in everything:
            process.kill()
        self.process.wait()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "a.md").write_bytes(article("The ferry", originalUrl=page(1)))
    return tmp_path


@pytest.fixture
def start(home: Path) -> Iterator[Callable[[str], Service]]:
    started: list[Service] = []

    def begin(every: str) -> Service:
        started.append(Service(home, every))
        return started[-1]

    yield begin
    for service in started:
        if service.process.poll() is None:
            service.kill()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_at_once_and_on_schedule_and_ends_when_told(
    start: Callable[[str], Service], ending: signal.Signals
) -> None:
    service = start("8s")
    service.wait_for(lambda: len(service.runs("COMPLETED")) >= 2)
    children = psutil.Process(service.process.pid).children(recursive=True)
    service.process.send_signal(ending)

    assert service.process.wait(120) == 0
    assert f"Prefect UI: http://127.0.0.1:{service.port}" in service.said
    assert "Stopped. The published tables are whole." in service.said
    assert [child for child in children if child.is_running()] == []
    assert (service.warehouse / "current" / "articles").is_dir()


def test_what_a_killed_service_left_is_ended_by_the_next(start: Callable[[str], Service], home: Path) -> None:
    lake = Warehouse(home / "warehouse")
    lake.create()
    killed = start("1h")
    with FileLock(lake.lock_path):
        (run,) = killed.wait_for(lambda: killed.runs("RUNNING"))
        killed.kill()
    following = start("1h")
    (crashed,) = following.wait_for(lambda: following.runs("CRASHED"))
    following.wait_for(lambda: following.runs("COMPLETED"))

    assert crashed["id"] == run["id"]
    assert "presslake serve" in crashed["state"]["message"]
