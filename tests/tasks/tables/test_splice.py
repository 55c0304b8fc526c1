"""Spliced files are those that pyarrow would have written, and every engine reads and skips in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import AuditError
from tasks.tables import splice as splicing
from tasks.tables.donors import Donor, Group, Source
from tasks.tables.splice import SortedBy
from tests.parquet_pieces import SCHEMA, donor, encoded, numbered, splice, tables

OLD = [numbered(*range(40)), numbered(*range(100, 130)), numbered(*range(200, 225))]
NEW = [numbered(*range(300, 340)), numbered(*range(400, 430)), numbered(*range(500, 525))]
CHANGED = ["topics", "quality"]


def read(content: pa.Buffer, threads: bool = False) -> pa.Table:
    return pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True).read(use_threads=threads)


def asked(query: str) -> list[Any]:
    """DuckDB's answer."""
    return duckdb.execute(query).fetchall()


def with_changed(old: pa.Table, new: pa.Table) -> pa.Table:
    """`old` with the changed columns of `new`."""
    for name in CHANGED:
        old = old.set_column(old.schema.get_field_index(name), old.schema.field(name), new[name])
    return old


@pytest.fixture(scope="module")
def spliced() -> pa.Buffer:
    """Row group 0 of the old file, 1 with two new columns, 2 of the new file."""
    old, new, part = donor(*OLD), donor(*NEW), donor(NEW[1].select(CHANGED))
    return splice(old, [Group.copied(old, 0), Group.copied(old, 1).with_columns(part, 0), Group.copied(new, 2)])


@pytest.fixture(scope="module")
def wanted() -> list[pa.Table]:
    return [OLD[0], with_changed(OLD[1], NEW[1]), NEW[2]]


@st.composite
def pieces(draw: st.DrawFn) -> tuple[list[list[pa.Table]], list[list[int]]]:
    """Row groups of three files, and for every row group which file gives each column."""
    rows = draw(st.lists(st.integers(0, 6), min_size=1, max_size=3))
    files = [[draw(tables(n)) for n in rows] for _ in range(3)]
    choice = st.lists(st.integers(0, 2), min_size=len(SCHEMA), max_size=len(SCHEMA))
    return files, [draw(choice) for _ in rows]


def chosen(files: Sequence[Sequence[pa.Table]], group: int, choice: Sequence[int]) -> pa.Table:
    columns = [files[file][group].column(column) for column, file in enumerate(choice)]
    return pa.table(columns, schema=SCHEMA)


@settings(max_examples=40, deadline=None)
@given(made=pieces())
def test_a_spliced_file_is_what_pyarrow_writes_for_the_same_rows(
    made: tuple[list[list[pa.Table]], list[list[int]]],
) -> None:
    files, choices = made
    donors = [donor(*groups) for groups in files]
    groups = [
        Group(files[0][at].num_rows, {name: Source(donors[file], at) for name, file in zip(SCHEMA.names, choice)})  # noqa: B905
        for at, choice in enumerate(choices)
    ]
    expected = [chosen(files, at, choice) for at, choice in enumerate(choices)]
    content = splice(donors[0], groups)
    assert content.to_pybytes() == encoded(expected)
    for threads in (False, True):
        assert read(content, threads).equals(pa.concat_tables(expected))


def test_duckdb_and_polars_read_a_spliced_file(spliced: pa.Buffer, wanted: list[pa.Table], tmp_path: Path) -> None:
    path, slow = tmp_path / "spliced.parquet", tmp_path / "slow.parquet"
    path.write_bytes(spliced)
    pq.write_table(pa.concat_tables(wanted), slow)
    assert asked(f"FROM '{path}'") == asked(f"FROM '{slow}'")
    assert pl.read_parquet(path).equals(pl.read_parquet(slow))


def test_columns_of_a_file_with_these_columns_only_go_to_their_places(
    spliced: pa.Buffer, wanted: list[pa.Table]
) -> None:
    assert spliced.to_pybytes() == encoded(wanted)
    assert read(spliced).equals(pa.concat_tables(wanted))
    assert read(spliced).schema.field("article_id").metadata[b"description"] == b"Stable id."


@pytest.mark.parametrize(
    "options",
    [
        {"write_page_index": False},
        {"bloom_filter_options": None},
        {"use_dictionary": False, "compression": "none"},
        {"compression": "snappy", "data_page_version": "2.0"},
        {
            "column_encoding": {"quality": "DELTA_BINARY_PACKED", "article_id": "DELTA_BYTE_ARRAY"},
            "use_dictionary": False,
        },
        {"write_statistics": False},
    ],
)
def test_however_a_file_was_written_its_copy_is_the_same_bytes(options: dict[str, Any]) -> None:
    content = encoded([*OLD, numbered()], **options)
    source = Donor(content, "x")
    assert splice(source, [Group.copied(source, at) for at in range(4)]).to_pybytes() == content


def test_chunks_of_other_codecs_and_without_indexes_stand_beside_each_other(wanted: list[pa.Table]) -> None:
    old = donor(*OLD)
    part = donor(NEW[1].select(CHANGED), compression="snappy", write_page_index=False)
    content = splice(old, [Group.copied(old, 1).with_columns(part, 0)])
    assert read(content).equals(wanted[1])
    group = pq.ParquetFile(pa.BufferReader(content)).metadata.row_group(0)
    found = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert (found["quality"].compression, found["quality"].has_offset_index) == ("SNAPPY", False)
    assert (found["ratio"].compression, found["ratio"].has_offset_index) == ("ZSTD", True)


def test_what_is_said_of_a_chunk_stays_apart_from_its_place(spliced: pa.Buffer) -> None:
    places = {"dictionary_page_offset", "data_page_offset", "bloom_filter_offset"}
    source, copy = (pq.ParquetFile(pa.BufferReader(content)).metadata for content in (encoded(NEW), spliced))
    for leaf in range(copy.num_columns):
        old, new = source.row_group(2).column(leaf), copy.row_group(2).column(leaf)
        assert (new.has_column_index, new.has_offset_index) == (True, True)
        for fact in old.to_dict().keys() - places:
            assert old.to_dict()[fact] == new.to_dict()[fact]
        assert new.data_page_offset != old.data_page_offset


def test_many_generations_of_splices_stay_sound() -> None:
    content, rows = encoded(OLD), list(OLD)
    for generation in range(30):
        parent, at = Donor(content, "parent"), generation % 3
        rows[at] = with_changed(rows[at], numbered(*range(generation, generation + rows[at].num_rows)))
        part = donor(rows[at].select(CHANGED))
        groups = [Group.copied(parent, i) for i in range(3)]
        groups[at] = groups[at].with_columns(part, 0)
        content = splice(parent, groups).to_pybytes()
    assert content == encoded(rows)
    assert read(pa.py_buffer(content)).equals(pa.concat_tables(rows))


def test_row_groups_may_come_in_any_order_many_times_or_not_at_all() -> None:
    old = donor(*OLD)
    assert read(splice(old, [Group.copied(old, at) for at in (2, 0, 0)])).equals(
        pa.concat_tables([OLD[2], OLD[0], OLD[0]])
    )
    assert read(splice(old, [])).equals(SCHEMA.empty_table())


def test_duckdb_skips_row_groups_by_statistics_and_bloom_filter(
    spliced: pa.Buffer, wanted: list[pa.Table], tmp_path: Path
) -> None:
    path = tmp_path / "spliced.parquet"
    path.write_bytes(spliced)
    for number in (0, 39, 100, 129, 500, 524, 777):
        name = f"id{number:04}"
        answer = asked(f"SELECT count(*), min(ratio) FROM '{path}' WHERE article_id = '{name}'")[0]
        there = pa.concat_tables(wanted).filter(pc.field("article_id") == name)
        assert answer == (there.num_rows, pc.min(there["ratio"]).as_py())
        excluded = asked(f"FROM parquet_bloom_probe('{path}', 'article_id', '{name}')")
        held = [name in group["article_id"].to_pylist() for group in wanted]
        assert all(not (here and out) for here, (_, _, out) in zip(held, excluded, strict=True))
        assert sum(out for _, _, out in excluded) >= 2
    bounds = f"SELECT stats_min_value, stats_max_value FROM parquet_metadata('{path}') WHERE column_id = 0"
    assert asked(bounds) == [
        tuple(bound(group["article_id"]).as_py() for bound in (pc.min, pc.max)) for group in wanted
    ]


def test_filters_find_the_same_rows_in_pyarrow_and_polars(
    spliced: pa.Buffer, wanted: list[pa.Table], tmp_path: Path
) -> None:
    path = tmp_path / "spliced.parquet"
    path.write_bytes(spliced)
    table = pa.concat_tables(wanted)
    for low, high in ((0.0, 3.0), (19.0, 55.0), (261.5, 261.5), (900.0, 901.0)):
        expected = table.filter((pc.field("ratio") >= low) & (pc.field("ratio") <= high))
        condition = (ds.field("ratio") >= low) & (ds.field("ratio") <= high)
        assert ds.dataset(path).to_table(filter=condition).equals(expected)
        lazy = pl.scan_parquet(path, use_statistics=True, parallel="prefiltered")
        found = lazy.filter(pl.col("ratio").is_between(low, high)).select("article_id").collect()
        assert found["article_id"].to_list() == expected["article_id"].to_pylist()


def sorting(content: pa.Buffer) -> set[tuple[pq.SortingColumn, ...]]:
    metadata = pq.ParquetFile(pa.BufferReader(content)).metadata
    return {metadata.row_group(at).sorting_columns for at in range(metadata.num_row_groups)}


def test_sorting_is_that_of_the_schemas_donor_or_as_the_caller_says(spliced: pa.Buffer) -> None:
    old = donor(*OLD)
    groups = [Group.copied(old, 0), Group.copied(old, 1)]
    assert sorting(spliced) == {(pq.SortingColumn(0),)}
    assert sorting(splice(old, groups, [])) == {()}
    assert sorting(splice(old, groups, [SortedBy(5, descending=True, nulls_first=True), SortedBy(1)])) == {
        (pq.SortingColumn(5, descending=True, nulls_first=True), pq.SortingColumn(1))
    }


def test_row_groups_have_an_ordinal_where_those_of_the_schemas_donor_have(tmp_path: Path) -> None:
    path = tmp_path / "polars.parquet"
    pl.from_arrow(numbered(*range(30)).select(["quality", "ratio"])).write_parquet(path, row_group_size=10)  # type: ignore[union-attr]
    source = Donor.mapped(path)
    content = splice(source, [Group.copied(source, at) for at in (2, 1)])
    again = Donor(content, "again")
    before, after = ([group.fields.get(7) for group in which.footer.row_groups] for which in (source, again))
    assert after == before[:2]
    assert read(content)["ratio"].to_pylist() == [n / 2 for n in (*range(20, 30), *range(10, 20))]


def test_large_chunks_are_not_copied_and_small_ones_make_one_piece() -> None:
    source = donor(
        pa.table({"a": pa.array([b"x" * 100_000, b"y" * 100_000]), "b": [1, 2], "c": [b"z" * 70_000] * 2}),
        compression="none",
        use_dictionary=False,
    )
    pieces = splicing.splice(source, [Group.copied(source, 0)])
    assert [piece.obj is source.file.obj for piece in pieces] == [False, True, False, True, False]
    assert b"".join(pieces) == bytes(source.file)


def test_a_schema_without_columns_is_spliced() -> None:
    bare = Donor(encoded_bare(), "bare")
    assert read(splice(bare, [])).num_columns == 0


def encoded_bare() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({}), sink)
    return bytes(sink.getvalue())


def like(**columns: pa.Array) -> Donor:
    return donor(pa.table(columns))


TEXTS, NUMBERS = pa.array(["a", "b"]), pa.array([1, 2])
LISTS, NARROW_LISTS = pa.array([[1], []]), pa.array([[1], []], pa.list_(pa.int32()))
REQUIRED = pa.table([NUMBERS], schema=pa.schema([pa.field("n", pa.int64(), nullable=False)]))


@pytest.mark.parametrize(
    ("wanted", "found", "message"),
    [
        (NUMBERS, pa.array([1, 2, 3]), "has 3 rows in donor.parquet, 2 are expected"),
        (NUMBERS, TEXTS, "not in donor.parquet what it is"),
        (NUMBERS, NUMBERS.cast(pa.timestamp("us")), "not in donor.parquet what it is"),
        (LISTS, NUMBERS, "not in donor.parquet what it is"),
        (LISTS, NARROW_LISTS, "not in donor.parquet what it is"),
        (NUMBERS, None, "not in donor.parquet what it is"),
    ],
    ids=["rows", "type", "logical type", "depth", "type below", "nullability"],
)
def test_a_donor_that_does_not_fit_is_refused(wanted: pa.Array, found: pa.Array | None, message: str) -> None:
    other = donor(REQUIRED) if found is None else like(n=found)
    with pytest.raises(AuditError, match=message):
        splice(like(n=wanted), [Group(2, {"n": Source(other, 0)})])


def test_a_row_group_has_the_columns_of_the_schema() -> None:
    one, two = like(n=pa.array([1])), like(n=pa.array([1]), m=pa.array([1]))
    for schema_of, group in ((one, Group.copied(two, 0)), (two, Group.copied(one, 0))):
        with pytest.raises(AuditError, match="differ in the columns m"):
            splice(schema_of, [group])
    three = like(o=pa.array([1]))
    with pytest.raises(AuditError, match="Column `n` is not in"):
        splice(one, [Group(1, {"n": Source(three, 0)})])


@pytest.mark.parametrize("row_group", [-1, 1])
def test_a_row_group_that_a_donor_has_not_is_refused(row_group: int) -> None:
    one = like(n=pa.array([1]))
    with pytest.raises(AuditError, match=f"no row group {row_group}"):
        Group.copied(one, row_group)
    with pytest.raises(AuditError, match=f"no row group {row_group}"):
        splice(one, [Group(1, {"n": Source(one, row_group)})])


def test_sorting_by_a_leaf_that_is_not_there_is_refused() -> None:
    one = like(n=pa.array([1]))
    with pytest.raises(AuditError, match="1 leaf columns"):
        splice(one, [Group.copied(one, 0)], [SortedBy(1)])


def test_more_row_groups_than_ordinals_are_refused() -> None:
    one = like(n=pa.array([1]))
    with pytest.raises(AuditError, match="32,769 row groups"):
        splice(one, [Group.copied(one, 0)] * 32_769)
