"""Lists whose distinct items are held once: joined over files, and brought to plain types."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tasks.arrow.nested import holds_recurring
from tasks.arrow.recurring import joined, plain_table

ITEM = pa.struct([("title", pa.string()), ("tags", pa.list_(pa.string()))])
SCHEMA = pa.schema([("path", pa.string()), ("related", pa.list_(ITEM))])


def item(number: int) -> dict[str, object]:
    return {"title": f"Story {number}", "tags": [f"tag {number}"] * (number % 3)}


def batch(*lists: list[int], once: bool = True) -> pa.Table:
    """Rows with the related items of these numbers, each distinct item held once or not."""
    paths = [f"{i}.md" for i in range(len(lists))]
    plain = pa.table({"path": paths, "related": [[item(n) for n in numbers] for numbers in lists]}, schema=SCHEMA)
    if not once:
        return plain
    distinct = sorted({n for numbers in lists for n in numbers})
    places = pa.array([distinct.index(n) for numbers in lists for n in numbers], pa.int32())
    items = pa.DictionaryArray.from_arrays(places, pa.array([item(n) for n in distinct], ITEM))
    column = plain["related"].combine_chunks()
    return pa.table({"path": paths, "related": pa.ListArray.from_arrays(column.offsets, items)})


def test_a_plain_table_says_the_same() -> None:
    told = batch([1, 2], [], [2, 2, 5])
    assert holds_recurring(told.schema.field("related").type)
    plain = plain_table(told, SCHEMA)
    assert plain.schema.equals(SCHEMA)
    assert plain.equals(batch([1, 2], [], [2, 2, 5], once=False))
    assert plain_table(plain, SCHEMA).equals(plain)


@pytest.mark.parametrize("once", [(True, True), (True, False), (False, True), (False, False)])
def test_tables_are_joined_whatever_their_items_are_held_as(once: tuple[bool, bool]) -> None:
    tables = [batch([1, 2], [2], once=once[0]), batch([2, 7], [], [1, 1], once=once[1])]
    found = joined(tables, SCHEMA)
    assert holds_recurring(found.schema.field("related").type) == any(once)
    expected = pa.concat_tables([batch([1, 2], [2], once=False), batch([2, 7], [], [1, 1], once=False)])
    assert plain_table(found, SCHEMA).equals(expected.combine_chunks())


def test_slices_bring_only_the_items_that_occur_in_them() -> None:
    tables = [batch([1, 2], [3, 3], [4]).slice(1, 1), batch([5], [6], [7]).slice(2)]
    found = joined(tables, SCHEMA)
    assert len(found["related"].chunk(0).values.dictionary) == 2
    assert [[i["title"] for i in row] for row in found["related"].to_pylist()] == [["Story 3", "Story 3"], ["Story 7"]]


def test_no_table_and_no_row_give_no_row() -> None:
    assert joined([], SCHEMA).equals(SCHEMA.empty_table())
    assert len(joined([batch([1]).slice(1)], SCHEMA)) == 0


def test_what_is_joined_is_in_memory_of_its_own() -> None:
    table = batch([1, 2])
    found = joined([table], SCHEMA)
    buffers = {buffer.address for column in table.columns for buffer in column.chunk(0).buffers() if buffer}
    assert buffers.isdisjoint({b.address for column in found.columns for b in column.chunk(0).buffers() if b})
