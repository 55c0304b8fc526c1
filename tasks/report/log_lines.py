"""How log lines look: as plain text, as JSON, in the Prefect UI, and on a terminal.

Belongs here: formatters, and the handler of a terminal. Does not belong here: which of them is used
(`flows.logs`). Text in a line may come from files: characters that do not print are escaped, and addresses
show no credentials.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from tasks.report.words import printable, redacted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


def log_text(record: logging.LogRecord) -> str:
    """The text of a record in one safe line: batch, message, and hint."""
    context: dict[str, Any] = getattr(record, "context", {})
    batch = f"batch {context['batch']}: " if "batch" in context else ""
    hint: str = getattr(record, "hint", "")
    return redacted(printable(f"{batch}{record.getMessage()} {hint}".rstrip()))


def stage_of(record: logging.LogRecord) -> str:
    """The stage that a record is of: its logger's last name."""
    return record.name.rpartition(".")[2]


class JsonLines(logging.Formatter):
    """One JSON object a line: `time`, `level`, `message`, `hint`, the context's fields, and `traceback`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line; time, level and message come first."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "message": redacted(record.getMessage()),
        }
        if hint := getattr(record, "hint", ""):
            line["hint"] = redacted(hint)
        line |= getattr(record, "context", {})
        line["stage"] = stage_of(record)
        if record.exc_info:
            line["traceback"] = redacted(self.formatException(record.exc_info))
        return msgspec.json.encode(line).decode()


class TextLines(logging.Formatter):
    """`2026-03-02T09:30:00Z info discover: 12 files listed`, for files that people read."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        moment = datetime.fromtimestamp(record.created, UTC)
        stage = stage_of(record)
        return f"{moment:%Y-%m-%dT%H:%M:%SZ} {record.levelname.lower()} {stage}: {log_text(record)}"


class MessageLines(logging.Formatter):
    """The message alone, for the Prefect UI, which shows time and level itself."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        return log_text(record)


class TerminalLines(logging.Handler):
    """Prints lines on a rich console, which keeps them apart from the bars that it shows.

    Args:
        console: the one that the bars are on.
    """

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record: the time of day, the stage, the message; an error as the command line prints one."""
        if record.exc_info:
            return  # a bug: the command line prints the traceback
        from tasks.report.terminal import show_error  # noqa: PLC0415

        try:
            if record.levelno >= logging.ERROR:
                show_error(self._console, redacted(record.getMessage()), redacted(getattr(record, "hint", "")))
            else:
                self._console.print(self._line(record), soft_wrap=True)
        except OSError:
            self.handleError(record)

    def _line(self, record: logging.LogRecord) -> Text:
        from rich.text import Text  # noqa: PLC0415  (rich takes 90 ms, and is there for terminals only)

        clock = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        style = "yellow" if record.levelno >= logging.WARNING else ""
        return Text.assemble((clock, "dim"), "  ", (f"{stage_of(record):<11}", "cyan"), "  ", (log_text(record), style))
