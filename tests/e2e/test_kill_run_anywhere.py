"""G4: a run that is killed anywhere leaves the old tables or the new ones, and the next run mends all.

`PRESSLAKE_KILLS=200` kills that many runs (and half as many reruns), at random points and times.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psutil
import pytest

from flows.start import run_ingest
from tasks.report.outcome import Outcome
from tasks.warehouse.faults import POINTS
from tasks.warehouse.verify import verify_files
from tasks.warehouse.warehouse import Warehouse
from tests.builders import settle
from tests.newsroom import UNSETTLED, Newsroom, Story, settings_for
from tests.run_once import MANY_BATCHES, finish, ingest, start
from tests.tables_equal import assert_same_tables

KILLS: Final = int(os.environ.get("PRESSLAKE_KILLS", "6"))
SOURCES: Final = ("harbour", "inland")
#: Points that a run without an earlier accident never comes to.
NOT_ON_THE_WAY: Final = ("move.", "erase.", "settle.before-discard", "discard.", "clear.")
ON_THE_WAY: Final = [point for point in POINTS if not point.startswith(NOT_ON_THE_WAY)]
LATER: Final = ["file.part-written:4", "run.batch-done:3", "run.before-discard:2"]
#: A kill that leaves something to undo, and the points of the rerun that undoes it.
HALF_DONE: Final = "publish.before-swap"
UNDOING: Final = ["settle.before-discard", "settle.before-withdraw", "discard.before-remove", "clear.before-remove"]
EXPECTED_NAMES: Final = {"current", "snapshots", "staging", "stamps", "lock"}


@dataclass(frozen=True)
class Stage:
    """A warehouse with one snapshot, and files that have changed since.

    Attributes:
        newsroom: the files.
        before, after: the tables of the files before and after the change; never changed.
    """

    newsroom: Newsroom
    before: Warehouse
    after: Warehouse

    @property
    def specs(self) -> list[str]:
        """The sources of a run."""
        return self.newsroom.specs(SOURCES)

    def warehouse(self, folder: Path) -> Warehouse:
        """A copy of the warehouse, for one accident."""
        shutil.copytree(self.before.root, folder / "warehouse", symlinks=True)
        return Warehouse(folder / "warehouse", durable=False)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    root = tmp_path_factory.mktemp("stage")
    newsroom = Newsroom(root / "files")
    for n in range(8):
        newsroom.write((SOURCES[n % 2], f"{n}.md"), Story(f"Story {n}", page=n % 6, date=f"202{n % 3}-05-01"))
    newsroom.write(("inland", "broken.md"), Story(shape="unclosed"))
    before, after = (Warehouse(root / name, durable=False) for name in ("before", "after"))
    settle()
    run_ingest(newsroom.specs(SOURCES), settings_for(before.root))
    newsroom.delete(("harbour", "0.md"))
    newsroom.rename(("inland", "1.md"), ("harbour", "renamed.md"))
    for file in (("harbour", "4.md"), ("inland", "7.md")):
        newsroom.write(file, replace(newsroom.files[file], quality=5, body="edited"))
    newsroom.write(("harbour", "new.md"), Story("A new one", page=9, date="2021-05-01"))
    newsroom.write(("harbour", "copy.md"), Story("Another new one", page=9, spelling=2, date="2021-06-01"))
    newsroom.write(("inland", "bad.md"), Story(shape="bad date"))
    run_ingest(newsroom.specs(SOURCES), settings_for(after.root))
    return Stage(newsroom, before, after)


def killed_at(stage: Stage, warehouse: Warehouse, fault: str) -> int:
    return finish(start(ingest, warehouse.root, stage.specs, fault))


def killed_after(stage: Stage, warehouse: Warehouse, seconds: float, workers: int = 1) -> None:
    process = start(ingest, warehouse.root, stage.specs, "", workers)
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
    outcome = run_ingest(stage.specs, settings_for(warehouse.root, MANY_BATCHES))
    current = warehouse.current()
    assert current is not None and current.number == 2
    assert verify_files(current) == []
    assert_same_tables(warehouse, stage.after)
    names = {path.name for path in warehouse.root.iterdir()}
    # The run that found the new tables published has told the journal so.
    assert names - EXPECTED_NAMES <= ({"journal.jsonl"} if outcome.status == "unchanged" else set())
    assert list(warehouse.staging_path.iterdir()) == []
    assert warehouse.numbers() == warehouse.snapshots() == [1, 2]
    return outcome


@pytest.mark.parametrize("fault", [*ON_THE_WAY, *LATER])
def test_a_kill_at_any_point_is_mended_by_the_next_run(stage: Stage, tmp_path: Path, fault: str) -> None:
    warehouse = stage.warehouse(tmp_path)
    assert killed_at(stage, warehouse, fault) == -signal.SIGKILL
    assert_old_or_new(stage, warehouse)
    assert_mended(stage, warehouse)


@pytest.mark.parametrize("fault", UNDOING)
def test_so_is_a_kill_of_the_run_that_undoes_another_kill(stage: Stage, tmp_path: Path, fault: str) -> None:
    warehouse = stage.warehouse(tmp_path)
    for point in (HALF_DONE, fault):
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


def test_so_is_one_whose_file_may_have_changed_without_a_trace(tmp_path: Path) -> None:
    newsroom, warehouse = Newsroom(tmp_path / "files"), Warehouse(tmp_path / "racy", durable=False)
    newsroom.write(("harbour", "racy.md"), Story(body="a"), time=UNSETTLED)
    assert finish(start(ingest, warehouse.root, newsroom.specs(["harbour"]), "run.before-deduplicate")) < 0
    newsroom.write(("harbour", "racy.md"), Story(body="b"), time=UNSETTLED)
    settings = settings_for(warehouse.root, MANY_BATCHES)
    assert run_ingest(newsroom.specs(["harbour"]), settings).resumed == 0
    current = warehouse.current()
    assert current is not None
    assert current.read("articles")["body"].to_pylist() == ["b\n"]


def test_the_worker_processes_of_a_killed_run_end_with_it(stage: Stage, tmp_path: Path) -> None:
    warehouse = stage.warehouse(tmp_path)
    process = start(ingest, warehouse.root, stage.specs, "run.batch-done", 2)
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
                killed_at(stage, warehouse, f"{chance.choice(ON_THE_WAY)}:{chance.randint(1, 30)}")
            else:
                killed_after(stage, warehouse, chance.uniform(0.01, 0.5), 1 + (chance.random() < 0.2))
            assert_old_or_new(stage, warehouse)
        assert_mended(stage, warehouse)
        shutil.rmtree(folder)
