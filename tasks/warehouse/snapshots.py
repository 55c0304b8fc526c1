"""One immutable version of all tables: what `snapshot.json` lists, and how its tables are read.

Belongs here: the shape of `snapshot.json`, and reading tables of one snapshot.
Does not belong here: where snapshots are and which is current (`tasks.warehouse.warehouse`), how they
are made (`tasks.write.snapshot`), and whether their files are as listed (`tasks.warehouse.verify`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final, Self

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.errors import WarehouseError
from tasks.warehouse.durable import storage_errors
from tasks.warehouse.parquet_reading import read_files

#: The layout that this code writes and reads. One more whenever an older reader would go wrong.
LAYOUT: Final = 2
INFO_NAME: Final = "snapshot.json"
#: The table that is no reader's: what deduplication knows of the records (`tasks.warehouse.manifest`).
INDEX: Final = "index"
#: What to do with a warehouse that this code does not read.
RELOAD: Final = (
    "Name a new folder, or remove this one, and run again: the tables are made from the sources "
    "(and `article_versions` by `presslake backfill`, as far as Git knows it)."
)


class DataFile(msgspec.Struct, frozen=True):
    """One Parquet file of a snapshot.

    Attributes:
        table: its table, "articles".
        path: relative to the snapshot, "articles/published_year=2021/part-0.parquet".
        partition: "published_year=2021"; "" where the table has none.
        rows: its rows.
        bytes: its size.
        digest: "sha256:" + 64 hex digits.
    """

    table: str
    path: str
    partition: str
    rows: int
    bytes: int
    digest: str


_ZEROS: Final = b"0" * 64
_OWN_DIGEST: Final = re.compile(rb'("digest": "sha256:)([0-9a-f]{64})("\n}\n)\Z')


def _digest_of(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


class SnapshotInfo(msgspec.Struct, frozen=True):
    """What `snapshot.json` says.

    Attributes:
        number: 42 for `snapshots/000042`; never used twice.
        run_id: the run that published it.
        parent: the snapshot that it was made from; None for the first and for a rebuild.
        published_at: ISO 8601, UTC.
        contract_version: of the contract that its tables follow.
        code_version: of presslake.
        files: every file of it but `snapshot.json`, by path.
        summary: counts of what changed, free in form.
        layout: `LAYOUT` of the code that wrote it.
        digest: of the file itself; empty but in the file.
    """

    number: int
    run_id: str
    parent: int | None
    published_at: str
    contract_version: str
    code_version: str
    files: tuple[DataFile, ...] = ()
    summary: dict[str, object] = msgspec.field(default_factory=dict)
    layout: int = LAYOUT
    digest: str = ""

    def to_json(self) -> bytes:
        """UTF-8 JSON, indented, for people too; its last line is its digest, taken with zeros in its place."""
        unsigned = msgspec.structs.replace(self, digest=f"sha256:{_ZEROS.decode()}")
        content = msgspec.json.format(msgspec.json.encode(unsigned), indent=2) + b"\n"
        return _OWN_DIGEST.sub(rb"\g<1>" + _digest_of(content) + rb"\g<3>", content)

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Read what `to_json` wrote.

        Raises:
            msgspec.DecodeError: it is something else, a part of it, or has another digest than it says.
        """
        info = msgspec.json.decode(content, type=cls)
        if found := _OWN_DIGEST.search(content):
            unsigned = _OWN_DIGEST.sub(rb"\g<1>" + _ZEROS + rb"\g<3>", content)
            if _digest_of(unsigned) != found[2]:
                raise msgspec.DecodeError("it was changed: its digest is another one than it says")
        return msgspec.structs.replace(info, digest="")


class Snapshot(msgspec.Struct, frozen=True):
    """One immutable version of all tables; everything that is read through it fits together.

    Attributes:
        path: its folder.
        info: its `snapshot.json`.
    """

    path: Path
    info: SnapshotInfo

    @property
    def number(self) -> int:
        """42 for `snapshots/000042`."""
        return self.info.number

    def tables(self) -> list[str]:
        """The names of its public tables, sorted."""
        return sorted({file.table for file in self.info.files} - {INDEX})

    def files(self, table: str) -> list[DataFile]:
        """The files of a table, by path; none where it has no such table."""
        return [file for file in self.info.files if file.table == table]

    def rows(self, table: str) -> int:
        """How many rows a table has, by the list of files."""
        return sum(file.rows for file in self.files(table))

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
        """Read a table, in the order of its files.

        Args:
            table: its name.
            columns: top-level columns; None reads all.
            filters: the rows to read, by columns that are read.
            schema: what it shall look like, see `read_parquet`; with it, no file is an empty table.
            partitions: the partitions to read, as `DataFile.partition` spells them; None reads all.
            hive: add a column for the key of the partitions (not in the files).

        Raises:
            WarehouseError: no such table or column, or a file is missing, damaged or does not fit.
        """
        files = [file for file in self.files(table) if partitions is None or file.partition in partitions]
        if not files:
            return self._empty(table, columns, schema, hive=hive)
        paths = [self.path / file.path for file in files]
        return read_files(paths, columns, filters, schema, self.path / table if hive else None)

    def schema(self, table: str) -> pa.Schema:
        """The columns of a table as its first file has them, without those of the partitions.

        Raises:
            WarehouseError: no such table, or the file is missing or damaged.
        """
        return self.read(table, filters=pc.scalar(False)).schema

    def _empty(
        self, table: str, columns: Sequence[str] | None, schema: pa.Schema | None, *, hive: bool = False
    ) -> pa.Table:
        """No file is to be read: that is no rows where it is known what they would look like."""
        if schema is None and (known := self.files(table)):
            return self.read(table, columns, pc.scalar(False), partitions={known[0].partition}, hive=hive)
        if schema is None:
            raise WarehouseError(
                f"Snapshot {self.number} has no table `{table}`.", f"It has: {', '.join(self.tables())}."
            )
        names = schema.names if columns is None else columns
        return pa.schema([schema.field(name) for name in names], schema.metadata).empty_table()


def open_snapshot(path: Path) -> Snapshot:
    """The snapshot in a folder.

    Raises:
        WarehouseError: its `snapshot.json` is missing, damaged, or of another layout.
    """
    with storage_errors(f"read {path / INFO_NAME}"):
        content = (path / INFO_NAME).read_bytes()
    return Snapshot(path, _parse_info(path / INFO_NAME, content))


def _parse_info(path: Path, content: bytes) -> SnapshotInfo:
    try:
        layout = msgspec.json.decode(content, type=dict[str, object]).get("layout")
        if layout == LAYOUT:
            return SnapshotInfo.from_json(content)
    except msgspec.DecodeError as error:
        raise WarehouseError(f"{path} is damaged: {error}.", "Roll back to an intact snapshot.") from error
    is_older = isinstance(layout, int) and layout < LAYOUT
    hint = RELOAD if is_older else "Use the presslake that wrote it."
    raise WarehouseError(f"{path} has layout {layout}, this presslake reads {LAYOUT}.", hint)
