"""The layout, and finding and reading snapshots; they are made by hand here, not by the builder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from config.errors import SettingsError, WarehouseError
from tasks.warehouse import pointer
from tasks.warehouse.parquet import write_parquet
from tasks.warehouse.warehouse import DataFile, Snapshot, SnapshotInfo, Warehouse

SCHEMA = pa.schema([("article_id", pa.string()), ("quality", pa.int32())])


def place(warehouse: Warehouse, number: int, parts: dict[str, list[str]]) -> Snapshot:
    """A snapshot of the table `articles` with the ids of each partition, put in its place."""
    files = []
    for partition, ids in parts.items():
        path = f"articles/{partition}/part-0.parquet"
        target = warehouse.root / pointer.folder_name(number) / path
        target.parent.mkdir(parents=True)
        rows = pa.table({"article_id": ids, "quality": range(len(ids))}, schema=SCHEMA)
        stats = write_parquet(target, rows, durable=False)
        files.append(DataFile("articles", path, partition, *stats))
    info = SnapshotInfo(number, "run-1", None, "2026-01-01T00:00:00Z", "3", "0.1.0", tuple(files))
    folder = warehouse.root / pointer.folder_name(number)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "snapshot.json").write_bytes(info.to_json())
    return Snapshot(folder, info)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    made = Warehouse(tmp_path / "warehouse", durable=False)
    made.create()
    return made


YEARS = {"published_year=2020": ["a", "b"], "published_year=2021": ["c"]}


def test_a_new_warehouse_is_empty_and_creating_it_again_changes_nothing(warehouse: Warehouse) -> None:
    warehouse.create()
    assert warehouse.current() is None
    assert warehouse.snapshots() == []


def test_a_folder_with_other_things_in_it_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "staging").mkdir()
    with pytest.raises(WarehouseError, match="not empty and not a warehouse"):
        Warehouse(tmp_path).create()
    assert [path.name for path in tmp_path.iterdir()] == ["staging"]


@pytest.mark.parametrize("look", [Warehouse.create, Warehouse.exists])
def test_a_former_warehouse_of_delta_tables_is_refused(tmp_path: Path, look: Callable[[Warehouse], object]) -> None:
    (tmp_path / "_presslake").mkdir()
    with pytest.raises(WarehouseError, match=r"Delta tables, .*new folder, or remove this one, and run again"):
        look(Warehouse(tmp_path))


@pytest.mark.parametrize("url", ["s3://bucket/lake", Path("gs://bucket"), "https://host/lake"])
def test_a_url_is_refused(url: Path | str) -> None:
    with pytest.raises(SettingsError, match=r"://.* object stores come back as targets"):
        Warehouse(url)


@pytest.mark.parametrize("run_id", ["batches", "..", "a/b", "", ".hidden"])
def test_a_run_id_that_is_no_folder_of_its_own_is_refused(warehouse: Warehouse, run_id: str) -> None:
    with pytest.raises(WarehouseError, match="cannot be a run id"):
        warehouse.staging(run_id)


def test_the_list_of_files_survives_json() -> None:
    file = DataFile("articles", "articles/part-0.parquet", "", 3, 900, "sha256:00")
    info = SnapshotInfo(42, "run", 41, "2026-01-01T00:00:00Z", "3", "0.1.0", (file,), {"new": {"loaded": 3}})
    assert SnapshotInfo.from_json(info.to_json()) == info


def test_current_is_what_the_pointer_names_and_newer_ones_stay_listed(warehouse: Warehouse) -> None:
    for number in (1, 2, 3):
        place(warehouse, number, YEARS)
    pointer.move(warehouse.root, 2, durable=False)
    current = warehouse.current()
    assert current is not None and current.number == 2
    assert warehouse.snapshots() == [1, 2, 3]


def test_an_announced_snapshot_is_not_listed_until_the_pointer_names_it(warehouse: Warehouse) -> None:
    place(warehouse, 1, YEARS)
    pointer.announce(warehouse.root, 1, durable=False)
    assert warehouse.snapshots() == [] and warehouse.current() is None
    pointer.swap(warehouse.root, durable=False)
    assert warehouse.snapshots() == [1]


def test_a_lost_pointer_is_not_taken_for_an_empty_warehouse(warehouse: Warehouse) -> None:
    place(warehouse, 7, YEARS)
    with pytest.raises(WarehouseError, match=r"pointer is lost.*rollback.*There are: 7"):
        warehouse.current()


def test_a_pointer_to_a_snapshot_that_is_gone_says_which_there_are(warehouse: Warehouse) -> None:
    place(warehouse, 1, YEARS)
    pointer.move(warehouse.root, 2, durable=False)
    with pytest.raises(WarehouseError, match=r"no snapshot 2 .*There are: 1"):
        warehouse.current()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "damaged"),
        (b'{"number": 1', "damaged"),
        (b'{"layout": 2, "number": "one"}', "damaged"),
        (b'{"layout": 1}', "layout 1, .*new folder, or remove this one, and run again"),
        (b'{"layout": 99}', "layout 99, .*the presslake that wrote it"),
        (b"{}", "layout None"),
    ],
)
def test_a_damaged_older_or_newer_snapshot_json_is_named(warehouse: Warehouse, content: bytes, said: str) -> None:
    snapshot = place(warehouse, 1, {})
    (snapshot.path / "snapshot.json").write_bytes(content)
    with pytest.raises(WarehouseError, match=rf"snapshot\.json .*{said}"):
        warehouse.snapshot(1)


def test_reading_a_table(warehouse: Warehouse) -> None:
    snapshot = place(warehouse, 1, YEARS)
    assert snapshot.tables() == ["articles"]
    assert snapshot.rows("articles") == 3
    assert snapshot.read("articles").column_names == ["article_id", "quality"]
    assert snapshot.read("articles", ["article_id"])["article_id"].to_pylist() == ["a", "b", "c"]
    assert snapshot.read("articles", filters=pc.field("quality") == 1).num_rows == 1
    only = snapshot.read("articles", partitions={"published_year=2021"})
    assert only["article_id"].to_pylist() == ["c"]


def test_the_partition_key_is_a_column_only_where_asked_for(warehouse: Warehouse) -> None:
    found = place(warehouse, 1, YEARS).read("articles", hive=True)
    assert found["published_year"].to_pylist() == [2020, 2020, 2021]


def test_no_file_to_read_is_an_empty_table_where_its_schema_is_known(warehouse: Warehouse) -> None:
    snapshot = place(warehouse, 1, YEARS)
    assert snapshot.read("articles", partitions=()).schema.equals(SCHEMA)
    assert snapshot.read("articles", partitions=()).num_rows == 0
    assert snapshot.read("related", ["quality"], schema=SCHEMA).schema.names == ["quality"]
    with pytest.raises(WarehouseError, match=r"no table `related`\. It has: articles"):
        snapshot.read("related")
