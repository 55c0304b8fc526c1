"""The Parquet files of `article_versions`: the last row of every article in one, all others in files that only grow.

Belongs here: reading the table of the parent snapshot in the columns of the next one, and cutting the next table into
files. Does not belong here: what the rows are (`article_versions`).

Closed rows never change. So a run writes the file of last rows, and appends what it closed to the newest file of closed
ones until that is full; full ones are linked from snapshot to snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
from tasks.write.article_versions import Next, Observation, fitted, observe
from tasks.write.snapshot import SnapshotBuilder

#: Most closed rows in one file.
CLOSED_ROWS: Final = 200_000
#: Writes rows as a file of the table: name and rows.
Add = Callable[[str, pa.Table], object]


def write_versions(before: ParentVersions, builder: SnapshotBuilder, seen: Observation, add: Add) -> None:
    """Write the table of the next snapshot, whose `articles` are written already.

    Args:
        before: the table so far.
        builder: has the files of `articles`.
        seen: when, and by which run.
        add: writes a file of the table.

    Raises:
        WarehouseError: the parent's table cannot be read, or not in the new types.
    """
    articles = [file for file in builder.files if file.table == "articles"]
    if before.has_articles(articles) and before.is_same_form:
        for file in before.files:
            builder.keep(file)
        return
    last = before.last()
    now = read_files([builder.path / file.path for file in articles], ["article_id", *before.contract.watched])
    news = observe(last, now, seen.after(last))
    if news.last.equals(last) and before.is_same_form:
        for file in before.files:
            builder.keep(file)
        return
    add(LAST, news.last)
    _append(before, builder, news, add)


def write_all(rows: pa.Table, add: Add) -> None:
    """Write the whole table again.

    Args:
        rows: sorted by article and time.
        add: writes a file of the table.
    """
    is_last = pc.is_null(rows["valid_to"])
    add(LAST, rows.filter(is_last))
    for name, part in _parts(rows.filter(pc.invert(is_last)), 0):
        add(name, part)


def _append(before: ParentVersions, builder: SnapshotBuilder, news: Next, add: Add) -> None:
    """Keep the full files of closed rows, and write the newest one again with what this run closed."""
    files = before.closed_files()
    kept = files if before.is_same_form else []
    if kept and len(news.closed) and kept[-1].rows < CLOSED_ROWS:
        kept = kept[:-1]
    for file in kept:
        builder.keep(file)
    if before.is_same_form and not len(news.closed):
        return
    rows = pa.concat_tables([before.closed(files[len(kept) :]), news.closed])
    for name, part in _parts(rows, len(kept)):
        add(name, part)


def _parts(rows: pa.Table, first: int) -> Iterator[tuple[str, pa.Table]]:
    for number, start in enumerate(range(0, len(rows), CLOSED_ROWS), first):
        yield f"{CLOSED}{number:05d}.parquet", rows.slice(start, CLOSED_ROWS)


#: The file of last rows, and what the names of the others begin with.
LAST: Final = "last.parquet"
CLOSED: Final = "closed-"
_DAMAGED: Final = (
    "The past is in no source, so no run can mend it: `presslake rollback` goes back to an intact snapshot. Or give "
    "up the history once with `history.enabled: false`; `presslake backfill` fills it again from Git."
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
