"""Which columns of a file get a dictionary, and how many rows a group has."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.warehouse.parquet import ParquetOptions, parquet_bytes, recurring_leaves, rows_in_group


def table(rows: int = 300) -> pa.Table:
    """Articles of three outlets with two of five related entries each."""
    entries = [{"title": f"Story {i}", "tags": [f"tag {i % 2}"]} for i in range(5)]
    return pa.table(
        {
            "article_id": [f"id {i}" for i in range(rows)],
            "outlet": [f"outlet {i % 3}" for i in range(rows)],
            "related": [[entries[i % 5], entries[(i + 1) % 5]] for i in range(rows)],
            "shingles": [[2 * i, 2 * i + 1] for i in range(rows)],
            "note": pa.nulls(rows, pa.string()),
        }
    )


def test_only_columns_whose_values_recur_get_a_dictionary() -> None:
    assert recurring_leaves(table()) == [
        "outlet",
        "related.list.element.title",
        "related.list.element.tags.list.element",
        "note",
    ]


def test_the_writer_knows_the_leaves_by_these_names() -> None:
    group = pq.ParquetFile(pa.BufferReader(parquet_bytes(table(), ParquetOptions()))).metadata.row_group(0)
    chunks = [group.column(i) for i in range(group.num_columns)]
    with_dictionary = {chunk.path_in_schema for chunk in chunks if chunk.has_dictionary_page}
    assert with_dictionary >= {"outlet", "related.list.element.title", "related.list.element.tags.list.element"}
    assert with_dictionary.isdisjoint({"article_id", "shingles.list.element"})


def test_who_knows_which_columns_get_a_dictionary_is_asked_for_nothing_else() -> None:
    content = parquet_bytes(table(), ParquetOptions(), dictionaries=["article_id", "shingles.list.element", "other"])
    group = pq.ParquetFile(pa.BufferReader(content)).metadata.row_group(0)
    chunks = [group.column(i) for i in range(group.num_columns)]
    found = [chunk.path_in_schema for chunk in chunks if chunk.has_dictionary_page]
    assert found == ["article_id", "shingles.list.element"]


def test_chunks_and_slices_make_no_difference() -> None:
    whole = table()
    pieces = pa.concat_tables([whole.slice(0, 7), whole.slice(7)])
    assert recurring_leaves(pieces) == recurring_leaves(whole)
    assert recurring_leaves(table(600).slice(300)) == recurring_leaves(whole)


def test_a_table_without_rows_has_nothing_to_save() -> None:
    assert recurring_leaves(table(1).slice(1)) == [
        "article_id",
        "outlet",
        "related.list.element.title",
        "related.list.element.tags.list.element",
        "shingles.list.element",
        "note",
    ]


def test_groups_are_bounded_by_rows_and_by_bytes() -> None:
    rows = pa.table({"text": ["x" * 1_000] * 100})
    assert rows_in_group(rows, most_rows=1_000, most_bytes=rows.nbytes) == 100
    assert rows_in_group(rows, most_rows=10, most_bytes=rows.nbytes) == 10
    assert 45 < rows_in_group(rows, most_rows=1_000, most_bytes=rows.nbytes // 2) <= 50
    assert rows_in_group(rows, most_rows=1_000, most_bytes=1) == 1
    assert rows_in_group(rows.slice(0, 0), most_rows=1_000, most_bytes=1_000) >= 1


def test_large_tables_have_several_groups() -> None:
    rows = pa.table({"text": [f"{i} {'x' * 1_000}" for i in range(100)]})
    content = parquet_bytes(rows, ParquetOptions(row_group_bytes=rows.nbytes // 3))
    file = pq.ParquetFile(pa.BufferReader(content))
    assert file.num_row_groups == 4
    assert file.read().equals(rows)
