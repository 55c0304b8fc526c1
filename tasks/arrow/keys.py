"""Keys: the text that names a source file among all files of all sources, and where a record stands in time."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.columns import period_starts, whole

#: How many hexadecimal digits of an id a position has, and how many of them there are.
ID_DIGITS: Final = 4
ID_RANGE: Final = 16**ID_DIGITS
#: The second of records without a time: after all others.
NO_TIME: Final = 1 << 46
#: The year or month of their partition; readers of Hive partitions take it for null.
NULL_PARTITION: Final = "__HIVE_DEFAULT_PARTITION__"


def file_keys(table: pa.Table) -> pa.Array:
    """(n,) source name and path as one text each; neither can hold the NUL between them.

    Args:
        table: (n,) rows with `source` and `source_path`.
    """
    joined = pc.binary_join_element_wise(table["source"], table["source_path"], "\0")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def positions(records: pa.Table) -> pa.Int64Array:
    """(n,) where each record stands in the order of time and id: its second since 1970, then its id's first digits.

    Args:
        records: (n,) with `published_at` and `article_id` (hexadecimal, of four digits at least).

    Returns:
        The second times `ID_RANGE`, plus the first `ID_DIGITS` digits of the id. Records of one second whose
        ids begin alike have one position.
    """
    seconds = period_starts(records["published_at"], "second").cast(pa.timestamp("s")).cast(pa.int64())
    digits = pc.utf8_slice_codeunits(whole(records["article_id"]), 0, ID_DIGITS)
    first = pc.binary_join_element_wise("0x", digits, "").cast(pa.int64())
    return pc.add(pc.multiply(pc.fill_null(seconds, NO_TIME), ID_RANGE), first)
