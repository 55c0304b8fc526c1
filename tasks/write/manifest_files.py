"""The files of `sources`: written anew, or put together from those of the parent.

Belongs here: which column chunks of a parent's file serve again. Does not belong here: what the rows say
(`tasks.deduplicate`), copying chunks (`tasks.tables.splice`), and matching row groups (`row_groups`).

Every run writes the whole table, as every row says when its file was last seen. But of 38 columns few others
say something else in a run that read few files, and only where they do are chunks encoded anew. Whether a
chunk serves is told by its values alone: whatever else changed, it is copied only where they are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.tables.donors import Donor, Group
from tasks.tables.keys import file_keys
from tasks.tables.parquet import ParquetOptions
from tasks.tables.parquet_fields import NotCopyable
from tasks.tables.parquet_reading import read_parquet
from tasks.tables.snapshots import DataFile, Snapshot
from tasks.tables.splice import splice
from tasks.write.audit import check_required
from tasks.write.job import Decided, WriteJob
from tasks.write.parent_files import published
from tasks.write.row_groups import Piece, pieces
from tasks.write.snapshot import SnapshotBuilder

#: Rows of a row group: where rows come or go, its columns are all encoded anew. It costs 0.7% of the bytes.
GROUP_ROWS: Final = 16_384


def manifest_files(
    job: WriteJob, builder: SnapshotBuilder, parent: Snapshot | None, decided: Decided
) -> list[Callable[[], None]]:
    """What is to be done for the files of `sources`.

    Args:
        job: where and how.
        builder: of the snapshot.
        parent: the current snapshot.
        decided: the manifest; its `previous` may have all columns, which saves reading them.

    Returns:
        Calls that write one file each, in any order and in any threads. They raise `AuditError` where a row
        lacks what it must have, `WarehouseError` where the disk refused or a file of the parent is damaged.
    """
    files = _ManifestFiles(job, builder, parent if job.is_same_form(parent) else None, decided)
    return [partial(files.write, f"part-{number}.parquet", part) for number, part in enumerate(decided.parts())]


@dataclass(frozen=True)
class _ManifestFiles:
    """The files of one snapshot's `sources`; `parent` is None where no file of it serves."""

    job: WriteJob
    builder: SnapshotBuilder
    parent: Snapshot | None
    decided: Decided

    def write(self, name: str, part: Callable[[], pa.Table]) -> None:
        """Write one file."""
        rows = part().cast(self.job.contract["sources"].schema)
        check_required(f"sources/{name}", rows, self.job.contract)
        content = self._patched(name, rows)
        if content is None:
            self.builder.add("sources", "", name, rows, group_rows=GROUP_ROWS)
        else:
            self.builder.put("sources", "", name, content, len(rows))

    def _patched(self, name: str, rows: pa.Table) -> list[memoryview] | None:
        """The file in pieces, made of the parent's of that name; None where there is none, or it does not serve."""
        files = self.parent.files("sources") if self.parent else []
        file = next((file for file in files if file.path == f"sources/{name}"), None)
        if self.parent is None or file is None:
            return None
        path = self.parent.path / file.path
        try:
            donor = published(path, file)
            if donor is None or not pq.read_schema(pa.BufferReader(donor.file)).equals(rows.schema):
                return None
            before = self._before(files, file, rows.schema)
            return patched_manifest(donor, before, rows, self.builder.options("sources"))
        except NotCopyable:
            return None

    def _before(self, files: Sequence[DataFile], file: DataFile, schema: pa.Schema) -> pa.Table:
        """The rows of a parent's file."""
        assert self.parent is not None
        known = self.decided.previous
        if set(schema.names) <= set(known.column_names):
            start = sum(other.rows for other in files[: files.index(file)])
            return known.select(schema.names).slice(start, file.rows)
        return read_parquet(self.parent.path / file.path, schema=schema)


def patched_manifest(
    donor: Donor, before: pa.Table, rows: pa.Table, options: ParquetOptions
) -> list[memoryview] | None:
    """The file of some rows, with all chunks of another one that hold what they must hold.

    Args:
        donor: the other file.
        before: (m,) its rows, each with its own `source` and `source_path`.
        rows: (n,) the rows, in the schema of `before`.
        options: how columns are encoded.

    Returns:
        The whole file, in pieces; None where no row group of the other one has rows that still stand together.

    Raises:
        NotCopyable: the other file has what this project does not know.
        WarehouseError: its footer is damaged.
    """
    bounds = [0, *accumulate(donor.rows)]
    if bounds[-1] != len(before):
        return None
    found = pieces(_was_at(rows, before), pa.repeat(pa.scalar(False), len(rows)), bounds)
    if all(piece.group is None for piece in found):
        return None
    return splice(donor, [group for piece in found for group in _groups(piece, donor, before, rows, options, bounds)])


def _was_at(rows: pa.Table, before: pa.Table) -> pa.Int64Array:
    """(n,) the row of `before` that has the same file, null where there is none."""
    keys = ["source", "source_path"]
    if rows.select(keys).equals(before.select(keys)):
        return pa.arange(0, len(rows))
    return pc.index_in(file_keys(rows), file_keys(before)).cast(pa.int64())


def _groups(
    piece: Piece, donor: Donor, before: pa.Table, rows: pa.Table, options: ParquetOptions, bounds: Sequence[int]
) -> Iterator[Group]:
    """The row groups that a piece becomes."""
    now = rows.slice(piece.start, piece.stop - piece.start)
    if piece.group is None:
        anew = Donor.of_rows(now, options, group_rows=GROUP_ROWS)
        yield from (Group.copied(anew, number) for number in range(len(anew.rows)))
        return
    then = before.slice(bounds[piece.group], len(now))
    changed = [name for name in now.column_names if not now[name].equals(then[name])]
    copied = Group.copied(donor, piece.group)
    yield copied.with_rows(now.select(changed), options) if changed else copied
