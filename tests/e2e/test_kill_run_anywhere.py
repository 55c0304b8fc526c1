"""G4: a run that is killed anywhere leaves the old tables or the new ones, and the next run mends all.

`PRESSLAKE_KILLS=200` kills that many runs (and half as many reruns) of either format, at random points and times.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import psutil
import pytest

from config.contract import TABLES
from flows.run import run_ingest
from tasks.report.outcome import Outcome
from tasks.tables.faults import POINTS
from tasks.tables.verify import verify_files
from tasks.tables.warehouse import Warehouse
from tests.builders import Kind, settle, warehouse_at
from tests.newsroom import UNSETTLED, Newsroom, Story, settings_for
from tests.run_once import MANY_BATCHES, finish, ingest, start
from tests.stages import SOURCES, Stage
from tests.tables_equal import assert_same_tables

KILLS: Final = int(os.environ.get("PRESSLAKE_KILLS", "6"))
KINDS: Final[tuple[Kind, ...]] = ("parquet", "delta")
_SNAPSHOTS: Final = ("info", "sync", "announce", "rename")
#: Points that a run without an earlier accident never comes to, and those of the other format.
NOT_ON_THE_WAY: Final[Mapping[Kind, tuple[str, ...]]] = {
    "parquet": ("move.", "settle.before-discard", "discard.", "clear.", "delta."),
    "delta": (
        *("keep.", "move.", "settle.", "discard.", "clear.", "delta.before-restore", "publish.after-rename"),
        *(f"publish.before-{step}" for step in _SNAPSHOTS),
    ),
}
ON_THE_WAY: Final = {
    kind: [point for point in POINTS if not point.startswith(there)] for kind, there in NOT_ON_THE_WAY.items()
}
LATER: Final[Mapping[Kind, Sequence[str]]] = {
    "parquet": ["file.part-written:4", "run.batch-done:3", "run.before-discard:2"],
    # Between any two commits, and while the pointer's copy is put into the history.
    "delta": [*(f"delta.committed:{n}" for n in range(2, len(TABLES) + 1)), "file.part-written:2"],
}
#: A kill that leaves something to undo, and the points of the rerun that undoes it.
HALF_DONE: Final = {"parquet": "publish.before-swap", "delta": "delta.committed:3"}
UNDOING: Final[Mapping[Kind, Sequence[str]]] = {
    "parquet": ["settle.before-discard", "settle.before-withdraw", "discard.before-remove", "clear.before-remove"],
    "delta": ["delta.before-restore", "clear.before-remove"],
}
EXPECTED_NAMES: Final = {
    "parquet": {"current", "snapshots", "staging", "stamps", "lock"},
    "delta": {*TABLES, "_presslake", "staging", "stamps", "lock"},
}


@pytest.fixture(scope="module", params=KINDS)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """A stage whose accidents happen in one format; what it must look like is always Parquet."""
    root, kind = tmp_path_factory.mktemp("stage"), request.param
    newsroom = Newsroom(root / "files")
    for n in range(8):
        newsroom.write((SOURCES[n % 2], f"{n}.md"), Story(f"Story {n}", page=n % 6, date=f"202{n % 3}-05-01"))
    newsroom.write(("inland", "broken.md"), Story(shape="unclosed"))
    published, before, after = (Warehouse(root / name, durable=False) for name in ("published", "before", "after"))
    settle()
    run_ingest(newsroom.specs(SOURCES), settings_for(published.root, warehouse={"format": kind}))
    run_ingest(newsroom.specs(SOURCES), settings_for(before.root))
    newsroom.delete(("harbour", "0.md"))
    newsroom.rename(("inland", "1.md"), ("harbour", "renamed.md"))
    for file in (("harbour", "4.md"), ("inland", "7.md")):
        newsroom.write(file, replace(newsroom.files[file], quality=5, body="edited"))
    newsroom.write(("harbour", "new.md"), Story("A new one", page=9, date="2021-05-01"))
    newsroom.write(("harbour", "copy.md"), Story("Another new one", page=9, spelling=2, date="2021-06-01"))
    newsroom.write(("inland", "bad.md"), Story(shape="bad date"))
    run_ingest(newsroom.specs(SOURCES), settings_for(after.root))
    return Stage(newsroom, published.root, before, after, kind)


def killed_at(stage: Stage, warehouse: Warehouse, fault: str) -> int:
    return finish(start(ingest, warehouse.root, stage.specs, fault, 1, stage.kind))


def killed_after(stage: Stage, warehouse: Warehouse, seconds: float, workers: int = 1) -> None:
    process = start(ingest, warehouse.root, stage.specs, "", workers, stage.kind)
    time.sleep(seconds)
    process.kill()
    process.join()


def assert_old_or_new(stage: Stage, warehouse: Warehouse) -> None:
    """What readers see is whole, and one of the two."""
    current = warehouse.current()
    assert current is not None and current.number in (1, 2)
    assert verify_files(current) == []
    assert_same_tables(warehouse, stage.before if current.number == 1 else stage.after)


def assert_mended(stage: Stage, warehouse: Warehouse) -> Outcome:
    """A run succeeds, equals a rebuild, and leaves nothing behind."""
    outcome = run_ingest(stage.specs, settings_for(warehouse.root, MANY_BATCHES, warehouse={"format": stage.kind}))
    current = warehouse.current()
    assert current is not None and current.number == 2
    assert verify_files(current) == []
    assert_same_tables(warehouse, stage.after)
    names = {path.name for path in warehouse.root.iterdir()}
    # The run that found the new tables published has told the journal so.
    assert names - EXPECTED_NAMES[stage.kind] <= ({"journal.jsonl"} if outcome.status == "unchanged" else set())
    assert list(warehouse.staging_path.iterdir()) == []
    assert warehouse.numbers() == warehouse.snapshots() == [1, 2]
    return outcome


def at(points: Mapping[Kind, Sequence[str]]) -> pytest.MarkDecorator:
    """A test at every point of each format."""
    cases = [(kind, fault) for kind in KINDS for fault in points[kind]]
    return pytest.mark.parametrize(("stage", "fault"), cases, indirect=["stage"])


@at({kind: [*ON_THE_WAY[kind], *LATER[kind]] for kind in KINDS})
def test_a_kill_at_any_point_is_mended_by_the_next_run(stage: Stage, tmp_path: Path, fault: str) -> None:
    warehouse = stage.warehouse(tmp_path)
    assert killed_at(stage, warehouse, fault) == -signal.SIGKILL
    assert_old_or_new(stage, warehouse)
    assert_mended(stage, warehouse)


@at(UNDOING)
def test_so_is_a_kill_of_the_run_that_undoes_another_kill(stage: Stage, tmp_path: Path, fault: str) -> None:
    warehouse = stage.warehouse(tmp_path)
    for point in (HALF_DONE[stage.kind], fault):
        assert killed_at(stage, warehouse, point) == -signal.SIGKILL
        assert_old_or_new(stage, warehouse)
    assert_mended(stage, warehouse)


def test_finished_batches_are_not_read_again(stage: Stage, tmp_path: Path) -> None:
    warehouse = stage.warehouse(tmp_path)
    killed_at(stage, warehouse, "run.batch-done:3")
    outcome = assert_mended(stage, warehouse)
    assert (outcome.batches, outcome.resumed) == (6, 3)
    assert outcome.bytes["parse"] < sum(stage.newsroom.path(file).stat().st_size for file in stage.newsroom.files)


def test_a_finished_batch_that_a_power_cut_emptied_is_read_again(stage: Stage, tmp_path: Path) -> None:
    warehouse = stage.warehouse(tmp_path)
    killed_at(stage, warehouse, "run.before-deduplicate")
    first, second, *_ = sorted(warehouse.staging_path.glob("batches/*"))
    (first / "records.arrow").write_bytes(b"")
    (second / "numbers.json").write_bytes(b"")
    assert assert_mended(stage, warehouse).resumed == 4


@pytest.mark.parametrize("kind", KINDS)
def test_so_is_one_whose_file_may_have_changed_without_a_trace(tmp_path: Path, kind: Kind) -> None:
    newsroom, warehouse = Newsroom(tmp_path / "files"), warehouse_at(tmp_path / "racy", kind)
    newsroom.write(("harbour", "racy.md"), Story(body="a"), time=UNSETTLED)
    assert finish(start(ingest, warehouse.root, newsroom.specs(["harbour"]), "run.before-deduplicate", 1, kind)) < 0
    newsroom.write(("harbour", "racy.md"), Story(body="b"), time=UNSETTLED)
    settings = settings_for(warehouse.root, MANY_BATCHES, warehouse={"format": kind})
    assert run_ingest(newsroom.specs(["harbour"]), settings).resumed == 0
    current = warehouse.current()
    assert current is not None
    assert current.read("articles")["body"].to_pylist() == ["b\n"]


def test_the_worker_processes_of_a_killed_run_end_with_it(stage: Stage, tmp_path: Path) -> None:
    warehouse = stage.warehouse(tmp_path)
    process = start(ingest, warehouse.root, stage.specs, "run.batch-done", 2, stage.kind)
    family: set[psutil.Process] = set()
    while process.is_alive():
        family |= set(descendants(process.pid))
    assert finish(process) == -signal.SIGKILL
    assert family, "no worker process was seen"
    assert psutil.wait_procs(list(family), timeout=20)[1] == []
    assert_old_or_new(stage, warehouse)
    assert_mended(stage, warehouse)


def descendants(pid: int | None) -> Iterator[psutil.Process]:
    try:
        yield from psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return


@pytest.mark.parametrize("stage", ["parquet"], indirect=True)
def test_a_process_that_was_started_anew_is_no_different(stage: Stage, tmp_path: Path) -> None:
    warehouse = stage.warehouse(tmp_path)
    command = [sys.executable, "-m", "tests.run_once", str(warehouse.root), *stage.specs]
    environment = {**os.environ, "PRESSLAKE_FAULT": "publish.after-rename", "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    assert_old_or_new(stage, warehouse)
    assert_mended(stage, warehouse)


@pytest.mark.timeout(60 + KILLS * 5)
def test_kills_at_random_points_and_times(stage: Stage, tmp_path: Path) -> None:
    chance = random.Random(7)
    for kill in range(KILLS):
        folder = tmp_path / str(kill)
        warehouse = stage.warehouse(folder)
        for _ in range(1 + kill % 2):
            if chance.random() < 0.5:
                killed_at(stage, warehouse, f"{chance.choice(ON_THE_WAY[stage.kind])}:{chance.randint(1, 30)}")
            else:
                killed_after(stage, warehouse, chance.uniform(0.01, 0.5), 1 + (chance.random() < 0.2))
            assert_old_or_new(stage, warehouse)
        assert_mended(stage, warehouse)
        shutil.rmtree(folder)
