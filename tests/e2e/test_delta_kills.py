"""G4 on Delta: a run that is killed at any point, or whose mending is, is mended by the next run.

The stage and the accidents are those of `tests/e2e/test_kill_run_anywhere.py`.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Final

import pytest

from config.contract import TABLES
from tasks.tables.faults import POINTS
from tests.e2e.test_kill_run_anywhere import Stage, assert_mended, assert_old_or_new, killed_at, make_stage

#: Points of Parquet snapshots, and those that a run without an earlier accident never comes to.
NOT_ON_THE_WAY: Final = ("keep.", "move.", "settle.", "discard.", "clear.", "delta.before-restore")
OF_SNAPSHOTS: Final = {f"publish.{step}" for step in ("before-info", "before-sync", "before-announce")} | {
    "publish.before-rename",
    "publish.after-rename",
}
ON_THE_WAY: Final = [point for point in POINTS if not point.startswith(NOT_ON_THE_WAY) and point not in OF_SNAPSHOTS]
#: Between any two commits, and while the pointer's copy is put into the history.
LATER: Final = [*(f"delta.committed:{n}" for n in range(2, len(TABLES) + 1)), "file.part-written:2"]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return make_stage(tmp_path_factory.mktemp("stage"), "delta")


@pytest.mark.parametrize("fault", ON_THE_WAY + LATER)
def test_a_kill_at_any_point_of_a_delta_run_is_mended_by_the_next(stage: Stage, tmp_path: Path, fault: str) -> None:
    warehouse = stage.warehouse(tmp_path)
    assert killed_at(stage, warehouse, fault) == -signal.SIGKILL
    assert_old_or_new(stage, warehouse)
    assert_mended(stage, warehouse)


@pytest.mark.parametrize("fault", ["delta.before-restore", "clear.before-remove"])
def test_so_is_a_kill_of_the_run_that_takes_commits_back(stage: Stage, tmp_path: Path, fault: str) -> None:
    warehouse = stage.warehouse(tmp_path)
    for point in ("delta.committed:3", fault):
        assert killed_at(stage, warehouse, point) == -signal.SIGKILL
        assert_old_or_new(stage, warehouse)
    assert_mended(stage, warehouse)
