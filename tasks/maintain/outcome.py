"""The result of a maintenance as one value, which the terminal, `--json` and the artifact show.

Belongs here: the shape, and the form in which findings name several rows. Does not belong here: how the
result is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec


class Resplit(msgspec.Struct, frozen=True):
    """A partition whose rows were spread over another number of files."""

    partition: str
    old: int
    new: int


class Rewritten(msgspec.Struct, frozen=True):
    """What a snapshot of maintenance changed.

    Attributes:
        snapshot: its number; None where there was nothing to change.
        runs, tombstones: rows that were dropped from `runs` and `sources`.
        partitions: those with another number of files.
        note: why nothing could be changed; empty otherwise.
    """

    snapshot: int | None = None
    runs: int = 0
    tombstones: int = 0
    partitions: list[Resplit] = []
    note: str = ""


class Expired(msgspec.Struct, frozen=True):
    """Snapshots that were removed, and the bytes that this gave back."""

    snapshots: list[int] = []
    bytes: int = 0


class Maintenance(msgspec.Struct, frozen=True):
    """All that is said of one maintenance.

    Attributes:
        status: `damaged` where something is wrong; found at the start, it keeps everything as it is.
        run_id, started_at, ended_at: ISO 8601, UTC.
        warehouse: its folder; `snapshot` the number that readers see after it.
        staging_removed, staging_left: names under `staging` that were cleared, and that could not be.
        rewritten, expired: what was forgotten.
        findings, notes: of the verification at the end.
    """

    status: Literal["sound", "damaged"]
    run_id: str
    started_at: str
    ended_at: str
    warehouse: str
    snapshot: int | None
    staging_removed: list[str]
    staging_left: list[str]
    rewritten: Rewritten
    expired: Expired
    findings: list[str]
    notes: list[str]


def named(before: str, values: Sequence[object], after: str = ".") -> Iterator[str]:
    """The finding that names the first values between two parts of a sentence; none where there are no values."""
    if values:
        yield f"{before} {some(values)}{after}"


def some(values: Sequence[object], most: int = 3) -> str:
    """The first values, and how many more there are: `a, b, c and 4 more`."""
    rest = len(values) - most
    return ", ".join(map(str, values[:most])) + (f" and {rest:,} more" if rest > 0 else "")
