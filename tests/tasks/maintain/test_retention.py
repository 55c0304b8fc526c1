"""What may be forgotten: by number, by time, and never what is in use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from config.contract_types import TIMESTAMP
from tasks.maintain.retention import expired_runs, expired_snapshots, without_tombstones
from tasks.warehouse.snapshots import SnapshotInfo

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def snapshot(number: int, days_ago: float, parent: int | None = None) -> SnapshotInfo:
    published = NOW - timedelta(days=days_ago)
    return SnapshotInfo(number, f"run-{number}", parent or number - 1 or None, published.isoformat(), "1", "0")


def daily(count: int) -> list[SnapshotInfo]:
    """One snapshot a day, the last one today."""
    return [snapshot(number, count - number) for number in range(1, count + 1)]


def expired(snapshots: list[SnapshotInfo], current: int, keep: int = 1, days: int = 0) -> list[int]:
    return expired_snapshots(snapshots, current, keep, days, NOW)


@pytest.mark.parametrize("order", [1, -1])
def test_the_newest_stay_by_number_in_any_order_and_the_rest_goes(order: int) -> None:
    assert expired(daily(10)[::order], current=10, keep=4) == [1, 2, 3, 4, 5, 6]


def test_those_that_were_current_within_the_days_stay_however_many() -> None:
    # Snapshot 7 was superseded two days ago, when 8 was published.
    assert expired(daily(10), current=10, keep=1, days=3) == [1, 2, 3, 4, 5, 6]


def test_one_that_was_current_for_long_stays_for_the_readers_it_had_just_now() -> None:
    snapshots = [snapshot(1, 300), snapshot(2, 0.01)]
    assert expired(snapshots, current=2, days=7) == []


def test_the_current_one_stays_after_a_rollback_and_so_does_the_newest() -> None:
    assert expired(daily(10), current=2) == [1, 3, 4, 5, 6, 7, 8, 9]


def test_one_that_was_rolled_back_to_counts_as_current_until_its_next_child() -> None:
    snapshots = [*daily(10), snapshot(11, 0, parent=2)]
    assert expired(snapshots, current=11, days=1) == [1, 3, 4, 5, 6, 7, 8]


def test_one_snapshot_never_goes() -> None:
    assert expired([snapshot(1, 900)], current=1, keep=1) == []
    assert expired([], current=1) == []


def days_ago(*days: int) -> pa.Array:
    return pa.array([NOW - timedelta(days=day) for day in days], TIMESTAMP)


def test_runs_go_by_age_unless_rows_still_come_from_them() -> None:
    runs = pa.table({"run_id": ["old", "old, in use", "new"], "started_at": days_ago(500, 500, 3)})
    manifest = pa.table({"run_id": ["old, in use", "new"]})
    assert expired_runs(runs, manifest, NOW - timedelta(days=400)) == ["old"]


def test_only_tombstones_go_and_only_old_ones() -> None:
    manifest = pa.table(
        {
            "source_path": ["there", "long gone", "just gone", "erased"],
            "deleted": [False, True, True, True],
            "deleted_at": pa.concat_arrays([pa.nulls(1, TIMESTAMP), days_ago(500, 3, 500)]),
            "erased_reason": [None, None, None, "on demand"],
        }
    )
    kept = without_tombstones(manifest, NOW - timedelta(days=400))
    assert kept["source_path"].to_pylist() == ["there", "just gone", "erased"]
