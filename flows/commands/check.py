"""`presslake check`: its options as settings, and its findings as lines for editors or as JSON.

Does not belong here: the linter (`flows.check`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from config.settings import load_settings
from flows.commands.options import chosen_sources, given, print_json

EXAMPLES: Final = """\
Examples:
  presslake check content
  presslake check content/_news/2026-03-12-storm.md --no-warnings
  presslake check git+file:///srv/site@main
  presslake check content --json | jq '.violations[].code'

The exit code is 1 if there are errors, so it can stand in a pre-commit hook."""


def check(
    *source: str,
    include: list[str] | None = None,
    exclude: list[str] | None = None,
    config: Path | None = None,
    json: bool = False,
    warnings: Annotated[bool, Parameter(negative="--no-warnings")] = True,
) -> int:
    """List what is wrong in the files, as path:line:column, and change nothing.

    Args:
        source: Folders, single files, archives or URLs (see `run`); without any, the sources in the settings.
        include: Pattern of files to take, as in .gitignore; can be repeated.
        exclude: Pattern of files to leave out; can be repeated.
        config: File of settings; by default presslake.yaml of the working folder, if it is there.
        json: Print one JSON object.
        warnings: Whether warnings are listed; they never change the exit code.
    """
    import msgspec  # noqa: PLC0415

    settings = load_settings(config, given({"discover": {"include": include, "exclude": exclude}}))
    sources = chosen_sources(source, settings)
    from flows.check import check_sources, spell_counts, spell_finding  # noqa: PLC0415  (`--help` needs no pyarrow)

    report = check_sources(sources, settings)
    listed = [finding for finding in report.violations if warnings or finding.severity == "error"]
    if json:
        print_json(msgspec.structs.replace(report, violations=listed))
    else:
        sys.stdout.write("".join(f"{spell_finding(finding)}\n" for finding in listed))
        sys.stdout.flush()
        sys.stderr.write(f"{report.note}\n" if report.note else "")
        sys.stderr.write(f"{spell_counts(report)}\n")
    return int(report.status == "failed")
