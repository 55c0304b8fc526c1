"""Progress of a run: the protocol that stages report to, a silent receiver, and bars on a terminal.

Does not belong here: the summary after the run (`terminal`), and log lines (`log_lines`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from tasks.report.words import format_size

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import Task, TaskID

#: Unit of a stage that counts bytes; all others are shown as plain numbers.
BYTES: Final = "bytes"


class Progress(Protocol):
    """The reports of stages; they may come from any thread."""

    def start(self, stage: str, total: int | None, unit: str) -> None:
        """A stage begins: `total` units of work, None where that is not known."""

    def advance(self, stage: str, amount: int) -> None:
        """`amount` more units are done."""

    def finish(self, stage: str) -> None:
        """The stage is done, whatever total was announced."""


class Silent:
    """A `Progress` that shows nothing."""

    def start(self, stage: str, total: int | None, unit: str) -> None:
        """Nothing."""

    def advance(self, stage: str, amount: int) -> None:
        """Nothing."""

    def finish(self, stage: str) -> None:
        """Nothing."""


class TerminalBars:
    """A `Progress` with one bar a stage.

    Args:
        bars: rich's display, with the columns of `_display`; started and stopped by the caller.
    """

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}
        self._units: dict[str, str] = {}

    def start(self, stage: str, total: int | None, unit: str) -> None:
        """Show a bar; one that pulses where the total is not known. A stage can start again."""
        if stage in self._tasks:
            self._bars.remove_task(self._tasks[stage])
        self._units[stage] = unit
        self._tasks[stage] = self._bars.add_task(stage, total=total, amount=_amount(0, total, unit))

    def advance(self, stage: str, amount: int) -> None:
        """Move the bar, if the stage has one."""
        if stage in self._tasks:
            self._bars.advance(self._tasks[stage], amount)
            self._show_amount(stage)

    def finish(self, stage: str) -> None:
        """Fill the bar: with no total, what was counted is the total."""
        if stage in self._tasks:
            task = self._task(stage)
            self._bars.update(task.id, total=task.total or max(task.completed, 1))
            self._bars.update(task.id, completed=task.total)
            self._show_amount(stage)

    def _show_amount(self, stage: str) -> None:
        task = self._task(stage)
        total = None if task.total is None else int(task.total)
        self._bars.update(task.id, amount=_amount(int(task.completed), total, self._units[stage]))

    def _task(self, stage: str) -> Task:
        return next(task for task in self._bars.tasks if task.id == self._tasks[stage])


def _amount(done: int, total: int | None, unit: str) -> str:
    """`1,200 of 2,277 files`, `4.2 MB of 9.6 MB`; `1,200 files` without a total, empty without a unit."""
    if not unit:
        return ""
    if unit == BYTES:
        return format_size(done) if total is None else f"{format_size(done)} of {format_size(total)}"
    return f"{done:,} {unit}" if total is None else f"{done:,} of {total:,} {unit}"


@contextmanager
def terminal_progress(*, quiet: bool = False) -> Iterator[Progress]:
    """Bars on stderr while the block runs, if that is a terminal and `quiet` is not set."""
    if quiet or not sys.stderr.isatty():
        yield Silent()
        return
    with _display() as bars:
        yield TerminalBars(bars)


def _display() -> Bars:
    # Rich takes 90 ms to import, which a run without a terminal need not pay.
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415

    from tasks.report.terminal import stderr_console  # noqa: PLC0415

    return Bars(
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description:<11}"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[amount]}", justify="right"),
        TimeElapsedColumn(),
        console=stderr_console(),
        redirect_stdout=False,  # stdout is for the summary or one JSON object
        transient=True,
    )
