"""Arrow files that stages hand each other, and the schemas that more than one stage knows.

Belongs here: writing a file so that it is there whole or not at all, reading it back without a
copy, and the columns that travel beside an article's own. Does not belong here: the published
tables (`warehouse`, `parquet`).
"""

from __future__ import annotations

import shutil
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa

from config.contract_types import TIMESTAMP

#: Bytes of source files behind one file of a table at most: about what a process holds of it as Arrow.
PART_BYTES: Final = 128 * 1024 * 1024
#: Of a staged file at most 2 to this power.
_MOST_PARTS: Final = 6
#: Rows in a record batch of the manifest, and in a file of `sources` at most: about 100 MB in memory.
MANIFEST_ROWS: Final = 131_072
#: Where the schema of a batch's list of files says what `parts_expected` said of all files of the run.
PARTS: Final = b"parts"
#: Where a file's schema says which rows its record batches begin with.
_STARTS: Final = b"starts"

#: Bytes of small columns that are written to a file at once.
_BUFFERED: Final = 1 << 16

#: What a source's listing says of a file; every staged row starts with it.
LISTING_FIELDS: Final = [
    pa.field("source", pa.string()),
    pa.field("source_path", pa.string()),
    pa.field("size", pa.int64()),
    pa.field("modified_at", TIMESTAMP),
    pa.field("changed_at", TIMESTAMP),
    pa.field("inode", pa.uint64()),
    pa.field("etag", pa.string()),
]
#: One row a file. `source_path` is relative to the source's root with `/` between the parts, `size` is in bytes,
#: `changed_at` is the ctime. A column is null where the kind of source has no such thing; `modified_at` and
#: `changed_at` also where the time is not one that Arrow can hold.
LISTING: Final = pa.schema(LISTING_FIELDS)

#: A finding of a batch: `row` counts from 0 in the batch, `path` is the field's path as JSON.
FINDINGS: Final = pa.schema(
    [
        ("row", pa.int32()),
        ("path", pa.string()),
        ("code", pa.string()),
        ("field", pa.string()),
        ("severity", pa.string()),
        ("message", pa.string()),
        ("value", pa.string()),
        ("line", pa.int32()),
        ("column", pa.int32()),
    ]
)

#: What deduplication knows of a record; these columns stand in the manifest too.
KEY_FIELDS: Final = [
    pa.field("article_id", pa.string()),
    pa.field("alias_ids", pa.list_(pa.string())),
    pa.field("content_key", pa.string()),
    pa.field("title_words", pa.string()),
    pa.field("outlet", pa.string()),
    pa.field("shingles", pa.list_(pa.int64())),
    pa.field("published_at", TIMESTAMP),
    pa.field("updated_at", TIMESTAMP),
    pa.field("is_published", pa.bool_()),
    pa.field("quality", pa.int32()),
    pa.field("completeness", pa.int32()),
]

#: One row a file of a batch, as the validate stage leaves it: the manifest's next rows.
#: `status` is `record`, `removed`, `quarantined`, `ignored`, `touched` (same bytes) or `gone`.
FILES: Final = pa.schema(
    [
        *LISTING_FIELDS,
        pa.field("source_hash", pa.string()),
        pa.field("status", pa.string()),
        pa.field("violations", pa.list_(pa.string())),
        *KEY_FIELDS,
    ]
)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A temporary name for a file, which is moved into its place once it is written."""
    partial = path.with_name(f"{path.name}.partial")
    yield partial
    partial.replace(path)


def write_arrow(path: Path, table: pa.Table) -> None:
    """Write an Arrow IPC file under a temporary name and move it into place."""
    _write_batches(path, table.schema, [table])


def write_arrow_in_parts(path: Path, table: pa.Table, starts: Sequence[int]) -> None:
    """As `write_arrow`, in record batches of which `read_rows` reads single ones.

    Args:
        path: the file.
        table: (n,) rows.
        starts: the first row of each record batch, ascending from 0; none where there is no row.
    """
    bounds = [*starts, len(table)]
    table = table.replace_schema_metadata({_STARTS: msgspec.json.encode(bounds)})
    parts = (table.slice(start, stop - start).combine_chunks() for start, stop in pairwise(bounds))
    _write_batches(path, table.schema, parts)


def _write_batches(path: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
    with (
        _replacing(path) as partial,
        pa.output_stream(str(partial), buffer_size=_BUFFERED) as sink,
        pa.ipc.new_file(sink, schema) as writer,
    ):
        for table in tables:
            writer.write_table(table)


def read_rows(path: Path, start: int, stop: int) -> pa.Table:
    """Some rows of a file of `write_arrow_in_parts`; of other record batches nothing is touched.

    Args:
        path: the file.
        start, stop: the rows, at least one.

    Raises:
        OSError: the file is gone.
        pa.ArrowInvalid: it is not a whole Arrow file.
    """
    with pa.memory_map(str(path), "rb") as source:
        reader = pa.ipc.open_file(source)
        starts = msgspec.json.decode(reader.schema.metadata[_STARTS], type=list[int])
        first, last = bisect_right(starts, start) - 1, bisect_left(starts, stop)
        batches = [reader.get_batch(number) for number in range(first, last)]
    return pa.Table.from_batches(batches).slice(start - starts[first], stop - start).replace_schema_metadata(None)


def parts_expected(size: int) -> int:
    """Into how many parts a year is likely to be split: a power of two, 1 for what fits one file.

    That the records lie in some years is a guess. With too few parts more is read than need be.

    Args:
        size: bytes of all source files.
    """
    return 1 << min(max(size // (4 * PART_BYTES), 1).bit_length() - 1, _MOST_PARTS)


def read_arrow(path: Path) -> pa.Table:
    """Map an Arrow IPC file into memory: columns that nobody looks at are not read from disk.

    Raises:
        OSError: the file is gone.
        pa.ArrowInvalid: it is not a whole Arrow file.
    """
    with pa.memory_map(str(path), "rb") as source:
        return pa.ipc.open_file(source).read_all()


def write_json(path: Path, value: Any) -> None:
    """Write a small JSON file under a temporary name and move it into place."""
    with _replacing(path) as partial:
        partial.write_bytes(msgspec.json.encode(value))


def read_json(path: Path) -> Any:
    """Read a small JSON file."""
    return msgspec.json.decode(path.read_bytes())


def fresh_folder(path: Path) -> Path:
    """Make `path` an empty folder."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path
