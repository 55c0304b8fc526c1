"""Keys: the text that names a source file among all files of all sources, and the part that an id falls into."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.columns import whole


def file_keys(table: pa.Table) -> pa.Array:
    """(n,) source name and path as one text each; neither can hold the NUL between them.

    Args:
        table: (n,) rows with `source` and `source_path`.
    """
    joined = pc.binary_join_element_wise(table["source"], table["source_path"], "\0")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def part_of(ids: pa.Array | pa.ChunkedArray, parts: pa.Array | int) -> pa.Array:
    """(n,) int64, which of so many equal ranges of ids each one is in, from 0.

    Args:
        ids: (n,) hexadecimal, of four digits at least.
        parts: the number of ranges, or one for each id; powers of two up to 65,536.
    """
    digits = pc.utf8_slice_codeunits(whole(ids), 0, 4)
    first = pc.binary_join_element_wise("0x", digits, "").cast(pa.int64())
    return pc.shift_right(pc.multiply(first, parts), 16)
