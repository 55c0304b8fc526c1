"""Thrift's compact protocol, as far as Parquet uses it: structs to bytes.

Belongs here: encoding what `tasks.tables.thrift_compact` reads. Does not belong here: what the fields
of Parquet's structs mean (`tasks.tables.parquet_footer`).

Source: Apache Thrift, doc/specs/thrift-compact-protocol.md.
"""

from __future__ import annotations

import struct

from tasks.tables.thrift_compact import (
    BINARY,
    BITS,
    BYTE,
    DOUBLE,
    FALSE,
    I16,
    INTEGERS,
    LIST,
    STRUCT,
    TEXT_ERRORS,
    TRUE,
    Items,
    Struct,
    Value,
)


def write_struct(fields: Struct) -> bytes:
    """Encode one struct; fields are written in the order of the dict (that of their ids is the shortest).

    Raises:
        ValueError: a number has more bits than its type, or a value is of another kind than its type.
    """
    out = bytearray()
    _write_struct(out, fields)
    return bytes(out)


def _write_struct(out: bytearray, fields: Struct) -> None:
    last = 0
    for number, (kind, value) in fields.items():
        header = (TRUE if value else FALSE) if isinstance(value, bool) else kind
        if 0 < number - last < 16:
            out.append((number - last) << 4 | header)
        else:
            out.append(header)
            _write_integer(out, number, I16)
        last = number
        if type(value) is bytes:
            out += value
        elif not isinstance(value, bool):
            _write_value(out, kind, value)
    out.append(0)


def _write_value(out: bytearray, kind: int, value: Value) -> None:
    """Encode a value that is not a field's boolean."""
    match value:
        case int() if kind in INTEGERS:
            _write_integer(out, value, kind)
        case dict() if kind == STRUCT:
            _write_struct(out, value)
        case bytes():
            out += value
        case bool() if kind in (TRUE, FALSE):
            out.append(TRUE if value else FALSE)
        case int() if kind == BYTE and -128 <= value < 128:
            out.append(value & 255)
        case float() if kind == DOUBLE:
            out += struct.pack("<d", value)
        case str() if kind == BINARY:
            encoded = value.encode(errors=TEXT_ERRORS)
            _write_varint(out, len(encoded))
            out += encoded
        case Items() if kind == LIST:
            _write_list(out, value)
        case _:
            raise ValueError(f"{type(value).__name__} is no value of type {kind}")


def _write_list(out: bytearray, items: Items) -> None:
    count = len(items.values)
    out.append(min(count, 15) << 4 | items.kind)
    if count > 14:
        _write_varint(out, count)
    for value in items.values:
        _write_value(out, items.kind, value)


def _write_integer(out: bytearray, number: int, kind: int) -> None:
    zigzag = number << 1 if number >= 0 else ~(number << 1)
    if zigzag >> BITS[kind]:
        raise ValueError(f"{number} has more than {BITS[kind]} bits")
    _write_varint(out, zigzag)


def _write_varint(out: bytearray, number: int) -> None:
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
