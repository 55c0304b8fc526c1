"""The commands of the command line: which there are, in which order the help lists them, and the cyclopts app of all.

Does not belong here: a command (its module), and what becomes of errors (`flows.cli`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from cyclopts import App, Parameter

from config import VERSION
from flows.commands import contract, init, run, serve, snapshots, status, upkeep

_INTRODUCTION: Final = """\
Turn folders of front-matter articles into clean, typed, de-duplicated Parquet tables, and keep them right."""
_EXAMPLES: Final = """\
Examples:
  presslake init content                       understand a site, write settings for it
  presslake check content                      what is wrong in these files?
  presslake run content --warehouse warehouse  make or update the tables
  presslake status --warehouse warehouse       what is there, how did it go?

`presslake COMMAND --help` explains a command and its options."""


class _Command(NamedTuple):
    """A command, its examples, and what follows its name; an app of several commands has these itself."""

    works: Callable[..., Any] | App
    examples: str = ""
    arguments: str = "[OPTIONS]"


#: Every command by its name, in the order of the help.
COMMANDS: Final = {
    "run": _Command(run.run, run.RUN_EXAMPLES, "[OPTIONS] SOURCE..."),
    "init": _Command(init.init, init.EXAMPLES, "[OPTIONS] SOURCE..."),
    "check": _Command(run.check, run.CHECK_EXAMPLES, "[OPTIONS] SOURCE..."),
    "status": _Command(status.status, status.STATUS_EXAMPLES),
    "path": _Command(status.path, status.PATH_EXAMPLES),
    "snapshots": _Command(snapshots.snapshots, snapshots.SNAPSHOTS_EXAMPLES),
    "diff": _Command(snapshots.diff, snapshots.DIFF_EXAMPLES, "[OPTIONS] [OLD] [NEW]"),
    "rollback": _Command(snapshots.rollback, snapshots.ROLLBACK_EXAMPLES, "[OPTIONS] SNAPSHOT"),
    "verify": _Command(upkeep.verify, upkeep.VERIFY_EXAMPLES),
    "maintain": _Command(upkeep.maintain, upkeep.MAINTAIN_EXAMPLES),
    "erase": _Command(upkeep.erase, upkeep.ERASE_EXAMPLES, "[OPTIONS] ARTICLE_ID..."),
    "explain": _Command(status.explain, status.EXPLAIN_EXAMPLES, "[OPTIONS] SUBJECT"),
    "report": _Command(status.report, status.REPORT_EXAMPLES),
    "serve": _Command(serve.serve, serve.EXAMPLES, "[OPTIONS] SOURCE..."),
    "contract": _Command(contract.contract),
    "backfill": _Command(upkeep.backfill, upkeep.BACKFILL_EXAMPLES),
}


def make_app() -> App:
    """The command line with all commands; none imports what it needs for its work before it is called."""
    app = App(
        name="presslake",
        help=_INTRODUCTION,
        help_epilogue=_EXAMPLES,
        help_format="plaintext",
        version=f"presslake {VERSION}",
        default_parameter=Parameter(negative=(), show_default=False),
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    for place, (name, command) in enumerate(COMMANDS.items()):
        if isinstance(command.works, App):
            command.works.sort_key = place
            app.command(command.works)
        else:
            usage = f"Usage: presslake {name} {command.arguments}"
            app.command(command.works, help_epilogue=command.examples, sort_key=place, usage=usage)
    return app
