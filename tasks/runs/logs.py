"""Log lines of a run: where they come from.

Belongs here: the loggers, and the context that every line carries (run, stage, batch). Does not belong here:
how a worker process's lines get to the run (`worker_lines`), how lines look (`tasks.report.log_lines`) and
where they go (`flows.logs`). Without a handler, as in a program that imports presslake, nothing is shown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Final, TypeVar

R = TypeVar("R")

#: All of presslake's loggers are below this one.
ROOT: Final = "presslake"
logging.getLogger(ROOT).addHandler(logging.NullHandler())

_bound: Final[ContextVar[Mapping[str, Any]]] = ContextVar("log_context", default=MappingProxyType({}))
#: What else knows where a line comes from; the flow adds Prefect's ids.
_providers: Final[list[Callable[[], Mapping[str, Any]]]] = []


def log_of(stage: str) -> logging.Logger:
    """The logger of a stage, or of what else works in a run."""
    return logging.getLogger(f"{ROOT}.{stage}")


@contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Let every line that is logged in the block carry these fields, besides those it carries already.

    Args:
        fields: plain values, such as `run_id`, `stage`, `batch` (`3 of 12`), `files`.
    """
    token = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


def provide(provider: Callable[[], Mapping[str, Any]]) -> None:
    """Ask a function, too, for fields whenever a line is logged; asked once however often it is given."""
    if provider not in _providers:
        _providers.append(provider)


def context() -> dict[str, Any]:
    """The fields that a line logged here carries."""
    fields = dict(_bound.get())
    for provider in _providers:
        fields |= provider()
    return fields


def with_context(fields: Mapping[str, Any], function: Callable[[], R]) -> R:
    """Call a function so that its lines carry what they would where `context` gave these fields."""
    with bound(**fields):
        return function()


class Stamp(logging.Filter):
    """Puts the fields on a record as `context`; one from a worker process has them already."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record."""
        if not hasattr(record, "context"):
            record.context = context()
        return True
