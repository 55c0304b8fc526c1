"""Building and publishing: what is new, what is kept, what readers see, what is refused."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from config.errors import AuditError, WarehouseError
from tasks.warehouse.parquet import CONTRACT_VERSION, WRITTEN_IN, footer_of
from tasks.warehouse.verify import verify_files
from tasks.warehouse.warehouse import Snapshot, Warehouse
from tasks.write.snapshot import SnapshotBuilder
from tasks.write.upkeep import move_pointer

Y2020, Y2021 = "published_year=2020", "published_year=2021"


def rows(*ids: str) -> pa.Table:
    return pa.table({"article_id": pa.array(ids, pa.string())})


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    made = Warehouse(tmp_path / "warehouse", durable=False)
    made.create()
    return made


def publish_first(warehouse: Warehouse) -> Snapshot:
    builder = SnapshotBuilder(warehouse, None, "run-1")
    builder.add("articles", Y2020, "part-0.parquet", rows("b", "a"), ["article_id"])
    builder.add("articles", Y2021, "part-0.parquet", rows("c"))
    return builder.publish("3", "0.1.0", {"new": 3})


def publish_second(warehouse: Warehouse, parent: Snapshot) -> Snapshot:
    builder = SnapshotBuilder(warehouse, parent, "run-2")
    builder.keep(parent.files("articles")[0])
    builder.add("articles", Y2021, "part-0.parquet", rows("d", "e"))
    return builder.publish("3", "0.1.0")


def contents(snapshot: Snapshot) -> dict[str, tuple[int, int, bytes]]:
    files = [path for path in snapshot.path.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_ino, path.stat().st_mode & 0o777, path.read_bytes()) for path in files}


def test_each_file_says_which_snapshot_wrote_it(warehouse: Warehouse) -> None:
    first = publish_first(warehouse)
    builder = SnapshotBuilder(warehouse, first, "run-2", contract_version="1.0.0")
    builder.keep(first.files("articles")[0])
    builder.add("articles", Y2021, "part-0.parquet", rows("d"))
    second = builder.publish("1.0.0", "0.1.0")
    footers = [footer_of(second.path / file.path) for file in second.files("articles")]
    assert [(one[WRITTEN_IN], one[CONTRACT_VERSION]) for one in footers] == [("1", ""), ("2", "1.0.0")]


def test_a_published_snapshot_is_current_and_says_where_it_comes_from(warehouse: Warehouse) -> None:
    first = publish_first(warehouse)
    second = publish_second(warehouse, first)
    assert warehouse.current() == second
    assert (first.info.parent, second.info.parent) == (None, 1)
    assert (first.info.run_id, first.info.summary) == ("run-1", {"new": 3})
    assert first.info.published_at.endswith("Z")
    assert verify_files(first) == verify_files(second) == []
    assert list(warehouse.staging_path.iterdir()) == []


def test_a_kept_file_is_the_same_file_and_the_parent_does_not_change(warehouse: Warehouse) -> None:
    first = publish_first(warehouse)
    before = contents(first)
    second = publish_second(warehouse, first)
    kept, rewritten = second.files("articles")
    assert (second.path / kept.path).samefile(first.path / kept.path)
    assert not (second.path / rewritten.path).samefile(first.path / rewritten.path)
    assert contents(first) == before
    assert {mode for _, mode, _ in before.values()} == {0o444}


def through_duckdb(root: Path) -> list[str]:
    glob = str(root / "current" / "articles" / "**" / "*.parquet")
    query = "select article_id from read_parquet(?, hive_partitioning=true) order by published_year, 1"
    return [row[0] for row in duckdb.execute(query, [glob]).fetchall()]


def through_polars(root: Path) -> list[str]:
    folder = (root / "current").resolve() / "articles"
    found: list[str] = pl.read_parquet(folder / "**/*.parquet")["article_id"].to_list()
    return found


def through_pyarrow(root: Path) -> list[str]:
    found: list[str] = pq.read_table(root / "current" / "articles")["article_id"].to_pylist()
    return found


@pytest.mark.parametrize("read", [through_duckdb, through_polars, through_pyarrow])
def test_readers_see_one_version_at_a_time(warehouse: Warehouse, read: Callable[[Path], list[str]]) -> None:
    first = publish_first(warehouse)
    assert read(warehouse.root) == ["a", "b", "c"]
    publish_second(warehouse, first)
    assert read(warehouse.root) == ["a", "b", "d", "e"]
    move_pointer(warehouse, 1)
    assert read(warehouse.root) == ["a", "b", "c"]


def test_a_reader_meets_no_error_and_no_mix_while_snapshots_are_published(warehouse: Warehouse) -> None:
    done = threading.Event()

    def read_all_the_time() -> list[tuple[int, list[str]]]:
        seen: list[tuple[int, list[str]]] = []
        while not done.is_set() or not seen:
            if (current := warehouse.current()) is not None:
                seen.append((current.number, current.read("articles")["article_id"].to_pylist()))
        return seen

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read_all_the_time) for _ in range(2)]
        for number in range(1, 31):
            builder = SnapshotBuilder(warehouse, warehouse.current(), f"run-{number}")
            builder.add("articles", Y2020, "part-0.parquet", rows(f"a{number}"))
            builder.add("articles", Y2021, "part-0.parquet", rows(f"b{number}"))
            builder.publish("3", "0.1.0")
        done.set()
        seen = [entry for reader in readers for entry in reader.result()]
    assert all(ids == [f"a{number}", f"b{number}"] for number, ids in seen)


def test_several_threads_may_add(warehouse: Warehouse) -> None:
    builder = SnapshotBuilder(warehouse, None, "run-1")
    with ThreadPoolExecutor(4) as pool:
        parts = [f"part-{i:02d}.parquet" for i in range(20)]
        list(pool.map(lambda name: builder.add("articles", Y2020, name, rows(name)), parts))
    published = builder.publish("3", "0.1.0")
    assert published.read("articles")["article_id"].to_pylist() == parts


def test_numbers_go_up_after_a_rollback_too(warehouse: Warehouse) -> None:
    first = publish_first(warehouse)
    publish_second(warehouse, first)
    move_pointer(warehouse, 1)
    assert warehouse.current() == first
    third = publish_second(warehouse, first)
    assert (third.number, third.info.parent) == (3, 1)
    assert warehouse.snapshots() == [1, 2, 3]


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP])
def test_without_hard_links_files_are_copied(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    first = publish_first(warehouse)
    monkeypatch.setattr(os, "link", refuse)
    second = publish_second(warehouse, first)
    kept = second.files("articles")[0].path
    assert not (second.path / kept).samefile(first.path / kept)
    assert (second.path / kept).stat().st_mode & 0o222 == 0
    assert verify_files(second) == []


def test_a_damaged_file_is_not_copied_on(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    first = publish_first(warehouse)
    path = first.path / first.files("articles")[0].path
    path.chmod(0o644)
    path.write_bytes(b"damaged")
    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(WarehouseError, match="was changed since it was published"):
        publish_second(warehouse, first)
    assert warehouse.current() == first


def test_without_symbolic_links_a_file_is_the_pointer(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "symlink", refuse)
    first = publish_first(warehouse)
    assert (warehouse.root / "CURRENT").read_text() == "snapshots/000001\n"
    assert warehouse.current() == first
    second = publish_second(warehouse, first)
    assert warehouse.current() == second
    assert sorted(path.name for path in warehouse.root.iterdir()) == ["CURRENT", "snapshots", "staging"]


def test_a_file_that_is_gone_from_the_parent_stops_the_run(warehouse: Warehouse) -> None:
    first = publish_first(warehouse)
    (first.path / first.files("articles")[0].path).unlink()
    with pytest.raises(WarehouseError, match=r"keep articles/.*no such file"):
        publish_second(warehouse, first)


def test_a_file_is_added_once_but_may_be_tried_again_after_an_error(warehouse: Warehouse) -> None:
    builder = SnapshotBuilder(warehouse, None, "run-1")
    with pytest.raises(AuditError):
        builder.add("articles", Y2020, "part-0.parquet", pa.table({"odd": pa.nulls(1)}))
    builder.add("articles", Y2020, "part-0.parquet", rows("a"))
    with pytest.raises(WarehouseError, match="in the new snapshot already"):
        builder.add("articles", Y2020, "part-0.parquet", rows("b"))
    assert builder.publish("3", "0.1.0").read("articles")["article_id"].to_pylist() == ["a"]


def test_only_files_of_the_parent_are_kept(warehouse: Warehouse) -> None:
    first = publish_first(warehouse)
    builder = SnapshotBuilder(warehouse, None, "run-2")
    with pytest.raises(WarehouseError, match="not in the parent"):
        builder.keep(first.files("articles")[0])


def test_a_pointer_that_moved_meanwhile_stops_publishing(warehouse: Warehouse) -> None:
    first = publish_first(warehouse)
    second = publish_second(warehouse, first)
    builder = SnapshotBuilder(warehouse, second, "run-3")
    move_pointer(warehouse, 1)
    with pytest.raises(WarehouseError, match="moved from 2 to 1"):
        builder.publish("3", "0.1.0")
    assert warehouse.current() == first


def test_a_second_try_of_a_run_starts_from_an_empty_folder(warehouse: Warehouse) -> None:
    SnapshotBuilder(warehouse, None, "run-1").add("articles", Y2020, "part-9.parquet", rows("stray"))
    assert verify_files(publish_first(warehouse)) == []


def test_what_else_the_run_has_in_staging_stays(warehouse: Warehouse) -> None:
    warehouse.staging("run-1").mkdir()
    (warehouse.staging("run-1") / "keys.arrow").write_bytes(b"keys")
    publish_first(warehouse)
    assert [path.name for path in warehouse.staging("run-1").iterdir()] == ["keys.arrow"]
