"""One Delta table: where it is, opening it at a version, and the files that it lists.

Belongs here: what needs deltalake's reader, which is an extra, and telling URLs from folders. Does not
belong here: which versions belong together (`delta`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from config.errors import SettingsError, WarehouseError
from tasks.tables.snapshots import DataFile

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from pyarrow import fs

#: One slash is what a path makes of two.
URL: Final = re.compile(r"(s3|gs|abfss?):/{1,2}(?=[^/])")


def is_url(location: str) -> bool:
    """Whether a warehouse is on an object store."""
    return URL.match(location) is not None


def absolute_place(location: str) -> str:
    """A warehouse's folder or URL as it means the same in any working folder."""
    return URL.sub(r"\1://", location) if is_url(location) else str(Path(location).absolute())


@lru_cache(maxsize=4)
def filesystem_of(url: str) -> tuple[fs.FileSystem, str]:
    """The file system of a URL, and the path in it.

    Raises:
        WarehouseError: the URL or the credentials are wrong.
    """
    from pyarrow import fs  # noqa: PLC0415  (most warehouses are folders)

    try:
        found: tuple[fs.FileSystem, str] = fs.FileSystem.from_uri(url)
    except (pa.ArrowException, OSError) as error:
        raise WarehouseError(f"Could not open {url}: {error}.", "See to the URL and the AWS_… variables.") from error
    return found


def table_uri(location: str, table: str) -> str:
    """The folder or URL of a table."""
    return f"{location}/{table}" if is_url(location) else str((Path(location) / table).absolute())


def open_table(location: str, table: str, version: int | None = None) -> DeltaTable | None:
    """A Delta table at a version, or as it is now; None where there is none.

    Raises:
        SettingsError: deltalake is not installed.
        WarehouseError: its log is damaged, or needs a newer reader.
    """
    delta = deltalake()
    try:
        found: DeltaTable = delta.DeltaTable(table_uri(location, table), version=version)
    except delta.exceptions.TableNotFoundError:
        return None
    except (delta.exceptions.DeltaError, OSError) as error:
        raise WarehouseError(f"The Delta table {table_uri(location, table)} cannot be read: {error}.") from error
    if found.protocol().min_reader_version > 1:
        raise WarehouseError(
            f"{table_uri(location, table)} was given features that presslake does not use (deletion vectors, "
            "renamed columns or others).",
            "Load the sources into a new warehouse.",
        )
    return found


def deltalake() -> Any:
    """The library, imported when it is first needed: it is an extra, and takes a while.

    Raises:
        SettingsError: it is not installed.
    """
    try:
        import deltalake  # noqa: PLC0415
        import deltalake.exceptions  # noqa: PLC0415
    except ImportError:
        raise SettingsError(
            "warehouse.format is delta, and deltalake is not installed.",
            "Install it: pip install 'presslake[delta]'.",
        ) from None
    return deltalake


def listed_files(table: str, found: DeltaTable) -> list[DataFile]:
    """The files of a table at its version, by path; their names are their digests, as none ever changes."""
    actions = pa.table(found.get_add_actions())
    rows = actions.select(["path", "num_records", "size_bytes"]).to_pylist()
    return sorted((_data_file(table, row) for row in rows), key=lambda file: file.path)


def _data_file(table: str, row: Mapping[str, Any]) -> DataFile:
    path = f"{table}/{row['path']}"
    partition = row["path"].rpartition("/")[0]
    return DataFile(table, path, partition, row["num_records"], row["size_bytes"], f"name:{path}")
