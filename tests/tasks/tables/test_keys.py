"""The key of a file sorts as its source and path do."""

from __future__ import annotations

import pyarrow as pa

from tasks.tables.keys import file_keys, part_of


def test_keys_sort_like_source_then_path() -> None:
    files = [("a", "b"), ("a", "b/c"), ("a", "é"), ("a b", "a"), ("ab", "a")]
    table = pa.table({"source": [source for source, _ in files], "source_path": [path for _, path in files]})
    keys = file_keys(table).to_pylist()
    assert keys == sorted(keys)
    assert len(set(keys)) == len(files)


def test_parts_are_equal_ranges_of_ids() -> None:
    ids = pa.array(["0000aa", "3fffaa", "4000aa", "ffffaa"])
    assert part_of(ids, 1).to_pylist() == [0, 0, 0, 0]
    assert part_of(ids, 4).to_pylist() == [0, 0, 1, 3]
    assert part_of(ids, pa.array([1, 2, 2, 65_536])).to_pylist() == [0, 0, 0, 65_535]
