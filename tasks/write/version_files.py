"""The files of `article_versions`: the last row of every article in one, all others in files that only grow.

Belongs here: reading the table of the parent snapshot, and cutting the next one into files. Does not
belong here: what the rows are (`article_versions`).

Closed rows never change. So a run writes the file of last rows, and appends what it closed to the newest
file of closed ones until that is full; full ones are linked from snapshot to snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import VERSIONS, Contract
from config.errors import WarehouseError
from tasks.tables.parquet import read_files
from tasks.tables.snapshots import DataFile, Snapshot
from tasks.write.article_versions import Next, Observation, fitted, observe
from tasks.write.snapshot import SnapshotBuilder

#: Most closed rows in one file.
CLOSED_ROWS: Final = 200_000
_LAST: Final = f"{VERSIONS}/last.parquet"

_DAMAGED: Final = (
    "The past is in no source, so no run can mend it: `presslake rollback` goes back to an intact snapshot. Or give "
    "up the history once with `history.enabled: false`; `presslake backfill` fills it anew from Git."
)

#: Writes rows as a file of the table: name and rows.
Add = Callable[[str, pa.Table], object]


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
    def files(self) -> list[DataFile]:
        """The parent's files of the table."""
        return [] if self.parent is None else self.parent.files(VERSIONS)

    @property
    def is_same_form(self) -> bool:
        """Whether the parent's files can stand beside the next one's: same columns, same types."""
        return bool(self.files) and self._raw(self.files[:1]).schema.equals(self.schema)

    def last(self) -> pa.Table:
        """The last row of every article."""
        return self._read([file for file in self.files if file.path == _LAST])

    def closed(self, files: list[DataFile] | None = None) -> pa.Table:
        """All other rows, or those of some of the files."""
        return self._read(self.closed_files() if files is None else files)

    def closed_files(self) -> list[DataFile]:
        """The files of closed rows, oldest first."""
        return [file for file in self.files if file.path != _LAST]

    def _read(self, files: list[DataFile]) -> pa.Table:
        if not files:
            return self.schema.empty_table()
        table = self._raw(files)
        try:
            return fitted(table, self.schema).combine_chunks()
        except pa.ArrowException as error:
            raise WarehouseError(
                f"{VERSIONS} cannot take the new types of the contract: {error}.",
                "Watch the column under another name (`history.columns`), or give up the history once with "
                "`history.enabled: false`; earlier snapshots keep it.",
            ) from error

    def _raw(self, files: list[DataFile]) -> pa.Table:
        assert self.parent is not None
        try:
            return read_files([self.parent.path / file.path for file in files])
        except WarehouseError as error:
            raise WarehouseError(error.message, _DAMAGED) from error


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
    if _articles_are_kept(before, builder) and before.is_same_form:
        for file in before.files:
            builder.keep(file)
        return
    last = before.last()
    news = observe(last, _articles(builder, before), seen.after(last))
    if news.last.equals(last) and before.is_same_form:
        for file in before.files:
            builder.keep(file)
        return
    add(_name_of(_LAST), news.last)
    _append(before, builder, news, add)


def write_all(rows: pa.Table, add: Add) -> None:
    """Write the whole table anew.

    Args:
        rows: sorted by article and time.
        add: writes a file of the table.
    """
    is_last = pc.is_null(rows["valid_to"])
    add(_name_of(_LAST), rows.filter(is_last))
    for name, part in _parts(rows.filter(pc.invert(is_last)), 0):
        add(name, part)


def _append(before: ParentVersions, builder: SnapshotBuilder, news: Next, add: Add) -> None:
    """Keep the full files of closed rows, and write the newest one anew with what this run closed."""
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
        yield f"closed-{number:05d}.parquet", rows.slice(start, CLOSED_ROWS)


def _name_of(path: str) -> str:
    return path.rpartition("/")[2]


def _articles(builder: SnapshotBuilder, before: ParentVersions) -> pa.Table:
    """`article_id` and the watched columns of all articles of the next snapshot."""
    paths = [builder.path / file.path for file in builder.files if file.table == "articles"]
    return read_files(paths, ["article_id", *before.contract.watched])


def _articles_are_kept(before: ParentVersions, builder: SnapshotBuilder) -> bool:
    """Whether every file of `articles` is the parent's."""
    parent = before.parent.files("articles") if before.parent else []
    return [file for file in builder.files if file.table == "articles"] == parent
