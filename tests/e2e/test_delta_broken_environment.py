"""G4 and G5 on Delta: a disk that refuses, files that cannot grow, and other runs in the way of a run.

The warehouse and what becomes of it are those of `tests/flows/test_broken_environment.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.tables.warehouse import Warehouse
from tests.builders import Kind
from tests.flows import test_broken_environment as shared
from tests.flows.test_broken_environment import (  # noqa: F401
    newsroom,
    test_a_damaged_manifest_or_history_begins_anew_and_the_run_says_so,
    test_a_damaged_partition_can_be_left_behind_by_going_back,
    test_a_failed_run_is_remembered_by_the_next_that_publishes,
    test_a_second_writer_is_told_who_writes,
    test_of_runs_that_start_together_one_publishes,
    test_so_it_is_when_files_cannot_grow,
    test_what_another_version_left_in_staging_is_cleared,
    test_without_its_manifest_no_source_is_forgotten,
    warehouse,
)
from tests.newsroom import Newsroom

#: Where a run writes, what the disk answers there, and what the run makes of it.
REFUSALS = [
    ("run.listed", "ENOSPC", "the disk is full"),
    ("file.before-write", "EACCES", "permission denied"),
    ("delta.committed:3", "ENOSPC", "the disk is full"),
    ("publish.before-swap", "EROFS", "read-only"),
]


@pytest.fixture(scope="session")
def kind() -> Kind:
    return "delta"


@pytest.mark.parametrize(("point", "error", "said"), REFUSALS)
def test_a_disk_that_refuses_is_named_and_the_next_run_goes_on(
    newsroom: Newsroom, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str,  # noqa: F811
    error: str, said: str,
) -> None:  # fmt: skip
    shared.test_a_disk_that_refuses_is_named_and_the_next_run_goes_on(
        newsroom, warehouse, tmp_path, monkeypatch, point, error, said
    )
