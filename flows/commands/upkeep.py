"""`presslake verify`, `maintain` and `backfill`: is the warehouse right, keep it small, fill in its past.

Does not belong here: the checks (`tasks.maintain.guarantees`) and the work (`flows.maintenance`, `flows.backfill`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from flows.commands.options import ConfigFile, Json, WarehousePath, chosen_settings, print_json

if TYPE_CHECKING:
    from flows.backfill import Backfilled
    from tasks.maintain.guarantees import Verification
    from tasks.maintain.outcome import Maintenance

VERIFY_EXAMPLES: Final = """\
Examples:
  presslake verify --warehouse warehouse
  presslake verify --no-digests                does not read every byte
  presslake verify --json | jq -r '.findings[]'

The exit code is 1 if anything is wrong."""
MAINTAIN_EXAMPLES: Final = """\
Examples:
  presslake maintain --warehouse warehouse
  presslake maintain --json | jq .expired

What is kept is set in presslake.yaml: warehouse.keep_snapshots, keep_days, keep_runs_days and
keep_tombstones_days. The exit code is 1 if the warehouse is damaged; what may be needed then stays."""
BACKFILL_EXAMPLES: Final = """\
Examples:
  presslake backfill --git ~/site --path content --warehouse warehouse
  presslake backfill --git ~/site --ref main --source news --json | jq .rows

Load the repository's files with `presslake run` first. A backfill can be repeated: it fills the time
before runs began to observe the articles, and later runs go on from there."""


def verify(
    *,
    warehouse: WarehousePath = None,
    config: ConfigFile = None,
    json: Json = False,
    digests: Annotated[bool, Parameter(negative="--no-digests")] = True,
) -> int:
    """Check that the tables are what presslake promises, and change nothing.

    Args:
        digests: Whether every byte is read; without, sizes and footers have to do.
    """
    settings = chosen_settings(warehouse, config)
    from tasks.maintain.guarantees import verify_settings  # noqa: PLC0415
    from tasks.report.status import existing_warehouse  # noqa: PLC0415

    existing_warehouse(settings.warehouse.path)
    verified = verify_settings(settings, digests)
    if json:
        print_json(verified)
    else:
        _show_verification(verified)
    return int(not verified.sound)


def maintain(*, warehouse: WarehousePath = None, config: ConfigFile = None, json: Json = False) -> int:
    """Verify the warehouse, remove old snapshots, and split files that grew too large."""
    settings = chosen_settings(warehouse, config)
    from flows.logs import shown_logs  # noqa: PLC0415  (`--help` needs none)
    from flows.start import run_maintenance  # noqa: PLC0415

    with shown_logs(settings.log):
        done = run_maintenance(settings)
    if json:
        print_json(done)
    else:
        _show_maintenance(done)
    return int(done.status == "damaged")


def backfill(
    *,
    git: Path,
    ref: str = "",
    path: str = "",
    source: str | None = None,
    warehouse: Path | None = None,
    config: ConfigFile = None,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Fill the table `article_versions` from the commits of a Git repository.

    Args:
        git: Folder of the repository, with a checkout or bare.
        ref: Branch, tag or commit whose past it is; by default the head.
        path: Folder in the repository that holds the articles; by default all of it.
        source: Name of the source in the tables; by default the only one they know.
        warehouse: Folder or URL of the tables; by default that of the settings.
        json: Print the outcome as one JSON object.
        quiet: Print nothing unless it fails.
    """
    settings = chosen_settings(warehouse, config)
    from flows.backfill import Repository, run_backfill  # noqa: PLC0415
    from tasks.report.progress import terminal_progress  # noqa: PLC0415

    with terminal_progress(quiet=quiet or json) as progress:
        done = run_backfill(Repository(git, ref, path), settings, source, progress)
    if json:
        print_json(done)
    elif not quiet:
        _show_backfill(done)
    return 0


def _show_verification(verified: Verification) -> None:
    from rich.text import Text  # noqa: PLC0415

    from flows.commands.snapshots_view import show_sentences  # noqa: PLC0415
    from tasks.report.terminal import make_console  # noqa: PLC0415
    from tasks.report.words import counted, format_size, printable  # noqa: PLC0415

    console = make_console(sys.stdout)
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


def _show_maintenance(done: Maintenance) -> None:
    from rich.text import Text  # noqa: PLC0415

    from flows.commands.snapshots_view import show_sentences  # noqa: PLC0415
    from flows.maintenance import deeds, headline  # noqa: PLC0415
    from tasks.report.terminal import make_console  # noqa: PLC0415

    console = make_console(sys.stdout)
    console.print(Text(headline(done), "bold green" if done.status == "sound" else "bold red"))
    show_sentences(console, done.findings)
    show_sentences(console, deeds(done))
    show_sentences(console, done.notes, "dim")


def _show_backfill(done: Backfilled) -> None:
    from rich.text import Text  # noqa: PLC0415

    from tasks.report.terminal import make_console  # noqa: PLC0415
    from tasks.report.words import counted, printable  # noqa: PLC0415

    console = make_console(sys.stdout)
    said = "is as it was" if done.status == "unchanged" else f"is published in snapshot {done.snapshot}"
    console.print(Text(f"The history of source {printable(done.source)} {said}.", "bold"))
    if done.commits:
        told = f"{counted(done.commits, 'commit')} from {done.first[:10]} to {done.last[:10]}"
        console.print(f"{told}, {counted(done.files, 'distinct file')} of them parsed.", soft_wrap=True)
    else:
        console.print("No commit of the repository has a file that counts: check --path and `discover.include`.")
    rows = f"{counted(done.rows, 'row')} of {counted(done.articles, 'article')}"
    console.print(f"{printable(done.table)} has {rows}.", soft_wrap=True)
    console.print(f"From {done.since[:19]} UTC on, runs observe the articles.", soft_wrap=True)
    if done.shallow:
        console.print(
            Text(
                "The clone is shallow: what was before its oldest commit is missing (git fetch --unshallow).", "yellow"
            ),
            soft_wrap=True,
        )
