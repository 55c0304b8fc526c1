"""What a notification says: its text for people, its fields for programs.

Belongs here: notifications made from what is known of a run, and when the newest article came. Does
not belong here: sending them (`tasks.report.webhook`), and whether to (`flows.notify`).
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec
import pyarrow.compute as pc

from tasks.report.summary import iso
from tasks.report.words import printable, spell_age
from tasks.tables.snapshots import Snapshot

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
        reason: what kind of trouble, such as `SourceError`; with `event` it tells news from repetition.
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
    host = os.uname().nodename
    headline = f"presslake: {_HEADLINES[event]} ({printable(warehouse)} on {host})"
    lines = [headline, printable(message, _LONGEST), printable(hint, _LONGEST), run_url]
    return Notification(
        text="\n".join(line for line in lines if line).translate(_MARKUP),
        event=event,
        reason=reason,
        message=message[:_LONGEST],
        hint=hint[:_LONGEST],
        warehouse=warehouse,
        run_id=run_id,
        run_url=run_url,
        host=host,
        at=iso(datetime.now(UTC)),
    )


def newest_arrival(snapshot: Snapshot) -> datetime | None:
    """When presslake first saw the newest of the articles (UTC); None where there is none."""
    newest: datetime | None = pc.max(snapshot.read("articles", ["first_seen_at"])["first_seen_at"]).as_py()
    return newest


def spell_staleness(newest: datetime, now: datetime, hours: float) -> str:
    """How long ago the last article came, in a sentence."""
    age = spell_age((now - newest).total_seconds())
    return f"The newest article came {age} ({newest:%Y-%m-%d %H:%M} UTC); `notify.stale_after_hours` is {hours:g}."
