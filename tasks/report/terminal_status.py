"""`presslake status` on a terminal.

Belongs here: how a `Status` is laid out. Does not belong here: its numbers (`status`) and their
spelling (`words`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tasks.report.status import LastRun, Status
from tasks.report.terminal import TOP, grid, show_place, titled
from tasks.report.words import counted, printable, spell_age, spell_message, spell_place, spell_seconds, spell_size

_STATUS_STYLE: Final = {"completed": "green", "unchanged": "dim", "failed": "red"}


def show_status(console: Console, status: Status) -> None:
    """Print what a warehouse holds, how its last runs went, and what is in quarantine."""
    console.print(_headline(status), soft_wrap=True)
    if status.tables:
        console.print()
        console.print(titled("Tables", _tables(status)))
    if status.runs:
        console.print()
        console.print(titled("Last runs", _runs(status.runs)))
    _show_quarantine(console, status)


def _headline(status: Status) -> Text:
    if status.snapshot is None:
        return Text.assemble((printable(status.warehouse), "bold"), ": nothing is published yet.")
    age = spell_age(status.age_seconds or 0)
    return Text.assemble((printable(status.warehouse), "bold"), f": snapshot {status.snapshot}, published {age}.")


def _tables(status: Status) -> Table:
    table = grid("left", "right", "right", "right")
    for name, size in status.tables.items():
        table.add_row(name, counted(size.rows, "row"), spell_size(size.bytes), counted(size.files, "file"))
    return table


def _runs(runs: list[LastRun]) -> Table:
    table = grid("left", "left", "right", "left")
    for run in runs:
        start, end = datetime.fromisoformat(run.started_at), datetime.fromisoformat(run.ended_at)
        when, took = f"{start:%Y-%m-%d %H:%M}", spell_seconds((end - start).total_seconds())
        table.add_row(when, Text(run.status, _STATUS_STYLE.get(run.status, "")), took, Text(_told(run)))
    return table


def _told(run: LastRun) -> str:
    """What a run changed; of one that changed nothing, how it ended."""
    if run.status != "completed":
        return printable(run.message)
    counts = {"new": run.files.new, "changed": run.files.changed, "removed": run.files.removed}
    changes = ", ".join(f"{number:,} {word}" for word, number in counts.items() if number) or "no file changed"
    quarantined = f"; {run.records.quarantined:,} in quarantine" if run.records.quarantined else ""
    snapshot = "" if run.snapshot is None else f"snapshot {run.snapshot}: "
    return f"{snapshot}{changes}{quarantined}"


def _show_quarantine(console: Console, status: Status) -> None:
    if not status.quarantined:
        return
    console.print()
    console.print(Text(f"In quarantine: {counted(status.quarantined, 'file')}", "bold"))
    for reason in status.reasons[:TOP]:
        console.print(Text.assemble(f"  {reason.code}  ", (counted(reason.files, "file"), "red")))
        example = reason.example
        message = spell_message(example.field, example.message, example.value)
        show_place(console, spell_place(example, status.sources), message)
    if len(status.reasons) > TOP:
        rest = counted(len(status.reasons) - TOP, "more kind")
        console.print(Text(f"  and {rest}; the table `quarantine` has them all.", "dim"))
