"""The difference of two snapshots: articles added, removed and changed, and the quarantine.

Belongs here: comparing the tables of two snapshots of one warehouse. Files that both have (hard
links, the same digest) hold the same rows and are not read; of the others one column at a time is.
Does not belong here: comparing single values (`comparison`), and how a difference is shown.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.arrow.comparison import rows_differ
from tasks.arrow.keys import file_keys
from tasks.warehouse.parquet_reading import read_files
from tasks.warehouse.snapshots import Snapshot

#: Columns that say when and by which run a row came: they differ between equal tables, too.
LINEAGE: Final = ("first_seen_at", "loaded_at", "run_id")
_BY_FILE: Final = [("source", "ascending"), ("source_path", "ascending")]
_NAMES: Final = ("article_id", "title", "source", "source_path")


class Article(msgspec.Struct, frozen=True):
    """An article that only one of the snapshots has."""

    article_id: str
    title: str
    source: str
    source_path: str


class Values(msgspec.Struct, frozen=True):
    """One column of an article in both snapshots."""

    old: Any
    new: Any


class ChangedArticle(Article, frozen=True):
    """An article that both have; its names are those of the newer, `columns` only what differs."""

    columns: dict[str, Values]


class QuarantinedFile(msgspec.Struct, frozen=True):
    """A file that only one of the snapshots has in quarantine, with the codes of its errors."""

    source: str
    source_path: str
    codes: list[str]


class Rows(msgspec.Struct, frozen=True):
    """Rows of a table in the older and in the newer snapshot."""

    old: int
    new: int


class Difference(msgspec.Struct, frozen=True):
    """What changed from one snapshot to another.

    Attributes:
        old, new: numbers of the snapshots.
        tables: rows by table.
        articles: how many articles were `added`, `removed` and `changed`.
        columns: in how many articles each column changed, most first.
        added, removed, changed: the articles by id, as many of each as were asked for.
        quarantine: how many files came (`added`) and went (`removed`).
        came, went: those files by source and path, as many as were asked for.
        files_read, files_shared: Parquet files that were compared, and that needed not be.
    """

    old: int
    new: int
    tables: dict[str, Rows]
    articles: dict[str, int]
    columns: dict[str, int]
    added: list[Article]
    removed: list[Article]
    changed: list[ChangedArticle]
    quarantine: dict[str, int]
    came: list[QuarantinedFile]
    went: list[QuarantinedFile]
    files_read: int
    files_shared: int


class _Side(NamedTuple):
    """One snapshot's files of a table that the other does not have."""

    snapshot: Snapshot
    paths: list[str]

    def names(self) -> list[str]:
        """The columns of the files; none without a file."""
        if not self.paths:
            return []
        return list(pq.read_schema(str(self.snapshot.path / self.paths[0])).names)

    def read(self, columns: list[str]) -> pa.Table:
        """Columns of all files."""
        return read_files([self.snapshot.path / path for path in self.paths], columns)

    def column(self, name: str) -> pa.ChunkedArray:
        """A column of all files; texts in the large type, since all of a table may pass 2 GiB."""
        values = self.read([name])[name] if self.paths else pa.chunked_array([], pa.string())
        return values.cast(pa.large_string()) if pa.types.is_string(values.type) else values


def diff_snapshots(old: Snapshot, new: Snapshot, limit: int | None = None) -> Difference:
    """Compare two snapshots; either may be the older by number.

    Args:
        old, new: of one warehouse.
        limit: most articles and files that are listed of each kind; counts are always of all.

    Raises:
        WarehouseError: a file that only one of them has is missing or damaged.
    """
    before, after = _unshared(old, new, "articles"), _unshared(new, old, "articles")
    pairs = _Pairs(before, after)
    columns, rows = _changes(pairs)
    came, went = _quarantine(new, old), _quarantine(old, new)
    compared = len(before.paths) + len(after.paths)
    return Difference(
        old=old.number,
        new=new.number,
        tables={name: Rows(old.rows(name), new.rows(name)) for name in sorted({*old.tables(), *new.tables()})},
        articles={"added": len(pairs.added), "removed": len(pairs.removed), "changed": len(rows)},
        columns={name: len(found) for name, found in columns.items()},
        added=_articles(after, pairs.added, limit),
        removed=_articles(before, pairs.removed, limit),
        changed=_changed_articles(pairs, columns, rows[:limit]),
        quarantine={"added": len(came), "removed": len(went)},
        came=came[:limit],
        went=went[:limit],
        files_read=compared,
        files_shared=len(new.files("articles")) - len(after.paths),
    )


def _unshared(snapshot: Snapshot, other: Snapshot, table: str) -> _Side:
    known = {file.digest for file in other.files(table)}
    return _Side(snapshot, [file.path for file in snapshot.files(table) if file.digest not in known])


class _Pairs:
    """Rows of both sides by `article_id`: row numbers of those on one side only, and of the pairs."""

    def __init__(self, before: _Side, after: _Side) -> None:
        self.before, self.after = before, after
        old, new = (side.column("article_id").combine_chunks() for side in (before, after))
        row_in_old = pc.index_in(new, old)
        order = pc.sort_indices(new)
        self.new_rows = order.filter(pc.is_valid(row_in_old).take(order))
        self.old_rows = row_in_old.take(self.new_rows)
        self.added = order.filter(pc.is_null(row_in_old).take(order))
        order = pc.sort_indices(old)
        self.removed = order.filter(pc.invert(pc.is_in(old, new)).take(order))

    def values(self, name: str) -> tuple[pa.Array, pa.Array] | None:
        """A column of all pairs, old and new; None where no side has it, nulls where one does not."""
        sides = ((self.before, self.old_rows), (self.after, self.new_rows))
        columns = [
            side.column(name).take(rows).combine_chunks() if name in side.names() else None for side, rows in sides
        ]
        known = next((column.type for column in columns if column is not None), None)
        if known is None:
            return None
        old, new = (pa.nulls(len(self.new_rows), known) if column is None else column for column in columns)
        return old, new


def _changes(pairs: _Pairs) -> tuple[dict[str, pa.Array], list[int]]:
    """The pairs (by number) in which each column differs, most first, and all pairs that differ, ascending."""
    names = dict.fromkeys([*pairs.after.names(), *pairs.before.names()])
    differing: dict[str, pa.Array] = {}
    for name in names:
        if name not in LINEAGE and (values := pairs.values(name)) is not None:
            rows = pc.indices_nonzero(rows_differ(*values))
            if len(rows):
                differing[name] = rows
    rows = sorted({row for found in differing.values() for row in found.to_pylist()})
    return dict(sorted(differing.items(), key=lambda item: (-len(item[1]), item[0]))), rows


def _changed_articles(pairs: _Pairs, differing: dict[str, pa.Array], rows: list[int]) -> list[ChangedArticle]:
    columns: dict[int, dict[str, Values]] = {row: {} for row in rows}
    for name, found in differing.items():
        wanted = found.filter(pc.is_in(found, pa.array(rows, found.type)))
        values = pairs.values(name) if len(wanted) else None
        if values is not None:
            old, new = (side.take(wanted).to_pylist() for side in values)
            for row, before, after in zip(wanted.to_pylist(), old, new, strict=True):
                columns[row][name] = Values(before, after)
    names = _articles(pairs.after, pairs.new_rows.take(pa.array(rows, pa.int64())), None)
    return [
        ChangedArticle(**msgspec.structs.asdict(one), columns=columns[row])
        for row, one in zip(rows, names, strict=True)
    ]


def _articles(side: _Side, rows: pa.Array, limit: int | None) -> list[Article]:
    """The articles in these rows of a side, in this order."""
    if not len(rows):
        return []
    table = side.read(list(_NAMES)).take(rows.slice(0, limit))
    return [Article(**{name: row[name] for name in _NAMES}) for row in table.to_pylist()]


def _quarantine(snapshot: Snapshot, other: Snapshot) -> list[QuarantinedFile]:
    """The files that are in quarantine in one snapshot and not in the other."""
    if not _unshared(snapshot, other, "quarantine").paths:
        return []
    keys = file_keys(other.read("quarantine", ["source", "source_path"]))
    rows = snapshot.read("quarantine", ["source", "source_path", "violations"])
    rows = rows.filter(pc.invert(pc.is_in(file_keys(rows), keys))).sort_by(_BY_FILE)
    return [
        QuarantinedFile(row["source"], row["source_path"], _error_codes(row["violations"])) for row in rows.to_pylist()
    ]


def _error_codes(violations: list[dict[str, Any]]) -> list[str]:
    """The codes of what keeps a file out; rows from before severity was noted have none."""
    return sorted({found["code"] for found in violations if found.get("severity") != "warning"})
