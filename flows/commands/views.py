"""How snapshots, the difference of two, and what maintenance and backfills did look in a terminal.

Belongs here: layout. Does not belong here: the numbers (`tasks.maintain`), and the blocks that runs and status
use (`tasks.report.terminal`).

Text from source files is passed as `Text` and escaped, never as markup.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar

import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from flows.backfill import Backfilled
from flows.erase import Erased, ErasedArticle
from flows.maintenance import deeds, headline
from tasks.maintain.differences import Article, ChangedArticle, Difference, QuarantinedFile
from tasks.maintain.guarantees import Verification
from tasks.maintain.history import Entry, History
from tasks.maintain.outcome import Maintenance
from tasks.report.terminal import grid, titled
from tasks.report.words import counted, format_size, printable

T = TypeVar("T")

_HEADER: Final = ("", "published, UTC", "run", "source files", "articles", "new bytes", "")
#: The column of the header that only wide terminals have room for, and from when on they have.
_RUN: Final = 2
_WIDE: Final = 100
#: Characters of a long value that stand before its first difference, and least room for any value.
_BEFORE: Final = 15
_LEAST: Final = 20


def show_sentences(console: Console, sentences: Sequence[str], style: str = "") -> None:
    """Print sentences below one another, set off and hanging; an identifier is never cut."""
    for sentence in sentences:
        table = Table.grid(padding=(0, 1))
        table.add_row(Text("-", "dim"), Text(printable(sentence), style, overflow="fold"))
        console.print(Padding(table, (0, 0, 0, 2), expand=False))


def show_history(console: Console, history: History) -> None:
    """Print the list of snapshots, newest first."""
    where = printable(history.warehouse)
    if not history.snapshots and not history.damaged:
        console.print(f"{where}: nothing is published yet.", soft_wrap=True)
        return
    current = "readers see none" if history.current is None else f"readers see {history.current}"
    console.print(Text.assemble((where, "bold"), f": {counted(len(history.snapshots), 'snapshot')}, {current}."))
    console.print()
    with_run = console.width >= _WIDE
    table = grid(*("right", "left", *["left"] * with_run, "left", "right", "right", "left"))
    for style, *cells in [("dim", *_HEADER), *map(_history_row, history.snapshots)]:
        table.add_row(*(Text(cell, style) for place, cell in enumerate(cells) if with_run or place != _RUN))
    console.print(Padding(table, (0, 0, 0, 2), expand=False))
    show_sentences(console, history.damaged, "red")


def _history_row(entry: Entry) -> tuple[str, ...]:
    """The style of a row, then its cells; a branch is a snapshot that was not made from the one before it."""
    is_branch = entry.parent is not None and entry.parent != entry.number - 1
    remarks = [f"from {entry.parent}" if is_branch else "", "<- current" if entry.current else ""]
    return (
        "bold" if entry.current else "",
        str(entry.number),
        entry.published_at[:16].replace("T", " "),
        entry.run_id,
        _format_changes(entry),
        f"{entry.rows.get('articles', 0):,}",
        "?" if entry.new_bytes is None else format_size(entry.new_bytes),
        " ".join(filter(None, remarks)),
    )


def _format_changes(entry: Entry) -> str:
    """`+3 ~1 -2`: files that the run found new, changed and removed; else what the snapshot is for."""
    if entry.changes is None:
        return "maintenance" if entry.note else "?"
    counts = {"+": entry.changes.new, "~": entry.changes.changed, "-": entry.changes.removed}
    return " ".join(f"{sign}{number:,}" for sign, number in counts.items() if number) or "none"


def show_difference(console: Console, difference: Difference) -> None:
    """Print what one snapshot says otherwise than another: counts, articles, quarantine."""
    articles = difference.articles
    counts = ", ".join(f"{articles[kind]:,} {kind}" for kind in ("added", "removed", "changed") if articles[kind])
    between = f"Snapshot {difference.old} to {difference.new}"
    console.print(Text.assemble((between, "bold"), f": {counts or 'no article'}{' differs' if not counts else ''}."))
    tables = _tables(difference)
    if tables.row_count:
        console.print()
        console.print(titled("Rows", tables))
    show_file = partial(_show_file, console)
    added, removed = partial(_show_article, console, "+", "green"), partial(_show_article, console, "-", "red")
    _show_block(console, "Added", articles["added"], "article", difference.added, added)
    _show_block(console, "Removed", articles["removed"], "article", difference.removed, removed)
    changed = partial(_show_changed, console)
    columns = f"by column: {', '.join(f'{name} {count:,}' for name, count in difference.columns.items())}"
    _show_block(console, "Changed", articles["changed"], "article", difference.changed, changed, columns)
    _show_block(console, "Came into quarantine", difference.quarantine["added"], "file", difference.came, show_file)
    _show_block(console, "Left quarantine", difference.quarantine["removed"], "file", difference.went, show_file)


def _show_block(
    console: Console, title: str, total: int, noun: str, listed: Sequence[T], show: Callable[[T], None], about: str = ""
) -> None:
    """Print a heading with the number of all, those that are listed, and how many more there are."""
    if not total:
        return
    console.print()
    console.print(Text(f"{title}: {counted(total, noun)}", "bold"))
    if about:
        console.print(Padding(Text(about, "dim"), (0, 0, 0, 2), expand=False))
    for entry in listed:
        show(entry)
    if total > len(listed):
        console.print(Text(f"  and {total - len(listed):,} more; --limit shows more of them.", "dim"))


def _tables(difference: Difference) -> Table:
    table = grid("left", "right", "left", "right", "right")
    for name, rows in difference.tables.items():
        if rows.old != rows.new:
            table.add_row(name, f"{rows.old:,}", "to", f"{rows.new:,}", Text(f"{rows.new - rows.old:+,}", "dim"))
    return table


def _show_article(console: Console, sign: str, style: str, article: Article | ChangedArticle) -> None:
    title = printable(article.title, console.width - 4)
    console.print(Text.assemble((f"  {sign} ", style), title), soft_wrap=True)
    place = printable(f"{article.source}:{article.source_path}")
    console.print(Text(f"    {article.article_id} {place}", "dim"), soft_wrap=True)


def _show_changed(console: Console, article: ChangedArticle) -> None:
    """An article, and each column that differs: its name, and below one another the old and the new value."""
    _show_article(console, "~", "yellow", article)
    room = max(_LEAST, console.width - 8)
    for name, values in article.columns.items():
        old, new = _excerpts(_format_value(values.old), _format_value(values.new), room)
        console.print(Text(f"    {printable(name)}", "cyan"), soft_wrap=True)
        console.print(Text.assemble(("      - ", "red"), old), soft_wrap=True)
        console.print(Text.assemble(("      + ", "green"), new), soft_wrap=True)


def _format_value(value: Any) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _excerpts(old: str, new: str, room: int) -> tuple[str, str]:
    """Both texts on one line each, from a little before the first place where they differ."""
    same = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    start = max(0, same - _BEFORE) if max(len(old), len(new)) > room else 0
    cut = "…" if start else ""
    shown = [printable(cut + text[start : start + room], room) for text in (old, new)]
    return shown[0], shown[1]


def _show_file(console: Console, file: QuarantinedFile) -> None:
    place = printable(f"{file.source}:{file.source_path}")
    console.print(Text.assemble(f"  {place}  ", (", ".join(file.codes), "dim")), soft_wrap=True)


def show_verification(console: Console, verified: Verification) -> None:
    """Print whether the warehouse is sound, and all findings."""
    where = printable(verified.warehouse)
    if verified.snapshot is None and verified.sound:
        console.print(f"{where}: nothing is published yet.", soft_wrap=True)
    elif verified.sound:
        read = "every byte was read" if verified.digests else "sizes and footers were read"
        size = f"{counted(verified.files, 'file')} with {counted(verified.rows, 'row')}, {format_size(verified.bytes)}"
        console.print(Text.assemble(("Sound", "bold green"), f": {where}, snapshot {verified.snapshot}."))
        console.print(Text(f"{size}; {read}.", "dim"))
    else:
        findings = counted(len(verified.findings), "finding")
        console.print(Text.assemble(("Damaged", "bold red"), f": {where}, {findings}."))
        show_sentences(console, verified.findings)
    show_sentences(console, verified.notes, "dim")


def show_maintenance(console: Console, done: Maintenance) -> None:
    """Print what a maintenance found and did."""
    console.print(Text(headline(done), "bold green" if done.status == "sound" else "bold red"))
    show_sentences(console, done.findings)
    show_sentences(console, deeds(done))
    show_sentences(console, done.notes, "dim")


def show_articles(console: Console, articles: Sequence[ErasedArticle]) -> None:
    """Print what is known of articles that are erased: files, and what is like them and stays."""
    for article in articles:
        console.print(Text.assemble((article.article_id, "bold"), f" ({printable(article.reason)})"), soft_wrap=True)
        kinds = {
            "Withdrawn from now on, whatever it says": article.files,
            "Stays, another record of the story": article.copies,
            "Stays, published earlier from the same file": article.earlier,
            "Stays, without the entry that tells of the article": article.listed_by,
        }
        show_sentences(console, [f"{kind}: {', '.join(names)}." for kind, names in kinds.items() if names])


def show_erased(console: Console, done: Erased) -> None:
    """Print what was erased."""
    if done.status == "unchanged":
        said = f"Nothing was left of {counted(len(done.articles), 'article')}."
    else:
        rewritten = f"{counted(len(done.rewritten), 'snapshot')} rewritten"
        said = f"Erased {counted(len(done.articles), 'article')}: readers see snapshot {done.snapshot}, {rewritten}."
    console.print(Text(said, "bold"), soft_wrap=True)
    show_articles(console, done.articles)
    console.print(Text("Not reached: the source files, backups, and copies that others made.", "dim"), soft_wrap=True)


def show_backfill(console: Console, done: Backfilled) -> None:
    """Print what a backfill did."""
    said = "is as it was" if done.status == "unchanged" else f"is published in snapshot {done.snapshot}"
    console.print(Text(f"The history of source {printable(done.source)} {said}.", "bold"))
    if done.commits:
        commits = f"{counted(done.commits, 'commit')} from {done.first[:10]} to {done.last[:10]}"
        console.print(f"{commits}, {counted(done.files, 'distinct file')} of them parsed.", soft_wrap=True)
    else:
        console.print("No commit of the repository has a file that counts: check --path and `discover.include`.")
    rows = f"{counted(done.rows, 'row')} of {counted(done.articles, 'article')}"
    console.print(f"{printable(done.table)} has {rows}.", soft_wrap=True)
    console.print(f"From {done.since[:19]} UTC on, runs observe the articles.", soft_wrap=True)
    if done.shallow:
        shallow = "The clone is shallow: what was before its oldest commit is missing (git fetch --unshallow)."
        console.print(Text(shallow, "yellow"), soft_wrap=True)
