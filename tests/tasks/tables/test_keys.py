"""The key of a file sorts as its source and path do."""

from __future__ import annotations

import pyarrow as pa

from tasks.tables.keys import file_keys


def test_keys_sort_like_source_then_path() -> None:
    files = [("a", "b"), ("a", "b/c"), ("a", "é"), ("a b", "a"), ("ab", "a")]
    table = pa.table({"source": [source for source, _ in files], "source_path": [path for _, path in files]})
    keys = file_keys(table).to_pylist()
    assert keys == sorted(keys)
    assert len(set(keys)) == len(files)
