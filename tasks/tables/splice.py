"""Parquet files put together from column chunks of other ones, byte for byte, without decoding them.

Belongs here: which chunks make up the new file, that they fit together, and the new footer.
Does not belong here: single chunks (`tasks.tables.column_chunks`), reading footers
(`tasks.tables.parquet_footer`), encoding columns (`tasks.tables.parquet`), and whether the donors'
values belong into the same rows: only the caller knows.

The new file has all chunks by row group and column, then all bloom filters, column indexes, offset
indexes and the footer: the order in which pyarrow writes. Statistics, encodings, codecs, page checksums
and whatever else is said of a chunk go with it. Pages are not looked at, and damage in them is copied:
check the digest of a file before it becomes a donor.

Source: Apache Parquet format, README.md, parquet.thrift, PageIndex.md and BloomFilter.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, NamedTuple

from config.errors import AuditError
from tasks.tables import parquet_fields as ids
from tasks.tables.column_chunks import chunk_entry, find_chunk, moved_metadata, moved_offset_index, note_place
from tasks.tables.donors import Donor, Group, Source, blaming
from tasks.tables.parquet_fields import number
from tasks.tables.parquet_footer import MAGIC
from tasks.tables.thrift_compact import I16, I32, I64, LIST, STRUCT, TRUE, Field, Items, Struct, Value
from tasks.tables.thrift_writer import write_struct

#: Pieces with fewer bytes are joined: copying them costs less than another write.
_SMALL: Final = 64 * 1024
_MAX_ROW_GROUPS: Final = 1 << 15  # Their ordinals have 16 bits.


class SortedBy(NamedTuple):
    """A leaf that the rows of every row group are sorted by; `leaf` counts from 0, over all leaves."""

    leaf: int
    descending: bool = False
    nulls_first: bool = False


@dataclass
class _Output:
    """The new file: its pieces, and the position behind the last one."""

    pieces: list[bytes | memoryview] = field(default_factory=list)
    position: int = 0

    def add(self, piece: bytes | memoryview) -> int:
        """Append a piece; returns where it begins."""
        start = self.position
        self.pieces.append(piece)
        self.position += len(piece)
        return start

    def joined(self) -> list[memoryview]:
        """All bytes, in few pieces: small ones that follow on one another are one."""
        runs = groupby(self.pieces, key=lambda piece: len(piece) < _SMALL)
        return [memoryview(part) for is_small, run in runs for part in ([b"".join(run)] if is_small else run)]


@dataclass
class _Copy:
    """A chunk in the new file: its ColumnChunk, and what goes behind all row groups."""

    start: int
    metadata: Struct
    entry: Struct
    bloom_filter: memoryview | None
    column_index: memoryview | None
    offset_index: bytes | None


def splice(schema_of: Donor, groups: Sequence[Group], sorting: Sequence[SortedBy] | None = None) -> list[memoryview]:
    """Put a Parquet file together.

    Args:
        schema_of: its schema, key-value metadata (with it the Arrow schema: field descriptions and
            nullability), column orders and the name of the writer become the new file's.
        groups: the row groups in their order.
        sorting: what the rows of every row group are sorted by, which nobody checks here; None takes what
            all row groups of `schema_of` say alike, or nothing.

    Returns:
        The whole file, in pieces: large ones are the donors' own bytes. If the donors are pyarrow's it is, byte for
        byte, what pyarrow would have written: so row groups have an ordinal where those of `schema_of` have one.

    Raises:
        AuditError: a group has not all columns, or its sources differ from it in rows, or from the schema
            in names, types, nullability or order of values.
        WarehouseError: naming the donor whose footer or page index is damaged.
        NotCopyable: a chunk is encrypted, in another file, or has what this project does not know.
    """
    if len(groups) > _MAX_ROW_GROUPS:
        raise AuditError(f"{len(groups):,} row groups are more than a Parquet file can have.")
    for group in groups:
        _require_fit(schema_of, group)
    noted = _sorting(schema_of, sorting)
    out = _Output()
    out.add(MAGIC)
    copies = [_copy_group(schema_of, group, out) for group in groups]
    _add_indexes([copy for group in copies for copy in group], out)
    entries = [_group_entry(group.rows, chunks, noted) for group, chunks in zip(groups, copies, strict=True)]
    if any(ids.RowGroup.ORDINAL in group.fields for group in schema_of.footer.row_groups):
        for ordinal, entry in enumerate(entries):
            entry[ids.RowGroup.ORDINAL] = I16, ordinal
    footer = write_struct(_file_entry(schema_of, entries, sum(group.rows for group in groups)))
    out.add(footer)
    out.add(len(footer).to_bytes(4, "little") + MAGIC)
    return out.joined()


def _require_fit(schema_of: Donor, group: Group) -> None:
    columns = schema_of.footer.columns
    if group.sources.keys() != columns.keys():
        odd = sorted(group.sources.keys() ^ columns.keys())
        raise AuditError(f"Row group and schema differ in the columns {', '.join(odd)}.")
    for name, (donor, row_group) in group.sources.items():
        if (rows := donor.rows_of(row_group)) != group.rows:
            raise AuditError(f"Column `{name}` has {rows:,} rows in {donor.name}, {group.rows:,} are expected.")
        found = donor.footer.columns.get(name)
        if found is None or found.likeness != columns[name].likeness:
            raise AuditError(f"Column `{name}` is not in {donor.name} what it is in {schema_of.name}.")


def _copy_group(schema_of: Donor, group: Group, out: _Output) -> list[_Copy]:
    return [
        _copy_chunk(group.sources[name], name, leaf, out)
        for name, column in schema_of.footer.columns.items()
        for leaf in range(len(column.leaves))
    ]


def _copy_chunk(source: Source, name: str, leaf: int, out: _Output) -> _Copy:
    """Copy the pages of a chunk; `leaf` counts within the column."""
    footer = source.donor.footer
    column, group = footer.columns[name], footer.row_groups[source.row_group]
    with blaming(source.donor.name):
        body, entry = source.donor.file[: footer.start], group.chunks[column.first + leaf]
        chunk = find_chunk(body, entry, column, column.leaves[leaf], group.rows)
        offset_index = moved_offset_index(chunk, out.position)
    start = out.add(chunk.pages) if chunk.pages else 0  # pyarrow, too, notes 0 where no page is.
    metadata = moved_metadata(chunk, start)
    return _Copy(start, metadata, chunk_entry(metadata), chunk.bloom_filter, chunk.column_index, offset_index)


def _add_indexes(copies: Sequence[_Copy], out: _Output) -> None:
    """Put what helps to skip rows behind all row groups, and note in the chunks where it is."""
    for copy in copies:
        _add(copy.bloom_filter, copy.metadata, ids.ColumnMetaData.BLOOM_FILTER, out)
    for copy in copies:
        _add(copy.column_index, copy.entry, ids.ColumnChunk.COLUMN_INDEX, out)
    for copy in copies:
        _add(copy.offset_index, copy.entry, ids.ColumnChunk.OFFSET_INDEX, out)


def _add(piece: bytes | memoryview | None, fields: Struct, place: tuple[int, int], out: _Output) -> None:
    if piece is not None:
        note_place(fields, place, out.add(piece), len(piece))


def _sorting(schema_of: Donor, sorting: Sequence[SortedBy] | None) -> Field | None:
    """The list of SortingColumn for every row group."""
    if sorting is None:
        noted = [group.fields.get(ids.RowGroup.SORTING) for group in schema_of.footer.row_groups]
        return noted[0] if noted and noted.count(noted[0]) == len(noted) else None
    leaves = sum(map(len, schema_of.leaves.values()))
    if any(not 0 <= by.leaf < leaves for by in sorting):
        raise AuditError(f"{schema_of.name} has {leaves} leaf columns: the rows cannot be sorted by another one.")
    items: list[Value] = [_sorting_column(by) for by in sorting]
    return (LIST, Items(STRUCT, items)) if items else None


def _sorting_column(by: SortedBy) -> Struct:
    return {
        ids.SortingColumn.LEAF: (I32, by.leaf),
        ids.SortingColumn.DESCENDING: (TRUE, by.descending),
        ids.SortingColumn.NULLS_FIRST: (TRUE, by.nulls_first),
    }


def _group_entry(rows: int, copies: Sequence[_Copy], sorting: Field | None) -> Struct:
    """The RowGroup of the footer, without its ordinal."""
    entry: Struct = {
        ids.RowGroup.CHUNKS: (LIST, Items(STRUCT, [_by_id(copy.entry) for copy in copies])),
        ids.RowGroup.BYTES: (I64, sum(number(copy.metadata, ids.ColumnMetaData.BYTES) for copy in copies)),
        ids.RowGroup.ROWS: (I64, rows),
        ids.RowGroup.COMPRESSED: (I64, sum(number(copy.metadata, ids.ColumnMetaData.COMPRESSED) for copy in copies)),
    }
    if copies:
        entry[ids.RowGroup.OFFSET] = I64, copies[0].start
    if sorting is not None:
        entry[ids.RowGroup.SORTING] = sorting
    return _by_id(entry)


def _by_id(fields: Struct) -> Struct:
    return dict(sorted(fields.items()))


def _file_entry(schema_of: Donor, groups: Sequence[Struct], rows: int) -> Struct:
    """The FileMetaData."""
    return {
        **schema_of.footer.fields,
        ids.FileMetaData.ROWS: (I64, rows),
        ids.FileMetaData.ROW_GROUPS: (LIST, Items(STRUCT, [*groups])),
    }
