"""`presslake verify`, `maintain`, `erase` and `backfill`: is the warehouse right, keep it small, take out, fill in.

Does not belong here: the checks (`tasks.maintain.guarantees`), the work (`flows.maintenance`, `flows.erase`,
`flows.backfill`), and how it all looks (`flows.commands.views`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from flows.commands.options import ConfigFile, Json, WarehousePath, chosen_settings, print_json

if TYPE_CHECKING:
    from flows.erase import ErasedArticle

VERIFY_EXAMPLES: Final = """\
Examples:
  presslake verify --warehouse warehouse
  presslake verify --no-digests                does not read every byte
  presslake verify --all                       reads every byte of older snapshots, too
  presslake verify --json | jq -r '.findings[]'

The exit code is 1 if anything is wrong."""
MAINTAIN_EXAMPLES: Final = """\
Examples:
  presslake maintain --warehouse warehouse
  presslake maintain --json | jq .expired

What is kept is set in presslake.yaml: warehouse.keep_snapshots, keep_days, keep_runs_days and
keep_tombstones_days. The exit code is 1 if the warehouse is damaged; what may be needed then stays."""
ERASE_EXAMPLES: Final = """\
Examples:
  presslake explain https://example.com/night-ferry   prints the article_id
  presslake erase 0f3c… --reason "court order 12/26" --warehouse warehouse
  presslake erase 0f3c… 77ab… --yes --json | jq .articles

This cannot be undone. If it is interrupted, the same command completes it.
Copies that others made of the tables, backups and the source file itself
are not reached (docs/operations.md)."""
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
    every: Annotated[bool, Parameter(name="--all")] = False,
) -> int:
    """Check that the tables are what presslake promises, and change nothing.

    Args:
        digests: Whether every byte is read; without, sizes and footers have to do.
        every: Read every byte of the snapshots that readers do not see, too.
    """
    settings = chosen_settings(warehouse, config)
    from tasks.maintain.guarantees import verify_settings  # noqa: PLC0415
    from tasks.report.status import existing_warehouse  # noqa: PLC0415

    existing_warehouse(settings.warehouse.path)
    verified = verify_settings(settings, digests, every)
    if json:
        print_json(verified)
    else:
        from flows.commands.views import show_verification  # noqa: PLC0415
        from tasks.report.terminal import make_console  # noqa: PLC0415

        show_verification(make_console(sys.stdout), verified)
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
        from flows.commands.views import show_maintenance  # noqa: PLC0415
        from tasks.report.terminal import make_console  # noqa: PLC0415

        show_maintenance(make_console(sys.stdout), done)
    return int(done.status == "damaged")


def erase(
    article_id: list[str],
    /,
    *,
    reason: str = "on demand",
    yes: bool = False,
    warehouse: WarehousePath = None,
    config: ConfigFile = None,
    json: Json = False,
) -> int:
    """Remove articles from all snapshots for good, and keep them from coming back.

    Args:
        article_id: Ids of the articles, as `presslake explain` prints them.
        reason: Stands in the table `sources` beside the id; do not repeat there what is to be erased.
        yes: Do not ask.
    """
    settings = chosen_settings(warehouse, config)
    from flows.erase import find_articles, run_erase  # noqa: PLC0415
    from flows.logs import shown_logs  # noqa: PLC0415

    if not yes:
        _confirm(find_articles(settings, article_id, reason))
    with shown_logs(settings.log):
        done = run_erase(settings, article_id, reason)
    if json:
        print_json(done)
    else:
        from flows.commands.views import show_erased  # noqa: PLC0415
        from tasks.report.terminal import make_console  # noqa: PLC0415

        show_erased(make_console(sys.stdout), done)
    return 0


def _confirm(articles: Sequence[ErasedArticle]) -> None:
    """Ask on a terminal whether to go on.

    Raises:
        UsageError: nobody can be asked, or the answer is no.
    """
    from config.errors import UsageError  # noqa: PLC0415
    from flows.commands.views import show_articles  # noqa: PLC0415
    from tasks.report.terminal import make_console  # noqa: PLC0415

    show_articles(make_console(sys.stderr), articles)
    if not sys.stdin.isatty():
        raise UsageError("Nothing was erased: this cannot be undone.", "Add --yes to go on.")
    sys.stderr.write("Erase this from all snapshots for good? Type yes: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() != "yes":
        raise UsageError("Nothing was erased.")


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
        from flows.commands.views import show_backfill  # noqa: PLC0415
        from tasks.report.terminal import make_console  # noqa: PLC0415

        show_backfill(make_console(sys.stdout), done)
    return 0
