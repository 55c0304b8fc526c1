"""A chunk whose places or sizes cannot be is refused before a byte of it is copied."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from config.errors import WarehouseError
from tasks.tables.donors import Donor, Group
from tasks.tables.parquet_fields import structs
from tasks.tables.thrift_compact import BINARY, I32, I64, LIST, Items, Struct
from tests.parquet_pieces import edited, encoded, numbered, splice

CONTENT = encoded([numbered(*range(9)), numbered(*range(9, 12))])


def spliced(content: bytes) -> pa.Buffer:
    source = Donor(content, "some.parquet")
    return splice(source, [Group.copied(source, at) for at in range(2)])


def chunk_of(file: Struct, leaf: int = 0) -> Struct:
    return structs(structs(file, 4)[1], 1)[leaf]


def metadata_of(file: Struct, leaf: int = 0) -> Struct:
    metadata = chunk_of(file, leaf)[3][1]
    assert isinstance(metadata, dict)
    return metadata


def number_in(fields: Struct, field: int) -> int:
    value = fields[field][1]
    assert isinstance(value, int)
    return value


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda file: metadata_of(file).update({1: (I32, 1)}), "article_id is of another column"),
        (lambda file: metadata_of(file).update({3: (LIST, Items(BINARY, ["x"]))}), "of another column"),
        (lambda file: metadata_of(file).pop(3), "of another column"),
        (lambda file: metadata_of(file).update({5: (I64, 4)}), "article_id has 4 values in 3 rows"),
        (lambda file: metadata_of(file, 1).update({5: (I64, 2)}), r"topics\.list\.element has 2 values in 3 rows"),
        (lambda file: metadata_of(file).update({6: (I64, -1)}), "field 6 is -1"),
        (lambda file: metadata_of(file).pop(7), "field 7 is missing"),
        (lambda file: metadata_of(file).update({7: (I64, 2**60)}), "outside the file"),
        (lambda file: metadata_of(file).update({7: (I64, 1)}), "a page is outside its column chunk"),
        (lambda file: metadata_of(file).update({9: (I64, 0), 11: (I64, 0)}), "bytes but no page"),
        (lambda file: metadata_of(file).update({11: (I64, 3)}), "outside the file"),
        (lambda file: metadata_of(file).update({10: (I64, len(CONTENT))}), "a page is outside its column chunk"),
        (lambda file: metadata_of(file).update({14: (I64, 2**50)}), "end within a value"),
        (lambda file: metadata_of(file).update({15: (I32, 20)}), "the footer says 20"),
        (lambda file: chunk_of(file).pop(5), "an offset without a length"),
        (lambda file: chunk_of(file).pop(6), "an offset without a length"),
        (lambda file: chunk_of(file).update({6: (I64, 2**50)}), "outside the file"),
        (
            lambda file: chunk_of(file).update({5: (I32, number_in(chunk_of(file), 5) + 1)}),
            "not the length",
        ),
        (lambda file: chunk_of(file).update({5: (I32, 2)}), "end within a value"),
        (lambda file: chunk_of(file).update({4: chunk_of(file, 1)[4], 5: chunk_of(file, 1)[5]}), "a page outside"),
    ],
)
def test_a_chunk_that_cannot_be_is_damaged(edit: Callable[[Struct], None], message: str) -> None:
    with pytest.raises(WarehouseError, match=rf"some\.parquet cannot be read: .*{message}"):
        spliced(edited(CONTENT, edit))


def test_a_bloom_filter_without_a_length_gets_one() -> None:
    def forget(file: Struct) -> None:
        metadata_of(file).pop(15)

    metadata, expected = (
        pq.ParquetFile(pa.BufferReader(content)).metadata.row_group(1).column(0).to_dict()
        for content in (spliced(edited(CONTENT, forget)), CONTENT)
    )
    assert metadata == expected
    assert metadata["bloom_filter_length"] is not None


def test_an_offset_outside_the_footer_is_0_afterwards() -> None:
    def replicated(file: Struct) -> None:
        chunk_of(file)[2] = I64, 4

    assert spliced(edited(CONTENT, replicated)).to_pybytes() == CONTENT


def test_an_index_page_moves_with_its_chunk() -> None:
    def noted(file: Struct) -> None:
        metadata_of(file)[10] = I64, number_in(metadata_of(file), 9)

    source = Donor(edited(CONTENT, noted), "some.parquet")
    content = splice(source, [Group.copied(source, 1)])
    moved = structs(Donor(content, "moved").footer.fields, 4)[0]
    metadata = structs(moved, 1)[0][3][1]
    assert isinstance(metadata, dict)
    expected = pq.ParquetFile(pa.BufferReader(encoded([numbered(*range(9, 12))]))).metadata.row_group(0).column(0)
    assert number_in(metadata, 10) == number_in(metadata, 9) == expected.data_page_offset
