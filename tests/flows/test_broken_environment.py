"""What a run does when the warehouse's disk, its files or another run are in its way: it says so, and harms nothing."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from config.errors import RunError, SettingsError, WarehouseError, WarehouseLocked
from flows.engine import Engine
from flows.run import execute
from flows.start import run_ingest
from tasks.report.outcome import Outcome
from tasks.warehouse import faults
from tasks.warehouse.lock import locked
from tasks.warehouse.verify import verify_files
from tasks.warehouse.warehouse import Snapshot, Warehouse
from tasks.write.upkeep import move_pointer
from tests.newsroom import Newsroom, Story, settings_for
from tests.run_once import finish, ingest, start
from tests.tables_equal import assert_same_tables

#: Where a run writes, what the disk answers there, and what the run makes of it.
REFUSALS = [
    ("run.listed", "EROFS", "read-only"),
    ("run.listed", "ENOSPC", "the disk is full"),
    ("file.before-write", "EACCES", "permission denied"),
    ("file.part-written:3", "EDQUOT", "quota"),
    ("keep.before-link", "ENOSPC", "the disk is full"),
    ("publish.before-info", "ENOSPC", "the disk is full"),
    ("publish.before-announce", "EROFS", "read-only"),
    ("publish.before-rename", "ENOSPC", "the disk is full"),
    ("publish.before-swap", "ENOSPC", "the disk is full"),
]


@pytest.fixture
def newsroom(tmp_path: Path) -> Newsroom:
    """Stories of two years in two sources."""
    newsroom = Newsroom(tmp_path / "files")
    for n in range(6):
        newsroom.write(("harbour", f"{n}.md"), Story(f"Story {n}", page=n, date=f"202{n % 2}-05-01"))
    newsroom.write(("inland", "broken.md"), Story(shape="unclosed"))
    return newsroom


@pytest.fixture
def warehouse(tmp_path: Path, newsroom: Newsroom) -> Warehouse:
    """A warehouse with two snapshots of them, and a change that the next run must bring into 2021's files."""
    warehouse = Warehouse(tmp_path / "warehouse", durable=False)
    run(newsroom, warehouse)
    newsroom.write(("harbour", "1.md"), Story("Story 1, retold", page=1, date="2021-05-01"))
    run(newsroom, warehouse)
    newsroom.write(("harbour", "1.md"), Story("Story 1, retold again", page=1, date="2021-05-01"))
    return warehouse


def run(
    newsroom: Newsroom, warehouse: Warehouse, sources: Sequence[str] = ("harbour", "inland"), full_refresh: bool = False
) -> Outcome:
    chosen = settings_for(warehouse.root)
    return run_ingest(newsroom.specs(sources), chosen, full_refresh=full_refresh)


def current(warehouse: Warehouse) -> Snapshot:
    snapshot = warehouse.current()
    assert snapshot is not None
    return snapshot


def assert_equals_a_rebuild(newsroom: Newsroom, warehouse: Warehouse, tmp_path: Path) -> None:
    rebuilt = Warehouse(tmp_path / "rebuilt", durable=False)
    run(newsroom, rebuilt)
    assert_same_tables(warehouse, rebuilt)
    assert verify_files(current(warehouse)) == []


def file_of(warehouse: Warehouse, table: str, partition: str = "") -> Path:
    """The first file of a partition that readers see."""
    snapshot = current(warehouse)
    return snapshot.path / next(file.path for file in snapshot.files(table) if file.partition == partition)


def damage(path: Path, change: Callable[[bytes], bytes]) -> Path:
    """Change a published file's bytes in place, as a bad disk does: with all names that it has."""
    content = change(path.read_bytes())
    path.chmod(0o644)
    path.write_bytes(content)
    return path


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    middle = len(content) // 3
    return content[:middle] + bytes(byte ^ 0xFF for byte in content[middle : middle + 64]) + content[middle + 64 :]


@pytest.mark.parametrize(("point", "error", "said"), REFUSALS)
def test_a_disk_that_refuses_is_named_and_the_next_run_goes_on(
    newsroom: Newsroom, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str,
    error: str, said: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(faults, "_armed", faults.parse_fault(f"{point}:raise={error}"))
    with pytest.raises(WarehouseError, match=said) as raised:
        run(newsroom, warehouse)
    assert raised.value.hint.endswith("run again.")
    assert current(warehouse).number == 2
    assert run(newsroom, warehouse).status == "completed"
    assert_equals_a_rebuild(newsroom, warehouse, tmp_path)


def ingest_in_little_space(most_bytes: int, warehouse: Path, specs: Sequence[str]) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    try:
        ingest(warehouse, specs)
    except WarehouseError:
        os._exit(17)


@pytest.mark.parametrize("most_bytes", [0, 600, 3_000, 8_000])
def test_so_it_is_when_files_cannot_grow(
    newsroom: Newsroom, warehouse: Warehouse, tmp_path: Path, most_bytes: int
) -> None:
    specs = newsroom.specs(["harbour", "inland"])
    assert finish(start(ingest_in_little_space, most_bytes, warehouse.root, specs)) == 17
    assert current(warehouse).number == 2
    assert verify_files(current(warehouse)) == []
    run(newsroom, warehouse)
    assert_equals_a_rebuild(newsroom, warehouse, tmp_path)


@pytest.mark.parametrize("change", [truncated, flipped])
def test_a_damaged_partition_is_named_and_written_anew_by_a_full_refresh(
    newsroom: Newsroom, warehouse: Warehouse, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    seen = current(warehouse).read("articles", columns=["article_id", "first_seen_at"])
    path = damage(file_of(warehouse, "articles", "published_year=2021"), change)
    with pytest.raises(WarehouseError, match=str(path)) as raised:
        run(newsroom, warehouse)
    assert "--full-refresh" in raised.value.hint
    assert "rollback" in raised.value.hint
    run(newsroom, warehouse, full_refresh=True)
    assert_equals_a_rebuild(newsroom, warehouse, tmp_path)
    assert current(warehouse).read("articles", columns=["article_id", "first_seen_at"]) == seen


def test_a_damaged_partition_can_be_left_behind_by_going_back(
    newsroom: Newsroom, warehouse: Warehouse, tmp_path: Path
) -> None:
    damage(file_of(warehouse, "articles", "published_year=2021"), truncated)
    move_pointer(warehouse, 1)
    run(newsroom, warehouse)
    assert_equals_a_rebuild(newsroom, warehouse, tmp_path)
    assert current(warehouse).number == 3


@pytest.mark.parametrize("table", ["sources", "runs"])
def test_a_damaged_manifest_or_history_begins_anew_and_the_run_says_so(
    newsroom: Newsroom, warehouse: Warehouse, tmp_path: Path, table: str
) -> None:
    path = damage(file_of(warehouse, table), truncated)
    with pytest.raises(WarehouseError, match=str(path)):
        run(newsroom, warehouse)
    outcome = run(newsroom, warehouse, full_refresh=True)
    assert str(path) in outcome.message
    assert "`first_seen_at`" in outcome.message
    assert_equals_a_rebuild(newsroom, warehouse, tmp_path)


def test_without_its_manifest_no_source_is_forgotten(newsroom: Newsroom, warehouse: Warehouse) -> None:
    damage(file_of(warehouse, "sources"), truncated)
    with pytest.raises(WarehouseError, match="inland"):
        run(newsroom, warehouse, ["harbour"], full_refresh=True)
    assert current(warehouse).number == 2


def test_a_lost_list_of_files_is_named_and_one_can_go_back(
    newsroom: Newsroom, warehouse: Warehouse, tmp_path: Path
) -> None:
    path = damage(current(warehouse).path / "snapshot.json", truncated)
    with pytest.raises(WarehouseError, match=str(path)):
        run(newsroom, warehouse)
    move_pointer(warehouse, 1)
    run(newsroom, warehouse)
    assert_equals_a_rebuild(newsroom, warehouse, tmp_path)


@pytest.mark.parametrize("full_refresh", [False, True])
@pytest.mark.parametrize(("layout", "hint"), [(1, "remove this one, and run again"), (99, "that wrote it")])
def test_a_warehouse_of_another_layout_is_left_alone(
    newsroom: Newsroom, warehouse: Warehouse, layout: int, hint: str, full_refresh: bool
) -> None:
    path = current(warehouse).path / "snapshot.json"
    damage(path, lambda content: json.dumps({**json.loads(content), "layout": layout}).encode())
    before = sorted(warehouse.root.rglob("*"))
    with pytest.raises(WarehouseError, match=f"layout {layout}, .*{hint}"):
        run(newsroom, warehouse, full_refresh=full_refresh)
    assert [path for path in sorted(warehouse.root.rglob("*")) if path.parent != warehouse.root] == [
        path for path in before if path.parent != warehouse.root
    ]


def test_what_another_version_left_in_staging_is_cleared(
    newsroom: Newsroom, warehouse: Warehouse, tmp_path: Path
) -> None:
    for name in ("run-of-old/snapshot/articles/part.parquet", "batches/of-old/numbers.json", "loose.txt"):
        path = warehouse.staging_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    (warehouse.root / "journal.jsonl").write_text('{"told": "otherwise"}\n{"torn')
    run(newsroom, warehouse)
    assert list(warehouse.staging_path.iterdir()) == []
    assert_equals_a_rebuild(newsroom, warehouse, tmp_path)


def test_a_second_writer_is_told_who_writes(newsroom: Newsroom, warehouse: Warehouse) -> None:
    impatient = settings_for(warehouse.root, {"lock_timeout_seconds": 0})
    with locked(warehouse, "the-first", 0), pytest.raises(WarehouseLocked, match="the-first"):
        run_ingest(newsroom.specs(["harbour"]), impatient)
    assert current(warehouse).number == 2


def test_of_runs_that_start_together_one_publishes(newsroom: Newsroom, warehouse: Warehouse, tmp_path: Path) -> None:
    specs = newsroom.specs(["harbour", "inland"])
    together = [start(ingest, warehouse.root, specs) for _ in range(4)]
    assert [finish(process) for process in together] == [0] * 4
    assert warehouse.snapshots() == [1, 2, 3]
    assert_equals_a_rebuild(newsroom, warehouse, tmp_path)


def test_a_failed_run_is_remembered_by_the_next_that_publishes(
    newsroom: Newsroom, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "_armed", faults.parse_fault("publish.before-swap:raise=ENOSPC"))
    with pytest.raises(RunError):
        run(newsroom, warehouse)
    run(newsroom, warehouse)
    runs = current(warehouse).read("runs").sort_by("started_at")
    assert runs["status"].to_pylist() == ["completed", "completed", "failed", "completed"]


def test_match_rules_that_cannot_be_used_fail_a_run_before_it_begins(newsroom: Newsroom, warehouse: Warehouse) -> None:
    class Never(Engine):
        def call(self, *_: object, **__: object) -> NoReturn:
            raise AssertionError("the run has begun")

    chosen = settings_for(warehouse.root, contract={"match_rules": str(newsroom.root / "nowhere.yaml")})
    with pytest.raises(SettingsError, match="match rules"):
        execute(newsroom.specs(["harbour"]), chosen, Never())
