"""The parts of the comparison: what is run, on which files, in which order.

Belongs here: full load, reading, unchanged and changed second runs, scale. Each part gives `Row`s.
Does not belong here: how a run is measured (`measure`) and what it must give (`subjects`).
"""

from __future__ import annotations

import dataclasses
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.generate import churn, generate, load_expected
from benchmarks.measure import Cost, alternate, measure, median, warm
from benchmarks.plan import Churn, Expected
from benchmarks.subjects import (
    DLT,
    FAST,
    PANDAS,
    PLAIN,
    PRESSLAKE,
    PYYAML,
    READING,
    Counts,
    Subject,
    Workplace,
    expected_again,
)

#: Seconds between two looks at the memory in runs that are measured for it.
LOOK: Final = 0.05
FIND: Final = "find -printf '%p %s %T@'"


@dataclass(frozen=True)
class Row:
    """One line of a table of results: medians of `runs` runs.

    Attributes:
        subject: who.
        files, bytes: of the tree.
        wall, cpu: seconds.
        peak: bytes, all processes together; from one more run, so that looking costs the others nothing.
        counts: what it printed.
        runs: how many.
    """

    subject: str
    files: int
    bytes: int
    wall: float
    cpu: float
    peak: int
    counts: Counts
    runs: int


@dataclass(frozen=True)
class Setup:
    """What all parts share.

    Attributes:
        place: where they run.
        peers: who is compared besides presslake.
        repeats: runs of each.
        changed: how many files the part `changed` changes.
        scale: numbers of files of the part `scale`.
    """

    place: Workplace
    peers: Sequence[Subject]
    repeats: int
    changed: int
    scale: Sequence[int]

    def chosen(self, *peers: Subject) -> list[Subject]:
        """Those of some peers that take part."""
        return [peer for peer in peers if peer in self.peers]


def full(setup: Setup) -> list[Row]:
    """Load everything into an empty place."""
    return _fresh_runs(setup, [PRESSLAKE, *setup.chosen(PANDAS, PYYAML, DLT)])


def read(setup: Setup) -> list[Row]:
    """Read everything into Arrow files."""
    return _fresh_runs(setup, [READING, *setup.chosen(FAST, PLAIN)])


def unchanged(setup: Setup) -> list[Row]:
    """Run again where nothing has changed; and, to compare, list the files with `find`."""
    tree = load_expected(setup.place.tree)
    subjects = [PRESSLAKE, *setup.chosen(DLT)]
    _load(setup, subjects, tree)
    runs = {s.name: partial(setup.place.run, s, expected_again(s, tree), fresh=False) for s in subjects}
    counts = {s.name: expected_again(s, tree) for s in subjects}
    return _rows(setup, tree, {**runs, FIND: partial(_find, setup.place.source)}, counts)


def changed(setup: Setup) -> list[Row]:
    """Run again after some files have changed, other ones each time."""
    place = setup.place
    subjects = [PRESSLAKE, *setup.chosen(DLT)]
    _load(setup, subjects, load_expected(place.tree))
    costs: dict[str, list[Cost]] = {subject.name: [] for subject in subjects}
    for interval in [*[None] * setup.repeats, LOOK]:
        tree = churn(place.tree, Churn(changed=setup.changed))
        for subject in subjects:
            cost = place.run(subject, expected_again(subject, tree, setup.changed), fresh=False, interval=interval)
            costs[subject.name].append(cost)
    counts = {subject.name: expected_again(subject, tree, setup.changed) for subject in subjects}
    return [_row(name, tree, some, counts[name]) for name, some in costs.items()]


def scale(setup: Setup) -> list[Row]:
    """presslake's full load of trees of several sizes, once each, its memory looked at meanwhile."""
    rows = []
    for files in setup.scale:
        place = dataclasses.replace(setup.place, tree=setup.place.outputs / f"tree-{files}")
        tree = generate(place.tree, files, seed=1)
        warm(place.source)
        counts = PRESSLAKE.expected(tree)
        rows.append(_row(PRESSLAKE.name, tree, [place.run(PRESSLAKE, counts, fresh=True, interval=LOOK * 4)], counts))
        shutil.rmtree(place.tree)
        shutil.rmtree(place.output(PRESSLAKE))
    return rows


PARTS: Final[Mapping[str, Callable[[Setup], list[Row]]]] = {
    "full": full,
    "read": read,
    "unchanged": unchanged,
    "changed": changed,
    "scale": scale,
}


def _fresh_runs(setup: Setup, subjects: Sequence[Subject]) -> list[Row]:
    tree = load_expected(setup.place.tree)
    counts = {subject.name: subject.expected(tree) for subject in subjects}
    runs = {s.name: partial(setup.place.run, s, counts[s.name], fresh=True) for s in subjects}
    return _rows(setup, tree, runs, counts)


def _load(setup: Setup, subjects: Sequence[Subject], tree: Expected) -> None:
    """Bring every subject's output up to date from nothing; not measured."""
    warm(setup.place.source)
    for subject in subjects:
        setup.place.run(subject, subject.expected(tree), fresh=True)


def _find(source: Path, interval: float | None = None) -> Cost:
    return measure(["find", str(source), "-type", "f", "-printf", "%p %s %T@\\n"], interval=interval)


def _rows(
    setup: Setup, tree: Expected, runs: Mapping[str, Callable[..., Cost]], counts: Mapping[str, Counts]
) -> list[Row]:
    warm(setup.place.source)
    costs = alternate(runs, setup.repeats)
    for name, run in runs.items():
        print(f"  {name}: {median(cost.wall for cost in costs[name]):.2f} s", file=sys.stderr)
        costs[name].append(run(interval=LOOK))
    return [_row(name, tree, some, counts.get(name, {"rows": tree.files})) for name, some in costs.items()]


def _row(name: str, tree: Expected, costs: Sequence[Cost], counts: Counts) -> Row:
    """Medians of the runs whose memory was not looked at, or of all if it always was."""
    timed = [cost for cost in costs if cost.peak is None] or costs
    return Row(
        subject=name,
        files=tree.files,
        bytes=tree.bytes,
        wall=median(cost.wall for cost in timed),
        cpu=median(cost.cpu for cost in timed),
        peak=max(cost.peak or 0 for cost in costs),
        counts=counts,
        runs=len(timed),
    )
