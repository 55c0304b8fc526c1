"""How many rows a group has, and dictionaries of values that recur."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.warehouse.parquet import ParquetOptions, parquet_bytes, rows_in_group


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


def test_values_that_recur_are_stored_once() -> None:
    entries = [{"title": f"Story {i}: {'x' * 1_000}"} for i in range(5)]
    content = parquet_bytes(pa.table({"related": [entries] * 1_000}), ParquetOptions())
    titles = pq.ParquetFile(pa.BufferReader(content)).metadata.row_group(0).column(0)
    assert titles.has_dictionary_page
    assert titles.total_uncompressed_size < 10_000
