"""The command line as one who types sees it: output, exit codes, and what errors look like."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from config import VERSION
from config.errors import GuardRailError, RunError
from config.settings import Settings
from flows.cli import STOPPED, main
from flows.commands.app import COMMANDS
from tasks.report.outcome import Files, Outcome

BROKEN = "---\ntitle: ''\noriginalUrl: https://harbour.example/a\npublishedDateTime: 2026-03-02T09:30:00\n---\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("PRESSLAKE_"):
            monkeypatch.delenv(name)
    return tmp_path


class Runs:
    """Stands in for the pipeline: remembers how it was called, then returns or raises `end`."""

    def __init__(self, end: Outcome | BaseException) -> None:
        self.end = end
        self.sources: Sequence[str] = ()
        self.settings = Settings()
        self.full_refresh = False

    def __call__(self, sources: Sequence[str], settings: Settings, *, full_refresh: bool, progress: object) -> Outcome:
        self.sources, self.settings, self.full_refresh = sources, settings, full_refresh
        if isinstance(self.end, BaseException):
            raise self.end
        return self.end


def outcome(**changes: Any) -> Outcome:
    values = {"status": "completed", "run_id": "r1", "started_at": "2026-03-02T09:00:00Z", "message": "done"}
    return Outcome(**{**values, "ended_at": "2026-03-02T09:00:01Z", "files": Files(discovered=1, new=1), **changes})


def pipeline(monkeypatch: pytest.MonkeyPatch, end: Outcome | BaseException) -> Runs:
    runs = Runs(end)
    monkeypatch.setattr("flows.start.run_ingest", runs)
    return runs


def in_a_process(code: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env=environ, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, timeout=60
    )


def test_the_program_prints_everything_and_ends_with_the_code(folder: Path) -> None:
    (folder / "broken").mkdir()
    for number in range(400):
        (folder / "broken" / f"{number:03}.md").write_text(BROKEN)
    check = in_a_process("from flows.cli import main; import sys; sys.argv[1:] = ['check', 'broken']; sys.exit(main())")
    assert check.returncode == 1
    lines = check.stdout.splitlines()
    assert (lines[0].partition(":")[0], lines[-1].partition(":")[0]) == ("broken/000.md", "broken/399.md")
    assert "in 400 files\n\n400 files have no `title`, such as 000.md.\n" in check.stderr


def test_alone_it_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    text = capsys.readouterr().out
    assert all(f" {command} " in text for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    description, _, example = text.partition("Example")
    assert f"presslake {command}" in example
    assert len(description.splitlines()[2]) > 20
    # An asterisk marks what must be given; a group of commands has commands in the place of options.
    lines = [line.strip("│ *") for line in description.splitlines() if line.startswith("│")]
    options = [line for line in lines if line.startswith("--") or "Commands" in description]
    assert options
    assert all(len(line.split("  ", 1)) == 2 for line in options if line.startswith("--")), "one has no description"


def test_help_before_a_command_is_that_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert (main(["--help", "path"]), main(["path", "--help"])) == (0, 0)
    assert len(set(capsys.readouterr().out.split("Usage: "))) == 2


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"presslake {VERSION}\n"


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (["chekc"], 'Did you mean "check"'),
        (["run", "content", "--warehous", "x"], "Did you mean --warehouse"),
        (["run", "content", "--workers", "many"], '"many"'),
        (["run", "content", "--config", "gone.yaml"], "gone.yaml"),
        (["run"], "No source is given"),
        (["check"], "No source is given"),
        (["check", "x", "--include", ""], "discover.include"),
    ],
)
def test_wrong_usage_is_2_and_says_what_was_meant(
    arguments: list[str], nearest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert nearest in printed.err
    assert "Traceback" not in printed.err


def test_options_become_settings_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("presslake.yaml").write_text("run: {batch_bytes: 1 MiB, workers: 7}\nwarehouse: {path: elsewhere}\n")
    runs = pipeline(monkeypatch, outcome())
    options = ["--include", "*.md", "--include", "*.txt", "--exclude", "drafts/", "--workers", "2", "--accept-removals"]
    assert main(["run", "a", "b", *options, "--full-refresh", "--quiet"]) == 0
    assert (list(runs.sources), runs.full_refresh) == (["a", "b"], True)
    assert (runs.settings.discover.include, runs.settings.discover.exclude) == (("*.md", "*.txt"), ("drafts/",))
    assert (runs.settings.run.workers, runs.settings.run.batch_bytes) == (2, 2**20)
    assert (runs.settings.guards.accept_removals, runs.settings.guards.accept_quarantine) == (True, False)
    assert runs.settings.warehouse.path == "elsewhere"


def test_sources_default_to_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("mine.yaml").write_text("sources: {news: content/news}\n")
    runs = pipeline(monkeypatch, outcome())
    assert main(["run", "--config", "mine.yaml", "--warehouse", "wh", "--quiet"]) == 0
    assert (runs.sources, runs.settings.warehouse.path) == (["news=content/news"], "wh")


def test_run_prints_a_summary_and_quiet_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline(monkeypatch, outcome(snapshot=3))
    assert main(["run", "content"]) == 0
    assert capsys.readouterr().out.startswith("Published snapshot 3")
    assert main(["run", "content", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_json_is_one_object_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline(monkeypatch, outcome(snapshot=3))
    assert main(["run", "content", "--json"]) == 0
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert (told["status"], told["run_id"], told["files"]["new"]) == ("completed", "r1", 1)
    assert {"records", "violations", "duplicates", "seconds"} <= told.keys()
    assert printed.err == ""


def test_failed_run_is_1_with_message_and_hint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline(monkeypatch, GuardRailError("Too many files are gone.", "Is the disk mounted?"))
    assert main(["run", "content"]) == 1
    assert capsys.readouterr() == ("", "error: Too many files are gone.\n       Is the disk mounted?\n")
    assert main(["run", "content", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [told[name] for name in ("status", "message", "hint")] == [
        "failed", "Too many files are gone.", "Is the disk mounted?",
    ]  # fmt: skip


def test_what_a_failed_run_knew_is_in_its_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = RunError("The disk is full.")
    error.outcome = outcome(status="failed", message="The disk is full.", run_id="r9")
    pipeline(monkeypatch, error)
    assert main(["run", "content", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["run_id"] == "r9"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["status", "--warehouse", "nowhere", "--json"], 1, "no warehouse in nowhere"),
        (["status", "--warehous", "nowhere", "--json"], 2, "--warehouse"),
        (["run", "content", "--workers", "many", "--json"], 2, '"many"'),
        (["chekc", "--json"], 2, "check"),
    ],
)
def test_any_failure_is_told_as_json_too(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == code
    told = json.loads(capsys.readouterr().out)
    assert told["status"] == "failed"
    assert said in told["message"]
    assert told["hint"]


def test_wrong_settings_are_told_as_json_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PRESSLAKE_RUN__WORKERS", "many")
    assert main(["run", "content", "--json"]) == 2
    assert "run.workers" in json.loads(capsys.readouterr().out)["message"]


def test_bug_shows_a_traceback_and_asks_for_a_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline(monkeypatch, KeyError("oops"))
    assert main(["run", "content", "--json"]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["message"] == "KeyError: 'oops'"
    assert "Traceback" in printed.err
    assert "Please report it" in printed.err


def test_interrupt_ends_calmly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline(monkeypatch, KeyboardInterrupt())
    assert main(["run", "content"]) == STOPPED == 130
    printed = capsys.readouterr().err
    assert "Stopped." in printed
    assert "Traceback" not in printed


def test_check_lists_findings_and_counts_apart(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.md").write_text(BROKEN)
    assert main(["check", "."]) == 1
    printed = capsys.readouterr()
    assert [line.split(" ")[0] for line in printed.out.splitlines()] == ["a.md:2:8:", "a.md:4:20:"]
    assert printed.err == "1 error, 1 warning in 1 file\n"


def test_check_can_leave_warnings_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.md").write_text(BROKEN.replace("''", "Late"))
    assert main(["check", "a.md", "--no-warnings"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["check", "a.md"]) == 0
    assert "warning time/no-zone" in capsys.readouterr().out


def test_check_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.md").write_text(BROKEN)
    assert main(["check", "a.md", "--json"]) == 1
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert (told["status"], told["errors"], told["warnings"]) == ("failed", 1, 1)
    assert told["files"] == {"checked": 1, "ignored": 0}
    assert told["violations"][0].keys() == {
        "path", "line", "column", "code", "field", "severity", "message", "value",
    }  # fmt: skip
    assert printed.err == ""


def test_warehouse_commands_need_a_warehouse(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("status", "path"):
        assert main([command, "--warehouse", "nowhere"]) == 1
        assert "There is no warehouse in nowhere." in capsys.readouterr().err


def test_tables_can_be_made_and_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "content").mkdir()
    (folder / "content" / "a.md").write_text(BROKEN.replace("''", "Late"))
    assert main(["run", "content", "--warehouse", "wh"]) == 0
    assert "Published snapshot 1 from 1 file: 1 new." in capsys.readouterr().out
    assert main(["path", "--warehouse", "wh"]) == 0
    snapshot = (folder / "wh" / "snapshots" / "000001").resolve()
    assert capsys.readouterr().out == f"{snapshot}\n"
    assert main(["path", "--warehouse", "wh", "--sql"]) == 0
    views = f"CREATE OR REPLACE VIEW articles AS SELECT * FROM read_parquet('{snapshot}/articles/**/*.parquet'"
    assert capsys.readouterr().out.startswith(views)
    assert main(["path", "--warehouse", "wh", "--sql", "--json"]) == 2
    assert "exclude each other" in capsys.readouterr().err
    assert main(["status", "--warehouse", "wh", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["snapshot"], told["tables"]["articles"]["rows"], len(told["runs"])) == (1, 1, 1)
    assert main(["status", "--warehouse", "wh"]) == 0
    assert "snapshot 1, published just now." in capsys.readouterr().out


def test_help_loads_nothing_heavy() -> None:
    unneeded = {"pyarrow", "prefect", "tasks.report.terminal", "flows.run"}
    code = f"import sys; from flows.cli import main; main(['--help']); print({unneeded} & set(sys.modules))"
    assert in_a_process(code).stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize("arguments", [["--help"], ["check", "a.md"], ["check", "a.md", "--json"]])
def test_reader_that_went_away_ends_it_quietly(arguments: list[str], folder: Path) -> None:
    (folder / "a.md").write_text(BROKEN)
    read, write = os.pipe()
    os.close(read)
    code = f"import sys; from flows.cli import main; sys.exit(main({arguments}))"
    ended = in_a_process(code, stdout=write)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (1, "")
