"""The command line: arguments in, exit codes out.

Belongs here: which commands there are, and what becomes of errors. Does not belong here: a command
(`flows.commands`), the work (`flows.run`, `flows.check`) and what is printed (`tasks.report`). What
is slow to import (pyarrow, Prefect, rich) is imported where it is needed, so that `--help` answers
at once.

Exit codes: 0 done; 1 the run failed, the check found errors, or nobody read the output to its end;
2 wrong usage or configuration; 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Final, NamedTuple

from cyclopts import App, CycloptsError, Parameter

from config.errors import PresslakeError
from config.release import VERSION
from flows.commands.options import print_json

FAILED: Final = 1
WRONG_USAGE: Final = 2
STOPPED: Final = 130

_BUG: Final = "This is a bug in presslake. Please report it, with the lines above and `presslake --version`."
_INTRODUCTION: Final = """\
Turn folders of front-matter articles into clean, typed, de-duplicated Parquet tables, and keep them right."""
_EXAMPLES: Final = """\
Examples:
  presslake check content                      what is wrong in these files?
  presslake run content --warehouse warehouse  make or update the tables
  presslake status --warehouse warehouse       what is there, how did it go?

`presslake COMMAND --help` explains a command and its options."""


class _Command(NamedTuple):
    """Where a command is, and how the help shows it; an app of several commands says all but the first itself.

    Attributes:
        module: its module below `flows.commands`; the command is the function, or the app, of its own name.
        examples: the name of its examples there.
        place: where it stands in the list.
        usage: what follows its name.
    """

    module: str
    examples: str = ""
    place: int = 0
    usage: str = "[OPTIONS]"


#: Every command by its name.
COMMANDS: Final = {
    "run": _Command("run", "EXAMPLES", 1, "[OPTIONS] SOURCE..."),
    "check": _Command("check", "EXAMPLES", 2, "[OPTIONS] SOURCE..."),
    "status": _Command("status", "STATUS_EXAMPLES", 3),
    "path": _Command("status", "PATH_EXAMPLES", 4),
    "snapshots": _Command("snapshots", "SNAPSHOTS_EXAMPLES", 5),
    "diff": _Command("snapshots", "DIFF_EXAMPLES", 6, "[OPTIONS] [OLD] [NEW]"),
    "rollback": _Command("snapshots", "ROLLBACK_EXAMPLES", 7, "[OPTIONS] SNAPSHOT"),
    "verify": _Command("upkeep", "VERIFY_EXAMPLES", 8),
    "maintain": _Command("upkeep", "MAINTAIN_EXAMPLES", 9),
    "explain": _Command("explain", "EXPLAIN_EXAMPLES", 10, "[OPTIONS] SUBJECT"),
    "report": _Command("report", "REPORT_EXAMPLES", 11),
    "serve": _Command("serve", "EXAMPLES", 11, "[OPTIONS] SOURCE..."),
    "contract": _Command("contract"),
    "backfill": _Command("backfill", "BACKFILL_EXAMPLES", 13),
}


def make_app(names: Iterable[str] = COMMANDS) -> App:
    """The command line with some commands: a short one need not import the others.

    Args:
        names: the commands, by default all.
    """
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
    for name in names:
        _add(app, name, COMMANDS[name])
    return app


def _add(app: App, name: str, command: _Command) -> None:
    module = import_module(f"flows.commands.{command.module}")
    works = getattr(module, name)
    if isinstance(works, App):
        app.command(works)
    else:
        usage = f"Usage: presslake {name} {command.usage}"
        app.command(works, help_epilogue=getattr(module, command.examples), sort_key=command.place, usage=usage)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; everything that goes wrong ends as a message and an exit code.

    Args:
        arguments: what stands after `presslake`; by default those of the process.

    Returns:
        The exit code, see the module.
    """
    _print_anything()
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        # Whatever is no command's name needs all of them: the help lists them, an error names the nearest.
        app = make_app(words[:1] if words and words[0] in COMMANDS else COMMANDS)
        code = app(words, exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except CycloptsError as error:
        hint = f"See `{_help_command(error)}`."
        _tell_json(words, str(error), hint)
        return _explain(str(error), hint, WRONG_USAGE)
    except PresslakeError as error:
        _tell_json(words, error.message, error.hint, unless=("run",))
        return error.exit_code if error.logged else _explain(error.message, error.hint, error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. The published tables are whole; run the same command to go on.\n")
        return STOPPED
    except BrokenPipeError:
        return _leave_pipe()
    except Exception as error:
        _tell_json(words, f"{type(error).__name__}: {error}", unless=("run",))
        return _report_bug()
    return int(code or 0)


def _tell_json(words: Sequence[str], message: str, hint: str = "", unless: Sequence[str] = ()) -> None:
    """Where `--json` was asked for, say on stdout as well that the command failed: scripts read only that.

    Args:
        words: the command line.
        message: what happened; `hint` says what to do about it.
        unless: commands that have said more about it already.
    """
    if "--json" in words and words[0] not in unless:
        print_json({"status": "failed", "message": message, "hint": hint})


def _print_anything() -> None:
    """Let output that cannot be encoded be escaped; it must not end a run."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _help_command(error: CycloptsError) -> str:
    """The `--help` that explains what was used wrongly."""
    return " ".join(["presslake", *(error.command_chain or ()), "--help"])


def _explain(message: str, hint: str, code: int) -> int:
    from tasks.report.terminal import make_console, show_error  # noqa: PLC0415

    show_error(make_console(sys.stderr), message, hint)
    return code


def _leave_pipe() -> int:
    """End quietly: the reader has what it wanted. Python's own flush at exit must not fail again.

    Rich ends the same way, with the same code, where it is the one that prints.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED


def _report_bug() -> int:
    import traceback  # noqa: PLC0415

    traceback.print_exc()
    sys.stderr.write(f"\n{_BUG}\n")
    return FAILED
