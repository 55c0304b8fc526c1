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
from collections.abc import Sequence
from typing import Final

from cyclopts import App, CycloptsError, Parameter

from config.errors import PresslakeError
from flows.commands.backfill import BACKFILL_EXAMPLES, backfill
from flows.commands.check import EXAMPLES as CHECK_EXAMPLES
from flows.commands.check import check
from flows.commands.contract import contract
from flows.commands.explain import EXPLAIN_EXAMPLES, explain
from flows.commands.options import print_json
from flows.commands.report import REPORT_EXAMPLES, report
from flows.commands.run import EXAMPLES as RUN_EXAMPLES
from flows.commands.run import run
from flows.commands.serve import EXAMPLES as SERVE_EXAMPLES
from flows.commands.serve import serve
from flows.commands.snapshots import DIFF_EXAMPLES, ROLLBACK_EXAMPLES, SNAPSHOTS_EXAMPLES, diff, rollback, snapshots
from flows.commands.status import PATH_EXAMPLES, STATUS_EXAMPLES, path, status
from flows.commands.upkeep import MAINTAIN_EXAMPLES, VERIFY_EXAMPLES, maintain, verify

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


def _version() -> str:
    from importlib import metadata  # noqa: PLC0415

    try:
        return f"presslake {metadata.version('presslake')}"
    except metadata.PackageNotFoundError:
        return "presslake (not installed: run from its source)"


app = App(
    name="presslake",
    help=_INTRODUCTION,
    help_epilogue=_EXAMPLES,
    help_format="plaintext",
    version=_version,
    default_parameter=Parameter(negative=(), show_default=False),
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)


app.command(run, help_epilogue=RUN_EXAMPLES, sort_key=1, usage="Usage: presslake run [OPTIONS] SOURCE...")
app.command(check, help_epilogue=CHECK_EXAMPLES, sort_key=2, usage="Usage: presslake check [OPTIONS] SOURCE...")
app.command(status, help_epilogue=STATUS_EXAMPLES, sort_key=3, usage="Usage: presslake status [OPTIONS]")
app.command(explain, help_epilogue=EXPLAIN_EXAMPLES, sort_key=10, usage="Usage: presslake explain [OPTIONS] SUBJECT")
app.command(report, help_epilogue=REPORT_EXAMPLES, sort_key=11, usage="Usage: presslake report [OPTIONS]")
app.command(path, help_epilogue=PATH_EXAMPLES, sort_key=4, usage="Usage: presslake path [OPTIONS]")
app.command(snapshots, help_epilogue=SNAPSHOTS_EXAMPLES, sort_key=5, usage="Usage: presslake snapshots [OPTIONS]")
app.command(diff, help_epilogue=DIFF_EXAMPLES, sort_key=6, usage="Usage: presslake diff [OPTIONS] [OLD] [NEW]")
app.command(rollback, help_epilogue=ROLLBACK_EXAMPLES, sort_key=7, usage="Usage: presslake rollback [OPTIONS] SNAPSHOT")
app.command(verify, help_epilogue=VERIFY_EXAMPLES, sort_key=8, usage="Usage: presslake verify [OPTIONS]")
app.command(serve, help_epilogue=SERVE_EXAMPLES, sort_key=11, usage="Usage: presslake serve [OPTIONS] SOURCE...")
app.command(maintain, help_epilogue=MAINTAIN_EXAMPLES, sort_key=9, usage="Usage: presslake maintain [OPTIONS]")
app.command(contract)
app.command(backfill, help_epilogue=BACKFILL_EXAMPLES, sort_key=13, usage="Usage: presslake backfill [OPTIONS]")


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
