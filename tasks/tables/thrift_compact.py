"""Thrift's compact protocol, as far as Parquet uses it: structs from bytes.

Belongs here: what a struct is, and reading one without its IDL. What the caller does not ask for is
kept as it is encoded, so that fields nobody knows survive byte for byte, and cost little.
Does not belong here: writing structs (`tasks.tables.thrift_writer`), and what the fields of Parquet's
mean (`tasks.tables.parquet_footer`).

A struct is a dict of field id to (type, value). A value is one of:
- bytes: as it was encoded, not looked at (of a field's boolean nothing: its type says it);
- int, bool, float: a number, a truth or a double that was asked for;
- str: a binary that was asked for, in UTF-8; bytes that are not become surrogates, as in file names;
- dict: a struct; `Items`: a list. Sets and maps, which Parquet has not, are always kept as encoded.

Source: Apache Thrift, doc/specs/thrift-compact-protocol.md.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final, NamedTuple, TypeAlias

TRUE: Final = 1
FALSE: Final = 2
BYTE: Final = 3
I16: Final = 4
I32: Final = 5
I64: Final = 6
DOUBLE: Final = 7
BINARY: Final = 8
LIST: Final = 9
SET: Final = 10
MAP: Final = 11
STRUCT: Final = 12
UUID: Final = 13

#: Bytes of a value whose type says its length; booleans have one in lists, none in structs.
_WIDTHS: Final = {TRUE: 1, FALSE: 1, BYTE: 1, DOUBLE: 8, UUID: 16}
#: Types of numbers with a sign and a length of their own (zigzag varints).
INTEGERS: Final = frozenset((I16, I32, I64))
BITS: Final = {BYTE: 8, I16: 16, I32: 32, I64: 64}
#: Parquet's own structs are ten deep.
_MAX_DEPTH: Final = 32
#: How bytes that are not UTF-8 are decoded, and encoded again.
TEXT_ERRORS: Final = "surrogateescape"
_TOO_DEEP: Final = "structs are nested too deeply"
_ENDS_EARLY: Final = "the bytes end within a value"


class Damaged(ValueError):
    """Bytes that are not what they should be."""


class Items(NamedTuple):
    """A list: the type of its items as the list's header has it, and the items."""

    kind: int
    values: list[Value]


Value: TypeAlias = "int | float | str | bytes | Struct | Items"
Field: TypeAlias = tuple[int, Value]
Struct: TypeAlias = dict[int, Field]
#: The fields to decode, and of those that are structs or lists of structs the fields to decode in them.
Shape: TypeAlias = Mapping[int, "Shape"]


def read_struct(content: bytes, shape: Shape, start: int = 0) -> tuple[Struct, int]:
    """Read one struct.

    Args:
        content: bytes that hold the struct; those of values that are kept are copied.
        shape: the fields to decode; all others are kept as they are encoded.
        start: where in `content` the struct begins.

    Returns:
        The struct with all its fields in their order, and the position behind it.

    Raises:
        Damaged: the bytes are no struct, end early, or are nested too deeply.
    """
    try:
        return _read_struct(content, start, shape, _MAX_DEPTH)
    except IndexError as error:
        raise Damaged(_ENDS_EARLY) from error


def _read_struct(buf: bytes, pos: int, shape: Shape, depth: int) -> tuple[Struct, int]:
    fields: Struct = {}
    number = 0
    while header := buf[pos]:
        kind = header & 15
        if header > 15:  # Ids are counted on from the last one.
            number, pos = number + (header >> 4), pos + 1
        else:
            number, pos = _integer(buf, pos + 1, I16)
        if number in fields:
            raise Damaged(f"field {number} is there twice")
        if number in shape:
            read = _integer(buf, pos, kind) if kind in INTEGERS else _read_value(buf, pos, kind, shape[number], depth)
            fields[number], end = (kind, read[0]), read[1]
        else:
            end = pos + 1 if kind in INTEGERS and buf[pos] < 128 else _skip(buf, pos, kind, depth)
            fields[number] = kind, buf[pos:end]
        pos = end
    return fields, pos + 1


def _read_value(buf: bytes, pos: int, kind: int, shape: Shape, depth: int) -> tuple[Value, int]:
    """Decode the value of a field."""
    if kind in INTEGERS:
        return _integer(buf, pos, kind)
    if kind in (TRUE, FALSE):
        return kind == TRUE, pos
    if kind in _NESTED and depth <= 0:
        raise Damaged(_TOO_DEEP)
    if kind == STRUCT:
        return _read_struct(buf, pos, shape, depth - 1)
    if kind == LIST:
        return _read_list(buf, pos, shape, depth - 1)
    return _read_scalar(buf, pos, kind, depth)


def _read_scalar(buf: bytes, pos: int, kind: int, depth: int) -> tuple[Value, int]:
    """Decode a binary, a double or a byte; keep all else."""
    end = _skip(buf, pos, kind, depth)
    if end > len(buf):
        raise Damaged(_ENDS_EARLY)
    if kind == BINARY:
        return buf[_varint(buf, pos)[1] : end].decode(errors=TEXT_ERRORS), end
    if kind == DOUBLE:
        return struct.unpack_from("<d", buf, pos)[0], end
    if kind == BYTE:
        return int.from_bytes(buf[pos:end], "little", signed=True), end
    return buf[pos:end], end


def _read_list(buf: bytes, pos: int, shape: Shape, depth: int) -> tuple[Items, int]:
    kind, count, pos = _list_header(buf, pos)
    values: list[Value] = []
    if kind in (TRUE, FALSE):
        values.extend(byte == TRUE for byte in buf[pos : pos + count])
        return Items(kind, values), pos + count
    for _ in range(count):
        value, pos = _read_value(buf, pos, kind, shape, depth)
        values.append(value)
    return Items(kind, values), pos


def _list_header(buf: bytes, pos: int) -> tuple[int, int, int]:
    """Type of the items, their number, and where the first begins."""
    header = buf[pos]
    count, pos = (header >> 4, pos + 1) if header < 0xF0 else _varint(buf, pos + 1)
    return header & 15, count, pos


def _skip(buf: bytes, pos: int, kind: int, depth: int) -> int:
    """The position behind a field's value; it may lie behind the end of `buf`.

    Whoever skips reads on, if only the byte that ends the struct: so what ends early is found there.
    """
    if kind in INTEGERS:
        return _after_varint(buf, pos)
    if kind == BINARY:
        length, pos = _varint(buf, pos)
        return pos + length
    if kind in (TRUE, FALSE):
        return pos
    if (width := _WIDTHS.get(kind)) is not None:
        return pos + width
    skip_nested = _NESTED.get(kind)
    if skip_nested is None:
        raise Damaged(f"there is no type {kind}")
    if depth <= 0:
        raise Damaged(_TOO_DEEP)
    return skip_nested(buf, pos, depth - 1)


def _skip_struct(buf: bytes, pos: int, depth: int) -> int:
    while header := buf[pos]:
        # Most fields are short numbers and binaries: a call for each would double the time.
        kind, pos = (header & 15, pos + 1) if header > 15 else (header, _after_varint(buf, pos + 1))
        if kind in INTEGERS:
            pos = pos + 1 if buf[pos] < 128 else _after_varint(buf, pos)
        elif kind == BINARY and buf[pos] < 128:
            pos += buf[pos] + 1
        elif kind not in (TRUE, FALSE):
            pos = _skip(buf, pos, kind, depth)
    return pos + 1


def _skip_list(buf: bytes, pos: int, depth: int) -> int:
    kind, count, pos = _list_header(buf, pos)
    if (width := _WIDTHS.get(kind)) is not None:
        return pos + count * width
    if kind in INTEGERS:
        for _ in range(count):
            pos = pos + 1 if buf[pos] < 128 else _after_varint(buf, pos)
    else:
        for _ in range(count):
            pos = _skip(buf, pos, kind, depth)
    return pos


def _skip_map(buf: bytes, pos: int, depth: int) -> int:
    count, pos = _varint(buf, pos)
    if not count:
        return pos
    kinds, pos = (buf[pos] >> 4, buf[pos] & 15), pos + 1
    if len(buf) < pos + count:  # Two booleans need no bytes in the sum below, and would never end.
        raise Damaged(_ENDS_EARLY)
    for _ in range(count):
        for kind in kinds:
            pos = pos + 1 if kind in (TRUE, FALSE) else _skip(buf, pos, kind, depth)
    return pos


_NESTED: Final = {LIST: _skip_list, SET: _skip_list, MAP: _skip_map, STRUCT: _skip_struct}


def _after_varint(buf: bytes, pos: int) -> int:
    start = pos
    while buf[pos] > 127:
        pos += 1
    if pos - start > 9:
        raise Damaged("a number has more than 64 bits")
    return pos + 1


def _varint(buf: bytes, pos: int) -> tuple[int, int]:
    """An unsigned number and the position behind it."""
    number = buf[pos]
    pos += 1
    if number < 128:
        return number, pos
    number &= 127
    for shift in range(7, 70, 7):
        byte = buf[pos]
        pos += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, pos
    raise Damaged("a number has more than 64 bits")


def _integer(buf: bytes, pos: int, kind: int) -> tuple[int, int]:
    """A signed number (zigzag) of 16, 32 or 64 bits, and the position behind it."""
    number, pos = _varint(buf, pos)
    if number >> BITS[kind]:
        raise Damaged(f"a number has more than {BITS[kind]} bits")
    return number >> 1 ^ -(number & 1), pos
