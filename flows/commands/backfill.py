"""`presslake backfill`: the history of the articles from a Git repository.

Does not belong here: the work (`flows.backfill`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flows.commands.options import chosen_settings, print_json

if TYPE_CHECKING:
    from flows.backfill import Backfilled

BACKFILL_EXAMPLES: Final = """\
Examples:
  presslake backfill --git ~/site --path content --warehouse warehouse
  presslake backfill --git ~/site --ref main --source news --json | jq .rows

Load the repository's files with `presslake run` first. A backfill can be repeated: it fills the time
before runs began to observe the articles, and later runs go on from there."""


def backfill(
    *,
    git: Path,
    ref: str = "",
    path: str = "",
    source: str | None = None,
    warehouse: Path | None = None,
    config: Path | None = None,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Fill the table `article_versions` from the commits of a Git repository.

    Args:
        git: Folder of the repository, with a checkout or bare.
        ref: Branch, tag or commit whose past it is; by default the head.
        path: Folder in the repository that holds the articles; by default all of it.
        source: Name of the source in the tables; by default the only one they know.
        warehouse: Folder of the tables; by default that of the settings.
        config: File of settings; by default presslake.yaml of the working folder, if it is there.
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
        _show(done)
    return 0


def _show(done: Backfilled) -> None:
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
