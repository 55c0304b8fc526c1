"""Parquet files that give column chunks to a new one, and which of their chunks make up a row group.

Belongs here: opening such a file, naming it in errors, and putting a row group together.
Does not belong here: the new file (`tasks.tables.splice`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa

from config.errors import AuditError, WarehouseError
from tasks.tables.durable import storage_errors
from tasks.tables.parquet import ParquetOptions, parquet_bytes
from tasks.tables.parquet_fields import ColumnMetaData, NotCopyable, optional_number
from tasks.tables.parquet_footer import metadata_of, read_footer
from tasks.tables.thrift_compact import Damaged

_DAMAGED: Final = "`presslake verify` lists all that is damaged."


@contextmanager
def blaming(name: str) -> Iterator[None]:
    """Say in errors of the block which file is to blame.

    Raises:
        WarehouseError: in place of Damaged.
        NotCopyable: with the file's name.
    """
    try:
        yield
    except Damaged as error:
        raise WarehouseError(f"{name} cannot be read: {error}.", _DAMAGED) from error
    except NotCopyable as error:
        raise NotCopyable(f"{name}: {error}") from error


class Donor:
    """A Parquet file to copy column chunks from.

    Args:
        content: the whole file; it must not change while the donor is used.
        name: what errors call the file.

    Raises:
        WarehouseError: it is no Parquet file, or its footer is damaged.
        NotCopyable: it is encrypted, or has what this project does not know.

    Attributes:
        name: see above.
        file: all its bytes.
        footer: what its footer says; for `tasks.tables.splice`.
        rows: rows of each row group.
        leaves: paths of the leaf columns, by top-level column.
    """

    def __init__(self, content: pa.Buffer | bytes | memoryview, name: str) -> None:
        self.name = name
        self.file = memoryview(content).cast("B").toreadonly()
        with blaming(name):
            self.footer = read_footer(self.file)
        self.rows = tuple(group.rows for group in self.footer.row_groups)
        columns = self.footer.columns
        self.leaves = {name: tuple(leaf.path for leaf in columns[name].leaves) for name in columns}

    @classmethod
    def mapped(cls, path: Path) -> Donor:
        """Map a file into memory: only what is copied is read from the disk.

        Raises:
            WarehouseError: the file is missing, cannot be read, or is damaged.
            NotCopyable: see the class.
        """
        return cls(mapped(path), str(path))

    @classmethod
    def of_rows(
        cls,
        rows: pa.Table,
        options: ParquetOptions,
        sorting: Sequence[str] = (),
        group_rows: int | None = None,
        dictionaries: Sequence[str] | None = None,
    ) -> Donor:
        """Rows that are encoded for the new file; the arguments are those of `parquet_bytes`."""
        content = parquet_bytes(rows, options, sorting, group_rows, dictionaries)
        return cls(content, "rows that were encoded anew")

    def dictionaries(self, row_group: int, column: str) -> list[str]:
        """Paths of a column's leaves that have a dictionary in a row group, as Parquet spells them (`a.list.element`).

        Raises:
            WarehouseError, NotCopyable: see the class.
        """
        found = self.footer.columns[column]
        chunks = self.footer.row_groups[row_group].chunks[found.first :]
        with blaming(self.name):
            return [
                ".".join(leaf.path)
                for leaf, chunk in zip(found.leaves, chunks, strict=False)
                if optional_number(metadata_of(chunk), ColumnMetaData.DICTIONARY_PAGE)
            ]

    def rows_of(self, row_group: int) -> int:
        """Rows of one row group.

        Raises:
            AuditError: the file has no such row group.
        """
        if not 0 <= row_group < len(self.rows):
            raise AuditError(f"{self.name} has no row group {row_group}.")
        return self.rows[row_group]


def mapped(path: Path) -> pa.Buffer:
    """The bytes of a file, mapped into memory.

    Raises:
        WarehouseError: the file is missing, or cannot be read.
    """
    with storage_errors(f"read {path}"), pa.memory_map(str(path)) as source:
        return source.read_buffer()


class Source(NamedTuple):
    """Where the chunks of a top-level column come from: a file, and the number of a row group in it."""

    donor: Donor
    row_group: int


@dataclass(frozen=True)
class Group:
    """A row group of the new file.

    Attributes:
        rows: its rows; every source has as many.
        sources: the source of every top-level column of the schema, in any order.
    """

    rows: int
    sources: Mapping[str, Source]

    @classmethod
    def copied(cls, donor: Donor, row_group: int) -> Group:
        """A row group of one donor, all columns."""
        return cls(donor.rows_of(row_group), dict.fromkeys(donor.leaves, Source(donor, row_group)))

    def with_columns(self, donor: Donor, row_group: int) -> Group:
        """This row group with all columns that `donor` has taken from there."""
        return Group(self.rows, {**self.sources, **dict.fromkeys(donor.leaves, Source(donor, row_group))})

    def with_rows(self, rows: pa.Table, options: ParquetOptions, sorting: Sequence[str] = ()) -> Group:
        """This row group with other values in some columns, which get a dictionary where they have one here.

        Args:
            rows: (n,) the values, as many as the group has rows.
            options, sorting: how they are encoded, see `parquet_bytes`.

        Raises:
            WarehouseError, NotCopyable: of a source, see `Donor`.
        """
        sources = [(name, self.sources[name]) for name in rows.column_names]
        dictionaries = [path for name, (donor, group) in sources for path in donor.dictionaries(group, name)]
        return self.with_columns(Donor.of_rows(rows, options, sorting, len(rows), dictionaries), 0)
