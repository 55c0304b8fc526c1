"""`presslake run` and `check`: options as settings, and what came of it as lines for people or as JSON.

Does not belong here: the pipeline (`flows.run`), the linter (`flows.check`) and how an outcome looks
(`tasks.report.terminal`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from cyclopts import Parameter

from config.settings import Settings, load_settings
from flows.commands.options import (
    ConfigFile,
    Exclude,
    Include,
    Json,
    NewWarehousePath,
    Source,
    chosen_sources,
    given,
    print_json,
)

if TYPE_CHECKING:
    from tasks.report.outcome import Outcome

RUN_EXAMPLES: Final = """\
Examples:
  presslake run content --warehouse warehouse
  presslake run news=~/site/news archive=/data/archive --workers 4
  presslake run site=git+https://git.example/site.git@main feed=s3://bucket/articles
  presslake run content --exclude drafts/ --json | jq .records

A second run reads only what changed. Settings can also stand in presslake.yaml."""
CHECK_EXAMPLES: Final = """\
Examples:
  presslake check content
  presslake check content/_news/2026-03-12-storm.md --no-warnings
  presslake check git+file:///srv/site@main
  presslake check content --json | jq '.violations[].code'

The exit code is 1 if there are errors, so it can stand in a pre-commit hook."""


def run(
    *source: Source,
    warehouse: NewWarehousePath = None,
    include: Include = None,
    exclude: Exclude = None,
    config: ConfigFile = None,
    workers: int | None = None,
    full_refresh: bool = False,
    accept_removals: bool = False,
    accept_quarantine: bool = False,
    accept_contract: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Bring the tables up to date with the source files.

    Args:
        workers: Worker processes; 0 is one a core.
        full_refresh: Read every file again, also those that did not change.
        accept_removals: Publish even if readers lose suspiciously many articles.
        accept_quarantine: Publish even if suspiciously many files, or those of known articles, are broken.
        accept_contract: Publish even if the contract drops or narrows columns that readers know.
        json: Print the outcome as one JSON object, also when the run fails.
        quiet: Print nothing unless the run fails.
    """
    changes: dict[str, dict[str, Any]] = {
        "warehouse": {"path": str(warehouse) if warehouse else None},
        "discover": {"include": include, "exclude": exclude},
        "run": {"workers": workers},
        "guards": {
            "accept_removals": accept_removals or None,
            "accept_quarantine": accept_quarantine or None,
            "accept_contract": accept_contract or None,
        },
    }
    from flows.logs import shown_logs  # noqa: PLC0415  (`--help` needs none)

    started = datetime.now(UTC)
    try:
        settings = load_settings(config, given(changes))
        # Beside one JSON object on a terminal, progress would be noise.
        least = "error" if quiet else "warning" if json and sys.stderr.isatty() else None
        with shown_logs(settings.log, least):
            outcome = _ingest(
                chosen_sources(source, settings),
                settings,
                full_refresh,
                quiet=quiet or json or settings.log.format == "json",
            )
    except (Exception, KeyboardInterrupt) as error:
        if json:
            print_json(_failed(error, started))
        raise
    if json:
        print_json(outcome)
    elif not quiet:
        from tasks.report.terminal import make_console, show_summary  # noqa: PLC0415

        show_summary(make_console(sys.stdout), outcome)
    return 0


def _ingest(sources: Sequence[str], settings: Settings, full_refresh: bool, *, quiet: bool) -> Outcome:
    from flows.start import run_ingest  # noqa: PLC0415  (pyarrow alone takes a fifth of a second)
    from tasks.report.progress import terminal_progress  # noqa: PLC0415

    with terminal_progress(quiet=quiet) as progress:
        return run_ingest(sources, settings, full_refresh=full_refresh, progress=progress)


def _failed(error: BaseException, started: datetime) -> Outcome:
    """What `--json` prints of a run that failed: all that is known, at least why."""
    from tasks.report.outcome import Outcome  # noqa: PLC0415
    from tasks.report.summary import failed_outcome  # noqa: PLC0415

    known = getattr(error, "outcome", None)
    outcome = known if isinstance(known, Outcome) else failed_outcome(error, started)
    if known is None and isinstance(error, KeyboardInterrupt):
        return msgspec.structs.replace(outcome, message="The run was stopped from the keyboard.")
    return outcome


def check(
    *source: str,
    include: Include = None,
    exclude: Exclude = None,
    config: ConfigFile = None,
    json: Json = False,
    warnings: Annotated[bool, Parameter(negative="--no-warnings")] = True,
) -> int:
    """List what is wrong in the files, as path:line:column, and change nothing.

    Args:
        source: Folders, single files, archives or URLs (see `run`); without any, the sources in the settings.
        warnings: Whether warnings are listed; they never change the exit code.
    """
    settings = load_settings(config, given({"discover": {"include": include, "exclude": exclude}}))
    sources = chosen_sources(source, settings)
    from flows.check import check_sources, format_counts, format_finding  # noqa: PLC0415  (`--help` needs no pyarrow)

    report = check_sources(sources, settings)
    listed = [finding for finding in report.violations if warnings or finding.severity == "error"]
    if json:
        print_json(msgspec.structs.replace(report, violations=listed))
    else:
        sys.stdout.write("".join(f"{format_finding(finding)}\n" for finding in listed))
        sys.stdout.flush()
        sys.stderr.write(f"{report.note}\n" if report.note else "")
        sys.stderr.write(f"{format_counts(report)}\n")
        sys.stderr.write(f"\n{report.hint}\n" if report.hint else "")
    return int(report.status == "failed")
