"""The command line: arguments in, exit codes out.

Belongs here: who gets a command line, and what becomes of errors. Does not belong here: which commands
there are (`flows.commands.app`), a command (`flows.commands`), the work (`flows.run`, `flows.check`)
and what is printed (`tasks.report`). What is slow to import (cyclopts, pyarrow, Prefect, rich) is
imported where it is needed, so that `check`, `run` and `--help` answer at once.

Exit codes: 0 done; 1 the run failed, the check found errors, or nobody read the output to its end;
2 wrong usage or configuration; 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Final

from config.errors import PresslakeError

FAILED: Final = 1
WRONG_USAGE: Final = 2
STOPPED: Final = 130

_BUG: Final = "This is a bug in presslake. Please report it, with the lines above and `presslake --version`."


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
        code = _call(words)
        sys.stdout.flush()
    except PresslakeError as error:
        _print_failure(words, error.message, error.hint, unless=("run",))
        if not error.logged:
            _explain(error.message, error.hint)
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. The published tables are whole; run the same command to go on.\n")
        return STOPPED
    except BrokenPipeError:
        # The reader has what it wanted, and Python's own flush at exit must not fail again.
        # Rich ends the same way, with the same code, where it is the one that prints.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        _print_failure(words, f"{type(error).__name__}: {error}", unless=("run",))
        traceback.print_exc()
        sys.stderr.write(f"\n{_BUG}\n")
        return FAILED
    return code


def _call(words: Sequence[str]) -> int:
    """Call the command that the words name; the exit code."""
    from cyclopts import CycloptsError  # noqa: PLC0415

    from flows.commands.app import make_app  # noqa: PLC0415

    try:
        return int(make_app()(words, exit_on_error=False, print_error=False) or 0)
    except CycloptsError as error:
        hint = f"See `{' '.join(['presslake', *(error.command_chain or ()), '--help'])}`."
        _print_failure(words, str(error), hint)
        _explain(str(error), hint)
        return WRONG_USAGE


def _print_failure(words: Sequence[str], message: str, hint: str = "", unless: Sequence[str] = ()) -> None:
    """Where `--json` was asked for, say on stdout as well that the command failed: scripts read only that.

    Args:
        words: the command line.
        message: what happened; `hint` says what to do about it.
        unless: commands that have said more about it already.
    """
    if "--json" in words and words[0] not in unless:
        from flows.commands.options import print_json  # noqa: PLC0415

        print_json({"status": "failed", "message": message, "hint": hint})


def _print_anything() -> None:
    """Let output that cannot be encoded be escaped; it must not end a run."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _explain(message: str, hint: str) -> None:
    from tasks.report.terminal import make_console, show_error  # noqa: PLC0415

    show_error(make_console(sys.stderr), message, hint)
