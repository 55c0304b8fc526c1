"""How log lines look: as plain text, as JSON, and in the Prefect UI.

Belongs here: formatters. Does not belong here: lines on a terminal (`terminal_lines`), and which of
them is used (`flows.logs`).
Text in a line may come from files: what does not print is escaped, and addresses show no credentials.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import msgspec

from config.redaction import redacted
from tasks.report.words import printable


def said(record: logging.LogRecord) -> str:
    """What a record says, in one safe line: its batch, its message, and what to do about it."""
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
        return f"{moment:%Y-%m-%dT%H:%M:%SZ} {record.levelname.lower()} {stage}: {said(record)}"


class MessageLines(logging.Formatter):
    """The message alone, for a place that shows time and level itself: the Prefect UI."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        return said(record)
