"""Progress of a run: the reports that stages make, and bars on a terminal.

Does not belong here: the summary after the run (`terminal`), and log lines (`log_lines`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tasks.report.words import format_size

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import Task, TaskID

#: Unit of a stage that counts bytes; all others are shown as plain numbers.
BYTES: Final = "bytes"


class Progress:
    """The reports of stages, which may come from any thread; this one shows nothing."""

    def start(self, stage: str, total: int | None, unit: str) -> None:
        """A stage begins, or begins again: `total` units of work, None where that is not known."""

    def advance(self, stage: str, amount: int) -> None:
        """`amount` more units are done."""

    def finish(self, stage: str) -> None:
        """The stage is done, whatever total was announced."""


class TerminalBars(Progress):
    """One bar a stage; it pulses where the total is not known.

    Args:
        bars: rich's display, with the columns of `_display`; started and stopped by the caller.
    """

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def start(self, stage: str, total: int | None, unit: str) -> None:
        """Show a bar instead of the one that the stage may have."""
        if stage in self._tasks:
            self._bars.remove_task(self._tasks[stage])
        self._tasks[stage] = self._bars.add_task(stage, total=total, unit=unit)

    def advance(self, stage: str, amount: int) -> None:
        """Move the bar, if the stage has one."""
        if stage in self._tasks:
            self._bars.advance(self._tasks[stage], amount)

    def finish(self, stage: str) -> None:
        """Fill the bar: with no total, what was counted is the total."""
        if stage in self._tasks:
            task = next(task for task in self._bars.tasks if task.id == self._tasks[stage])
            total = task.total or max(task.completed, 1)
            self._bars.update(task.id, total=total, completed=total)


def format_amount(task: Task) -> str:
    """`1,200 of 2,277 files`, `4.2 MB of 9.6 MB`; `1,200 files` without a total, empty without a unit."""
    unit = task.fields["unit"]
    if not unit:
        return ""
    form, suffix = (format_size, "") if unit == BYTES else ("{:,.0f}".format, f" {unit}")
    done = form(task.completed)
    return f"{done}{suffix}" if task.total is None else f"{done} of {form(task.total)}{suffix}"


@contextmanager
def terminal_progress(*, quiet: bool = False) -> Iterator[Progress]:
    """Bars on stderr while the block runs, if that is a terminal and `quiet` is not set."""
    if quiet or not sys.stderr.isatty():
        yield Progress()
        return
    with _display() as bars:
        yield TerminalBars(bars)


def _display() -> Bars:
    # Rich takes 90 ms to import, which a run without a terminal need not pay.
    from rich.progress import BarColumn, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415
    from rich.table import Column  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from tasks.report.terminal import stderr_console  # noqa: PLC0415

    class Amount(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(format_amount(task), justify="right")

    return Bars(
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description:<11}"),
        BarColumn(bar_width=None),
        Amount(Column(no_wrap=True)),
        TimeElapsedColumn(),
        console=stderr_console(),
        redirect_stdout=False,  # stdout is for the summary or one JSON object
        transient=True,
    )
