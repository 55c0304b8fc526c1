"""The key of a source file: one text that names it among all files of all sources."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def file_keys(table: pa.Table) -> pa.Array:
    """(n,) source name and path as one text each; neither can hold the NUL between them.

    Args:
        table: (n,) rows with `source` and `source_path`.
    """
    joined = pc.binary_join_element_wise(table["source"], table["source_path"], "\0")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined
