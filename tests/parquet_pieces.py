"""Small Parquet files with all that articles have: nested columns, page index, checksums, bloom filters.

Pages are tiny, so that every chunk has several; some columns give their dictionary up on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from tasks.tables import splice as splicing
from tasks.tables.donors import Donor, Group
from tasks.tables.parquet_footer import read_footer
from tasks.tables.thrift_compact import Struct
from tasks.tables.thrift_writer import write_struct

IMAGE = pa.struct(
    [("url", pa.string()), ("sizes", pa.list_(pa.struct([("width", pa.int32()), ("cached", pa.bool_())])))]
)
SCHEMA = pa.schema(
    [
        pa.field("article_id", pa.string(), nullable=False, metadata={"description": "Stable id."}),
        pa.field("topics", pa.list_(pa.string()), nullable=False),
        pa.field("images", pa.list_(IMAGE)),
        pa.field("published_at", pa.timestamp("us", "UTC"), metadata={"PARQUET:field_id": "7"}),
        pa.field("quality", pa.int16()),
        pa.field("ratio", pa.float64()),
        pa.field("is_published", pa.bool_()),
    ],
    metadata={"rules": "1"},
)

_texts = st.sampled_from(["", "a", "ä", "long " * 9, "b" * 70])
_sizes = st.fixed_dictionaries({"width": st.none() | st.integers(-9, 9), "cached": st.none() | st.booleans()})
_images = st.fixed_dictionaries(
    {"url": st.none() | _texts, "sizes": st.none() | st.lists(st.none() | _sizes, max_size=3)}
)
_rows = st.fixed_dictionaries(
    {
        "article_id": _texts,
        "topics": st.lists(st.none() | _texts, max_size=3),
        "images": st.none() | st.lists(st.none() | _images, max_size=2),
        "published_at": st.none() | st.integers(-(2**50), 2**50),
        "quality": st.none() | st.integers(-5, 5),
        "ratio": st.none() | st.floats(allow_nan=False),
        "is_published": st.none() | st.booleans(),
    }
)


def tables(rows: int) -> st.SearchStrategy[pa.Table]:
    """Tables with so many rows."""
    return st.lists(_rows, min_size=rows, max_size=rows).map(lambda found: pa.Table.from_pylist(found, schema=SCHEMA))


def numbered(*numbers: int) -> pa.Table:
    """A table with a row for every number, all columns made from it."""
    return pa.Table.from_pylist(
        [
            {
                "article_id": f"id{n:04}",
                "topics": [f"t{n % 3}"] * (n % 3),
                "images": [{"url": f"u{n}", "sizes": [{"width": n, "cached": True}]}] * (n % 2) if n % 5 else None,
                "published_at": n if n % 4 else None,
                "quality": n % 100,
                "ratio": n / 2,
                "is_published": bool(n % 2),
            }
            for n in numbers
        ],
        schema=SCHEMA,
    )


def encoded(groups: Sequence[pa.Table], **options: Any) -> bytes:
    """A Parquet file as pyarrow writes it, with a row group for every table."""
    schema = groups[0].schema
    named = "article_id" in schema.names
    usual = {
        "compression": "zstd",
        "write_page_index": True,
        "write_page_checksum": True,
        "data_page_size": 64,
        "write_batch_size": 2,
        "dictionary_pagesize_limit": 200,
        "sorting_columns": [pq.SortingColumn(0)] if named else None,
        "bloom_filter_options": {"article_id": {"ndv": 50, "fpp": 0.01}} if named else None,
    }
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, schema, **(usual | options)) as writer:
        for group in groups:
            writer.write_table(group, row_group_size=max(1, group.num_rows))
    return bytes(sink.getvalue())


def splice(schema_of: Donor, groups: Sequence[Group], sorting: Sequence[splicing.SortedBy] | None = None) -> pa.Buffer:
    """What `tasks.tables.splice` makes of row groups, in one piece."""
    return pa.py_buffer(b"".join(splicing.splice(schema_of, groups, sorting)))


def donor(*groups: pa.Table, name: str = "donor.parquet", **options: Any) -> Donor:
    """A file with a row group for every table, opened to copy from."""
    return Donor(encoded(groups, **options), name)


def edited(content: bytes, edit: Callable[[Struct], None]) -> bytes:
    """A Parquet file with another footer: `edit` changes its FileMetaData."""
    footer = read_footer(memoryview(content))
    edit(footer.fields)
    written = write_struct(footer.fields)
    return content[: footer.start] + written + len(written).to_bytes(4, "little") + b"PAR1"
