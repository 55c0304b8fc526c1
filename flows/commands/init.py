"""`presslake init`: a site understood, as a table that a person checks at a glance, and the files that say so.

Does not belong here: what is understood, and how (`flows.init`).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from flows.commands.options import Exclude, Include, Json, Source, given, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from flows.init import SiteReport
    from flows.site_evidence import ColumnEvidence

EXAMPLES: Final = """\
Examples:
  presslake init content
  presslake init ~/site/content --base-url https://paper.example
  presslake init blog=site/_posts docs=site/docs --json | jq '.columns[].column'

It writes presslake.yaml and presslake-contract.yaml into the working folder. Read them, change what
is wrong, then run: presslake run"""
#: Origins of a column that are named; the others are counted.
_ORIGINS: Final = 3
_EXAMPLE: Final = 40


def init(
    *source: Source,
    base_url: str | None = None,
    include: Include = None,
    exclude: Exclude = None,
    force: Annotated[bool, Parameter(negative=())] = False,
    json: Json = False,
    quiet: bool = False,
) -> None:
    """Read a site's files and its generator's configuration, and write settings and a contract that fit.

    Nothing in the sources is changed.

    Args:
        base_url: Address of the site, before permalinks; by default that of its configuration.
        force: Replace the two files if they are there.
        quiet: Print nothing unless it fails.

    Raises:
        UsageError: no source is named, or a file is there already.
    """
    from config.errors import UsageError  # noqa: PLC0415
    from config.settings import load_settings  # noqa: PLC0415
    from flows.init import run_init  # noqa: PLC0415
    from tasks.report.progress import terminal_progress  # noqa: PLC0415

    if not source:
        raise UsageError("No source is given.", "Name the folder of the articles: presslake init content")
    # What an older `init` wrote says nothing of the site.
    chosen = given({"discover": {"include": include, "exclude": exclude}})
    settings = load_settings(overrides=chosen, with_default_file=False)
    with terminal_progress(quiet=quiet or json) as progress:
        report = run_init(source, settings, base_url, force=force, progress=progress)
    if json:
        print_json(report)
    elif not quiet:
        from tasks.report.terminal import make_console  # noqa: PLC0415

        show_site(make_console(sys.stdout), report)


def show_site(console: Console, report: SiteReport) -> None:
    """Print what was understood: files, columns and their origins, notes, and the next command."""
    from rich.padding import Padding  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from flows.commands.views import show_sentences  # noqa: PLC0415
    from tasks.report.terminal import grid  # noqa: PLC0415
    from tasks.report.words import counted, printable  # noqa: PLC0415

    read = "" if report.read == report.files else f", of which {report.read:,} were read"
    console.print(
        f"{counted(report.files, 'file')}{read}: {report.articles:,} articles, {report.ignored:,} ignored (no front "
        f"matter, sections, redirects), {report.quarantined:,} with errors (`presslake check` lists them).",
        soft_wrap=True,
    )
    if report.generator:
        console.print(f"Generator: {printable(report.generator)}", soft_wrap=True)
    console.print()
    table = grid("left", "left", "right", "left")
    table.add_row(*(Text(head, "dim") for head in ("column", "from", "files", "example")))
    for column in report.columns:
        share = f"{column.files / report.articles:.0%}"
        example = printable(column.example)
        example = example if len(example) <= _EXAMPLE else example[: _EXAMPLE - 1] + "…"
        table.add_row(Text(column.column, "bold"), Text(printable(_origins(column))), Text(share), Text(example))
    console.print(Padding(table, (0, 0, 0, 2), expand=False))
    if unusual := [f"{column.column}: {column.unusual}" for column in report.columns if column.unusual]:
        console.print("\nUnusual", style="bold")
        show_sentences(console, unusual)
    if report.extra:
        console.print(f"\nNew columns: {', '.join(report.extra)}", soft_wrap=True)
    if report.notes:
        console.print("\nNotes", style="bold")
        show_sentences(console, report.notes)
    console.print(f"\nWrote {' and '.join(report.written)}. Next: presslake run", soft_wrap=True)


def _origins(column: ColumnEvidence) -> str:
    """The keys, in backquotes, and the other places with their shares: "`date` 97%, file name 3%"."""
    places = [f"`{origin.where}`" if origin.is_key else origin.where for origin in column.origins]
    if len(places) == 1:
        return places[0]
    shares = [
        f"{place} {origin.files / column.files:.0%}" for place, origin in zip(places, column.origins, strict=True)
    ]
    more = len(shares) - _ORIGINS
    return ", ".join(shares[:_ORIGINS]) + (f" and {more} more" if more > 0 else "")
