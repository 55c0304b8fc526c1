"""`article_versions` as the parent snapshot has it, in the columns of the next one.

Belongs here: reading its rows, and whether they have the next table's form. Does not belong here: what
becomes of them (`article_versions`), and writing them (`version_files`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import VERSIONS, Contract
from config.errors import WarehouseError
from tasks.warehouse.history import BY_TIME
from tasks.warehouse.parquet_reading import read_files
from tasks.warehouse.snapshots import DataFile, Snapshot
from tasks.write.article_versions import fitted

#: The file of last rows, and what the names of the others begin with.
LAST: Final = "last.parquet"
CLOSED: Final = "closed-"
_DAMAGED: Final = (
    "The past is in no source, so no run can mend it: `presslake rollback` goes back to an intact snapshot. Or give "
    "up the history once with `history.enabled: false`; `presslake backfill` fills it anew from Git."
)


@dataclass(frozen=True)
class ParentVersions:
    """The table as the parent snapshot has it, read in the columns of the next one.

    Args:
        parent: None, or one without the table, is as if it had no row.
        contract: with the table.
    """

    parent: Snapshot | None
    contract: Contract

    @property
    def schema(self) -> pa.Schema:
        """The schema of the next table."""
        return self.contract[VERSIONS].schema

    @property
    def is_there(self) -> bool:
        """Whether the parent has the table."""
        return self.parent is not None and VERSIONS in self.parent.tables()

    @property
    def files(self) -> list[DataFile]:
        """The parent's files of the table."""
        return [] if self.parent is None else self.parent.files(VERSIONS)

    def has_articles(self, files: Sequence[DataFile]) -> bool:
        """Whether these are the parent's files of `articles`: then nothing has happened to any of them."""
        return self.parent is not None and self.parent.files("articles") == list(files)

    @cached_property
    def is_same_form(self) -> bool:
        """Whether the parent's files can stand beside the next one's: same columns, same types."""
        if self.parent is None or not self.is_there:
            return False
        with _damage_told():
            return bool(self.parent.schema(VERSIONS).equals(self.schema))

    def rows(self) -> pa.Table:
        """All rows, sorted by article and time."""
        return self._read(self.files).sort_by(BY_TIME)

    def last(self) -> pa.Table:
        """The last row of every article."""
        closed = self.closed_files()
        files = [file for file in self.files if file not in closed]
        return self._read(files, pc.field("valid_to").is_null())

    def closed(self, files: Sequence[DataFile]) -> pa.Table:
        """The rows of some files of closed ones."""
        return self._read(files)

    def closed_files(self) -> list[DataFile]:
        """The files that have nothing but closed rows, oldest first."""
        return [file for file in self.files if file.path.startswith(f"{VERSIONS}/{CLOSED}")]

    def _read(self, files: Sequence[DataFile], filters: pc.Expression | None = None) -> pa.Table:
        if self.parent is None or not files:
            return self.schema.empty_table()
        paths = [self.parent.path / file.path for file in files]
        with _damage_told():
            table = read_files(paths, filters=filters)
        try:
            return fitted(table, self.schema).combine_chunks()
        except pa.ArrowException as error:
            raise WarehouseError(
                f"{VERSIONS} cannot take the new types of the contract: {error}.",
                "Watch the column under another name (`history.columns`), or give up the history once with "
                "`history.enabled: false`; earlier snapshots keep it.",
            ) from error


@contextmanager
def _damage_told() -> Iterator[None]:
    """Say what helps where rows cannot be read: no source has them."""
    try:
        yield
    except WarehouseError as error:
        raise WarehouseError(error.message, _DAMAGED) from error
