"""A Delta Lake warehouse: a table a folder, and a pointer that says which versions belong together.

Belongs here: the layout, finding the versions to read, and reading the tables of one of them. One
table by itself is `delta_table`'s.
Does not belong here: anything that changes the warehouse (`tasks.write.delta`,
`tasks.write.delta_upkeep`).

    WAREHOUSE/articles/_delta_log/…, …             a Delta table each, read by any Delta reader
    WAREHOUSE/_presslake/current.json              the pointer: the version of each table, and its files
    WAREHOUSE/_presslake/runs/000042.json          earlier pointers, as they were
    WAREHOUSE/staging, lock, journal.jsonl         as in a Parquet warehouse, always in a local folder

WAREHOUSE is a folder or a URL. A reader that wants all tables from one run reads the versions that one
`current.json` names. Files of Delta tables are never changed, only added; so what a pointer lists can
be read as it was for as long as maintenance keeps it.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.errors import WarehouseError
from tasks.tables.blobs import Blob, Blobs, FolderBlobs, ObjectBlobs
from tasks.tables.delta_table import URL, filesystem_of, is_url, open_table, table_uri
from tasks.tables.durable import storage_errors
from tasks.tables.portable import plain_schema
from tasks.tables.snapshots import LAYOUT, Snapshot, SnapshotInfo
from tasks.tables.warehouse import DELTA_STATE, Warehouse

if TYPE_CHECKING:
    from pyarrow import fs

#: The pointer and its history, below `DELTA_STATE`.
POINTER: Final = "current.json"
HISTORY: Final = "runs"
_ENTRY: Final = re.compile(r"(\d{6,})\.json")


class DeltaInfo(SnapshotInfo, frozen=True):
    """What `current.json` says: as `snapshot.json`, with paths below the warehouse, and `versions`.

    Attributes:
        versions: table to the Delta version that has these files.
    """

    versions: dict[str, int] = msgspec.field(default_factory=dict)


class DeltaSnapshot(Snapshot, frozen=True):
    """All tables at the versions of one pointer.

    Attributes:
        info: what the pointer said.
        location: the warehouse's folder or URL.
    """

    info: DeltaInfo
    location: str

    @property
    def filesystem(self) -> fs.FileSystem | None:
        """Where `path` is."""
        return filesystem_of(self.location)[0] if is_url(self.location) else None

    def tables(self) -> list[str]:
        """The names of its tables, sorted; a table without rows has no file."""
        return sorted(self.info.versions)

    def read(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        filters: pc.Expression | None = None,
        schema: pa.Schema | None = None,
        *,
        partitions: Collection[str] | None = None,
        hive: bool = False,
    ) -> pa.Table:
        """Read a table; rows are picked afterwards, since pyarrow compares no view types with statistics."""
        rows = super().read(table, columns, None, schema, partitions=partitions, hive=hive)
        return rows if filters is None else rows.filter(filters)

    def schema(self, table: str, *, hive: bool = False) -> pa.Schema:
        """The columns of a table as the Delta log has them, those of the partitions only with `hive`.

        Raises:
            WarehouseError: no such table, or its log is damaged.
        """
        version = self.info.versions.get(table)
        found = None if version is None else open_table(self.location, table, version)
        if found is None:
            raise WarehouseError(f"Snapshot {self.number} has no table `{table}`.")
        aside = [] if hive else found.metadata().partition_columns
        schema = plain_schema(pa.schema(found.schema().to_arrow()))
        return pa.schema([field for field in schema if field.name not in aside], schema.metadata)

    def _empty(
        self, table: str, columns: Sequence[str] | None, schema: pa.Schema | None, *, hive: bool = False
    ) -> pa.Table:
        """No file is to be read: the Delta log knows what rows would look like."""
        if schema is None and table in self.info.versions and not self.files(table):
            schema = self.schema(table, hive=hive)
        return super()._empty(table, columns, schema, hive=hive)

    def uris(self) -> dict[str, str]:
        """Where each table is, as a reader of Delta names it."""
        return {table: table_uri(self.location, table) for table in self.info.versions}


class DeltaWarehouse(Warehouse):
    """A warehouse of Delta tables; see the module for the layout.

    Args:
        location: its folder, or its URL.
        durable: fsync all that is written in a local folder.
        staging: local folder for work in progress where `location` is a URL; None is the system's.
    """

    format = "delta"

    def __init__(self, location: str, durable: bool = True, staging: str | None = None) -> None:
        self.is_remote = is_url(location)
        location = URL.sub(r"\1://", location).rstrip("/") if self.is_remote else location
        super().__init__(_local_folder(location, staging) if self.is_remote else Path(location), durable)
        self.location = location
        url, folder = f"{location}/{DELTA_STATE}", self.root / DELTA_STATE
        self.blobs: Blobs = ObjectBlobs(url) if self.is_remote else FolderBlobs(folder, durable)

    @property
    def tables_path(self) -> Path:
        """The folder of the tables, as the file system that they are on names it."""
        return Path(filesystem_of(self.location)[1]) if self.is_remote else self.root

    def exists(self) -> bool:
        """Whether a run has made it."""
        return self.pointer() is not None if self.is_remote else (self.root / DELTA_STATE).is_dir()

    def create(self) -> None:
        """Make the folders; does nothing where they are.

        Raises:
            WarehouseError: the folder holds something else already, or cannot be written.
        """
        with storage_errors(f"create the warehouse {self.root}"):
            self.root.mkdir(parents=True, exist_ok=True)
            if not self.is_remote:
                self._require_ours()
                (self.root / DELTA_STATE).mkdir(exist_ok=True)
            self.staging_path.mkdir(exist_ok=True)

    def _require_ours(self) -> None:
        names = {entry.name for entry in self.root.iterdir() if not entry.name.startswith(".")}
        if self.snapshots_path.name in names:
            raise WarehouseError(
                f"{self.root} is a warehouse of Parquet snapshots, and warehouse.format is delta.",
                "Name another folder, or set warehouse.format: parquet.",
            )
        if names - {self.lock_path.name} and DELTA_STATE not in names:
            raise WarehouseError(f"{self.root} is not empty and not a warehouse.", "Name an empty or a new folder.")

    def pointer(self) -> Blob | None:
        """`current.json` as it is now."""
        return self.blobs.get(POINTER)

    def pointed(self) -> int | None:
        """The number of the snapshot that readers see; None where nothing is published yet."""
        current = self.current()
        return None if current is None else current.number

    def numbers(self) -> list[int]:
        """The numbers of all pointers that are kept, ascending."""
        kept = {int(found[1]) for name in self.blobs.names(HISTORY) if (found := _ENTRY.fullmatch(name))}
        current = self.pointed()
        return sorted(kept if current is None else kept | {current})

    def snapshots(self) -> list[int]:
        """The same: a pointer is put into the history after it was published."""
        return self.numbers()

    def snapshot(self, number: int) -> DeltaSnapshot:
        """A snapshot by its number.

        Raises:
            WarehouseError: it does not exist, or its pointer is damaged or too new.
        """
        current = self.current()
        if current is not None and current.number == number:
            return current
        name = entry_name(number)
        found = self.blobs.get(name)
        if found is None:
            known = ", ".join(map(str, self.snapshots())) or "none"
            raise WarehouseError(f"There is no snapshot {number} in {self.location}.", f"There are: {known}.")
        return self.open(name, found)

    def current(self) -> DeltaSnapshot | None:
        """The snapshot that readers see; None before the first run.

        Raises:
            WarehouseError: the pointer is lost or damaged.
        """
        found = self.pointer()
        if found is None and self.blobs.names(HISTORY):
            found = self.pointer()
            if found is None:
                raise WarehouseError(
                    f"{self.location} has snapshots, but its pointer is lost.",
                    "Point to one with `presslake rollback`.",
                )
        return None if found is None else self.open(POINTER, found)

    def open(self, name: str, blob: Blob) -> DeltaSnapshot:
        """The snapshot that a pointer names.

        Raises:
            WarehouseError: the pointer is damaged, or of another layout.
        """
        try:
            info = DeltaInfo.from_json(blob.content)
        except msgspec.DecodeError as error:
            raise WarehouseError(
                f"{self.location}/{DELTA_STATE}/{name} is damaged: {error}.", "Roll back to an intact snapshot."
            ) from error
        if info.layout != LAYOUT:
            raise WarehouseError(
                f"{self.location}/{DELTA_STATE}/{name} has layout {info.layout}, not {LAYOUT}.",
                "Use the presslake that wrote it.",
            )
        return DeltaSnapshot(self.tables_path, info, self.location)


def entry_name(number: int) -> str:
    """The name of a pointer in the history: `runs/000042.json`."""
    return f"{HISTORY}/{number:06d}.json"


def _local_folder(url: str, staging: str | None) -> Path:
    """Where runs on a warehouse at a URL work: the same folder each time, so that they can go on."""
    digest = hashlib.sha256(url.encode()).hexdigest()[:12]
    return Path(staging or tempfile.gettempdir()) / f"presslake-{digest}"
