"""The files of `sources` and `index`: the manifest cut into parts, of which unchanged ones are kept.

Belongs here: where the manifest is cut, and which parts the parent has already. Does not belong here: what the
manifest says (`tasks.deduplicate`), and its columns (`tasks.warehouse.manifest`).

Both tables have the same parts, ranges of source and path, numbered in their order. A part in which nothing changed is
linked, under its new number if parts before it came or went.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import Contract
from tasks.arrow.columns import whole
from tasks.arrow.cuts import part_starts, rows_in_part
from tasks.arrow.keys import file_keys
from tasks.runs.staging import read_arrow
from tasks.warehouse.manifest import INDEX_SCHEMA
from tasks.warehouse.snapshots import INDEX, DataFile, Snapshot
from tasks.write.audit import check_required
from tasks.write.snapshot import SnapshotBuilder


@dataclass(frozen=True)
class Decided:
    """The manifest of the next snapshot.

    Attributes:
        manifest: (n,) one row a source file, sorted by source and path.
        affected: (n,) whether the public tables must show the row differently than before.
        reindexed: (n,) whether `index` must.
        parent_row: (n,) the row that the file has in the parent's manifest, null where it has none.
        before: the parent's manifest, the columns `FOUND` at least.
        path: the file that the manifest is mapped from, if it is.
    """

    manifest: pa.Table
    affected: pa.BooleanArray
    reindexed: pa.BooleanArray
    parent_row: pa.Int64Array
    before: pa.Table
    path: Path | None = None

    def rows(self, start: int, stop: int) -> pa.Table:
        """Some rows of the manifest.

        They are mapped for this call alone: pages of one mapping would count as held until the run's end.
        """
        if self.path is None:
            return self.manifest.slice(start, stop - start)
        return read_arrow(self.path).slice(start, stop - start).select(self.manifest.column_names)

    def live_sources(self) -> list[str]:
        """Names of the sources that have files, those of other runs among them."""
        names: list[str] = pc.unique(self.manifest["source"].filter(pc.invert(self.manifest["deleted"]))).to_pylist()
        return names


def manifest_files(
    contract: Contract, rows_per_file: int, builder: SnapshotBuilder, parent: Snapshot | None, decided: Decided
) -> Iterator[Callable[[], None]]:
    """What is to be done for the files of `sources` and `index`.

    Args:
        contract: with the columns of `sources`.
        rows_per_file: rows of an average part, see `rows_in_part`.
        builder: of the snapshot.
        parent: the snapshot whose files can stand beside the new ones; None where they cannot.
        decided: the manifest.

    Returns:
        Calls that write or keep one part each, in any order and in any threads. They raise `AuditError` where a row
        lacks what it must have, `WarehouseError` where the disk refused or a file of the parent is damaged.
    """
    files = _ManifestFiles(contract, builder, _parent_parts(parent), decided)
    starts = _starts(decided.manifest, rows_per_file) or [0]
    for number, (start, stop) in enumerate(pairwise([*starts, len(decided.manifest)])):
        yield partial(files.write, f"part-{number:05d}.parquet", start, stop)


def _starts(manifest: pa.Table, rows_per_file: int) -> list[int]:
    """The first row of each part: by the checksums of source and path, which no change of content moves."""

    def checksums(start: int, stop: int) -> Sequence[int]:
        return [zlib.crc32(key.encode()) for key in file_keys(manifest.slice(start, stop - start)).to_pylist()]

    weights = pa.repeat(pa.scalar(1, pa.int64()), len(manifest))
    return part_starts(weights, rows_in_part(len(manifest), rows_per_file), checksums)


def _parent_parts(parent: Snapshot | None) -> dict[tuple[int, int], dict[str, DataFile]]:
    """First and last row of each of the parent's parts to its file in both tables."""
    if parent is None:
        return {}
    tables = {table: parent.files(table) for table in ("sources", INDEX)}
    bounds = list(pairwise([0, *accumulate(file.rows for file in tables["sources"])]))
    parts = zip(bounds, *tables.values(), strict=True)
    return {(start, stop - 1): {file.table: file for file in files} for (start, stop), *files in parts}


@dataclass(frozen=True)
class _ManifestFiles:
    """The files of one snapshot's manifest."""

    contract: Contract
    builder: SnapshotBuilder
    parent_parts: dict[tuple[int, int], dict[str, DataFile]]
    decided: Decided

    def write(self, name: str, start: int, stop: int) -> None:
        """Write or keep one part of both tables."""
        known = self._parent_part(start, stop)
        schemas = {"sources": self.contract["sources"].schema, INDEX: INDEX_SCHEMA}
        changed = {"sources": self.decided.affected, INDEX: self.decided.reindexed}
        todo = []
        for table in schemas:
            if known and not pc.any(changed[table][start:stop], min_count=0).as_py():
                self.builder.keep(known[table], f"{table}/{name}")
            else:
                todo.append(table)
        if not todo:
            return
        rows = self.decided.rows(start, stop)
        for table in todo:
            part = rows.select(schemas[table].names).cast(schemas[table])
            if table != INDEX:
                check_required(f"{table}/{name}", part, self.contract)
            self.builder.add(table, "", name, part)

    def _parent_part(self, start: int, stop: int) -> dict[str, DataFile] | None:
        """The parent's files that have just these rows, whatever they say of them."""
        were = whole(self.decided.parent_row[start:stop])
        if not len(were) or were.null_count:
            return None
        first, last = were[0].as_py(), were[-1].as_py()
        return self.parent_parts.get((first, last)) if last - first == len(were) - 1 else None
