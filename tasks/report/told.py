"""What a receiver was told already: `.notified.json` of the warehouse.

Belongs here: telling news from repetition. The file is a courtesy: where it cannot be read or
written, things are told once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

NAME: Final = ".notified.json"


class Trouble(msgspec.Struct, frozen=True):
    """One kind of trouble: what a flow suffers from, and the reason as far as that tells two apart."""

    flow: str
    event: str
    reason: str


class _Entry(msgspec.Struct, frozen=True):
    trouble: Trouble
    at: datetime


def told(warehouse: Path) -> dict[Trouble, datetime]:
    """Each trouble that was told and is not over, with when it was told last (UTC)."""
    try:
        entries = msgspec.json.decode((warehouse / NAME).read_bytes(), type=list[_Entry])
    except (OSError, msgspec.MsgspecError):
        return {}
    return {entry.trouble: entry.at for entry in entries}


def is_news(warehouse: Path, trouble: Trouble, now: datetime, repeat_hours: float) -> bool:
    """Whether a trouble was not told within the last `repeat_hours` before `now`."""
    last = told(warehouse).get(trouble)
    return last is None or now - last >= timedelta(hours=repeat_hours)


def remember(warehouse: Path, now: datetime, *, add: Iterable[Trouble] = (), drop: Iterable[Trouble] = ()) -> None:
    """Keep that troubles were told just now, or that they are over."""
    gone = set(drop)
    known = {trouble: at for trouble, at in told(warehouse).items() if trouble not in gone}
    known |= dict.fromkeys(add, now)
    with suppress(OSError):
        following = warehouse / f"{NAME}.next"
        following.write_bytes(msgspec.json.encode([_Entry(trouble, at) for trouble, at in known.items()]))
        following.replace(warehouse / NAME)
