"""What runs and their tasks are called in the Prefect UI: what, of what, and when.

Belongs here: names. They come from parameters and counts, never from files, and hold no secret. The
UI's graph of a run has no sign for `·`, so tasks have commas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Final

from tasks.discover.location import split_name
from tasks.report.words import counted, printable, redacted
from tasks.runs.run import Batch, Plan

_MOST_SOURCES: Final = 3
_LONGEST: Final = 40


def ingest_name(sources: Sequence[str], moment: datetime, *, full_refresh: bool = False) -> str:
    """Name of a run: `ingest news, blog · 2026-03-02 09:30 UTC`.

    Args:
        sources: as the parameter has them, `path` or `name=path`; none means those of the settings.
        moment: when it was to start.
        full_refresh: every file is read anew.
    """
    names = [source_name(source) for source in sources]
    listed = ", ".join(names[:_MOST_SOURCES]) or "configured sources"
    if len(names) > _MOST_SOURCES:
        listed += f" and {len(names) - _MOST_SOURCES} more"
    anew = " · full refresh" if full_refresh else ""
    return f"ingest {listed}{anew} · {spell_moment(moment)}"


def source_name(source: str) -> str:
    """The name that a source is given, or the last part of its path or address."""
    name, place = split_name(source)
    if not name:
        address = redacted(place).partition("?")[0].rstrip("/")
        name = PurePosixPath(address).name or address
    return printable(name, _LONGEST)


def spell_moment(moment: datetime) -> str:
    """A time to the minute, with its zone: the UI shows others in the reader's own."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def discover_name(sources: int) -> str:
    """`discover what changed in 2 sources`."""
    return f"discover what changed in {counted(sources, 'source')}"


def batch_name(stage: str, batch: Batch, total: int) -> str:
    """`parse batch 3 of 12, 240 files`."""
    return f"{stage} batch {batch_number(batch, total)}, {counted(batch.files, 'file')}"


def batch_number(batch: Batch, total: int) -> str:
    """`3 of 12`; an interrupted run's finished batches are among the 12, and are not run again."""
    return f"{batch.number} of {total}"


def deduplicate_name(plan: Plan) -> str:
    """`deduplicate 2,277 files, 421 of them read`."""
    read = sum(batch.files for batch in plan.batches)
    return f"deduplicate {counted(plan.discovered, 'file')}, {read:,} of them read"


def write_name(summary: Mapping[str, object]) -> str:
    """`write and publish: 1,195 loaded, 665 duplicate, 414 quarantined`.

    Args:
        summary: of a `Publication`, with `records`.
    """
    records = summary.get("records")
    counts = records.items() if isinstance(records, Mapping) else ()
    said = ", ".join(f"{count:,} {status}" for status, count in counts if count)
    return f"write and publish: {said}" if said else "write and publish the tables"
