"""Footers that contradict themselves, or say what is not known, are refused; each names what is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tasks.tables.parquet_fields import NotCopyable, structs
from tasks.tables.parquet_footer import metadata_of, read_footer
from tasks.tables.thrift_compact import BINARY, I32, I64, LIST, STRUCT, Damaged, Items, Struct
from tests.parquet_pieces import edited, encoded, numbered

CONTENT = encoded([numbered(*range(9)), numbered(*range(9, 12))])


def schema(file: Struct) -> list[Struct]:
    return structs(file, 2)


def groups(file: Struct) -> list[Struct]:
    return structs(file, 4)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda file: file.update({3: (I64, 13)}), "not the rows"),
        (lambda file: file.update({3: (I64, -1)}), "field 3 is -1"),
        (lambda file: file.pop(3), "field 3 is missing"),
        (lambda file: file.pop(2), "field 2 is no list of structs"),
        (lambda file: file.update({4: (I32, 1)}), "field 4 is no list of structs"),
        (lambda file: file.update({4: (LIST, Items(I32, [1]))}), "field 4 is no list of structs"),
        (lambda file: structs(file, 7).pop(), "other columns than its root says"),
        (lambda file: schema(file).pop(), "no tree"),
        (lambda file: schema(file).append({1: (I32, 1), 4: (BINARY, "more")}), "other columns"),
        (lambda file: schema(file)[0].update({5: (I32, 2**31 - 1)}), "no tree"),
        (lambda file: schema(file)[0].update({5: (I32, 0)}), "other columns"),
        (lambda file: schema(file)[2].update({5: (I32, 99)}), "no tree"),
        (lambda file: schema(file)[2].pop(5), "field 5 is missing"),
        (lambda file: schema(file)[1].pop(4), "no name"),
        (lambda file: schema(file)[1].update({4: (BINARY, "\udcff")}), "not UTF-8"),
        (lambda file: structs(groups(file)[0], 1).pop(), "a row group has 8 columns, the schema 9"),
        (lambda file: groups(file)[0].pop(3), "field 3 is missing"),
    ],
)
def test_a_footer_that_contradicts_itself_is_damaged(edit: Callable[[Struct], None], message: str) -> None:
    with pytest.raises(Damaged, match=message):
        read_footer(memoryview(edited(CONTENT, edit)))


def test_a_schema_of_endless_depth_is_damaged() -> None:
    def deepen(file: Struct) -> None:
        schema(file)[1:] = [{4: (BINARY, "x"), 5: (I32, 1)}] * 100

    with pytest.raises(Damaged, match="no tree"):
        read_footer(memoryview(edited(CONTENT, deepen)))


def test_bytes_behind_the_footer_are_damage() -> None:
    size = int.from_bytes(CONTENT[-8:-4], "little") + 1
    with pytest.raises(Damaged, match="behind the footer"):
        read_footer(memoryview(CONTENT[:-8] + b"\0" + size.to_bytes(4, "little") + b"PAR1"))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda file: file.update({8: (STRUCT, {})}), "the file is encrypted"),
        (lambda file: file.update({9: (BINARY, "key")}), "the file is encrypted"),
        (lambda file: file.update({10: (I32, 1)}), "field 10 of a file is unknown"),
        (lambda file: groups(file)[1].update({8: (I32, 1)}), "field 8 of a row group is unknown"),
    ],
)
def test_what_is_encrypted_or_unknown_is_not_copied(edit: Callable[[Struct], None], message: str) -> None:
    with pytest.raises(NotCopyable, match=message):
        read_footer(memoryview(edited(CONTENT, edit)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({1: (BINARY, "other.parquet")}, "in another file"),
        ({8: (STRUCT, {})}, "encrypted"),
        ({9: (BINARY, "secret")}, "encrypted"),
        ({10: (I32, 1)}, "field 10 of a column chunk is unknown"),
        ({3: (STRUCT, {18: (I32, 1)})}, "field 18 of a column chunk's metadata is unknown"),
    ],
)
def test_a_chunk_that_is_not_all_there_is_not_copied(change: Struct, message: str) -> None:
    chunk = read_footer(memoryview(CONTENT)).row_groups[0].chunks[0]
    with pytest.raises(NotCopyable, match=message):
        metadata_of({**chunk, **change})


def test_a_chunk_has_metadata() -> None:
    with pytest.raises(NotCopyable, match="no metadata"):
        metadata_of({2: (I64, 0)})
    with pytest.raises(Damaged, match="no struct"):
        metadata_of({2: (I64, 0), 3: (I64, 0)})
