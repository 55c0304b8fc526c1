"""Arrow files that stages hand each other.

Belongs here: writing a file so that it is there whole or not at all, and reading it back without a copy. Does not
belong here: the columns of the files (`tasks.arrow.schemas`), and the published tables (`tasks.warehouse`).
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

#: Bytes of source files behind one file of a table at most: about what a process holds of it as Arrow.
PART_BYTES: Final = 128 * 1024 * 1024
#: Of a staged file at most 2 to this power.
_MOST_PARTS: Final = 6
#: Rows in a record batch of the staged manifest: about 100 MB in memory.
MANIFEST_ROWS: Final = 131_072
#: Where the schema of a batch's list of files says what `parts_expected` said of all files of the run.
PARTS: Final = b"parts"
#: Where a file's schema says which rows its record batches begin with.
_STARTS: Final = b"starts"

#: Bytes of small columns that are written to a file at once.
_BUFFERED: Final = 1 << 16


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
