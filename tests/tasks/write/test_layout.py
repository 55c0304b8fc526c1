"""Which file a record lies in: by its time and its id, never by when it came."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.contract_types import TIMESTAMP
from tasks.arrow.keys import ID_RANGE, positions
from tasks.warehouse.snapshots import DataFile
from tasks.write.layout import Layout, layout_for, layout_of, part_name, part_start

YEAR = "published_year=2025"


def records(count: int, year: int = 2025, size: int = 100, apart: int = 3_600) -> pa.Table:
    """Records published so many seconds after one another."""
    ids = [hashlib.sha256(f"{year} {i}".encode()).hexdigest()[:32] for i in range(count)]
    times: list[Any] = [datetime(year, 3, 1, tzinfo=UTC) + timedelta(seconds=i * apart) for i in range(count)]
    return pa.table(
        {"article_id": pa.array(ids, pa.string()), "published_at": pa.array(times, TIMESTAMP), "size": [size] * count}
    )


def at(rows: pa.Table, number: int) -> int:
    position: int = positions(rows)[number].as_py()
    return position


def rows_by_file(layout: Layout, rows: pa.Table) -> dict[str, int]:
    files = layout.files(rows)
    found = dict.fromkeys(files.dictionary.to_pylist(), 0)
    for place in files.to_pylist():
        found[place] += 1
    return dict(sorted(found.items()))


def file(path: str, partition: str = YEAR, table: str = "articles") -> DataFile:
    return DataFile(table, f"{table}/{partition}/{path}", partition, 1, 1, "sha256:")


@pytest.mark.parametrize(
    ("partition_by", "expected"),
    [
        ("year", f"{YEAR}/part-0.parquet"),
        ("month", "published_month=2025-03/part-0.parquet"),
        ("none", "/part-0.parquet"),
    ],
)
def test_a_record_lies_in_the_partition_of_its_time(partition_by: str, expected: str) -> None:
    assert Layout(partition_by).files(records(1)).to_pylist() == [expected]


@pytest.mark.parametrize("partition_by", ["year", "month"])
def test_years_have_four_digits(partition_by: str) -> None:
    (name,) = Layout(partition_by).partitions(records(1, year=226)["published_at"]).to_pylist()
    assert "=0226" in name


@pytest.mark.parametrize(("partition_by", "name"), [("year", YEAR), ("month", "published_month=2025-03"), ("none", "")])
def test_parts_are_ranges_of_time(partition_by: str, name: str) -> None:
    rows = records(200)
    layout = Layout(partition_by, {name: (at(rows, 50), at(rows, 120))})
    expected = [0] * 50 + [1] * 70 + [2] * 80
    files = [f"{name}/{part}" for part in ("part-0.parquet", *map(part_name, layout.cuts[name]))]
    assert layout.files(rows).to_pylist() == [files[number] for number in expected]


def test_records_of_one_second_are_parted_by_their_ids() -> None:
    rows = records(200, apart=0)
    middle = at(rows, 0) // ID_RANGE * ID_RANGE + 0x8000
    layout = Layout("year", {YEAR: (middle,)})
    for article_id, place in zip(rows["article_id"].to_pylist(), layout.files(rows).to_pylist(), strict=True):
        assert place == f"{YEAR}/{'part-20250301T000000-8000' if article_id >= '8' else 'part-0'}.parquet"


def test_parts_of_several_partitions_do_not_mix() -> None:
    old, rows, new = records(10, 2024), records(10), records(10, 2026)
    layout = Layout("year", {YEAR: (at(rows, 4),), "published_year=2026": (at(new, 1), at(new, 2))})
    assert list(rows_by_file(layout, pa.concat_tables([new, old, rows])).values()) == [10, 4, 6, 1, 1, 8]


def test_only_places_that_occur_are_in_the_dictionary() -> None:
    rows = records(10)
    layout = Layout("year", {YEAR: (at(rows, 4), at(rows, 8)), "published_year=2026": (at(records(1, 2026), 0),)})
    assert layout.files(rows.slice(4, 2)).dictionary.to_pylist() == [f"{YEAR}/{part_name(at(rows, 4))}"]


def test_no_records_have_no_places() -> None:
    assert Layout("year").files(records(0)).to_pylist() == []
    assert Layout("year", {YEAR: (5,)}).files(records(0)).to_pylist() == []


def test_a_partition_that_one_file_holds_is_not_cut() -> None:
    assert layout_for(records(12), "year", rows_per_file=9).cuts == {}


def test_a_partition_is_split_at_the_limit_of_bytes() -> None:
    huge = records(3, size=100 * 1024 * 1024)
    assert list(rows_by_file(layout_for(huge, "year", 1_000), huge).values()) == [1, 1, 1]


def test_files_have_about_as_many_rows_as_asked_for_and_tables_at_most_some_256_files() -> None:
    for count, rows_per_file, average in ((400, 20, 20), (12_000, 12, 48)):
        rows = records(count, apart=60)
        found = list(rows_by_file(layout_for(rows, "year", rows_per_file), rows).values())
        assert sum(found) == count
        assert max(found) <= average * 4 // 3
        assert 0.75 * average <= count / len(found) <= 1.4 * average


@given(st.sets(st.integers(0, 299), max_size=4), st.sets(st.integers(0, 299), max_size=4))
def test_what_comes_and_goes_moves_the_ends_of_few_files(gone: set[int], late: set[int]) -> None:
    rows = records(300)
    before, after = (rows.take([i for i in range(300) if i not in out]) for out in (late, gone))
    cuts = [set(layout_for(table, "year", 20).cuts[YEAR]) for table in (before, after)]
    assert len(cuts[0] ^ cuts[1]) <= 6 * len(gone ^ late)


def test_records_of_one_position_stay_together() -> None:
    rows = pa.table(
        {
            "article_id": [f"3fa2{i:028x}" for i in range(50)],
            "published_at": records(50, apart=0)["published_at"],
            "size": [1] * 50,
        }
    )
    assert layout_for(rows, "year", 5).cuts == {YEAR: ()}


def test_records_without_a_time_are_hives_null_partition() -> None:
    undated = records(40).set_column(1, "published_at", pa.nulls(40, TIMESTAMP))
    rows = pa.concat_tables([records(3), undated])
    layout = layout_for(rows, "year", 9)
    files = list(rows_by_file(layout, rows))
    assert {name.rpartition("/")[0] for name in files} == {YEAR, "published_year=__HIVE_DEFAULT_PARTITION__"}
    assert len(files) > 3
    assert layout_of([file(*name.rpartition("/")[::-2]) for name in files], "year").cuts == layout.cuts


@pytest.mark.parametrize("moment", [datetime(2025, 3, 5, 10, 15, 0, tzinfo=UTC), datetime(226, 1, 2, tzinfo=UTC)])
def test_file_names_are_read_back(moment: datetime) -> None:
    rows = pa.table({"article_id": ["3fa2" + "0" * 28], "published_at": pa.array([moment], TIMESTAMP)})
    name = part_name(at(rows, 0))
    assert name == f"part-{moment.year:04d}{moment:%m%dT%H%M%S}-3fa2.parquet"
    assert part_start(f"articles/{YEAR}/{name}") == at(rows, 0)
    assert part_start(f"articles/{YEAR}/part-0.parquet") is None


def test_the_layout_of_a_snapshot_is_read_from_its_files() -> None:
    first, second = part_name(at(records(1), 0)), part_name(at(records(2), 1))
    files = [
        file("part-0.parquet"),
        file(second),
        file("part-0.parquet", "published_year=2024"),
        file(first, table="duplicates"),
        file(second, table="duplicates"),
        file(first, "published_year=2022", "sources"),
    ]
    assert layout_of(files, "year").cuts == {YEAR: (at(records(1), 0), at(records(2), 1))}


@pytest.mark.parametrize("partition_by", ["year", "month", "none"])
def test_a_layout_is_what_the_names_of_its_files_say(partition_by: str) -> None:
    rows = pa.concat_tables([records(40, 2024), records(40)])
    layout = layout_for(rows, partition_by, rows_per_file=8)
    files = [file(name.rpartition("/")[2], name.rpartition("/")[0]) for name in rows_by_file(layout, rows)]
    assert layout_of(files, partition_by) == layout
