"""Named places where a test can kill the process or make the disk fail.

Belongs here: the list of places, and what happens at one that the environment names. The storage
code and the pipeline call `reach` between any two steps that the disk can tell apart; a test sets PRESSLAKE_FAULT
in a subprocess and then looks at what is left. Unset, as always in production, `reach` is a call
and one comparison.
Does not belong here: recovering. Nothing in presslake may behave otherwise because of a fault.

    PRESSLAKE_FAULT=publish.before-rename           SIGKILL when the place is reached
    PRESSLAKE_FAULT=file.before-sync:3              SIGKILL when it is reached for the third time
    PRESSLAKE_FAULT=file.before-write:2:raise=ENOSPC      that OSError instead

Each process counts for itself.
"""

from __future__ import annotations

import errno
import itertools
import os
import signal
from collections.abc import Iterator
from typing import Final

import msgspec

from config.errors import SettingsError

#: Every place, with what is on disk when it is reached.
POINTS: Final[dict[str, str]] = {
    "file.before-write": "the new file exists and is empty",
    "file.part-written": "a part of the new file, at most 1 MiB more than before, is written",
    "file.before-sync": "the new file is whole, but perhaps only in memory",
    "file.after-sync": "the new file is whole and on disk",
    "keep.before-link": "a kept file is not in the new snapshot yet",
    "keep.after-link": "a kept file is in the new snapshot",
    "publish.before-info": "all data files are staged, `snapshot.json` is not",
    "publish.before-sync": "the staged snapshot is whole, its folders are perhaps only in memory",
    "publish.before-announce": "the staged snapshot is whole and on disk",
    "publish.before-rename": "the number is announced, the snapshot is still staged",
    "publish.after-rename": "the snapshot has its place, the pointer does not name it",
    "publish.before-swap": "as before, and on disk",
    "publish.after-swap": "the pointer names the new snapshot, perhaps only in memory",
    "publish.after-sync": "the new snapshot is published, the run's staging folder is still there",
    "move.before-swap": "the pointer that a rollback will put in place is written beside it",
    "move.after-swap": "the pointer names another snapshot, perhaps only in memory",
    "settle.before-discard": "an announced snapshot was found that the pointer never named",
    "settle.before-withdraw": "it is out of the way, its announcement is still there",
    "discard.before-remove": "a snapshot that nobody shall read is back under `staging`, whole",
    "clear.before-remove": "something an interrupted run left is about to be removed",
    "erase.before-list": "the new list of erased articles is written beside the old one",
    "erase.listed": "the list names the articles, every snapshot still has them",
    "erase.published": "readers see a snapshot without the articles, older ones still have them",
    "erase.before-commit": "the files of a snapshot without the articles are written beside its own",
    "erase.before-replace": "as before, and on disk; a file of a snapshot is about to be replaced",
    "erase.before-info": "all files of a snapshot are replaced, its list of files is not",
    "erase.after-info": "a snapshot is rewritten, its working folder is still there",
    "run.listed": "the batches of a run are cut, none of them is read",
    "run.batch-done": "one more batch is finished; those before it are, too",
    "run.before-deduplicate": "all batches are finished, nothing is decided",
    "run.after-deduplicate": "the next manifest is staged, no table is written",
    "run.published": "the new snapshot is published, the journal and the staged batches are still there",
    "run.before-stamps": "the run has ended well, the stamps are those of the run before",
    "run.before-discard": "the run's staging folder, or then its batches, are about to be removed",
}


class Fault(msgspec.Struct, frozen=True):
    """What shall go wrong: at the `nth` time that `point` is reached.

    Attributes:
        point: one of `POINTS`.
        nth: 1-based.
        error: `errno` of the OSError to raise; None kills the process.
    """

    point: str
    nth: int = 1
    error: int | None = None
    _seen: Iterator[int] = msgspec.field(default_factory=lambda: itertools.count(1))

    def happen(self) -> None:
        """Kill the process or raise, if this is the time to.

        Raises:
            OSError: with `error`, where one is set.
        """
        if next(self._seen) != self.nth:
            return
        if self.error is not None:
            raise OSError(self.error, os.strerror(self.error), self.point)
        os.kill(os.getpid(), signal.SIGKILL)


def parse_fault(spec: str) -> Fault:
    """Read `point[:nth][:raise=ERRNO]`, as PRESSLAKE_FAULT holds it.

    Raises:
        SettingsError: an unknown point or error name, or a part that is neither.
    """
    point, *rest = spec.split(":")
    nth, error = 1, None
    for part in rest:
        name = part.removeprefix("raise=")
        if part.isdecimal() and int(part) > 0:
            nth = int(part)
        elif name != part and hasattr(errno, name):
            error = getattr(errno, name)
        else:
            raise SettingsError(f"PRESSLAKE_FAULT: `{part}` is neither a count nor `raise=ERRNO`.")
    if point not in POINTS:
        raise SettingsError(f"PRESSLAKE_FAULT: there is no `{point}`.", f"There are: {', '.join(POINTS)}.")
    return Fault(point, nth, error)


_spec = os.environ.get("PRESSLAKE_FAULT")
_armed: Fault | None = parse_fault(_spec) if _spec else None


def reach(point: str) -> None:
    """Say that `point`, one of `POINTS`, is reached; a no-op unless a test armed it.

    Raises:
        OSError: a test asked for one.
    """
    if _armed is not None and _armed.point == point:
        _armed.happen()
