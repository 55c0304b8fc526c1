"""Keys sort as what they stand for: files by source and path, records by time and id."""

from __future__ import annotations

import pyarrow as pa

from config.contract_types import TIMESTAMP
from tasks.arrow.keys import ID_RANGE, file_keys, positions


def test_keys_sort_like_source_then_path() -> None:
    files = [("a", "b"), ("a", "b/c"), ("a", "é"), ("a b", "a"), ("ab", "a")]
    table = pa.table({"source": [source for source, _ in files], "source_path": [path for _, path in files]})
    keys = file_keys(table).to_pylist()
    assert keys == sorted(keys)
    assert len(set(keys)) == len(files)


def test_positions_sort_like_second_then_id() -> None:
    times = [-1_500_000, -1, 0, 999_999, 1_000_000, 1_000_000]
    ids = ["ffff00", "000000", "000100", "000100", "0000ff", "000100"]
    records = pa.table({"published_at": pa.array(times, TIMESTAMP), "article_id": ids})
    assert positions(records).to_pylist() == [-ID_RANGE - 1, -ID_RANGE, 1, 1, ID_RANGE, ID_RANGE + 1]
