"""The footer of a Parquet file: which columns the file has, and where their chunks are.

Belongs here: finding and reading the footer, and refusing files whose chunks cannot be copied. What
copying does not need is kept as it is encoded.
Does not belong here: the schema (`tasks.tables.parquet_columns`), single chunks
(`tasks.tables.column_chunks`), and new footers (`tasks.tables.splice`).

Source: Apache Parquet format, README.md and parquet.thrift.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from tasks.tables import parquet_fields as ids
from tasks.tables.parquet_columns import ELEMENT_SHAPE, Column, columns_of
from tasks.tables.parquet_fields import NotCopyable, number, structs
from tasks.tables.thrift_compact import Damaged, Shape, Struct, read_struct

#: The first bytes of a file, and the last.
MAGIC: Final = b"PAR1"
_ENCRYPTED_MAGIC: Final = b"PARE"
_TAIL: Final = 8  # The footer's length (32 bits, little endian) and the magic bytes.

_OPEN: Final[Shape] = {}
_META: Final = ids.ColumnMetaData
_CHUNK: Final = ids.ColumnChunk
_META_SHAPE: Final[Shape] = dict.fromkeys(
    (
        *(_META.VALUES, _META.BYTES, _META.COMPRESSED),
        *(_META.DATA_PAGE, _META.INDEX_PAGE, _META.DICTIONARY_PAGE, *_META.BLOOM_FILTER),
    ),
    _OPEN,
)
_CHUNK_SHAPE: Final[Shape] = {
    _CHUNK.METADATA: _META_SHAPE,
    **dict.fromkeys((*_CHUNK.OFFSET_INDEX, *_CHUNK.COLUMN_INDEX), _OPEN),
}
_FOOTER_SHAPE: Final[Shape] = {
    ids.FileMetaData.SCHEMA: ELEMENT_SHAPE,
    ids.FileMetaData.ROWS: _OPEN,
    ids.FileMetaData.ROW_GROUPS: {ids.RowGroup.CHUNKS: _CHUNK_SHAPE, ids.RowGroup.ROWS: _OPEN},
    ids.FileMetaData.COLUMN_ORDERS: _OPEN,
}
#: The last field that is known of each struct that is built anew: a later one may hold a position in the file.
_LAST_KNOWN: Final = {"file": 9, "row group": 7, "column chunk": 9, "column chunk's metadata": 17}


class RowGroup(NamedTuple):
    """A row group: its rows, its chunks (ColumnChunk) in the order of the leaves, and all its fields."""

    rows: int
    chunks: list[Struct]
    fields: Struct


@dataclass(frozen=True)
class Footer:
    """What a footer says.

    Attributes:
        start: position of the footer in the file, in bytes.
        fields: all fields of FileMetaData.
        columns: the top-level columns by name, in the order of the schema.
        row_groups: in the order of the file.
    """

    start: int
    fields: Struct
    columns: dict[str, Column]
    row_groups: list[RowGroup]


def read_footer(file: memoryview) -> Footer:
    """Find and read the footer of a file.

    Args:
        file: all bytes of the file.

    Raises:
        Damaged: this is no Parquet file, or its footer contradicts itself.
        NotCopyable: the file is encrypted, or has a field that is unknown.
    """
    start = _footer_start(file)
    content = bytes(file[start:-_TAIL])
    fields, end = read_struct(content, _FOOTER_SHAPE)
    if end != len(content):
        raise Damaged("there are bytes behind the footer")
    _require_known("file", fields)
    if ids.FileMetaData.ENCRYPTION_ALGORITHM in fields or ids.FileMetaData.FOOTER_KEY in fields:
        raise NotCopyable("the file is encrypted")
    columns = columns_of(fields)
    leaves = sum(len(column.leaves) for column in columns.values())
    groups = [_row_group(group, leaves) for group in structs(fields, ids.FileMetaData.ROW_GROUPS)]
    if sum(group.rows for group in groups) != number(fields, ids.FileMetaData.ROWS):
        raise Damaged("the file has not the rows of its row groups")
    return Footer(start, fields, columns, groups)


def _footer_start(file: memoryview) -> int:
    head, tail = bytes(file[: len(MAGIC)]), bytes(file[-_TAIL:])
    if tail[4:] == _ENCRYPTED_MAGIC:
        raise NotCopyable("the footer is encrypted")
    start = len(file) - _TAIL - int.from_bytes(tail[:4], "little")
    if head != MAGIC or tail[4:] != MAGIC or start < len(MAGIC):
        raise Damaged("it is no whole Parquet file")
    return start


def _require_known(what: str, fields: Struct) -> None:
    unknown = [field for field in fields if not 0 < field <= _LAST_KNOWN[what]]
    if unknown:
        raise NotCopyable(f"field {unknown[0]} of a {what} is unknown")


def _row_group(fields: Struct, leaves: int) -> RowGroup:
    _require_known("row group", fields)
    chunks = structs(fields, ids.RowGroup.CHUNKS)
    if len(chunks) != leaves:
        raise Damaged(f"a row group has {len(chunks)} columns, the schema {leaves}")
    return RowGroup(number(fields, ids.RowGroup.ROWS), chunks, fields)


def metadata_of(chunk: Struct) -> Struct:
    """The ColumnMetaData of a ColumnChunk whose bytes are in the same file, not encrypted.

    Raises:
        Damaged: it is no struct.
        NotCopyable: the chunk is elsewhere, is encrypted, has no metadata, or a field that is unknown.
    """
    _require_known("column chunk", chunk)
    if _CHUNK.FILE_PATH in chunk:
        raise NotCopyable("a column chunk is in another file")
    if _CHUNK.CRYPTO in chunk or _CHUNK.ENCRYPTED_METADATA in chunk:
        raise NotCopyable("a column chunk is encrypted")
    if _CHUNK.METADATA not in chunk:
        raise NotCopyable("a column chunk has no metadata")
    metadata = chunk[_CHUNK.METADATA][1]
    if not isinstance(metadata, dict):
        raise Damaged("a column chunk's metadata is no struct")
    _require_known("column chunk's metadata", metadata)
    return metadata
