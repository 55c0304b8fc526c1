"""A year of a site's history, run by run: does each run equal a rebuild, how fast is it, how many bytes are new?

    python -m benchmarks.replay_history --history DIR [--states N] [--beside DIR]

DIR has a folder a state, `00`, `01`, …, with `files/` (what was added or changed since the state before),
`REMOVED` (paths, one a line) and `COMMITTED_AT` (ISO 8601). To what the history has come, in
each state, removals and renames of a few files by a fixed seed. After each state the tables of the
warehouse that lives through all of them must equal those of one that starts there. Files of a folder
`--beside` lie there from the start and stay as they are, as most of a large site does.

Belongs here: the replay, the comparison and the figures. Does not belong here: what "equal" means
(`tests.tables_equal`).
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from config.settings import Settings, load_settings
from flows.start import run_ingest
from tasks.report.outcome import Outcome
from tasks.warehouse.warehouse import Warehouse
from tests.tables_equal import assert_same_tables

SEED = 20_260_302
#: Most files that are removed, and most that are renamed, in a state.
MOST = 3


@dataclass
class Figures:
    """Seconds of each state's two runs, what changed, and the bytes of the snapshot's new files by table."""

    incremental: list[float] = field(default_factory=list)
    rebuild: list[float] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    new_bytes: list[dict[str, int]] = field(default_factory=list)
    all_bytes: list[int] = field(default_factory=list)

    def measure(self, warehouse: Warehouse) -> None:
        """Note the bytes of the current snapshot: of all its files, and by table of those that its parent lacks."""
        snapshot = warehouse.current()
        assert snapshot is not None
        parent = snapshot.info.parent
        known = {file.digest for file in warehouse.snapshot(parent).info.files} if parent else set()
        new: dict[str, int] = {}
        for file in snapshot.info.files:
            new[file.table] = new.get(file.table, 0) + (0 if file.digest in known else file.bytes)
        self.new_bytes.append(new)
        self.all_bytes.append(sum(file.bytes for file in snapshot.info.files))


def apply_state(state: Path, folder: Path, chance: random.Random) -> None:
    """Bring `folder` to a state of the history, then remove and rename some files of its own."""
    committed_at = datetime.fromisoformat((state / "COMMITTED_AT").read_text().strip()).timestamp()
    for name in (state / "REMOVED").read_text().splitlines():
        (folder / name).unlink(missing_ok=True)
    changed = state / "files"
    for stored in sorted(path for path in changed.rglob("*") if path.is_file()):
        target = folder / stored.relative_to(changed)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(stored, target)
        os.utime(target, (committed_at, committed_at))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in chance.sample(files, min(len(files), 2 * chance.randint(0, MOST))):
        if chance.random() < 0.5:
            path.unlink()
        else:
            path.rename(path.with_stem(f"{path.stem}-renamed"))


def settings_of(warehouse: Path, workers: int = 0) -> Settings:
    """Defaults (0 workers: one a core), but what is found is accepted and nothing waits for the disk."""
    return load_settings(
        None,
        {
            "warehouse": {"path": str(warehouse), "durable": False},
            "run": {"engine": "local", "workers": workers},
            "guards": {"accept_removals": True, "accept_quarantine": True},
        },
        environ={},
    )


def timed_run(specs: Sequence[str], warehouse: Path) -> tuple[float, Outcome]:
    """Seconds and outcome of one run."""
    started = time.perf_counter()
    outcome = run_ingest(specs, settings_of(warehouse))
    return time.perf_counter() - started, outcome


def replay(history: Path, most_states: int, beside: Path | None, folder: Path) -> Figures:
    """Replay the history in `folder`, beside files that stay.

    Raises:
        AssertionError: after some state the tables differ from a rebuild's.
    """
    chance, figures = random.Random(SEED), Figures()
    files, lasting, rebuilt = folder / "files", folder / "lasting", folder / "rebuilt"
    files.mkdir()
    specs = [f"site={files}", *([f"beside={beside}"] if beside else [])]
    for state in sorted(path for path in history.iterdir() if path.is_dir())[:most_states]:
        apply_state(state, files, chance)
        seconds, outcome = timed_run(specs, lasting)
        figures.incremental.append(seconds)
        figures.outcomes.append(outcome)
        figures.measure(Warehouse(lasting))
        shutil.rmtree(rebuilt, ignore_errors=True)
        figures.rebuild.append(timed_run(specs, rebuilt)[0])
        assert_same_tables(Warehouse(lasting), Warehouse(rebuilt))
        print(f"state {state.name}: {outcome.message} {figures.incremental[-1]:.2f} s, {figures.rebuild[-1]:.2f} s")
    return figures


def report(figures: Figures) -> str:
    """The figures as a Markdown table."""
    last, later = figures.outcomes[-1], slice(1, None)
    changes = [outcome.files for outcome in figures.outcomes[later]]
    rows = [
        ("states, each equal to a rebuild", f"{len(figures.outcomes)}", ""),
        ("files, articles at the end", f"{last.files.discovered:,}", f"{last.records.loaded:,}"),
        (
            "files changed a state, median",
            f"{statistics.median(f.new + f.changed + f.removed for f in changes):.0f}",
            "",
        ),
        (
            "renamed, removed over all states",
            f"{sum(f.renamed for f in changes)}",
            f"{sum(f.removed for f in changes)}",
        ),
        ("first run, seconds", f"{figures.incremental[0]:.2f}", f"{figures.rebuild[0]:.2f}"),
        (
            "later runs, median seconds",
            *(f"{statistics.median(s[later]):.2f}" for s in (figures.incremental, figures.rebuild)),
        ),
        ("later runs, slowest, seconds", *(f"{max(s[later]):.2f}" for s in (figures.incremental, figures.rebuild))),
        ("later runs, total seconds", *(f"{sum(s[later]):.1f}" for s in (figures.incremental, figures.rebuild))),
    ]
    lines = ["| | incremental | rebuild |", "|---|---:|---:|"]
    return "\n".join([*lines, *(f"| {name} | {one} | {other} |" for name, one, other in rows)])


def bytes_report(figures: Figures) -> str:
    """The new bytes of the later runs as a Markdown table, by table."""
    later = slice(1, None)
    read = [outcome.bytes.get("parse", 0) for outcome in figures.outcomes[later]]
    totals = [sum(new.values()) for new in figures.new_bytes[later]]
    shares = [100 * new / whole for new, whole in zip(totals, figures.all_bytes[later], strict=True)]
    rows = [("source files read", read), ("new in the snapshot", totals)]
    names = sorted({table for new in figures.new_bytes for table in new})
    rows += [(f"`{name}`", [new.get(name, 0) for new in figures.new_bytes[later]]) for name in names]
    lines = ["| kB a later run | median | total |", "|---|---:|---:|"]
    lines += [f"| {name} | {statistics.median(of) / 1e3:,.1f} | {sum(of) / 1e3:,.0f} |" for name, of in rows]
    return "\n".join([*lines, f"| share of the snapshot, % | {statistics.median(shares):.0f} | |"])


def main() -> None:
    """Replay and print."""
    parser = argparse.ArgumentParser(description="Replay a history; compare each run with a rebuild.")
    parser.add_argument("--history", type=Path, required=True)
    parser.add_argument("--states", type=int, default=60)
    parser.add_argument("--beside", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = replay(arguments.history, arguments.states, arguments.beside, Path(folder))
        print(report(figures), bytes_report(figures), sep="\n\n")


if __name__ == "__main__":
    main()
