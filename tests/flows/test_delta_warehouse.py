"""A warehouse of Delta tables: what a run commits, and that G1, G4 and G5 hold as for Parquet snapshots.

The tests that both formats share run on Delta in tests/e2e (`make test-e2e`): `test_delta_*`, `test_kill_run_anywhere`.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, write_deltalake

from config.contract import PACKAGED, TABLES, load_contract
from config.errors import AuditError, SettingsError, UsageError, WarehouseError
from flows.commands.snapshots import rollback
from flows.maintenance import run_maintenance
from flows.run import run_ingest
from tasks.maintain.differences import diff_snapshots
from tasks.maintain.guarantees import verify_warehouse
from tasks.report.outcome import Outcome
from tasks.report.status import published_tables, read_status
from tasks.tables.blobs import Moved
from tasks.tables.delta import POINTER, DeltaSnapshot, DeltaWarehouse
from tasks.tables.formats import found_warehouse, open_warehouse
from tasks.tables.warehouse import Warehouse
from tasks.write import delta as write_delta
from tasks.write import delta_commit
from tasks.write.audit import check_tables
from tasks.write.delta_change import Change
from tests.newsroom import Newsroom, Story, contract_with_mood, settings_for
from tests.run_once import MANY_BATCHES, finish, ingest, start
from tests.stages import SOURCES, Stage
from tests.tables_equal import assert_same_tables


class DeltaStage(Stage):
    """One whose warehouse is Delta's."""

    def warehouse(self, folder: Path) -> DeltaWarehouse:
        found = super().warehouse(folder)
        assert isinstance(found, DeltaWarehouse)
        return found


def run(warehouse: DeltaWarehouse, specs: list[str], **sections: Any) -> Outcome:
    warehouse_settings = {"format": "delta", **sections.pop("warehouse", {})}
    return run_ingest(specs, settings_for(warehouse.root, warehouse=warehouse_settings, **sections))


def seen(warehouse: Warehouse) -> DeltaSnapshot:
    current = warehouse.current()
    assert isinstance(current, DeltaSnapshot)
    return current


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> DeltaStage:
    root = tmp_path_factory.mktemp("delta")
    newsroom = Newsroom(root / "files")
    for n in range(8):
        story = Story(f"Story {n}", page=n % 6, date=f"202{n % 3}-05-01", related=(1, 2))
        newsroom.write((SOURCES[n % 2], f"{n}.md"), story)
    newsroom.write(("inland", "broken.md"), Story(shape="unclosed"))
    before, after = (Warehouse(root / name, durable=False) for name in ("before", "after"))
    run_ingest(newsroom.specs(SOURCES), settings_for(before.root))
    run(DeltaWarehouse(str(root / "published")), newsroom.specs(SOURCES))
    newsroom.delete(("harbour", "0.md"))
    newsroom.write(("inland", "7.md"), replace(newsroom.files["inland", "7.md"], date="2024-06-01", related=(1,)))
    newsroom.write(("harbour", "4.md"), replace(newsroom.files["harbour", "4.md"], body="edited", related=()))
    newsroom.write(("harbour", "new.md"), Story("A new one", page=9, date="2021-05-01"))
    newsroom.write(("inland", "broken.md"), Story("Mended", page=11))
    newsroom.write(("inland", "bad.md"), Story(shape="bad date"))
    run_ingest(newsroom.specs(SOURCES), settings_for(after.root))
    return DeltaStage(newsroom, root / "published", before, after)


def test_a_run_merges_what_changed_in_one_commit_a_table(stage: DeltaStage, tmp_path: Path) -> None:
    warehouse = stage.warehouse(tmp_path)
    outcome = run(warehouse, stage.specs)
    assert_same_tables(warehouse, stage.after)
    assert seen(warehouse).info.versions == dict.fromkeys(TABLES, 1)
    for table in TABLES:
        last = DeltaTable(warehouse.root / table).history(1)[0]
        assert last["run_id"] == outcome.run_id
        assert last["operation"] == ("WRITE" if table == "sources" else "MERGE")
    assert verify_warehouse(warehouse, load_contract()).findings == []
    picked = seen(warehouse).read("articles", ["title", "copies"], pc.field("title") == "A new one")
    assert picked.to_pylist() == [{"title": "A new one", "copies": 1}]
    assert run(warehouse, stage.specs).status == "unchanged"
    assert seen(warehouse).number == 2


def test_the_change_feed_has_the_rows_of_the_run_and_no_others(stage: DeltaStage, tmp_path: Path) -> None:
    warehouse = stage.warehouse(tmp_path)
    run(warehouse, stage.specs)
    feed = pa.table(DeltaTable(warehouse.root / "articles").load_cdf(starting_version=1).read_all())
    changes = {(row["_change_type"], row["title"]) for row in feed.to_pylist()}
    assert ("insert", "A new one") in changes
    assert ("update_postimage", "Story 4") in changes
    assert not any(title in ("Story 3", "Story 5") for _, title in changes)


def test_delta_readers_read_it_as_a_table(stage: DeltaStage) -> None:
    place = published_tables(stage.published)
    assert place.tables["articles"].version == 0
    found = pl.scan_delta(place.tables["articles"].uri, version=0).filter(pl.col("published_year") == 2021).collect()
    expected = stage.before.current()
    assert expected is not None
    assert found.height == len(expected.read("articles", partitions={"published_year=2021"}))
    assert read_status(stage.published).tables["articles"].rows == expected.rows("articles")


@pytest.mark.parametrize("fault", ["delta.committed:3", "publish.before-swap", "publish.after-swap"])
def test_a_killed_run_is_undone_by_the_next_one(stage: DeltaStage, tmp_path: Path, fault: str) -> None:
    warehouse = stage.warehouse(tmp_path)
    assert finish(start(ingest, warehouse.root, stage.specs, fault, 1, "delta")) == -signal.SIGKILL
    assert_same_tables(warehouse, stage.after if fault == "publish.after-swap" else stage.before)
    run_ingest(stage.specs, settings_for(warehouse.root, MANY_BATCHES, warehouse={"format": "delta"}))
    assert_same_tables(warehouse, stage.after)
    assert warehouse.snapshots() == [1, 2]
    assert [DeltaTable(warehouse.root / table).version() for table in TABLES] == [
        seen(warehouse).info.versions[table] for table in TABLES
    ]


def test_a_failed_audit_publishes_nothing(stage: DeltaStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AuditError("Something does not add up.")

    warehouse = stage.warehouse(tmp_path)
    monkeypatch.setattr("tasks.write.delta_rows.check_article_rows", refuse)
    with pytest.raises(AuditError, match="does not add up"):
        run(warehouse, stage.specs)
    assert_same_tables(warehouse, stage.before)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("articles", "articles has 8 rows for 8 files with status 'loaded', or others"),
        ("quarantine", "quarantine has 0 rows for 1 files with status 'quarantined'"),
        ("sources", "sources has 10 rows, 11 were written"),
    ],
)
def test_a_commit_that_lost_a_row_publishes_nothing(
    stage: DeltaStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, said: str
) -> None:
    """G1: what the tables have is held against the decided manifest before readers see it."""
    warehouse, apply = stage.warehouse(tmp_path), delta_commit.Commits.apply

    def losing(commits: Any, change: Change, version: int | None) -> int:
        rows = change.rows if change.table != table else lambda: (part.slice(1) for part in change.rows())
        return apply(commits, replace(change, rows=rows), version)

    monkeypatch.setattr(delta_commit.Commits, "apply", losing)
    with pytest.raises(AuditError, match=said):
        run(warehouse, stage.specs)
    assert_same_tables(warehouse, stage.before)


def test_a_commit_of_another_program_is_taken_back_and_the_run_tries_again(
    stage: DeltaStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse, apply = stage.warehouse(tmp_path), delta_commit.Commits.apply

    def intrude(commits: Any, change: Any, version: int | None) -> int:
        monkeypatch.setattr(delta_commit.Commits, "apply", apply)
        table = DeltaTable(warehouse.root / "articles")
        write_deltalake(table, table.to_pyarrow_dataset().head(1), mode="append")
        return apply(commits, change, version)

    monkeypatch.setattr(write_delta, "_WAIT_SECONDS", 0.0)
    monkeypatch.setattr(delta_commit.Commits, "apply", intrude)
    run(warehouse, stage.specs)
    assert_same_tables(warehouse, stage.after)


def test_a_run_whose_pointer_was_moved_publishes_nothing(
    stage: DeltaStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two writers that both believe to hold the lock: the second to publish fails."""
    warehouse, audit = stage.warehouse(tmp_path), check_tables

    def overtaken(*arguments: Any) -> None:
        audit(*arguments)
        pointer = warehouse.pointer()
        assert pointer is not None
        warehouse.blobs.put(POINTER, pointer.content + b"\n", pointer.tag)

    monkeypatch.setattr("tasks.write.delta.check_tables", overtaken)
    with pytest.raises(Moved):
        run(warehouse, stage.specs)
    assert_same_tables(warehouse, stage.before)


def test_rollback_brings_older_rows_back_for_all_readers(stage: DeltaStage, tmp_path: Path) -> None:
    warehouse = stage.warehouse(tmp_path)
    run(warehouse, stage.specs)
    difference = diff_snapshots(warehouse.snapshot(1), warehouse.snapshot(2))
    assert (difference.articles["added"], difference.articles["changed"]) == (2, 2)
    rollback("1", warehouse=warehouse.root)
    assert_same_tables(warehouse, stage.before)
    newest = DeltaTable(warehouse.root / "articles").to_pyarrow_dataset().count_rows()
    assert newest == seen(warehouse).rows("articles")
    run(warehouse, stage.specs)
    assert_same_tables(warehouse, stage.after)
    assert warehouse.snapshots() == [1, 2, 3]


def test_maintenance_joins_files_forgets_snapshots_and_removes_what_they_had(stage: DeltaStage, tmp_path: Path) -> None:
    warehouse = stage.warehouse(tmp_path)
    newsroom, small = stage.newsroom, {"keep_snapshots": 2, "keep_days": 0}
    for n in range(10):
        newsroom.write(("harbour", f"grown-{n}.md"), Story(f"Grown {n}", page=20 + n, date="2025-05-01"))
        run(warehouse, stage.specs)
    before, files = seen(warehouse), len(list(warehouse.root.glob("articles/*/*.parquet")))
    done = run_maintenance(settings_for(warehouse.root, warehouse=small))
    assert (done.status, done.findings) == ("sound", [])
    assert done.expired.snapshots == list(range(1, 10))
    assert any(part.partition == "runs" and part.old > 8 for part in done.rewritten.partitions)
    assert len(seen(warehouse).files("runs")) == 1
    assert len(list(warehouse.root.glob("articles/*/*.parquet"))) < files
    assert warehouse.snapshot(before.number).read("articles").num_rows == before.rows("articles")
    for n in range(10):
        newsroom.delete(("harbour", f"grown-{n}.md"))
    run(warehouse, stage.specs)
    assert_same_tables(warehouse, stage.after)


def test_a_column_that_the_contract_gains_is_filled(stage: DeltaStage, tmp_path: Path) -> None:
    newsroom, warehouse = Newsroom(tmp_path / "files"), DeltaWarehouse(str(tmp_path / "warehouse"), durable=False)
    newsroom.write(("harbour", "1.md"), Story(page=1, mood="calm"))
    for contract in (PACKAGED, contract_with_mood(tmp_path)):
        run(warehouse, newsroom.specs(["harbour"]), contract={"path": str(contract)})
    assert pl.read_delta(str(warehouse.root / "articles"))["mood"].to_list() == ["calm"]
    assert "mood" not in pl.read_delta(str(warehouse.root / "articles"), version=0).columns


def test_damage_is_found(stage: DeltaStage, tmp_path: Path) -> None:
    warehouse = stage.warehouse(tmp_path)
    first, second = seen(warehouse).files("articles")[:2]
    (warehouse.root / first.path).unlink()
    (warehouse.root / second.path).write_bytes(b"no Parquet")
    findings = verify_warehouse(warehouse, load_contract()).findings
    assert f"{first.path} is listed but cannot be found." in findings
    assert any(finding.startswith(f"{second.path} has 10 bytes") for finding in findings)


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"format": "delta"}, WarehouseError, "is a warehouse of Parquet snapshots"),
        ({"path": "s3://bucket/lake"}, SettingsError, "on an object store it must be delta"),
        ({"path": "ftp://host/lake", "format": "delta"}, SettingsError, "Name a folder, or a URL"),
    ],
)
def test_what_does_not_go_together_is_refused(
    stage: DeltaStage, settings: dict[str, str], error: type[UsageError], said: str
) -> None:
    with pytest.raises(error, match=said):
        run_ingest(stage.specs, settings_for(stage.before.root, warehouse=settings))


def test_plain_parquet_does_not_go_into_a_delta_warehouse(stage: DeltaStage) -> None:
    with pytest.raises(WarehouseError, match="Delta"):
        run_ingest(stage.specs, settings_for(stage.published))


@pytest.mark.parametrize("find", [found_warehouse, lambda path: open_warehouse(settings_for(path).warehouse)])
def test_a_folder_with_a_pointer_is_a_delta_warehouse(stage: DeltaStage, find: Callable[[Path], Warehouse]) -> None:
    assert isinstance(found_warehouse(stage.published), DeltaWarehouse)
    assert not isinstance(find(stage.before.root), DeltaWarehouse)
