"""A walk through a run's folders that begins before the run can begin.

Belongs here: beginning such a walk in a process of its own, when it may count, and taking what it found. Does not
belong here: walking (`tasks.discover.walk`).

Importing pyarrow and the stages takes about as long as walking through 60,000 files, and neither needs the other. A
forked process, which imports nothing more, walks meanwhile on another core. The run takes what it found for its own
listing, unless something was published after the walk began: that could be newer than what the walk saw. Whatever
goes wrong there, the run walks itself, and says why it cannot.
"""

from __future__ import annotations

import marshal
import os
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from config.errors import PresslakeError
from config.settings import Settings
from tasks.discover.globs import Globs
from tasks.discover.places import place_of
from tasks.discover.walk import Walk
from tasks.tables.pointer import Mark, mark

#: Seconds after which a walk does not count any more: the run waited for another one.
_FRESH: Final = 5.0


class _Ahead(msgspec.Struct):
    """A walk in another process.

    Attributes:
        walks: through which folders, in their order.
        process: its number.
        pipe: what it writes what it found to.
        began_at: when; `began` the same in seconds of the monotonic clock.
        mark: of the warehouse, before that.
    """

    walks: list[Walk]
    process: int
    pipe: int
    began_at: datetime
    began: float
    mark: Mark


class _State(msgspec.Struct):
    """What this process has begun, and what it may take: columns of a walk, by root and patterns."""

    ahead: _Ahead | None = None
    found: dict[tuple[str, Globs], Any] = msgspec.field(default_factory=dict)


_state: Final = _State()


def begin(specs: Sequence[str], settings: Settings) -> None:
    """Walk through the folders among some sources in a process of its own, if that can save time.

    Args:
        specs: what the user called the sources; what is wrong with them is left to who opens them.
        settings: patterns and warehouse.
    """
    can_fork = hasattr(os, "fork") and threading.active_count() == 1  # a fork has only the thread that forked
    has_pointer = ":/" not in settings.warehouse.path
    if not can_fork or not has_pointer or (os.cpu_count() or 1) < 2:
        return
    try:
        globs = Globs.compile(settings.discover.include, settings.discover.exclude)
        places = [place for place in map(place_of, specs) if place.kind == "folder"]
    except PresslakeError:
        return
    if places:
        walks = [Walk(place.name, place.root, globs) for place in places]
        _state.ahead = _forked(walks, mark(Path(settings.warehouse.path)))


def accept(warehouse: Path) -> datetime | None:
    """Let what was begun count from now on, if nothing was published meanwhile; else it is forgotten.

    Args:
        warehouse: its folder, locked by this run.

    Returns:
        When the walk began; None if nothing counts.
    """
    ahead, _state.ahead = _state.ahead, None
    _state.found.clear()
    if ahead is None:
        return None
    if time.monotonic() - ahead.began > _FRESH or mark(warehouse) != ahead.mark:
        os.close(ahead.pipe)  # where it still writes, that ends it
        return None
    found = _found(ahead)
    if found is None:
        return None
    _state.found.update({(walk.root, walk.globs): columns for walk, columns in zip(ahead.walks, found, strict=True)})
    return ahead.began_at


def take(walk: Walk) -> Walk | None:
    """An empty walk, with all that it would find; None if that was not found ahead, or is taken."""
    columns = _state.found.pop((walk.root, walk.globs), None)
    if columns is None:
        return None
    walk.paths, walk.sizes, walk.nanoseconds, walk.skipped = columns
    return walk


def _forked(walks: list[Walk], before: Mark) -> _Ahead:
    began_at, began = datetime.now(UTC), time.monotonic()
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            os.close(reading)
            _walk(walks, writing, os.open(os.devnull, os.O_RDWR))
        finally:
            # Nothing of the parent's may be ended here, and nothing be told: it will find out itself.
            os._exit(0)
    os.close(writing)
    return _Ahead(walks, process, reading, began_at, began, before)


def _walk(walks: Sequence[Walk], pipe: int, nowhere: int) -> None:
    """Write what all walks found into a pipe, once all are through; Ctrl-C is the parent's, and so are its streams."""
    import signal  # noqa: PLC0415

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Who reads what the parent prints must not wait for this process, should the parent end first.
    for stream in range(3):
        os.dup2(nowhere, stream)
    found = [(walk.paths, walk.sizes, walk.nanoseconds, walk.skipped) for walk in walks if walk.go()]
    with os.fdopen(pipe, "wb") as file:
        file.write(marshal.dumps(found))


def _found(ahead: _Ahead) -> list[Any] | None:
    """What all walks found, as soon as they are through; None if one failed."""
    with os.fdopen(ahead.pipe, "rb") as file:
        content = file.read()
    os.waitpid(ahead.process, 0)
    try:
        found: list[Any] = marshal.loads(content)  # noqa: S302 (our own process's)
    except (EOFError, ValueError, TypeError):
        return None
    return found
