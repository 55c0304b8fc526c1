"""Which file a record lies in: by its time and its id, never by when it came."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from config.contract_types import TIMESTAMP
from tasks.tables.snapshots import DataFile
from tasks.write.layout import Layout, Place, layout_of, next_layout, place_of


def records(count: int, year: int = 2025, size: int = 100) -> pa.Table:
    ids = [hashlib.sha256(f"{year} {i}".encode()).hexdigest()[:32] for i in range(count)]
    times: list[Any] = [datetime(year, 3, 1, tzinfo=UTC)] * count
    return pa.table(
        {"article_id": pa.array(ids, pa.string()), "published_at": pa.array(times, TIMESTAMP), "size": [size] * count}
    )


def file(path: str, partition: str = "published_year=2025", table: str = "articles") -> DataFile:
    return DataFile(table, f"{table}/{partition}/{path}", partition, 1, 1, "sha256:")


@pytest.mark.parametrize(
    ("partition_by", "expected"),
    [
        ("year", "published_year=2025/part-0.parquet"),
        ("month", "published_month=2025-03/part-0.parquet"),
        ("none", "/part-0.parquet"),
    ],
)
def test_a_record_lies_in_the_partition_of_its_time(partition_by: str, expected: str) -> None:
    assert Layout(partition_by).places(records(1)).to_pylist() == [expected]


@pytest.mark.parametrize("partition_by", ["year", "month"])
def test_years_have_four_digits(partition_by: str) -> None:
    (name,) = Layout(partition_by).partitions(records(1, year=226)["published_at"]).to_pylist()
    assert "=0226" in name


def test_parts_are_ranges_of_ids() -> None:
    rows = records(200)
    places = Layout("year", {"published_year=2025": 4}).places(rows).to_pylist()
    for article_id, place in zip(rows["article_id"].to_pylist(), places, strict=True):
        assert place == f"published_year=2025/part-{int(article_id[0], 16) // 4}-of-4.parquet"


def test_no_records_have_no_places() -> None:
    assert Layout("year").places(records(0)).to_pylist() == []


def test_a_partition_is_split_at_the_row_limit() -> None:
    assert next_layout(Layout("year"), "year", records(8), max_rows=8).parts == {}
    assert next_layout(Layout("year"), "year", records(9), max_rows=8).parts == {"published_year=2025": 2}
    assert next_layout(Layout("year"), "year", records(33), max_rows=8).parts == {"published_year=2025": 8}


def test_a_partition_is_split_at_the_limit_of_bytes() -> None:
    huge = records(3, size=100 * 1024 * 1024)
    assert next_layout(Layout("year"), "year", huge, max_rows=50_000).parts == {"published_year=2025": 4}


def test_parts_are_joined_only_when_a_quarter_of_them_would_do() -> None:
    before = Layout("year", {"published_year=2025": 8})
    assert next_layout(before, "year", records(24), max_rows=8).parts == {"published_year=2025": 8}
    assert next_layout(before, "year", records(16), max_rows=8).parts == {"published_year=2025": 2}


def test_other_partitions_start_afresh() -> None:
    before = Layout("month", {"published_year=2025": 8})
    assert next_layout(before, "year", records(9), max_rows=8).parts == {"published_year=2025": 2}


def test_file_names_are_read_back() -> None:
    assert place_of(file("part-3-of-8.parquet")) == Place("published_year=2025", 3, 8)
    assert place_of(file("part-0.parquet")) == Place("published_year=2025", 0, 1)
    assert Place("", 3, 8).file_name == "part-3-of-8.parquet"
    assert Place("", 0, 1).file_name == "part-0.parquet"


def test_the_layout_of_a_snapshot_is_read_from_its_files() -> None:
    files = [
        file("part-0-of-2.parquet"),
        file("part-0.parquet", "published_year=2024"),
        file("part-1-of-4.parquet", "published_year=2023", "duplicates"),
        file("part-7-of-8.parquet", "published_year=2022", "sources"),
    ]
    assert layout_of(files, "year").parts == {"published_year=2025": 2, "published_year=2023": 4}
