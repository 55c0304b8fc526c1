"""How the log lines of worker processes get to the run.

Belongs here: both ends of the queue between them. Does not belong here: the loggers and what every line carries
(`logs`). Only runs with worker processes import this: a queue's handlers take sockets with them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from logging.handlers import QueueHandler, QueueListener
from typing import Any

from tasks.runs.logs import ROOT, Stamp


def send_lines(queue: Any, level: int) -> None:
    """Send what this process logs into a queue; for worker processes.

    Args:
        queue: of `multiprocessing`.
        level: the least severe one that the run shows.
    """
    handler = QueueHandler(queue)
    handler.addFilter(Stamp())
    logger = logging.getLogger(ROOT)
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False


@contextmanager
def received_lines(queue: Any) -> Iterator[None]:
    """Log here what worker processes send, as long as the block lasts, and all of it before it ends."""
    listener = _Listener(queue)
    listener.start()
    try:
        yield
    finally:
        listener.stop()


class _Listener(QueueListener):
    """Hands records to this process's own loggers, in the context in which it was made."""

    def __init__(self, queue: Any) -> None:
        super().__init__(queue)
        self._context = copy_context()

    def handle(self, record: logging.LogRecord) -> None:
        self._context.run(logging.getLogger(record.name).handle, record)
