"""Batches hold every file once, within their limits, and barely move when a file comes or goes."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.arrow.schemas import LISTING
from tasks.discover.batches import fingerprint, make_batches
from tasks.discover.listing import listing_table


def files(sizes: list[int], prefix: str = "article") -> pa.Table:
    time = datetime(2024, 1, 1, tzinfo=UTC)
    paths = [f"{prefix}-{number:05}.md" for number in range(len(sizes))]
    return listing_table("s", paths, size=sizes, modified_at=[time] * len(sizes))


def without(table: pa.Table, row: int) -> pa.Table:
    return pa.concat_tables([table.slice(0, row), table.slice(row + 1)])


@given(st.lists(st.integers(0, 300)), st.integers(1, 1000), st.integers(1, 9))
def test_every_file_once_in_order_within_the_limits(sizes: list[int], batch_bytes: int, batch_files: int) -> None:
    table = files(sizes)
    batches = make_batches(table, batch_bytes, batch_files)
    assert pa.concat_tables([LISTING.empty_table(), *batches]).equals(table)
    for batch in batches:
        assert 1 <= batch.num_rows <= batch_files
        assert batch.num_rows == 1 or sum(batch["size"].to_pylist()) <= batch_bytes


@given(st.lists(st.integers(1, 100), min_size=200, max_size=300))
def test_all_but_the_last_are_half_full(sizes: list[int]) -> None:
    batches = make_batches(files(sizes), 1000)
    assert all(sum(batch["size"].to_pylist()) > 1000 // 2 - 100 for batch in batches[:-1])


def test_small_files_are_one_batch_and_none_are_none() -> None:
    assert len(make_batches(files([10] * 50))) == 1
    assert len(make_batches(files([10] * 50), 600)) == 1
    assert make_batches(files([])) == []


@pytest.mark.parametrize("row", [0, 1000, 2500])
@pytest.mark.parametrize("size", [30, 300, 3000])
def test_one_file_less_leaves_most_batches_as_they_were(row: int, size: int) -> None:
    table = files([size + number % 7 for number in range(5000)])
    whole = {fingerprint(batch, "") for batch in make_batches(table, 30_000)}
    fewer = [fingerprint(batch, "") for batch in make_batches(without(table, row), 30_000)]
    moved = [name for name in fewer if name not in whole]
    assert 1 <= len(moved) <= 8


def test_fingerprint_is_that_of_the_documented_text() -> None:
    text = (
        '["contract 1",["s","s"],["\\u00e9-00000.md","\\u00e9-00001.md"],[1,2],'
        "[1704067200000000,1704067200000000],[null,null],[null,null],[null,null]]"
    )
    assert fingerprint(files([1, 2], prefix="é"), "contract 1") == hashlib.sha256(text.encode()).hexdigest()


def test_fingerprint_ignores_the_layout_in_memory() -> None:
    table = files([1, 2, 3, 4])
    chunked = pa.concat_tables([table.slice(1, 1), table.slice(2, 2)]).append_column("more", pa.array([1, 2, 3]))
    assert fingerprint(table.slice(1), "") == fingerprint(chunked, "")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("source", "t"),
        ("source_path", "other\n.md"),
        ("size", 7),
        ("modified_at", None),
        ("modified_at", datetime(2024, 1, 1, microsecond=1, tzinfo=UTC)),
        ("changed_at", datetime(2024, 1, 1, tzinfo=UTC)),
        ("inode", 1),
        ("etag", ""),
    ],
)
def test_fingerprint_sees_every_column(column: str, value: object) -> None:
    table = files([1])
    other = pa.Table.from_pylist([table.to_pylist()[0] | {column: value}], LISTING)
    assert fingerprint(other, "") != fingerprint(table, "")


def test_fingerprint_sees_the_salt_and_the_order() -> None:
    table = files([1, 1])
    assert fingerprint(table, "a") != fingerprint(table, "b")
    assert fingerprint(table, "") != fingerprint(table.take([1, 0]), "")
