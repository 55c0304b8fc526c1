"""The commands of the command line: which there are, and the cyclopts app of some or all of them.

Belongs here: the table of commands, and how the list shows each. Does not belong here: a command (its
module), and what becomes of errors (`flows.cli`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Final, NamedTuple

from cyclopts import App, Parameter

from config import VERSION

_INTRODUCTION: Final = """\
Turn folders of front-matter articles into clean, typed, de-duplicated Parquet tables, and keep them right."""
_EXAMPLES: Final = """\
Examples:
  presslake check content                      what is wrong in these files?
  presslake run content --warehouse warehouse  make or update the tables
  presslake status --warehouse warehouse       what is there, how did it go?

`presslake COMMAND --help` explains a command and its options."""


class _Command(NamedTuple):
    """Where a command is, and how the help shows it; an app of several commands says most of it itself.

    Attributes:
        module: its module below `flows.commands`; the command is the function, or the app, of its own name.
        summary: what it does, as the first sentence of its own help says it: the list imports no command.
        place: where it stands in the list.
        examples: the name of its examples there.
        usage: what follows its name.
    """

    module: str
    summary: str
    place: int
    examples: str = ""
    usage: str = "[OPTIONS]"


#: Every command by its name.
COMMANDS: Final = {
    "run": _Command("run", "Bring the tables up to date with the source files.", 1, "EXAMPLES", "[OPTIONS] SOURCE..."),
    "check": _Command(
        "check",
        "List what is wrong in the files, as path:line:column, and change nothing.",
        2,
        "EXAMPLES",
        "[OPTIONS] SOURCE...",
    ),
    "status": _Command(
        "status", "Show the tables, the last runs, and what is in quarantine and why.", 3, "STATUS_EXAMPLES"
    ),
    "path": _Command(
        "status", "Print the folder of the current snapshot, which no later run changes.", 4, "PATH_EXAMPLES"
    ),
    "snapshots": _Command(
        "snapshots",
        "List the snapshots: when, from which run, what changed, and how many bytes are new.",
        5,
        "SNAPSHOTS_EXAMPLES",
    ),
    "diff": _Command(
        "snapshots",
        "Show what two snapshots say differently: articles, their columns, and the quarantine.",
        6,
        "DIFF_EXAMPLES",
        "[OPTIONS] [OLD] [NEW]",
    ),
    "rollback": _Command(
        "snapshots",
        "Let readers see an earlier snapshot again, at once and with nothing deleted.",
        7,
        "ROLLBACK_EXAMPLES",
        "[OPTIONS] SNAPSHOT",
    ),
    "verify": _Command(
        "upkeep", "Check that the tables are what presslake promises, and change nothing.", 8, "VERIFY_EXAMPLES"
    ),
    "maintain": _Command(
        "upkeep",
        "Verify the warehouse, remove old snapshots, and split files that grew too large.",
        9,
        "MAINTAIN_EXAMPLES",
    ),
    "explain": _Command(
        "explain",
        "Show what is known of a file or article: status, findings, and why which records are one story.",
        10,
        "EXPLAIN_EXAMPLES",
        "[OPTIONS] SUBJECT",
    ),
    "report": _Command(
        "report",
        "Write an HTML page that shows how it goes: last run, quarantine, freshness, and charts.",
        11,
        "REPORT_EXAMPLES",
    ),
    "serve": _Command(
        "serve",
        "Keep the tables up to date on a schedule, with a Prefect server and its UI, until Ctrl-C.",
        11,
        "EXAMPLES",
        "[OPTIONS] SOURCE...",
    ),
    "contract": _Command("contract", "Ask what could be added to the data contract.", 12),
    "backfill": _Command(
        "backfill",
        "Fill the table `article_versions` from the commits of a Git repository.",
        13,
        "BACKFILL_EXAMPLES",
    ),
}


def app_for(words: Sequence[str]) -> App:
    """The app that a command line needs: one command, or a list of all, or all of them.

    Args:
        words: the command line.
    """
    if words and words[0] in COMMANDS:
        return make_app(words[:1])
    if COMMANDS.keys().isdisjoint(words):  # `--help`, `--version`, or an error that names the nearest command
        return _list_app()
    return make_app()


def make_app(names: Iterable[str] = COMMANDS) -> App:
    """The command line with some commands: a short one need not import the others.

    Args:
        names: the commands, by default all.
    """
    app = _empty_app()
    for name in names:
        _add(app, name, COMMANDS[name])
    return app


def _list_app() -> App:
    """The command line as its help lists it; a command would be imported when it is called."""
    app = _empty_app()
    for name, command in COMMANDS.items():
        place = f"flows.commands.{command.module}:{name}"
        app.command(place, name=name, help=command.summary, sort_key=command.place)
    return app


def _empty_app() -> App:
    return App(
        name="presslake",
        help=_INTRODUCTION,
        help_epilogue=_EXAMPLES,
        help_format="plaintext",
        version=f"presslake {VERSION}",
        default_parameter=Parameter(negative=(), show_default=False),
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )


def _add(app: App, name: str, command: _Command) -> None:
    module = import_module(f"flows.commands.{command.module}")
    works = getattr(module, name)
    if isinstance(works, App):
        app.command(works)
    else:
        usage = f"Usage: presslake {name} {command.usage}"
        app.command(works, help_epilogue=getattr(module, command.examples), sort_key=command.place, usage=usage)
