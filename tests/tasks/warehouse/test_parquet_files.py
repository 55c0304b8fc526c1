"""What is in a Parquet file, checked by its footer and by DuckDB, and what is said of a damaged one."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from config.errors import AuditError, WarehouseError
from tasks.warehouse import parquet_reading
from tasks.warehouse.parquet import (
    CONTRACT_VERSION,
    SPARK_SCHEMA,
    WRITTEN_IN,
    FileStats,
    ParquetOptions,
    digest_of,
    footer_of,
    require_portable,
    sort_rows,
    write_parquet,
)
from tasks.warehouse.parquet_reading import read_files, read_parquet

SCHEMA = pa.schema(
    [
        pa.field("topics", pa.list_(pa.string()), nullable=False),
        pa.field("article_id", pa.string(), nullable=False, metadata={"description": "Stable id."}),
        pa.field("published_at", pa.timestamp("us", "UTC"), metadata={"PARQUET:field_id": "7"}),
        pa.field("quality", pa.int16()),
    ]
)


def articles(*ids: str) -> pa.Table:
    rows = [
        {"topics": ["a"] * (i % 2), "article_id": name, "published_at": i, "quality": i} for i, name in enumerate(ids)
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def write(path: Path, table: pa.Table, sorting: tuple[str, ...] = (), **options: int) -> FileStats:
    return write_parquet(path, table, ParquetOptions(**options), sorting, durable=False)  # type: ignore[arg-type]


def test_what_is_read_is_what_was_written_with_descriptions_ids_and_nullability(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    stats = write(path, articles("x", "y"))
    found = read_parquet(path)
    assert found.equals(articles("x", "y"))
    assert found.schema.field("article_id").metadata[b"description"] == b"Stable id."
    assert not found.schema.field("topics").nullable
    assert pq.ParquetFile(path).schema_arrow.field("published_at").metadata[b"PARQUET:field_id"] == b"7"
    assert stats == (2, path.stat().st_size, digest_of(path.read_bytes()))


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write(tmp_path / name, articles("x", "y")) for name in ("1.parquet", "2.parquet"))
    assert first.digest == second.digest


def test_the_footer_has_the_schema_that_spark_takes_descriptions_from(tmp_path: Path) -> None:
    nested = pa.struct([pa.field("width", pa.int32()), pa.field("day", pa.date32(), nullable=False)])
    schema = pa.schema([*SCHEMA, pa.field("images", pa.list_(nested)), pa.field("size", pa.uint32())])
    write(tmp_path / "a.parquet", schema.empty_table())
    notes = json.loads(pq.read_metadata(tmp_path / "a.parquet").metadata[SPARK_SCHEMA.encode()])
    fields = {field["name"]: field for field in notes["fields"]}
    assert fields["article_id"] == {
        "name": "article_id",
        "type": "string",
        "nullable": False,
        "metadata": {"comment": "Stable id."},
    }
    assert fields["topics"]["type"] == {"type": "array", "elementType": "string", "containsNull": True}
    assert [fields[name]["type"] for name in ("published_at", "quality", "size")] == ["timestamp", "short", "long"]
    inner = {
        field["name"]: (field["type"], field["nullable"]) for field in fields["images"]["type"]["elementType"]["fields"]
    }
    assert inner == {"width": ("integer", True), "day": ("date", False)}


def test_the_footer_says_who_wrote_the_file(tmp_path: Path) -> None:
    notes = {WRITTEN_IN: "7", CONTRACT_VERSION: "1.0.0"}
    write_parquet(tmp_path / "a.parquet", articles("x"), durable=False, footer=notes)
    write(tmp_path / "b.parquet", articles("x"))
    assert (footer_of(tmp_path / "a.parquet"), footer_of(tmp_path / "b.parquet")) == (notes, {})


def test_the_footer_has_zstd_dictionaries_indexes_and_the_bloom_filter(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write(path, articles("x", "y"))
    group = pq.read_metadata(path).row_group(0)
    columns = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert {column.compression for column in columns.values()} == {"ZSTD"}
    assert all(column.has_dictionary_page for column in columns.values())
    assert all(column.has_offset_index and column.has_column_index for column in columns.values())
    with_filter = duckdb.execute(
        "select path_in_schema from parquet_metadata(?) where bloom_filter_length > 0", [str(path)]
    ).fetchall()
    assert with_filter == [("article_id",)]


def test_the_bloom_filter_excludes_what_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write(path, articles(*(f"id-{i}" for i in range(100))))

    def excluded(value: str) -> bool:
        probe = "select bloom_filter_excludes from parquet_bloom_probe(?, 'article_id', ?)"
        return all(row[0] for row in duckdb.execute(probe, [str(path), value]).fetchall())

    assert not excluded("id-42")
    assert sum(excluded(f"other-{i}") for i in range(20)) >= 18


def test_a_table_without_the_id_and_one_without_rows_are_written(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", articles("x").drop_columns(["article_id"]))
    write(tmp_path / "b.parquet", articles())
    assert read_parquet(tmp_path / "a.parquet").num_rows == 1
    assert read_parquet(tmp_path / "b.parquet").equals(articles())


def test_row_groups_end_at_the_option(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", articles("x", "y", "z"), row_group_rows=2)
    assert pq.read_metadata(tmp_path / "a.parquet").num_row_groups == 2


def test_rows_are_sorted_and_the_footer_says_by_what(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write(path, articles("z", "x", "y"), sorting=("article_id",))
    assert read_parquet(path)["article_id"].to_pylist() == ["x", "y", "z"]
    # Column 1 counts leaves: the list before it is one.
    assert pq.read_metadata(path).row_group(0).sorting_columns == (pq.SortingColumn(1),)


@pytest.mark.parametrize("ids", [[], ["x"], ["a", "b", "c"], ["c", "a", "b"], ["b", None, "a"]])
def test_sorting_is_ascending_with_nulls_last(ids: list[str | None]) -> None:
    found = sort_rows(pa.table({"id": pa.array(ids, pa.string())}), ["id"])["id"].to_pylist()
    assert found == sorted(ids, key=lambda name: (name is None, name or ""))


def test_what_pandas_notes_in_a_schema_does_not_get_into_files(tmp_path: Path) -> None:
    table = articles("x").replace_schema_metadata({"pandas": "{}", "contract": "3"})
    write(tmp_path / "a.parquet", table)
    metadata = read_parquet(tmp_path / "a.parquet").schema.metadata
    assert metadata == {b"contract": b"3"}


@pytest.mark.parametrize(
    "kind",
    [
        pa.timestamp("ns", "UTC"),
        pa.timestamp("us"),
        pa.time64("us"),
        pa.float16(),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.null(),
        pa.list_(pa.struct([("t", pa.timestamp("ms", "UTC"))])),
    ],
)
def test_types_that_some_engine_does_not_read_are_refused(kind: pa.DataType, tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="`odd`"):
        require_portable(pa.schema([("odd", kind)]))
    with pytest.raises(AuditError, match="`odd`"):
        write(tmp_path / "a.parquet", pa.schema([("odd", kind)]).empty_table())


@pytest.mark.parametrize("kind", [pa.string(), pa.list_(pa.string()), pa.struct([("a", pa.int32())])])
def test_null_in_a_required_column_is_refused(tmp_path: Path, kind: pa.DataType) -> None:
    schema = pa.schema([pa.field("must", kind, nullable=False)])
    table = pa.Table.from_arrays([pa.nulls(2, kind)], schema=schema)
    with pytest.raises(AuditError, match=r"a\.parquet: required column `must` has 2 nulls"):
        write(tmp_path / "a.parquet", table)
    assert not (tmp_path / "a.parquet").exists()


def test_columns_and_an_expected_schema_shape_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write(path, articles("x", "y"))
    wanted = pa.schema([SCHEMA.field("article_id"), pa.field("quality", pa.int32()), pa.field("heat", pa.int32())])
    assert read_parquet(path, schema=wanted).to_pylist() == [
        {"article_id": "x", "quality": 0, "heat": None},
        {"article_id": "y", "quality": 1, "heat": None},
    ]
    assert read_parquet(path, schema=wanted).schema.equals(wanted, check_metadata=True)
    assert read_parquet(path, columns=["quality"]).column_names == ["quality"]
    assert read_files([path, path], filters=pc.field("quality") > 0).num_rows == 2


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (pa.field("quality", pa.string()), "`quality` is int16, string is expected"),
        (pa.field("heat", pa.int32(), nullable=False), "`heat` is missing"),
    ],
)
def test_a_file_of_another_contract_is_not_bent_to_fit(tmp_path: Path, field: pa.Field, said: str) -> None:
    write(tmp_path / "a.parquet", articles("x"))
    with pytest.raises(WarehouseError, match=said):
        read_parquet(tmp_path / "a.parquet", schema=pa.schema([field]))


def test_an_unknown_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", articles("x"))
    with pytest.raises(WarehouseError, match=r"no column titel\. It has: topics, article_id"):
        read_parquet(tmp_path / "a.parquet", columns=["titel"])


def damage_page(path: Path) -> None:
    content = bytearray(path.read_bytes())
    column = pq.read_metadata(path).row_group(0).column(1)
    content[column.data_page_offset + column.total_compressed_size // 2] ^= 0xFF
    path.chmod(0o644)
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-9])


@pytest.mark.parametrize("columns", [None, ["article_id"], ["quality", "topics"]])
def test_a_file_that_fits_is_read_as_a_dataset_of_it_would_be(
    columns: list[str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, schema = tmp_path / "a.parquet", SCHEMA.with_metadata({"made": "here"})
    write(path, articles("x", "y", "z"), row_group_rows=2)
    with monkeypatch.context() as alone:
        alone.setattr(parquet_reading, "_dataset", None)  # It is not called.
        found = read_parquet(path, columns, schema)
    monkeypatch.setattr(parquet_reading, "_read_as_it_is", lambda *_: None)
    expected = read_parquet(path, columns, schema)
    assert found.equals(expected)
    assert found.schema.equals(expected.schema, check_metadata=True)


@pytest.mark.parametrize("harm", [damage_page, cut, Path.unlink])
def test_among_several_files_the_damaged_one_is_named(tmp_path: Path, harm: object) -> None:
    paths = [tmp_path / f"part-{i}.parquet" for i in range(3)]
    for path in paths:
        write(path, articles(*(f"{path.name}-{i}" for i in range(500))))
    assert callable(harm)
    harm(paths[1])
    with pytest.raises(WarehouseError, match=r"part-1\.parquet cannot be read: .*presslake verify"):
        read_files(paths)


def test_a_list_written_before_its_items_had_a_field_is_read_with_null(tmp_path: Path) -> None:
    def column(*names: str, kind: pa.DataType | None = None) -> pa.Schema:
        item = pa.struct([(name, kind or pa.string()) for name in names])
        return pa.schema([pa.field("violations", pa.list_(item), nullable=False)])

    path = tmp_path / "a.parquet"
    write(path, pa.Table.from_pylist([{"violations": [{"code": "a", "field": "b"}]}], column("code", "field")))
    grown = read_parquet(path, schema=column("code", "severity", "field")).to_pylist()
    assert grown == [{"violations": [{"code": "a", "severity": None, "field": "b"}]}]
    for other in (column("code"), column("code", "field", kind=pa.int32())):
        with pytest.raises(WarehouseError, match="rebuild"):
            read_parquet(path, schema=other)
