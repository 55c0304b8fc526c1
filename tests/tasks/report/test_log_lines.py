"""Log lines: JSON for machines, text for people, and no secret and no control character in either."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest
from rich.console import Console

from tasks.report.log_lines import JsonLines, TerminalLines, TextLines


def record(message: str, level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "presslake.validate", "msg": message, "levelno": level, **extra})
    made.levelname, made.created = logging.getLevelName(level), 1_772_443_800.25
    return made


def test_a_json_line_has_run_stage_and_batch() -> None:
    context = {"run_id": "r1", "batch": "3 of 12", "files": 240}
    assert json.loads(JsonLines().format(record("2 files go to quarantine", context=context))) == {
        "time": "2026-03-02T09:30:00.250Z",
        "level": "info",
        "message": "2 files go to quarantine",
        "run_id": "r1",
        "batch": "3 of 12",
        "files": 240,
        "stage": "validate",
    }


def test_a_line_of_json_is_one_line_whatever_is_in_it() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        line = JsonLines().format(record("a\nb", exc_info=sys.exc_info()))
    assert "\n" not in line
    assert "ValueError" in json.loads(line)["traceback"]


def test_a_text_line_says_which_batch_and_what_to_do() -> None:
    line = TextLines().format(record("it failed\x1b[2J.", logging.ERROR, context={"batch": "3 of 12"}, hint="Wait."))
    assert line == "2026-03-02T09:30:00Z error validate: batch 3 of 12: it failed\\x1b[2J. Wait."


@pytest.mark.parametrize("formatter", [JsonLines(), TextLines()])
def test_no_line_shows_credentials(formatter: logging.Formatter) -> None:
    assert "s3cr3t" not in formatter.format(record("from s3://k:s3cr3t@bucket", hint="Try s3://k:s3cr3t@bucket."))


def test_on_a_terminal_lines_are_short_and_errors_are_told_as_the_command_line_does() -> None:
    console = Console(file=io.StringIO(), width=60)
    handler = TerminalLines(console)
    handler.handle(record("12 files"))
    handler.handle(record("It failed.", logging.ERROR, hint="Wait."))
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert printed.splitlines()[0].endswith("  validate     12 files")
    assert printed.splitlines()[1:] == ["error: It failed.", "       Wait."]
