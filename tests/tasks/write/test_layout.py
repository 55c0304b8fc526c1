"""Which file a record lies in: by its time and its id, never by when it came."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from config.contract_types import TIMESTAMP
from tasks.tables.keys import ID_RANGE, positions
from tasks.tables.snapshots import DataFile
from tasks.write.layout import Layout, layout_of, next_layout, part_name, part_start

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


def rows_by_place(layout: Layout, rows: pa.Table) -> dict[str, int]:
    places = layout.places(rows)
    found = dict.fromkeys(places.dictionary.to_pylist(), 0)
    for place in places.to_pylist():
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
    assert Layout(partition_by).places(records(1)).to_pylist() == [expected]


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
    assert layout.places(rows).to_pylist() == [files[number] for number in expected]


def test_records_of_one_second_are_parted_by_their_ids() -> None:
    rows = records(200, apart=0)
    middle = at(rows, 0) // ID_RANGE * ID_RANGE + 0x8000
    layout = Layout("year", {YEAR: (middle,)})
    for article_id, place in zip(rows["article_id"].to_pylist(), layout.places(rows).to_pylist(), strict=True):
        assert place == f"{YEAR}/{'part-20250301T000000-8000' if article_id >= '8' else 'part-0'}.parquet"


def test_parts_of_several_partitions_do_not_mix() -> None:
    old, rows, new = records(10, 2024), records(10), records(10, 2026)
    layout = Layout("year", {YEAR: (at(rows, 4),), "published_year=2026": (at(new, 1), at(new, 2))})
    assert list(rows_by_place(layout, pa.concat_tables([new, old, rows])).values()) == [10, 4, 6, 1, 1, 8]


def test_only_places_that_occur_are_in_the_dictionary() -> None:
    rows = records(10)
    layout = Layout("year", {YEAR: (at(rows, 4), at(rows, 8)), "published_year=2026": (at(records(1, 2026), 0),)})
    assert layout.places(rows.slice(4, 2)).dictionary.to_pylist() == [f"{YEAR}/{part_name(at(rows, 4))}"]


def test_no_records_have_no_places() -> None:
    assert Layout("year").places(records(0)).to_pylist() == []
    assert Layout("year", {YEAR: (5,)}).places(records(0)).to_pylist() == []


def test_a_partition_is_split_at_the_row_limit() -> None:
    assert next_layout(Layout("year"), "year", records(8), max_rows=8).cuts == {}
    layout = next_layout(Layout("year"), "year", records(9), max_rows=8)
    assert sorted(rows_by_place(layout, records(9)).values()) == [4, 5]


def test_a_partition_is_split_at_the_limit_of_bytes() -> None:
    huge = records(3, size=100 * 1024 * 1024)
    layout = next_layout(Layout("year"), "year", huge, max_rows=50_000)
    assert list(rows_by_place(layout, huge).values()) == [1, 1, 1]


def test_cuts_stay_when_records_come() -> None:
    rows = records(16)
    before = next_layout(Layout("year"), "year", rows.slice(0, 9), max_rows=8)
    after = next_layout(before, "year", rows.slice(0, 11), max_rows=8)
    assert after.cuts == before.cuts
    later = next_layout(after, "year", rows, max_rows=8)
    # Only the last part has become too full.
    assert set(later.cuts[YEAR]) > set(before.cuts[YEAR])


def test_other_partitions_start_afresh() -> None:
    rows = records(9)
    before = Layout("month", {YEAR: tuple(at(rows, number) for number in range(1, 9))})
    assert len(next_layout(before, "year", rows, max_rows=8).cuts[YEAR]) == 1


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
    layout = next_layout(Layout(partition_by), partition_by, rows, max_rows=8)
    files = [file(place.rpartition("/")[2], place.rpartition("/")[0]) for place in rows_by_place(layout, rows)]
    assert layout_of(files, partition_by) == layout
    assert next_layout(layout, partition_by, rows, max_rows=8) == layout
