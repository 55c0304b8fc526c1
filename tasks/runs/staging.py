"""Arrow files that stages hand each other.

Belongs here: writing a file so that it is there whole or not at all, and reading it back without a copy. Does not
belong here: the columns of the files (`tasks.arrow.schemas`), and the published tables (`tasks.warehouse`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa

#: Bytes of source files behind one file of a table at most: about what a process holds of it as Arrow.
PART_BYTES: Final = 128 * 1024 * 1024

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
    with (
        _replacing(path) as partial,
        pa.output_stream(str(partial), buffer_size=_BUFFERED) as sink,
        pa.ipc.new_file(sink, table.schema) as writer,
    ):
        writer.write_table(table)


def read_arrow(path: Path) -> pa.Table:
    """Map an Arrow IPC file into memory: columns and rows that are not looked at are not read from disk.

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
