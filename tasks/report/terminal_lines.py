"""Log lines for people on a terminal.

Belongs here: the handler; it imports rich, which takes 90 ms, so it is imported where there is a
terminal only. Other lines are `log_lines`'.
"""

from __future__ import annotations

import logging
from datetime import datetime

from rich.console import Console
from rich.text import Text

from config.redaction import redacted
from tasks.report.log_lines import said, stage_of
from tasks.report.terminal import show_error


class TerminalLines(logging.Handler):
    """Prints lines on a rich console, which keeps them apart from the bars that it shows.

    Args:
        console: the one that the bars are on.
    """

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record: the time of day, the stage, the message; an error as the command line tells one."""
        if record.exc_info:
            return  # a bug: the command line prints the traceback
        try:
            if record.levelno >= logging.ERROR:
                show_error(self._console, redacted(record.getMessage()), redacted(getattr(record, "hint", "")))
            else:
                self._console.print(self._line(record), soft_wrap=True)
        except OSError:
            self.handleError(record)

    def _line(self, record: logging.LogRecord) -> Text:
        clock = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        style = "yellow" if record.levelno >= logging.WARNING else ""
        return Text.assemble((clock, "dim"), "  ", (f"{stage_of(record):<11}", "cyan"), "  ", (said(record), style))
