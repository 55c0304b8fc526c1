"""Column chunks of a Parquet file that go to another place: their bytes, and what says where they are.

Belongs here: where a chunk's pages, page index and bloom filter are, and their offsets in the new place.
Does not belong here: which chunks make up a file, and its footer (`tasks.tables.splice`).

Source: Apache Parquet format, parquet.thrift, PageIndex.md and BloomFilter.md.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tasks.tables.parquet_columns import Column, Leaf
from tasks.tables.parquet_fields import (
    BloomFilterHeader,
    ColumnChunk,
    ColumnMetaData,
    OffsetIndex,
    PageLocation,
    number,
    optional_number,
    structs,
)
from tasks.tables.parquet_footer import MAGIC, metadata_of
from tasks.tables.thrift_compact import I32, I64, STRUCT, Damaged, Shape, Struct, read_struct
from tasks.tables.thrift_writer import write_struct

_FIRST_PAGES: Final = (ColumnMetaData.DATA_PAGE, ColumnMetaData.INDEX_PAGE, ColumnMetaData.DICTIONARY_PAGE)
_OFFSET_INDEX_SHAPE: Final[Shape] = {OffsetIndex.PAGES: {PageLocation.OFFSET: {}, PageLocation.SIZE: {}}}
_BLOOM_SHAPE: Final[Shape] = {BloomFilterHeader.BYTES: {}}
_MAX_BLOOM_HEADER: Final = 256  # Four small fields: some 20 bytes.


class Chunk(NamedTuple):
    """A column chunk in its file.

    Attributes:
        pages: all pages, with their headers.
        start: position of `pages` in the file, in bytes.
        bloom_filter: with its header; None where there is none.
        column_index: as it is encoded; None where there is none.
        offset_index: as it is encoded, with positions in the file; None where there is none.
        metadata: its ColumnMetaData.
    """

    pages: memoryview
    start: int
    bloom_filter: memoryview | None
    column_index: memoryview | None
    offset_index: memoryview | None
    metadata: Struct


def find_chunk(body: memoryview, chunk: Struct, column: Column, leaf: Leaf, rows: int) -> Chunk:
    """Find all that belongs to a chunk.

    Args:
        body: the file's bytes up to its footer.
        chunk: the ColumnChunk of the footer.
        column: the top-level column it should be of.
        leaf: the leaf it should be of.
        rows: rows of its row group.

    Raises:
        Damaged: it is of another leaf, its size or positions cannot be, or it has not a value for every row.
        NotCopyable: see `metadata_of`.
    """
    metadata = metadata_of(chunk)
    if any(metadata.get(field) != expected for field, expected in leaf.fields.items()):
        raise Damaged(f"the chunk of {'.'.join(leaf.path)} is of another column")
    values = number(metadata, ColumnMetaData.VALUES)
    if values < rows or (column.flat and values != rows):
        raise Damaged(f"{'.'.join(leaf.path)} has {values} values in {rows} rows")
    number(metadata, ColumnMetaData.BYTES)
    start, pages = _pages(body, metadata)
    column_index = _optional_piece(body, chunk, ColumnChunk.COLUMN_INDEX)
    offset_index = _optional_piece(body, chunk, ColumnChunk.OFFSET_INDEX)
    return Chunk(pages, start, _bloom_filter(body, metadata), column_index, offset_index, metadata)


def _pages(body: memoryview, metadata: Struct) -> tuple[int, memoryview]:
    """All pages of a chunk, dictionary first. Where there is no such page its offset is 0 or missing.

    pyarrow notes a data page at 0 where a row group has no rows.
    """
    size = number(metadata, ColumnMetaData.COMPRESSED)
    offsets = [offset for field in _FIRST_PAGES if (offset := optional_number(metadata, field))]
    if not offsets:
        if size:
            raise Damaged("a column chunk has bytes but no page")
        return 0, body[:0]
    start = min(offsets)
    pages = _piece(body, start, size)
    if max(offsets) >= start + max(size, 1):
        raise Damaged("a page is outside its column chunk")
    return start, pages


def _piece(body: memoryview, start: int, size: int) -> memoryview:
    if start < len(MAGIC) or start + size > len(body):
        raise Damaged("part of a column chunk is outside the file")
    return body[start : start + size]


def _optional_piece(body: memoryview, fields: Struct, place: tuple[int, int]) -> memoryview | None:
    """What is at the offset and length that two fields have."""
    start, size = optional_number(fields, place[0]), optional_number(fields, place[1])
    if start is None and size is None:
        return None
    if start is None or size is None:
        raise Damaged("a page index has an offset without a length, or the other way round")
    return _piece(body, start, size)


def _bloom_filter(body: memoryview, metadata: Struct) -> memoryview | None:
    """The bloom filter with its header. Older writers note no length, so the header's counts."""
    start, noted = (optional_number(metadata, field) for field in ColumnMetaData.BLOOM_FILTER)
    if start is None:
        return None
    header, header_size = read_struct(bytes(body[start : start + _MAX_BLOOM_HEADER]), _BLOOM_SHAPE)
    size = header_size + number(header, BloomFilterHeader.BYTES)
    if noted not in (None, size):
        raise Damaged(f"a bloom filter has {size} bytes, the footer says {noted}")
    return _piece(body, start, size)


def moved_metadata(chunk: Chunk, start: int) -> Struct:
    """The ColumnMetaData of a chunk whose pages begin at `start` in its new file; the bloom filter's place stays."""
    fields = dict(chunk.metadata)
    for field in _FIRST_PAGES:
        if offset := optional_number(fields, field):
            fields[field] = I64, offset - chunk.start + start
    return fields


def moved_offset_index(chunk: Chunk, start: int) -> bytes | None:
    """The OffsetIndex of a chunk whose pages begin at `start` in its new file; None where there is none.

    Raises:
        Damaged: it is no OffsetIndex, or a page of it is outside the chunk.
    """
    if chunk.offset_index is None:
        return None
    fields, end = read_struct(bytes(chunk.offset_index), _OFFSET_INDEX_SHAPE)
    if end != len(chunk.offset_index):
        raise Damaged("a page index has not the length that the footer says")
    for page in structs(fields, OffsetIndex.PAGES):
        place = number(page, PageLocation.OFFSET) - chunk.start
        if place < 0 or place + number(page, PageLocation.SIZE) > len(chunk.pages):
            raise Damaged("the page index has a page outside its column chunk")
        page[PageLocation.OFFSET] = I64, place + start
    return write_struct(fields)


def chunk_entry(metadata: Struct) -> Struct:
    """The ColumnChunk for chunk metadata that is in the footer only: then its own offset shall be 0."""
    return {ColumnChunk.OFFSET: (I64, 0), ColumnChunk.METADATA: (STRUCT, metadata)}


def note_place(fields: Struct, place: tuple[int, int], start: int, size: int) -> None:
    """Note in two fields where something is, and its size in bytes."""
    fields[place[0]], fields[place[1]] = (I64, start), (I32, size)
