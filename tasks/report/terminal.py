"""What people read in a terminal: the summary of a run, `presslake status`, and errors.

Belongs here: the layout of an `Outcome` and a `Status`, and the consoles they are printed on. Does not belong
here: the numbers (`outcome`, `status`), how single values are written (`words`), and bars (`progress`).

Text from source files is passed as `Text` and escaped, never as markup.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import IO, Final, cast

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tasks.report.outcome import Example, Outcome
from tasks.report.status import LastRun, Status
from tasks.report.words import (
    counted,
    format_age,
    format_location,
    format_message,
    format_seconds,
    format_size,
    format_speed,
    join_counts,
    near,
    printable,
)

#: How many kinds of findings, and how many unknown fields, a summary shows.
TOP: Final = 8
#: Columns from which on blocks stand side by side; no line is made wider than `_WIDEST`.
_WIDE: Final = 100
_WIDEST: Final = 120
#: Columns of a pipe: more than any line has.
_UNFOLDED: Final = 10_000
_TRAILING: Final = re.compile(r"[ ]+$", re.MULTILINE)
_STATUS_STYLE: Final = {"completed": "green", "unchanged": "dim", "failed": "red"}
_SEVERITY_STYLE: Final = {"error": "red", "warning": "yellow"}


def make_console(file: IO[str]) -> Console:
    """A console without markup and highlighting; in colour on terminals, unless NO_COLOR is set.

    Into a pipe or a file no line is folded, unless COLUMNS says so, and none ends in spaces.
    """
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    if console.is_terminal:
        console.width = min(console.width, _WIDEST)
        return console
    console.width = int(columns) if (columns := os.environ.get("COLUMNS", "")).isdecimal() else _UNFOLDED
    console.file = cast(IO[str], _WithoutTrailingSpaces(file))
    return console


class _WithoutTrailingSpaces(io.TextIOBase):
    """Writes text without the spaces that Rich puts into the last column of a table."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write whole lines; Rich hands on each block in one go."""
        self._file.write(_TRAILING.sub("", text))
        return len(text)

    def flush(self) -> None:
        """Flush what is written."""
        self._file.flush()

    def fileno(self) -> int:
        """The descriptor that Rich points to nothing when the reader went away."""
        return self._file.fileno()


@cache
def stderr_console() -> Console:
    """The one console on stderr, shared by progress bars and log lines, so that neither tears the other."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def show_error(console: Console, message: str, hint: str = "") -> None:
    """Print an error, and below it the hint."""
    console.print(Text.assemble(("error: ", "bold red"), printable(message)))
    if hint:
        console.print(Padding(Text(printable(hint)), (0, 0, 0, 7), expand=False))


def show_summary(console: Console, outcome: Outcome) -> None:
    """Print what a run did: changes, counts of files, times, findings, and the folder of the tables."""
    console.print(_headline(outcome))
    if outcome.status == "failed":
        return
    blocks = [titled("Files", _records(outcome)), titled("Time", _stages(outcome))]
    console.print()
    if console.width >= _WIDE:
        side_by_side = Table.grid(padding=(0, 6))
        side_by_side.add_row(*blocks)
        console.print(side_by_side)
    else:
        console.print(Group(blocks[0], "", blocks[1]))
    _show_findings(console, outcome)
    _show_unknown_fields(console, outcome)
    _show_tables(console, outcome)


def titled(title: str, body: RenderableType) -> Group:
    """A block below a bold title, indented by two columns."""
    return Group(Text(title, "bold"), Padding(body, (0, 0, 0, 2), expand=False))


def grid(*justify: str) -> Table:
    """Columns without lines, two spaces apart; each is justified `left` or `right`."""
    table = Table.grid(padding=(0, 2))
    for side in justify:
        # Rich measures an empty column too narrow by its padding, and would fold the others; hence 1.
        table.add_column(justify="right" if side == "right" else "left", overflow="fold", min_width=1)
    return table


def _begin(console: Console, title: str) -> None:
    console.print(Text.assemble("\n", (title, "bold")))


def _show_kinds(
    console: Console,
    title: str,
    kinds: Sequence[tuple[str, tuple[str, str], Example]],
    sources: Mapping[str, str],
    where_rest: str,
) -> None:
    """Print kinds of findings (code, number with its style, example), and how many more there are."""
    _begin(console, title)
    for code, number, example in kinds[:TOP]:
        console.print(Text.assemble(f"  {code}  ", number))
        # Whole on its line, so that a terminal can open it.
        console.print(Text(f"    {format_location(example, sources)}", "cyan"), soft_wrap=True)
        message = format_message(example.field, example.message, example.value)
        console.print(Padding(Text(message), (0, 0, 0, 4), expand=False))
    _show_rest(console, len(kinds) - TOP, "kind", where_rest)


def _headline(outcome: Outcome) -> Text:
    if outcome.status == "failed":
        return Text.assemble(("Failed: ", "bold red"), printable(outcome.message))
    if not outcome.files.discovered and not outcome.files.removed:
        no_match = ": no file of the sources matches `discover.include` (`--include`)."
        return Text.assemble(("Nothing found", "bold yellow"), no_match)
    if outcome.status == "unchanged":
        same = f"{counted(outcome.files.discovered, 'file')} as they were"
        where = "" if outcome.snapshot is None else f"; readers see snapshot {outcome.snapshot}"
        return Text.assemble(("Nothing changed", "bold green"), f": {same}{where}.")
    files = outcome.files
    changes = (
        join_counts(files.changes)
        or "no file changed; the tables were written again for other settings, contract or code"
    )
    renamed = f" ({files.renamed:,} of them renamed)" if files.renamed else ""
    kept = f", {files.unchanged:,} as they were" if files.unchanged else ""
    total = f" from {counted(files.discovered, 'file')}: "
    return Text.assemble((f"Published snapshot {outcome.snapshot}", "bold green"), total, f"{changes}{renamed}{kept}.")


def _records(outcome: Outcome) -> Table:
    records, table = outcome.records, grid("left", "right", "left")
    largest_first = sorted(outcome.duplicates.items(), key=lambda item: (-item[1], item[0]))
    kinds = ", ".join(f"{match} {number:,}" for match, number in largest_first)
    rows = {
        "loaded": (records.loaded, "in the table articles"),
        "duplicate": (records.duplicate, kinds),
        "quarantined": (records.quarantined, "could not be read or break a rule" if records.quarantined else ""),
        "removed": (records.removed, "say that they are withdrawn" if records.removed else ""),
        "ignored": (outcome.files.ignored, "have no front matter" if outcome.files.ignored else ""),
    }
    for status, (number, remark) in rows.items():
        style = "bold red" if status == "quarantined" and number else "" if number else "dim"
        table.add_row(Text(status, style), Text(f"{number:,}", style), Text(remark, "dim"))
    total, listed = sum(number for number, _ in rows.values()), outcome.files.discovered
    remark = "listed in the sources"
    if total > listed:
        remark = f"{listed:,} listed; {total - listed:,} of sources that this run did not name stay"
    table.add_row(Text("total", "bold"), Text(f"{total:,}", "bold"), Text(remark, "dim"))
    return table


def _stages(outcome: Outcome) -> Table:
    table = grid("left", "right", "right", "right")
    for stage, seconds in outcome.seconds.items():
        size = outcome.bytes.get(stage, 0)
        table.add_row(stage, format_seconds(seconds), format_size(size) if size else "", format_speed(size, seconds))
    table.add_row(Text("total", "bold"), Text(format_seconds(outcome.duration), "bold"))
    if outcome.resumed:
        resumed = f"{outcome.resumed:,} of {counted(outcome.batches, 'batch', 'batches')} from an earlier run"
        table.add_row("resumed", Text(resumed, "dim"))
    return table


def _show_findings(console: Console, outcome: Outcome) -> None:
    """The kinds of findings in the files read, errors first, with an example each."""
    everywhere = sum(outcome.violations.values())
    if not outcome.found:
        if everywhere:
            kinds = counted(len(outcome.violations), "kind")
            console.print(f"\n{counted(everywhere, 'finding')} of {kinds} in all files: see `presslake check`.")
        return
    ranked = sorted(outcome.found.items(), key=lambda item: (item[1].severity != "error", -item[1].count, item[0]))
    shown = [
        (code, (counted(kind.count, kind.severity), _SEVERITY_STYLE.get(kind.severity, "")), kind.example)
        for code, kind in ranked
    ]
    rest = ". `presslake check` lists every finding."
    _show_kinds(console, "Findings in the files of this run", shown, outcome.sources, rest)


def _show_unknown_fields(console: Console, outcome: Outcome) -> None:
    """Fields outside the contract, most frequent first: they are kept in the column `extra`."""
    if not outcome.unknown_fields:
        return
    _begin(console, "Fields that the contract does not know (kept in `extra`)")
    ranked = sorted(outcome.unknown_fields.items(), key=lambda item: (-item[1].count, item[0]))
    table = grid("left", "right", "left")
    for name, unknown in ranked[:TOP]:
        example = Text(f"such as {printable(unknown.example, 40)}" if unknown.example else "", "dim")
        table.add_row(Text(printable(name, 40)), counted(unknown.count, "file"), example)
    console.print(Padding(table, (0, 0, 0, 2), expand=False))
    _show_rest(console, len(ranked) - TOP, "field", ". The table `runs` has them all.")
    console.print(Text("  `presslake contract suggest` prints what makes columns of them.", "dim"))


def _show_rest(console: Console, number: int, noun: str, where: str) -> None:
    if number > 0:
        console.print(Text(f"  and {counted(number, 'more ' + noun)}{where}", "dim"))


def _show_tables(console: Console, outcome: Outcome) -> None:
    """The folder of the tables, and a query to paste."""
    if outcome.snapshot is None:
        return
    _begin(console, "Tables")
    # The folder of the snapshot, not the pointer: a query that opens files through that may mix two runs.
    folder = near(str(Path(outcome.warehouse) / f"snapshots/{outcome.snapshot:06d}"))
    pattern = f"{folder}/articles/**/*.parquet".replace("'", "''")
    lines = [
        printable(folder),
        "",
        "To ask them, in DuckDB (`presslake path --sql` prints a view for each table):",
        "SELECT provider_name, count(*) AS articles",
        printable(f"FROM '{pattern}'"),
        "GROUP BY ALL ORDER BY articles DESC LIMIT 10;",
    ]
    for line in lines:
        # Never folded: a line break inside the path or the query would be copied with it.
        console.print(Text(f"  {line}".rstrip()), soft_wrap=True)


def show_status(console: Console, status: Status) -> None:
    """Print what a warehouse holds, how its last runs went, and what is in quarantine."""
    console.print(_status_headline(status), soft_wrap=True)
    if status.tables:
        console.print()
        console.print(titled("Tables", _table_sizes(status)))
    if status.runs:
        console.print()
        console.print(titled("Last runs", _last_runs(status.runs)))
    _show_quarantine(console, status)


def _status_headline(status: Status) -> Text:
    if status.snapshot is None:
        return Text.assemble((printable(status.warehouse), "bold"), ": nothing is published yet.")
    age = format_age(status.age_seconds or 0)
    return Text.assemble((printable(status.warehouse), "bold"), f": snapshot {status.snapshot}, published {age}.")


def _table_sizes(status: Status) -> Table:
    table = grid("left", "right", "right", "right")
    for name, size in status.tables.items():
        table.add_row(name, counted(size.rows, "row"), format_size(size.bytes), counted(size.files, "file"))
    return table


def _last_runs(runs: list[LastRun]) -> Table:
    table = grid("left", "left", "right", "left")
    for run in runs:
        start, end = datetime.fromisoformat(run.started_at), datetime.fromisoformat(run.ended_at)
        when, took = f"{start:%Y-%m-%d %H:%M}", format_seconds((end - start).total_seconds())
        table.add_row(when, Text(run.status, _STATUS_STYLE.get(run.status, "")), took, Text(_run_changes(run)))
    return table


def _run_changes(run: LastRun) -> str:
    """The files that a run changed; of a run that published nothing, how it ended."""
    if run.status != "completed":
        return printable(run.message)
    changes = join_counts(run.files.changes) or "no file changed"
    quarantined = f"; {run.records.quarantined:,} in quarantine" if run.records.quarantined else ""
    snapshot = "" if run.snapshot is None else f"snapshot {run.snapshot}: "
    return f"{snapshot}{changes}{quarantined}"


def _show_quarantine(console: Console, status: Status) -> None:
    if status.quarantined:
        title = f"In quarantine: {counted(status.quarantined, 'file')}"
        kinds = [(reason.code, (counted(reason.files, "file"), "red"), reason.example) for reason in status.reasons]
        _show_kinds(console, title, kinds, status.sources, "; the table `quarantine` has them all.")
