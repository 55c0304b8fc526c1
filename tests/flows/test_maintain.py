"""Maintenance as a whole: what it forgets, what it never does, and that runs stay right after it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from config.errors import WarehouseError, WarehouseLocked
from flows.maintenance import Steps, deeds, execute, headline, maintenance_report
from flows.start import run_maintenance
from tasks.maintain.outcome import Maintenance
from tasks.warehouse.lock import locked
from tasks.write.upkeep import move_pointer
from tests.builders import Desk, article, assert_equals_rebuild, page
from tests.newsroom import settings_for
from tests.tasks.maintain.damage import healthy, overwrite, relist, tamper

LONG_AGO = datetime.now(UTC) - timedelta(days=500)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return healthy(tmp_path_factory.mktemp("pristine"))


@pytest.fixture
def desk(pristine: Desk, tmp_path: Path) -> Desk:
    shutil.copytree(pristine.root, tmp_path / "copy", symlinks=True)
    return Desk(tmp_path / "copy")


def maintain(desk: Desk, **sections: Mapping[str, Any]) -> Maintenance:
    return run_maintenance(settings_for(desk.root / "warehouse", **sections))


def keep(**values: int) -> dict[str, Any]:
    return {"warehouse": values}


def age_rows(desk: Desk, table: str, name: str) -> None:
    """Let all rows of a table say that they are old."""

    def change(rows: Any) -> Any:
        place = rows.schema.get_field_index(name)
        old = pc.subtract(rows[name], pc.cast(500 * 86_400 * 1_000_000, "duration[us]"))
        return rows.set_column(place, rows.field(place), old)

    tamper(desk.snapshot, table, change)


def test_a_young_and_healthy_warehouse_stays_as_it_is(desk: Desk) -> None:
    before = desk.files()
    done = maintain(desk)
    assert (done.status, done.snapshot, deeds(done)) == ("sound", 2, ["There was nothing to do."])
    assert desk.files() == before
    assert desk.run().status == "unchanged"


def test_remains_of_interrupted_runs_go(desk: Desk) -> None:
    (desk.warehouse.staging_path / "20260101T000000Z-abcdef").mkdir()
    assert maintain(desk).staging_removed == ["20260101T000000Z-abcdef"]


def test_old_snapshots_go_and_the_current_one_reads_as_before(desk: Desk) -> None:
    before = desk.rows("articles")
    done = maintain(desk, **keep(keep_snapshots=1, keep_days=0))
    assert done.expired.snapshots == [1]
    assert done.expired.bytes > 0
    assert desk.warehouse.snapshots() == [2]
    assert desk.rows("articles") == before
    desk.write("boat.md", article("Boat", originalUrl=page(7)))
    assert desk.run().snapshot == 3
    assert_equals_rebuild(desk)


def test_nothing_goes_while_something_is_wrong(desk: Desk) -> None:
    file = desk.snapshot.files("duplicates")[0]
    overwrite(desk.snapshot.path / file.path, b"gone")
    done = maintain(desk, **keep(keep_snapshots=1, keep_days=0, rows_per_file=1))
    assert (done.status, done.expired.snapshots, done.rewritten.snapshot) == ("damaged", [], None)
    assert desk.warehouse.snapshots() == [1, 2]
    assert any(file.path in finding for finding in done.findings)
    assert headline(done) == "The warehouse is damaged: 1 finding."
    assert deeds(done) == ["Nothing was forgotten."]


def test_damaged_snapshots_that_readers_do_not_see_expire_like_others(desk: Desk) -> None:
    desk.write("boat.md", article("Boat", originalUrl=page(7)))
    desk.run()
    overwrite(desk.warehouse.snapshot(1).path / "snapshot.json", b"{")
    overwrite(desk.warehouse.snapshot(2).path / "sources/part-00000.parquet", b"cut")
    assert maintain(desk).status == "damaged"
    done = maintain(desk, **keep(keep_snapshots=1, keep_days=0))
    assert (done.status, done.expired.snapshots, done.findings) == ("sound", [1, 2], [])
    assert desk.warehouse.snapshots() == [3]


def test_partitions_that_outgrew_their_file_are_split_without_a_run(desk: Desk) -> None:
    before = desk.snapshot
    done = maintain(desk, **keep(rows_per_file=1))
    assert done.rewritten.snapshot == done.snapshot == 3
    assert [(p.partition, p.old, p.new) for p in done.rewritten.partitions] == [("published_year=2025", 1, 2)]
    untouched = [file for file in before.info.files if "2024" in file.partition]
    assert set(untouched) < set(desk.snapshot.info.files)
    assert maintain(desk, **keep(rows_per_file=1)).rewritten.snapshot is None
    assert desk.run(**keep(rows_per_file=1)).status == "unchanged"
    assert_equals_rebuild(desk)


def test_old_tombstones_go_and_files_that_are_there_stay(desk: Desk) -> None:
    age_rows(desk, "sources", "deleted_at")
    done = maintain(desk)
    assert (done.rewritten.tombstones, done.rewritten.snapshot) == (1, 3)
    assert sorted(desk.statuses()) == ["broken.md", "bus.md", "ferry-again.md", "ferry.md", "tram.md"]
    assert len(desk.rows("quarantine")) == 1
    assert desk.run().status == "unchanged"
    assert_equals_rebuild(desk)


def test_old_runs_go_unless_rows_come_from_them(desk: Desk) -> None:
    desk.write("broken.md", article("Mended", originalUrl=page(5)))
    first, second, third = (row["run_id"] for row in [*desk.rows("runs"), {"run_id": desk.run().run_id}])
    age_rows(desk, "runs", "started_at")
    assert maintain(desk).rewritten.runs == 0
    # Read again by a fourth run, no row comes from the earlier ones: but for the tombstone of gone.md.
    desk.run(full_refresh=True)
    assert {first} <= {row["run_id"] for row in desk.rows("sources")}
    done = maintain(desk)
    runs = [row["run_id"] for row in desk.rows("runs")]
    assert done.rewritten.runs == 2
    assert first in runs
    assert not {second, third} & set(runs)


def test_the_snapshot_of_maintenance_has_a_run_that_says_so(desk: Desk) -> None:
    done = maintain(desk, **keep(rows_per_file=1))
    row = next(row for row in desk.rows("runs") if row["run_id"] == done.run_id)
    assert (row["message"], row["records_loaded"], row["snapshot"]) == (
        "Maintenance: 1 partition split again.",
        3,
        3,
    )


def test_tables_of_another_form_are_left_to_the_next_run(desk: Desk) -> None:
    relist(desk.snapshot, summary={**desk.snapshot.info.summary, "form": "older"})
    done = maintain(desk, **keep(rows_per_file=1))
    assert (done.status, done.rewritten.snapshot) == ("sound", None)
    assert "next run writes all tables" in done.notes[-1]


def test_after_a_rollback_the_next_run_is_right_and_gets_a_new_number(desk: Desk) -> None:
    move_pointer(desk.warehouse, 1)
    desk.write("boat.md", article("Boat", originalUrl=page(7)))
    outcome = desk.run()
    assert outcome.snapshot == 3
    assert desk.snapshot.info.parent == 1
    assert_equals_rebuild(desk)
    done = maintain(desk, **keep(keep_snapshots=1, keep_days=0))
    assert (done.status, done.expired.snapshots) == ("sound", [1, 2])


def test_after_a_rollback_the_current_and_the_newest_stay(desk: Desk) -> None:
    desk.write("boat.md", article("Boat", originalUrl=page(7)))
    desk.run()
    move_pointer(desk.warehouse, 1)
    assert maintain(desk, **keep(keep_snapshots=1, keep_days=0)).expired.snapshots == [2]
    assert desk.warehouse.snapshots() == [1, 3]
    assert desk.run().snapshot == 4
    assert_equals_rebuild(desk)


def test_a_warehouse_without_a_snapshot_is_nothing_to_do(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.warehouse.create()
    assert maintain(desk).status == "sound"


def test_no_warehouse_is_an_error_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="There is no warehouse"):
        maintain(Desk(tmp_path))
    assert not (tmp_path / "warehouse").exists()


def test_one_writer_at_a_time(desk: Desk) -> None:
    with locked(desk.warehouse, "a run", 0), pytest.raises(WarehouseLocked):
        maintain(desk, run={"lock_timeout_seconds": 0})


def test_an_engine_brings_its_own_steps(desk: Desk) -> None:
    heard: list[str] = []

    def told(name: str) -> Any:
        def step(*arguments: Any) -> Any:
            heard.append(name)
            return getattr(Steps(), name)(*arguments)

        return step

    steps = Steps(**{name: told(name) for name in ("clear", "verify", "rewrite", "expire")})
    execute(settings_for(desk.root / "warehouse", **keep(rows_per_file=1)), steps)
    assert heard == ["clear", "verify", "expire", "rewrite", "verify"]


def test_the_report_tells_all_and_escapes_names(desk: Desk) -> None:
    (desk.warehouse.root / "<b>*odd*").write_text("x")
    done = maintain(desk)
    text = maintenance_report(done)
    assert "&lt;b" in text
    assert "<b>" not in text
    assert "does not belong to the warehouse" in text
    assert "Nothing was forgotten" in text
