"""Where log lines go: stderr as the settings say, from worker processes as well."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from config.settings import Log
from flows.cli import main
from flows.logs import shown_logs
from tasks.runs.logs import ROOT, bound, log_of
from tasks.runs.worker_pool import worker_pool
from tasks.runs.workers import in_worker
from tests.builders import article


def say() -> None:
    log_of("parse").info("from a worker")
    log_of("parse").debug("too much")


def lines(text: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in text.splitlines()]


def test_what_a_worker_process_logs_arrives_with_its_batch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with shown_logs(Log()), worker_pool(tmp_path, 2), bound(run_id="r1", batch="3 of 12"):
        in_worker(tmp_path, 60, say)
    (line,) = lines(capsys.readouterr().err)
    told = [line[name] for name in ("message", "run_id", "batch", "stage")]
    assert told == ["from a worker", "r1", "3 of 12", "parse"]


def test_only_what_is_severe_enough_is_shown_and_afterwards_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_logs(Log(level="warning", format="text")):
        log_of("run").info("not this")
        log_of("run").warning("but this")
    log_of("run").warning("nor this")
    assert capsys.readouterr().err.endswith(" warning run: but this\n")
    assert logging.getLogger(ROOT).propagate


def test_a_run_that_fails_ends_with_one_line_of_json_that_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(tmp_path / "gone"), "--warehouse", str(tmp_path / "w")]) == 1
    *_, last = lines(capsys.readouterr().err)
    assert (last["level"], last["stage"]) == ("error", "run")
    assert "does not exist" in last["message"]
    assert last["run_id"]


def test_a_run_tells_its_stages_on_stderr_and_its_result_on_stdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "a.md").write_bytes(article())
    (tmp_path / "news" / "b.md").write_text("---\ntitle: no end\n")
    assert main(["run", str(tmp_path / "news"), "--warehouse", str(tmp_path / "w"), "--json"]) == 0
    printed = capsys.readouterr()
    changes = json.loads(printed.out)["changes"]
    assert {name: count for name, count in changes.items() if count} == {"new": 1, "quarantined": 1}
    told = lines(printed.err)
    assert {line["stage"] for line in told} == {"run", "discover", "parse", "validate", "deduplicate"}
    assert len({line["run_id"] for line in told}) == 1
    assert any("b.md:1:1 of news: front-matter/unclosed-fence" in line["message"] for line in told)
