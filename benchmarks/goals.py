"""The goals: ratios that presslake must reach, and places where a peer is better.

Belongs here: judging results. Does not belong here: how they are shown (`report`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from benchmarks.parts import FIND, Row
from benchmarks.results import Part, Results
from benchmarks.subjects import DLT, FAST, PANDAS, PLAIN, PRESSLAKE, PYYAML, Subject

Measure = Literal["wall", "cpu", "peak"]
#: How the report calls what is measured.
MEASURES: Final[dict[Measure, str]] = {"wall": "time", "cpu": "CPU seconds", "peak": "peak memory"}


@dataclass(frozen=True)
class Verdict:
    """One goal held against the results; `measured` and `limit` are ratios or, where it says so, bytes."""

    goal: str
    limit: str
    measured: str
    holds: bool


#: In which part presslake must take at most which share of whose time or CPU seconds.
_SHARES: Final[tuple[tuple[str, Measure, str, float], ...]] = (
    ("full", "wall", PANDAS.name, 1 / 8),
    ("full", "cpu", PANDAS.name, 1 / 6),
    ("full", "wall", DLT.name, 1 / 8),
    ("full", "cpu", DLT.name, 1 / 6),
    ("full", "wall", PYYAML.name, 1 / 4),
    ("read", "wall", FAST.name, 1.3),
    ("read", "wall", PLAIN.name, 0.25),
    ("unchanged", "cpu", DLT.name, 1.0),
    ("unchanged", "wall", FIND, 5.0),
)
#: Seconds for a load of ten files, and for commands that answer at once.
MAX_START: Final = 2.0
MAX_ANSWER: Final = 0.3
#: Largest sum of all processes' memory at a million files.
MAX_PEAK: Final = 2 * 2**30


def verdicts(results: Results) -> Iterator[Verdict]:
    """Every goal for which there are measurements."""
    for name, measure, peer, share in _SHARES:
        part = results.get(name)
        if part and (other := row_of(part, peer)):
            ratio = _ratio(row_of(part, PRESSLAKE), other, measure)
            yield Verdict(
                f"{TITLES[name]}: {MEASURES[measure]} against {peer}", _times(share), _times(ratio), ratio <= share
            )
    yield from _changed(results)
    yield from _start(results)
    yield from _scale(results)


#: Parts, as the report calls them.
TITLES: Final = {
    "start": "Start-up: ten files by hand",
    "full": "Full load",
    "read": "Read to Arrow",
    "unchanged": "Second run, nothing changed",
    "changed": "Second run, some files changed",
    "scale": "Scale",
}


def row_of(part: Part, subject: str | Subject) -> Row | None:
    """A subject's row."""
    name = subject if isinstance(subject, str) else subject.name
    return next((row for row in part.rows if row.subject == name), None)


def better_peers(part: Part) -> Iterator[str]:
    """A sentence for every peer and measure in which presslake is not the best."""
    ours = row_of(part, PRESSLAKE)
    if ours is None:
        return
    for row in part.rows:
        if row.subject == ours.subject:
            continue
        for measure, name in MEASURES.items():
            # A program of a few milliseconds ends before anyone has looked at its memory.
            ratio = _ratio(ours, row, measure) if getattr(row, measure) else 0.0
            if ratio > 1:
                yield f"{row.subject}: presslake takes {ratio:.1f}× its {name}"


def _ratio(ours: Row | None, other: Row, measure: Measure) -> float:
    """Ours divided by the other's."""
    if ours is None:
        raise LookupError("These results have no row of presslake: measure the part again.")
    return float(getattr(ours, measure)) / max(float(getattr(other, measure)), 1e-9)


def _times(ratio: float) -> str:
    """A share as people say it: at most a third is `3.0× less`."""
    return f"{1 / ratio:.1f}× less" if ratio < 1 else f"{ratio:.2f}×"


def _changed(results: Results) -> Iterator[Verdict]:
    full, changed = results.get("full"), results.get("changed")
    if full and changed and (whole := row_of(full, PRESSLAKE)) and (part := row_of(changed, PRESSLAKE)):
        if whole.files != part.files:
            return
        share = part.wall / whole.wall
        yield Verdict("Some files changed: time against the full load", "15%", f"{share:.1%}", share < 0.15)


def _start(results: Results) -> Iterator[Verdict]:
    if (part := results.get("start")) is None:
        return
    for row in part.rows:
        limit = MAX_START if row.subject == PRESSLAKE.name else MAX_ANSWER
        name = "presslake run" if row.subject == PRESSLAKE.name else row.subject
        yield Verdict(f"{TITLES['start']}: time of `{name}`", f"{limit:g} s", f"{row.wall:.2f} s", row.wall < limit)


def _scale(results: Results) -> Iterator[Verdict]:
    if (part := results.get("scale")) is None:
        return
    rows = sorted(part.rows, key=lambda row: row.files)
    largest = rows[-1]
    mebibytes = f"{largest.peak / 2**20:,.0f} MiB"
    yield Verdict(f"Peak memory at {largest.files:,} files", "2,048 MiB", mebibytes, largest.peak < MAX_PEAK)
    # Of smaller trees start-up is a part of the time.
    for smaller in rows[-2:-1]:
        growth = (largest.wall / smaller.wall) / (largest.files / smaller.files)
        goal = f"Time of {largest.files:,} files against {smaller.files:,}, a file"
        yield Verdict(goal, "0.85× to 1.15×", f"{growth:.2f}×", 0.85 <= growth <= 1.15)
