"""Where log lines go: to stderr as the settings say, and to the Prefect UI.

Belongs here: handlers on presslake's loggers, as long as a run lasts. Does not belong here: how lines
look (`tasks.report.log_lines`) and what they carry (`tasks.runs.logs`).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from config.settings import Log
from tasks.report.log_lines import JsonLines, MessageLines, TerminalLines, TextLines
from tasks.runs.logs import ROOT, Stamp, provide


@contextmanager
def shown_logs(log: Log, least: str | None = None) -> Iterator[None]:
    """Show on stderr what is logged in the block.

    Args:
        log: `auto` is for people on a terminal, and JSON elsewhere.
        least: the least severe level to show, if not that of the settings.
    """
    with _attached(_stderr_handler(log.format), least or log.level):
        yield


def _stderr_handler(form: str) -> logging.Handler:
    if form != "json" and sys.stderr.isatty():
        # Rich takes 90 ms to import, which a run without a terminal need not pay.
        from tasks.report.terminal import stderr_console  # noqa: PLC0415

        return TerminalLines(stderr_console())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TextLines() if form == "text" else JsonLines())
    return handler


@contextmanager
def _attached(handler: logging.Handler, level: str) -> Iterator[None]:
    """A handler on presslake's loggers; what it shows does not go to the root logger's handlers, too."""
    logger = logging.getLogger(ROOT)
    handler.setLevel(level.upper())
    handler.filters.insert(0, Stamp())
    logger.addHandler(handler)
    _settle(logger)
    try:
        yield
    finally:
        handler.flush()
        logger.removeHandler(handler)
        _settle(logger)


def _settle(logger: logging.Logger) -> None:
    """Let through what any of its handlers shows; with none, leave all to the program's own logging."""
    levels = [handler.level for handler in logger.handlers if not isinstance(handler, logging.NullHandler)]
    logger.setLevel(min(levels, default=logging.NOTSET))
    logger.propagate = not levels


@contextmanager
def logs_in_prefect(log: Log) -> Iterator[None]:
    """Send what is logged in the block to the Prefect API, each line to the run and task that it is of."""
    from prefect.logging.handlers import APILogHandler  # noqa: PLC0415

    handler = APILogHandler()
    handler.setFormatter(MessageLines())
    handler.addFilter(_with_prefect_ids)
    provide(_prefect_ids)
    with _attached(handler, log.level):
        yield


def _prefect_ids() -> Mapping[str, Any]:
    """The ids of the flow run and the task run that the code is in, as far as it is in one."""
    from prefect.context import FlowRunContext, TaskRunContext  # noqa: PLC0415

    if task := TaskRunContext.get():
        return {"flow_run_id": str(task.task_run.flow_run_id), "task_run_id": str(task.task_run.id)}
    flow = FlowRunContext.get()
    return {"flow_run_id": str(flow.flow_run.id)} if flow and flow.flow_run else {}


def _with_prefect_ids(record: logging.LogRecord) -> bool:
    """Put the ids where Prefect's handler looks for them; a line of no run is not for Prefect."""
    context: Mapping[str, Any] = getattr(record, "context", {})
    for name in ("flow_run_id", "task_run_id"):
        setattr(record, name, context.get(name))
    return "flow_run_id" in context
