"""Lists and mappings in columns: every value at every depth with its place, and lists without nulls.

Belongs here: what parse, validation and audit need to know of nesting. Does not belong here:
rules (`rules`), and reading raw trees (`tasks.parse`).

Between parse and validation a list has an item, null or not, for every item in the file: so the
index in the column is the position in the file, and a finding points at the right line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import Column
from tasks.front_matter.problems import Path

#: Row and path of the i-th value.
Locate = Callable[[int], tuple[int, Path]]


class Values(NamedTuple):
    """All values of a column, or of a field inside it, over all rows.

    Attributes:
        column: what the contract says of them.
        array: (n,) the values, in the order of the rows.
        place: row and front-matter path of the i-th value.
        is_item: whether they are the items of lists.
    """

    column: Column
    array: pa.Array
    place: Locate
    is_item: bool


def walk(columns: Iterable[Column], arrays: Mapping[str, pa.Array]) -> Iterator[Values]:
    """Every column, the items of its lists and the fields of its mappings, outermost first.

    Args:
        columns: columns with sources.
        arrays: column name to (n,) values.
    """
    for column in columns:
        yield from _below(column, arrays[column.name], _in_rows(column.sources[0]), is_item=False)


def _in_rows(path: Path) -> Locate:
    return lambda index: (index, path)


def _below(column: Column, array: pa.Array, place: Locate, *, is_item: bool) -> Iterator[Values]:
    yield Values(column, array, place, is_item)
    if column.item is not None and len(items := array.flatten()):
        yield from _below(column.item, items, _in_lists(array, place), is_item=True)
    for field in column.fields:
        if field.sources:
            # Not `array.field`, which shows values below a mapping that is null.
            values = pc.struct_field(array, field.name)
            yield from _below(field, values, _in_mappings(field.sources[0], place), is_item=False)


def _in_lists(lists: pa.ListArray, place: Locate) -> Locate:
    parents = pc.list_parent_indices(lists)
    offsets = lists.offsets

    def place_of_item(index: int) -> tuple[int, Path]:
        parent = parents[index].as_py()
        row, path = place(parent)
        return row, (*path, index - (offsets[parent].as_py() - offsets[0].as_py()))

    return place_of_item


def _in_mappings(below: Path, place: Locate) -> Locate:
    def place_of_field(index: int) -> tuple[int, Path]:
        row, path = place(index)
        return row, (*path, *below)

    return place_of_field


def read_path(path: Path, read_from: Mapping[Path, Path]) -> Path:
    """Where a value was read, which for columns with several sources need not be the first of them.

    Args:
        path: a path that `walk` gave, by the first source.
        read_from: first source to the one that was read in this row.
    """
    for n in range(len(path), 0, -1):
        if path[:n] in read_from:
            return (*read_from[path[:n]], *path[n:])
    return path


def spell_json(path: Path) -> str:
    """A path as a JSON list of keys and positions."""
    return msgspec.json.encode(path).decode()


def without_null_items(array: pa.Array) -> pa.Array:
    """The array with null items taken out of its lists, at every depth; null lists become empty.

    Args:
        array: (n,) of any type.

    Returns:
        (n,) of the same type.
    """
    if pa.types.is_list(array.type):
        return _dense_lists(array)
    if pa.types.is_struct(array.type) and any(pa.types.is_nested(field.type) for field in array.type):
        fields = [without_null_items(array.field(i)) for i in range(array.type.num_fields)]
        return pa.StructArray.from_arrays(fields, fields=list(array.type), mask=pc.is_null(array))
    return array


def _dense_lists(lists: pa.ListArray) -> pa.ListArray:
    items = lists.flatten()
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    if items.null_count:
        kept = pc.list_parent_indices(lists).filter(pc.is_valid(items))
        counts = pc.value_counts(kept)
        places = pc.index_in(pa.array(range(len(lists)), kept.type), counts.field(0))
        lengths = pc.fill_null(counts.field(1).take(places), 0)
        items = items.drop_null()
    ends = pc.cumulative_sum(lengths.cast(pa.int32()))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    return pa.ListArray.from_arrays(offsets, without_null_items(items), type=lists.type)
