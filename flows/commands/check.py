"""`presslake check`: its options and its help.

Does not belong here: what becomes of them (`flows.commands.checking`) and the linter (`flows.check`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from flows.commands.checking import check_files

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
    return check_files(*source, include=include, exclude=exclude, config=config, json=json, warnings=warnings)
