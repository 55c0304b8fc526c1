"""Bars on a terminal, silence elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import TextColumn

from tasks.report.progress import Silent, TerminalBars, terminal_progress


def bars() -> Bars:
    columns = TextColumn("{task.description}|{task.fields[amount]}|{task.percentage:.0f}")
    return Bars(columns, console=Console(file=io.StringIO(), width=80))


def shown(display: Bars) -> list[str]:
    """The lines that the display would draw now."""
    console = Console(width=80)
    with console.capture() as capture:
        console.print(display.get_renderable())
    return [line.rstrip() for line in capture.get().splitlines()]


def test_bar_counts_what_is_done() -> None:
    display = bars()
    progress = TerminalBars(display)
    progress.start("parse", 2_000, "files")
    progress.advance("parse", 500)
    assert shown(display) == ["parse|500 of 2,000 files|25"]


def test_bytes_are_spelt_as_sizes() -> None:
    display = bars()
    progress = TerminalBars(display)
    progress.start("write", 8_000_000, "bytes")
    progress.advance("write", 2_000_000)
    assert shown(display) == ["write|2.0 MB of 8.0 MB|25"]


def test_unknown_total_is_what_was_counted_in_the_end() -> None:
    display = bars()
    progress = TerminalBars(display)
    progress.start("discover", None, "files")
    progress.advance("discover", 7)
    assert shown(display) == ["discover|7 files|0"]
    progress.finish("discover")
    assert shown(display) == ["discover|7 of 7 files|100"]


def test_finish_fills_a_bar_that_stopped_short() -> None:
    display = bars()
    progress = TerminalBars(display)
    progress.start("parse", 10, "files")
    progress.finish("parse")
    assert shown(display) == ["parse|10 of 10 files|100"]


def test_restarted_stage_has_one_bar() -> None:
    display = bars()
    progress = TerminalBars(display)
    progress.start("parse", 10, "files")
    progress.advance("parse", 9)
    progress.start("parse", 20, "files")
    assert shown(display) == ["parse|0 of 20 files|0"]


def test_stage_that_never_started_is_ignored() -> None:
    display = bars()
    progress = TerminalBars(display)
    progress.advance("write", 1)
    progress.finish("write")
    assert display.tasks == []


def test_no_bars_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal_progress() as progress:
        progress.start("parse", 1, "files")
        progress.finish("parse")
    assert isinstance(progress, Silent)
    assert capsys.readouterr() == ("", "")


def test_terminal_gets_bars_on_stderr_unless_quiet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with terminal_progress(quiet=True) as quiet, terminal_progress() as progress:
        progress.start("parse", 3, "files")
        progress.advance("parse", 3)
    assert isinstance(quiet, Silent)
    assert isinstance(progress, TerminalBars)
    assert capsys.readouterr().out == ""
