"""The fields of Parquet's structs that tell where things are, by their ids; and reading them with care.

Belongs here: ids, and getting at a field of a struct that may be damaged.
Does not belong here: Thrift itself (`tasks.tables.thrift_compact`), and what is made of the fields.

Source: Apache Parquet format, parquet.thrift.
"""

from __future__ import annotations

from typing import Final

from tasks.tables.thrift_compact import LIST, Damaged, Items, Struct


class FileMetaData:
    """The footer."""

    SCHEMA: Final = 2
    ROWS: Final = 3
    ROW_GROUPS: Final = 4
    COLUMN_ORDERS: Final = 7
    ENCRYPTION_ALGORITHM: Final = 8
    FOOTER_KEY: Final = 9


class SchemaElement:
    """A column, or what columns are nested in."""

    TYPE: Final = 1
    REPETITION: Final = 3
    NAME: Final = 4
    CHILDREN: Final = 5
    FIELD_ID: Final = 9


class RowGroup:
    """A row group."""

    CHUNKS: Final = 1
    BYTES: Final = 2
    ROWS: Final = 3
    SORTING: Final = 4
    OFFSET: Final = 5
    COMPRESSED: Final = 6
    ORDINAL: Final = 7


class SortingColumn:
    """What the rows of a row group are sorted by."""

    LEAF: Final = 1
    DESCENDING: Final = 2
    NULLS_FIRST: Final = 3


class ColumnChunk:
    """A column chunk; offset and length of what there is for it behind the row groups."""

    FILE_PATH: Final = 1
    OFFSET: Final = 2
    METADATA: Final = 3
    OFFSET_INDEX: Final = (4, 5)
    COLUMN_INDEX: Final = (6, 7)
    CRYPTO: Final = 8
    ENCRYPTED_METADATA: Final = 9


class ColumnMetaData:
    """What is in a column chunk; offset and length of its bloom filter."""

    TYPE: Final = 1
    PATH: Final = 3
    VALUES: Final = 5
    BYTES: Final = 6
    COMPRESSED: Final = 7
    DATA_PAGE: Final = 9
    INDEX_PAGE: Final = 10
    DICTIONARY_PAGE: Final = 11
    BLOOM_FILTER: Final = (14, 15)


class OffsetIndex:
    """Where each data page of a column chunk is."""

    PAGES: Final = 1


class PageLocation:
    """Where a data page is, and its size with its header."""

    OFFSET: Final = 1
    SIZE: Final = 2


class BloomFilterHeader:
    """What is before a bloom filter's bits."""

    BYTES: Final = 1


class NotCopyable(ValueError):
    """A sound file, but of a kind whose chunks cannot be copied: write the table anew."""


def number(fields: Struct, field: int) -> int:
    """An integer that must be there and must not be negative.

    Raises:
        Damaged: it is missing, negative, or no integer.
    """
    value = optional_number(fields, field)
    if value is None:
        raise Damaged(f"field {field} is missing")
    return value


def optional_number(fields: Struct, field: int) -> int | None:
    """An integer that may be missing, but must not be negative.

    Raises:
        Damaged: it is negative, or no integer.
    """
    if field not in fields:
        return None
    value = fields[field][1]
    if type(value) is not int or value < 0:
        raise Damaged(f"field {field} is {value!r}, which it cannot be")
    return value


def structs(fields: Struct, field: int) -> list[Struct]:
    """The items of a list of structs that must be there.

    Raises:
        Damaged: it is missing, or no list of structs.
    """
    kind, items = fields.get(field, (0, None))
    if kind != LIST or not isinstance(items, Items) or not all(isinstance(item, dict) for item in items.values):
        raise Damaged(f"field {field} is no list of structs")
    return items.values  # type: ignore[return-value]  # just checked
