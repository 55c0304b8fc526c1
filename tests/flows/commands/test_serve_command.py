"""`presslake serve` refuses what cannot work before it starts anything; tests/e2e/test_serve.py starts it."""

from __future__ import annotations

import socket
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from config.errors import UsageError
from flows.cli import main
from flows.commands.serve import absolute, parse_every
from flows.server import check_address


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("15 min", 900), ("1h", 3_600), ("2D", 172_800)]
)
def test_times_between_two_runs(text: str, seconds: int) -> None:
    assert parse_every(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "0h", "-1h", "1.5h", "1 week", "h", "60"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match=r"Give one such as 90s"):
        parse_every(text)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--every", "1h", "--cron", "0 * * * *"], "Leave one out"),
        (["--cron", "hourly"], "five fields"),
        (["--maintain", "nightly"], "five fields"),
        (["--host", "0.0.0.0"], "PREFECT_SERVER_API_AUTH_STRING"),
        (["--host", "localhost"], "not an IP address"),
    ],
)
def test_what_cannot_work_is_said_at_once(
    options: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)
    assert main(["serve", str(tmp_path), "--warehouse", str(tmp_path / "w"), *options]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_taken_port_is_said_with_the_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match=r"PREFECT_API_URL=http://127.0.0.1:\d+/api.*--port"):
            check_address("127.0.0.1", taken.getsockname()[1], password="")


def test_an_address_for_others_needs_a_password() -> None:
    with socket.socket() as probe:
        probe.bind(("0.0.0.0", 0))
        port = probe.getsockname()[1]
    check_address("0.0.0.0", port, password="operator:secret")


def test_sources_do_not_depend_on_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "news").mkdir()
    (tmp_path / "year=2021").mkdir()
    monkeypatch.chdir(tmp_path)
    assert absolute("news") == str(tmp_path / "news")
    assert absolute("daily=news") == f"daily={tmp_path / 'news'}"
    assert absolute("s3://bucket/news") == "s3://bucket/news"
    assert absolute("./year=2021") == str(tmp_path / "year=2021")
    assert absolute("news=year=2021") == f"news={tmp_path / 'year=2021'}"


def test_the_runs_get_the_warehouse_that_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[Any, ...]] = []
    recorder = SimpleNamespace(serve=lambda *values, **_: served.append(values))
    monkeypatch.setitem(sys.modules, "flows.serve", recorder)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.chdir(tmp_path)
    assert main(["serve", ".", "--warehouse", "data/lake"]) == 0
    ((name, parameters, *_),) = served
    assert (name, parameters["warehouse"]) == ("lake", str(tmp_path / "data/lake"))
