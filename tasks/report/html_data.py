"""All numbers of the HTML report, and the findings that need attention.

Belongs here: reading the numbers from one snapshot, the snapshots before it and the journal, and deciding what an
operator has to see first. Does not belong here: counting articles (`html_articles`), and the page (`html_page`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import msgspec
import pyarrow as pa

from config.errors import WarehouseError
from tasks.report.html_articles import ArticleNumbers, article_numbers
from tasks.report.outcome import Outcome
from tasks.report.quarantine import quarantine_reasons
from tasks.report.status import Status, existing_warehouse, read_runs, status_of
from tasks.report.words import counted, format_age, format_location, format_message
from tasks.warehouse.warehouse import Warehouse

#: Days without a new article from which on the report says so.
STALE_DAYS: Final = 7
#: How many runs and snapshots are shown; the tables have them all.
RUNS: Final = 30


class QuarantineAt(msgspec.Struct, frozen=True):
    """The quarantine of one snapshot: `files`, and by code those that have an error of it."""

    snapshot: int
    published_at: str
    files: int
    reasons: dict[str, int]


class Attention(msgspec.Struct, frozen=True):
    """A finding for the operator: `what` it is, `where` (path:line:column, or empty), and `more` to do or know."""

    severity: Literal["error", "warning", "note"]
    what: str
    where: str
    more: str


class Report(msgspec.Struct, frozen=True):
    """All that the page shows.

    Attributes:
        made_at: when the numbers were read, UTC.
        status: tables, sources and reasons of the quarantine, as `presslake status` has them.
        articles: None where nothing is published.
        runs: the last ones, oldest first; `runs_in_all` is how many are known.
        quarantine: after each of the snapshots that are kept, oldest first.
        attention: what needs it, the worst first.
    """

    made_at: datetime
    status: Status
    articles: ArticleNumbers | None
    runs: list[Outcome]
    runs_in_all: int
    quarantine: list[QuarantineAt]
    attention: list[Attention]


def read_report(root: Path, now: datetime | None = None) -> Report:
    """Read the numbers of a warehouse; nothing is written and no lock is taken.

    Args:
        root: its folder.
        now: the time that ages count from, with a zone; by default the clock's.

    Raises:
        WarehouseError: there is no warehouse, or it is damaged.
    """
    now = now or datetime.now(UTC)
    warehouse = existing_warehouse(root)
    # Resolved once, so that all numbers are of one version.
    snapshot = warehouse.current()
    status = status_of(warehouse, snapshot, now)
    articles = None if snapshot is None else article_numbers(snapshot, now)
    runs, runs_in_all = read_runs(warehouse.root, snapshot, RUNS)
    return Report(
        made_at=now,
        status=status,
        articles=articles,
        runs=runs[-RUNS:],
        runs_in_all=runs_in_all,
        quarantine=list(_quarantine_history(warehouse)),
        attention=list(_attention(status, articles, runs, now)),
    )


def _attention(
    status: Status, articles: ArticleNumbers | None, runs: list[Outcome], now: datetime
) -> Iterator[Attention]:
    if runs and runs[-1].status == "failed":
        yield _failure(status, runs)
    if status.reasons:
        first = status.reasons[0].example
        files = counted(status.quarantined, "file is", "files are") + " in quarantine."
        message = format_message(first.field, first.message, first.value)
        yield Attention("warning", files, format_location(first, status.sources), message)
    if articles is not None:
        yield from _of_time(articles, now)
    if runs and runs[-1].unknown_fields:
        fields = counted(len(runs[-1].unknown_fields), "field")
        kept = "Their values are kept in the column extra; to get them typed, add them to the contract."
        yield Attention("note", f"The last run met {fields} that the contract does not know.", "", kept)


def _failure(status: Status, runs: list[Outcome]) -> Attention:
    """The last run failed: since when, why, and what readers see meanwhile."""
    failed = next((n for n, run in enumerate(reversed(runs)) if run.status != "failed"), len(runs))
    what = "The last run failed." if failed == 1 else f"The last {failed} runs failed."
    seen = "Nothing is published yet."
    if status.snapshot is not None:
        seen = f"Readers still see snapshot {status.snapshot}, published {format_age(status.age_seconds or 0)}."
    return Attention("error", what, "", " ".join(filter(None, [runs[-1].message, runs[-1].hint, seen])))


def _of_time(articles: ArticleNumbers, now: datetime) -> Iterator[Attention]:
    if not articles.articles:
        yield Attention("warning", "There is no article.", "", "No file of the sources became one.")
    elif articles.newest and (now - articles.newest).days >= STALE_DAYS:
        age = format_age((now - articles.newest).total_seconds())
        question = "Do the sources still get new files?"
        yield Attention("warning", f"The newest article was published {age}.", "", question)
    if articles.in_future:
        dated = counted(articles.in_future, "article is", "articles are") + " dated in the future."
        yield Attention("note", dated, "", "See the column published_at.")


def _quarantine_history(warehouse: Warehouse) -> Iterator[QuarantineAt]:
    """The quarantine of each of the last `RUNS` snapshots that are kept, oldest first.

    A snapshot that is damaged, or that maintenance removes meanwhile, is left out: the past
    must not hide the present.
    """
    known: dict[tuple[str, ...], dict[str, int]] = {}
    for number in warehouse.snapshots()[-RUNS:]:
        try:
            snapshot = warehouse.snapshot(number)
            # Snapshots share the files of what did not change.
            files = tuple(file.digest for file in snapshot.files("quarantine"))
            if files not in known:
                known[files] = {reason.code: reason.files for reason in quarantine_reasons(snapshot)}
        except (WarehouseError, pa.ArrowException):
            continue
        yield QuarantineAt(number, snapshot.info.published_at, snapshot.rows("quarantine"), known[files])
