"""What a donor knows of its file, and files that can be none."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import WarehouseError
from tasks.tables.donors import Donor, Group, Source
from tasks.tables.parquet_fields import NotCopyable
from tests.parquet_pieces import donor, encoded, numbered, splice

CONTENT = encoded([numbered(*range(9)), numbered(*range(9, 12))])
FOOTER_SIZE = int.from_bytes(CONTENT[-8:-4], "little")


def spliced(content: bytes) -> pa.Buffer:
    source = Donor(content, "some.parquet")
    return splice(source, [Group.copied(source, at) for at in range(len(source.rows))])


def test_a_donor_knows_its_rows_and_leaves() -> None:
    source = Donor(CONTENT, "some.parquet")
    assert source.rows == (9, 3)
    assert list(source.leaves) == numbered().schema.names
    assert source.leaves["quality"] == (("quality",),)
    assert source.leaves["images"] == (
        ("images", "list", "element", "url"),
        ("images", "list", "element", "sizes", "list", "element", "width"),
        ("images", "list", "element", "sizes", "list", "element", "cached"),
    )


def test_a_donor_knows_which_leaves_have_a_dictionary_in_a_row_group() -> None:
    columns = ["quality", "images.list.element.url"]
    source = donor(numbered(1, 2), numbered(3, 4), use_dictionary=columns)
    for group in (0, 1):
        found = [path for name in source.leaves for path in source.dictionaries(group, name)]
        assert sorted(found) == sorted(columns)
    without = donor(numbered(1, 2), use_dictionary=False)
    assert [path for name in without.leaves for path in without.dictionaries(0, name)] == []


@pytest.mark.parametrize("wrapped", [bytes, memoryview, pa.py_buffer, bytearray])
def test_a_donor_takes_any_buffer(wrapped: type) -> None:
    assert Donor(wrapped(CONTENT), "some.parquet").rows == (9, 3)


def test_a_mapped_donor_outlives_the_name_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(CONTENT)
    source = Donor.mapped(path)
    path.unlink()
    assert splice(source, [Group.copied(source, 0), Group.copied(source, 1)]).to_pybytes() == CONTENT


def test_a_row_group_takes_columns_from_another_donor() -> None:
    old, part = donor(numbered(1, 2)), donor(numbered(3, 4).select(["ratio"]))
    group = Group.copied(old, 0).with_columns(part, 0)
    assert group.rows == 2
    assert group.sources["ratio"] == Source(part, 0)
    assert group.sources["quality"] == Source(old, 0)


def test_files_that_cannot_be_mapped_are_named(tmp_path: Path) -> None:
    empty, text = tmp_path / "empty.parquet", tmp_path / "text.parquet"
    empty.write_bytes(b"")
    text.write_text("no Parquet at all")
    for path, message in (
        (tmp_path / "none", "none: no such file"),
        (empty, "empty"),
        (text, "text"),
        (tmp_path, "is a directory"),
    ):
        with pytest.raises(WarehouseError, match=message):
            Donor.mapped(path)


@given(st.integers(0, len(CONTENT) - 1))
def test_a_file_that_is_cut_off_is_damaged(length: int) -> None:
    with pytest.raises(WarehouseError, match=r"some\.parquet cannot be read"):
        Donor(CONTENT[:length], "some.parquet")


@given(st.lists(st.integers(0, (FOOTER_SIZE + 8) * 8 - 1), min_size=1, max_size=4, unique=True))
def test_flipped_bits_of_a_footer_are_damage_or_come_through(bits: list[int]) -> None:
    content = bytearray(CONTENT)
    for bit in bits:
        content[-1 - bit // 8] ^= 1 << bit % 8
    with suppress(WarehouseError, NotCopyable):
        assert spliced(spliced(bytes(content)).to_pybytes()).size > 0


@given(st.binary(max_size=80))
def test_no_bytes_make_a_footer_that_is_an_accident(footer: bytes) -> None:
    content = b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"
    with pytest.raises((WarehouseError, NotCopyable)):
        Donor(content, "some.parquet")


def test_encrypted_files_are_not_copied() -> None:
    with pytest.raises(NotCopyable, match=r"some\.parquet: the footer is encrypted"):
        Donor(CONTENT[:-4] + b"PARE", "some.parquet")


def test_columns_of_one_name_are_not_copied() -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["n", "n"]), sink)
    with pytest.raises(NotCopyable, match="two columns are named `n`"):
        Donor(sink.getvalue(), "some.parquet")
