"""Bars on a terminal, silence elsewhere."""

from __future__ import annotations

import pytest
from rich.progress import Progress as Bars

from tasks.report.progress import Progress, TerminalBars, format_amount, terminal_progress


def shown(display: Bars) -> list[str]:
    """What the display would draw now."""
    return [f"{task.description}|{format_amount(task)}|{task.percentage:.0f}" for task in display.tasks]


@pytest.mark.parametrize(
    ("total", "unit", "done", "bar"),
    [
        (2_000, "files", 500, "parse|500 of 2,000 files|25"),
        (8_000_000, "bytes", 2_000_000, "parse|2.0 MB of 8.0 MB|25"),
        (None, "files", 7, "parse|7 files|0"),
        (4, "", 1, "parse||25"),
    ],
)
def test_a_bar_counts_what_is_done(total: int | None, unit: str, done: int, bar: str) -> None:
    display = Bars()
    progress = TerminalBars(display)
    progress.start("parse", total, unit)
    progress.advance("parse", done)
    assert shown(display) == [bar]


@pytest.mark.parametrize(("total", "bar"), [(None, "parse|7 of 7 files|100"), (10, "parse|10 of 10 files|100")])
def test_a_finished_bar_is_full(total: int | None, bar: str) -> None:
    display = Bars()
    progress = TerminalBars(display)
    progress.start("parse", total, "files")
    progress.advance("parse", 7)
    progress.finish("parse")
    assert shown(display) == [bar]


def test_restarted_stage_has_one_bar_and_one_that_never_started_none() -> None:
    display = Bars()
    progress = TerminalBars(display)
    progress.start("parse", 10, "files")
    progress.advance("parse", 9)
    progress.start("parse", 20, "files")
    progress.advance("write", 1)
    progress.finish("write")
    assert shown(display) == ["parse|0 of 20 files|0"]


def test_terminal_gets_bars_on_stderr_unless_quiet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with terminal_progress() as elsewhere:
        elsewhere.start("parse", 1, "files")
        elsewhere.finish("parse")
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with terminal_progress(quiet=True) as quiet, terminal_progress() as progress:
        progress.start("parse", 3, "files")
        progress.advance("parse", 3)
    assert type(elsewhere) is type(quiet) is Progress
    assert isinstance(progress, TerminalBars)
    assert capsys.readouterr().out == ""
