"""The parts of the comparison: what is run, on which files, in which order.

Belongs here: full load, reading, unchanged and changed second runs, scale. Each part gives `Row`s.
Does not belong here: how a run is measured (`measure`) and what it must give (`subjects`).
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.generate import churn, generate, load_expected
from benchmarks.journal import Journal
from benchmarks.measure import Cost, measure, median, warm
from benchmarks.plan import Churn, Expected
from benchmarks.subjects import (
    DLT,
    ENVIRONMENT,
    FAST,
    PANDAS,
    PLAIN,
    PRESSLAKE,
    PYYAML,
    READING,
    Counts,
    Subject,
    Workplace,
    cli,
    expected_again,
)

#: Seconds between two looks at the memory: in a run of its own, and in every run of the parts that take minutes.
LOOK: Final = 0.05
RARE_LOOK: Final = 0.25
FIND: Final = "find -printf '%p %s %T@'"
#: Commands of the part `start`, and its number of files.
HELP: Final = "presslake --help"
CHECK: Final = "presslake check"
TEN: Final = 10


@dataclass(frozen=True)
class Row:
    """One line of a table of results: medians of `runs` runs.

    Attributes:
        subject: who.
        files, bytes: of the tree.
        wall, cpu: seconds.
        peak: bytes, all processes together; of short runs from one more, so that looking costs the others nothing.
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
        journal: knows the runs that are over.
    """

    place: Workplace
    peers: Sequence[Subject]
    repeats: int
    changed: int
    scale: Sequence[int]
    journal: Journal

    def chosen(self, *peers: Subject) -> list[Subject]:
        """Those of some peers that take part."""
        return [peer for peer in peers if peer in self.peers]


def full(setup: Setup) -> list[Row]:
    """Load everything into an empty place."""
    return _fresh_runs("full", setup, [PRESSLAKE, *setup.chosen(PANDAS, PYYAML, DLT)])


def read(setup: Setup) -> list[Row]:
    """Read everything into Arrow files."""
    return _fresh_runs("read", setup, [READING, *setup.chosen(FAST, PLAIN)])


def unchanged(setup: Setup) -> list[Row]:
    """Run again where nothing has changed; and, to compare, list the files with `find`."""
    tree = load_expected(setup.place.tree)
    subjects = [PRESSLAKE, *setup.chosen(DLT)]
    if not _is_over("unchanged", setup, [*(s.name for s in subjects), FIND]):
        _load(setup, subjects, tree)
    runs = {s.name: partial(setup.place.run, s, expected_again(s, tree), fresh=False) for s in subjects}
    counts = {s.name: expected_again(s, tree) for s in subjects}
    return _rows("unchanged", setup, tree, {**runs, FIND: partial(_find, setup.place.source)}, counts)


def changed(setup: Setup) -> list[Row]:
    """Run again after some files have changed, other ones each time; interrupted, it start again."""
    place = setup.place
    subjects = [PRESSLAKE, *setup.chosen(DLT)]
    tree = load_expected(place.tree)
    is_over = _is_over("changed", setup, [s.name for s in subjects])
    if not is_over:
        _load(setup, subjects, tree)
    costs: dict[str, list[Cost]] = {subject.name: [] for subject in subjects}
    for number, interval in enumerate(_looks(setup), 1):
        tree = churn(place.tree, Churn(changed=setup.changed))
        for subject in subjects:
            counts = expected_again(subject, tree, setup.changed)
            run = partial(place.run, subject, counts, fresh=False, interval=interval)
            costs[subject.name].append(setup.journal.cost("changed", subject.name, number, run, again=not is_over))
    return [_row(s.name, tree, costs[s.name], expected_again(s, tree, setup.changed)) for s in subjects]


def scale(setup: Setup) -> list[Row]:
    """presslake's full load of trees of several sizes, once each, its memory looked at meanwhile."""
    rows = []
    for files in setup.scale:
        place = dataclasses.replace(setup.place, tree=setup.place.tree.parent / f"tree-{files}")
        # One that was interrupted has no expected counts.
        is_there = (place.tree / "expected.json").exists()
        tree = load_expected(place.tree) if is_there else generate(place.tree, files, seed=1)
        counts = PRESSLAKE.expected(tree)
        if not setup.journal.knows("scale", PRESSLAKE.name, files):
            warm(place.source)
        run = partial(place.run, PRESSLAKE, counts, fresh=True, interval=RARE_LOOK)
        rows.append(_row(PRESSLAKE.name, tree, [setup.journal.cost("scale", PRESSLAKE.name, files, run)], counts))
        shutil.rmtree(place.tree)
        shutil.rmtree(place.output(PRESSLAKE), ignore_errors=True)
    return rows


def start(setup: Setup) -> list[Row]:
    """What a few files cost by hand: help, a check, and a load of ten files."""
    place = dataclasses.replace(setup.place, tree=setup.place.tree.parent / "tree-ten")
    shutil.rmtree(place.tree, ignore_errors=True)
    tree = generate(place.tree, TEN, seed=1)
    counts = PRESSLAKE.expected(tree)
    runs: dict[str, Callable[..., Cost]] = {
        HELP: partial(measure, cli("--help"), environment=ENVIRONMENT),
        CHECK: partial(measure, cli("check", str(place.source)), environment=ENVIRONMENT),
        PRESSLAKE.name: partial(place.run, PRESSLAKE, counts, fresh=True),
    }
    return _rows("start", setup, tree, runs, {HELP: {}, CHECK: {}, PRESSLAKE.name: counts})


PARTS: Final[Mapping[str, Callable[[Setup], list[Row]]]] = {
    "start": start,
    "full": full,
    "read": read,
    "unchanged": unchanged,
    "changed": changed,
    "scale": scale,
}


def _fresh_runs(part: str, setup: Setup, subjects: Sequence[Subject]) -> list[Row]:
    tree = load_expected(setup.place.tree)
    counts = {subject.name: subject.expected(tree) for subject in subjects}
    runs = {s.name: partial(setup.place.run, s, counts[s.name], fresh=True) for s in subjects}
    return _rows(part, setup, tree, runs, counts, looks=[RARE_LOOK] * setup.repeats)


def _looks(setup: Setup) -> list[float | None]:
    """When the memory of each run of a part is looked at: in one more than the repeats, and often."""
    return [*[None] * setup.repeats, LOOK]


def _is_over(part: str, setup: Setup, names: Sequence[str]) -> bool:
    """Whether all runs of a part are known."""
    return all(setup.journal.knows(part, name, n) for name in names for n in range(1, setup.repeats + 2))


def _load(setup: Setup, subjects: Sequence[Subject], tree: Expected) -> None:
    """Bring every subject's output up to date, from nothing where it has not loaded this tree yet; not measured."""
    warm(setup.place.source)
    for subject in subjects:
        if setup.place.loaded.get(subject.module) != tree:
            setup.place.run(subject, subject.expected(tree), fresh=True)


def _find(source: Path, interval: float | None = None) -> Cost:
    return measure(["find", str(source), "-type", "f", "-printf", "%p %s %T@\\n"], interval=interval)


def _rows(
    part: str,
    setup: Setup,
    tree: Expected,
    runs: Mapping[str, Callable[..., Cost]],
    counts: Mapping[str, Counts],
    looks: Sequence[float | None] = (),
) -> list[Row]:
    """Run all in turn, A B A B, so that what slows the machine down for a while slows all of them."""
    if not _is_over(part, setup, list(runs)):
        warm(setup.place.source)
    costs: dict[str, list[Cost]] = {name: [] for name in runs}
    for number, interval in enumerate(looks or _looks(setup), 1):
        for name, run in runs.items():
            costs[name].append(setup.journal.cost(part, name, number, partial(run, interval=interval)))
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
