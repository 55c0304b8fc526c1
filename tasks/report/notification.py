"""What a notification says, and which troubles were notified already (`.notified.json` of the warehouse).

Belongs here: notifications made from what is known of a run, when the newest article came, and the difference
between a new trouble and a repeated one. Does not belong here: sending (`tasks.report.webhook`), and deciding when
(`flows.notify`).

The file is a courtesy: where it cannot be read or written, a trouble is notified once more.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import msgspec
import pyarrow.compute as pc

from tasks.report.summary import iso
from tasks.report.words import format_age, printable
from tasks.warehouse.snapshots import Snapshot

#: The file of the troubles that were notified.
NAME: Final = ".notified.json"
Event = Literal["failure", "guard-rail", "crash", "stale", "recovered"]

_HEADLINES: Final[dict[Event, str]] = {
    "failure": "run failed",
    "guard-rail": "run stopped by a guard rail",
    "crash": "run crashed",
    "stale": "no new article",
    "recovered": "all is well again",
}
#: Slack and its likes read `<…>` and `&` as markup. Source: Slack's "Formatting text for app surfaces".
_MARKUP: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
#: A message that names a thousand files helps nobody, and receivers refuse large bodies.
_LONGEST: Final = 2_000


class Notification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One notification; as JSON it is the body that a receiver gets.

    Attributes:
        text: all of it for people, in the field that Slack, Mattermost and their likes show.
        event: the kind of news.
        reason: the kind of trouble, such as `SourceError`; event and reason identify a repeated trouble.
        message: what happened; `hint` what to do about it.
        warehouse: its folder.
        run_id, run_url: the run, and its page in the Prefect UI where there is one.
        host: the machine; `at` ISO 8601, UTC.
    """

    text: str
    event: Event
    reason: str
    message: str
    hint: str = ""
    warehouse: str = ""
    run_id: str = ""
    run_url: str = ""
    host: str
    at: str


def make_notification(
    event: Event,
    reason: str,
    message: str,
    hint: str = "",
    *,
    warehouse: str,
    run_id: str = "",
    run_url: str = "",
) -> Notification:
    """A notification with its text; the arguments are its fields."""
    host, at = os.uname().nodename, iso(datetime.now(UTC))
    headline = f"presslake: {_HEADLINES[event]} ({printable(warehouse)} on {host})"
    lines = [headline, printable(message, _LONGEST), printable(hint, _LONGEST), run_url]
    text = "\n".join(line for line in lines if line).translate(_MARKUP)
    told = {"text": text, "message": message[:_LONGEST], "hint": hint[:_LONGEST], "reason": reason}
    where = {"warehouse": warehouse, "run_id": run_id, "run_url": run_url, "host": host, "at": at}
    return Notification(event=event, **told, **where)


def newest_arrival(snapshot: Snapshot) -> datetime | None:
    """When presslake first saw the newest of the articles (UTC); None where there is none."""
    newest: datetime | None = pc.max(snapshot.read("articles", ["first_seen_at"])["first_seen_at"]).as_py()
    return newest


def format_staleness(newest: datetime, now: datetime, hours: float) -> str:
    """How long ago the last article came, in a sentence."""
    age = format_age((now - newest).total_seconds())
    return f"The newest article came {age} ({newest:%Y-%m-%d %H:%M} UTC); `notify.stale_after_hours` is {hours:g}."


class Trouble(msgspec.Struct, frozen=True):
    """A kind of trouble; two troubles of a flow differ in event or reason."""

    flow: str
    event: str
    reason: str


class _Entry(msgspec.Struct, frozen=True):
    trouble: Trouble
    at: datetime


def notified(warehouse: Path) -> dict[Trouble, datetime]:
    """The troubles that were notified and are not over, each with the time of its last notification (UTC)."""
    try:
        entries = msgspec.json.decode((warehouse / NAME).read_bytes(), type=list[_Entry])
    except (OSError, msgspec.MsgspecError):
        return {}
    return {entry.trouble: entry.at for entry in entries}


def is_new(warehouse: Path, trouble: Trouble, now: datetime, repeat_hours: float) -> bool:
    """Whether no notification of a trouble went out within the last `repeat_hours` before `now`."""
    last = notified(warehouse).get(trouble)
    return last is None or now - last >= timedelta(hours=repeat_hours)


def remember(warehouse: Path, now: datetime, *, add: Iterable[Trouble] = (), drop: Iterable[Trouble] = ()) -> None:
    """Record that troubles were notified just now (`add`), or that they are over (`drop`)."""
    over = set(drop)
    known = {trouble: at for trouble, at in notified(warehouse).items() if trouble not in over}
    known |= dict.fromkeys(add, now)
    with suppress(OSError):
        following = warehouse / f"{NAME}.next"
        following.write_bytes(msgspec.json.encode([_Entry(trouble, at) for trouble, at in known.items()]))
        following.replace(warehouse / NAME)
