"""Thrift structs survive reading and writing, and damaged bytes are an error, never anything else."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.tables.thrift_compact import (
    BINARY,
    BYTE,
    DOUBLE,
    FALSE,
    I16,
    I32,
    I64,
    LIST,
    MAP,
    SET,
    STRUCT,
    TRUE,
    UUID,
    Damaged,
    Field,
    Items,
    Shape,
    Struct,
    Value,
    read_struct,
)
from tasks.tables.thrift_writer import write_struct
from tests.parquet_pieces import encoded, numbered

T = TypeVar("T")


class Everything(dict[int, Shape]):
    """The shape that has every field decoded, however deep."""

    def __contains__(self, field: object) -> bool:
        return True

    def __missing__(self, field: int) -> Shape:
        return self


ALL = Everything()
INTEGERS = {I16: 15, I32: 31, I64: 63}


def fields_of(kinds: st.SearchStrategy[Field]) -> st.SearchStrategy[Struct]:
    ids = st.integers(1, 40) | st.integers(-(2**15), 2**15 - 1)
    return st.dictionaries(ids, kinds, max_size=6).map(lambda made: dict(sorted(made.items())))


def lists_of(items: st.SearchStrategy[Field]) -> st.SearchStrategy[Field]:
    """Lists of up to 20 equal items: more than 14 have a longer header."""
    return st.tuples(items, st.integers(0, 20)).map(lambda made: (LIST, Items(made[0][0], [made[0][1]] * made[1])))


def _integers(kind: int, bits: int) -> st.SearchStrategy[Field]:
    return st.tuples(st.just(kind), st.integers(-(2**bits), 2**bits - 1))


SCALARS = st.one_of(
    *(_integers(kind, bits) for kind, bits in INTEGERS.items()),
    st.tuples(st.just(BYTE), st.integers(-128, 127)),
    st.tuples(st.just(DOUBLE), st.floats(allow_nan=False)),
    st.tuples(st.just(BINARY), st.binary(max_size=200).map(lambda some: some.decode(errors="surrogateescape"))),
)
FIELDS: st.SearchStrategy[Field] = st.recursive(
    SCALARS, lambda inner: lists_of(inner) | st.tuples(st.just(STRUCT), fields_of(inner)), max_leaves=8
)
BOOLEANS: st.SearchStrategy[Field] = st.booleans().map(lambda value: (TRUE if value else FALSE, value))


def footer_of(content: bytes) -> bytes:
    return content[-8 - int.from_bytes(content[-8:-4], "little") : -8]


FOOTER = footer_of(encoded([numbered(*range(20))]))


@given(fields_of(FIELDS | BOOLEANS))
def test_what_is_written_is_read_and_a_kept_copy_is_the_same_bytes(fields: Struct) -> None:
    content = write_struct(fields)
    assert read_struct(content, ALL) == (fields, len(content))
    kept, end = read_struct(content, {})
    assert (write_struct(kept), end) == (content, len(content))


@pytest.mark.parametrize(
    ("fields", "content"),
    [
        ({}, "00"),
        ({1: (I32, 1)}, "15 02 00"),
        ({1: (I64, -1), 3: (I64, 50399)}, "16 01 26 be 93 06 00"),
        ({16: (BINARY, "ab")}, "08 20 02 61 62 00"),
        ({2: (TRUE, True), 3: (FALSE, False)}, "21 12 00"),
        ({1: (LIST, Items(TRUE, [True, False]))}, "19 21 01 02 00"),
        ({1: (LIST, Items(I32, [0] * 15))}, "19 f5 0f" + " 00" * 15 + " 00"),
        ({1: (STRUCT, {1: (BYTE, -1)}), 2: (DOUBLE, 1.0)}, "1c 13 ff 00 17 00 00 00 00 00 00 f0 3f 00"),
    ],
)
def test_the_encoding_is_that_of_the_specification(fields: Struct, content: str) -> None:
    assert write_struct(fields) == bytes.fromhex(content)
    assert read_struct(bytes.fromhex(content), ALL) == (fields, len(bytes.fromhex(content)))


@pytest.mark.parametrize(
    "field",
    [
        f"1{SET:x} 25 02 04",
        f"1{MAP:x} 00",
        f"1{MAP:x} 02 85 01 61 02 01 62 04",
        f"1{MAP:x} 02 11 01 02 02 01",
        f"1{UUID:x}" + " ff" * 16,
    ],
)
@pytest.mark.parametrize("shape", [{}, ALL])
def test_what_parquet_does_not_use_is_kept_as_it_is(field: str, shape: Shape) -> None:
    content = bytes.fromhex(field + " 25 02 00")
    fields, end = read_struct(content, shape)
    assert (write_struct(fields), end) == (content, len(content))
    assert fields.keys() == {1, 3}


@pytest.mark.parametrize("shape", [{}, ALL])
def test_footers_of_pyarrow_are_the_same_bytes_again(shape: Shape) -> None:
    fields, end = read_struct(FOOTER, shape)
    assert (write_struct(fields), end) == (FOOTER, len(FOOTER))


def test_a_struct_may_begin_anywhere() -> None:
    assert read_struct(b"\xff\xff\x15\x02\x00\xff", ALL, start=2) == ({1: (I32, 1)}, 5)


def test_ids_are_those_that_pyarrow_writes(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(encoded([numbered(1, 2, 3)]))
    footer = read_struct(footer_of(path.read_bytes()), ALL)[0]
    group = value(value(footer, 4, Items).values[0], 1, Items)
    metadata = pq.ParquetFile(path).metadata
    chunk, expected = value(group.values[0], 3, dict), metadata.row_group(0).column(0)
    assert value(footer, 3, int) == metadata.num_rows
    assert [value(chunk, field, int) for field in (5, 6, 7, 9, 11, 14, 15)] == [
        expected.num_values,
        expected.total_uncompressed_size,
        expected.total_compressed_size,
        expected.data_page_offset,
        expected.dictionary_page_offset,
        expected.bloom_filter_offset,
        expected.bloom_filter_length,
    ]


def value(fields: Value, field: int, kind: type[T]) -> T:
    assert isinstance(fields, dict)
    found = fields[field][1]
    assert isinstance(found, kind)
    return found


@pytest.mark.parametrize("shape", [{}, ALL])
def test_bytes_that_end_early_are_damaged(shape: Shape) -> None:
    fields: Struct = {
        1: (BINARY, "abc"),
        2: (DOUBLE, 1.0),
        3: (LIST, Items(TRUE, [True, False])),
        4: (LIST, Items(DOUBLE, [0.5, 0.25])),
        5: (STRUCT, {1: (I64, 2**40), 99: (FALSE, False)}),
        6: (MAP, b"\x01\x85\x01a\x02"),
    }
    content = write_struct(fields)
    assert read_struct(content, shape)[1] == len(content)
    for length in range(len(content)):
        with pytest.raises(Damaged):
            read_struct(content[:length], shape)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("10 00", "no type 0"),
        ("1e 00", "no type 14"),
        ("15 02 05 02 02 00", "field 1 is there twice"),
        ("15 ff ff ff ff 1f 00", "more than 32 bits"),
        ("16 ff ff ff ff ff ff ff ff ff 03 00", "more than 64 bits"),
        ("16" + " ff" * 20 + " 01 00", "more than 64 bits"),
        ("05 80 80 04 02 00", "more than 16 bits"),
        ("18 ff ff ff ff ff ff ff ff 7f 00", "end within"),
        ("19 fc ff ff ff ff ff ff ff ff 7f 00", "end within"),
        ("19 f5 ff ff ff ff ff ff ff ff 7f 00", "end within"),
        ("19 f1 ff ff ff ff ff ff ff ff 7f 00", "end within"),
        ("19 f7 ff ff ff ff ff ff ff ff 7f 00", "end within"),
        ("1a f5 ff ff ff ff ff ff ff ff 7f 00", "end within"),
        ("1b ff ff ff ff ff ff ff ff 7f 11 00", "end within"),
        ("1c" * 100 + "00" * 101, "too deeply"),
        ("19 " * 2 + "19 " * 100 + "00", "too deeply"),
        ("1b 01 bb " + "01 bb " * 100, "too deeply"),
    ],
)
def test_hostile_bytes_are_damaged(content: str, message: str) -> None:
    with pytest.raises(Damaged, match=message):
        read_struct(bytes.fromhex(content), ALL)


@given(st.integers(0, len(FOOTER) * 8 - 1), st.sampled_from([{}, ALL]))
def test_flipped_bits_are_damaged_or_read_as_something_else(bit: int, shape: Shape) -> None:
    content = bytearray(FOOTER)
    content[bit // 8] ^= 1 << bit % 8
    with suppress(Damaged):
        assert read_struct(bytes(content), shape)[1] <= len(content)


@given(st.binary(max_size=60), st.sampled_from([{}, ALL]))
def test_any_bytes_are_a_struct_or_damaged(content: bytes, shape: Shape) -> None:
    with suppress(Damaged):
        assert read_struct(content, shape)[1] <= len(content)


@pytest.mark.parametrize(
    "fields",
    [
        {1: (I32, 2**31)},
        {1: (I16, -(2**15) - 1)},
        {1: (BYTE, 128)},
        {1: (I32, "text")},
        {1: (BINARY, 1)},
        {1: (LIST, Items(I32, [1.5]))},
        {2**15: (I32, 1)},
    ],
)
def test_values_that_a_type_cannot_hold_are_not_written(fields: Struct) -> None:
    with pytest.raises(ValueError, match=r"more than \d+ bits|no value of type"):
        write_struct(fields)
