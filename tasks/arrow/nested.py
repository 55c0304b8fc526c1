"""Lists and mappings in columns: every value at every depth with its position, and lists without nulls.

Belongs here: the handling of nesting for parse, validation and audit. Does not belong here:
rules (`rules`), and reading raw trees (`tasks.parse`).

Between parse and validation a list has an item, null or not, for every item in the file: so the
index in the column is the index in the file, and a finding points at the right line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import Column
from tasks.front_matter.findings import Path

#: Row and path of the i-th value.
PositionOf = Callable[[int], tuple[int, Path]]
#: Gives (n,) indices into an array of distinct values.
Numbers = Callable[[], pa.Array]


class Values(NamedTuple):
    """All values of a column, or of a field inside it, over all rows.

    Attributes:
        column: their column in the contract.
        array: (m,) the values: in the order of the rows, or each distinct one once (see `plain_lists`).
        position: row and front-matter path of the i-th value in the order of the rows.
        is_item: whether they are the items of lists.
        numbers: where values recur, gives the index in `array` of all n of them, in the order of the rows.
    """

    column: Column
    array: pa.Array
    position: PositionOf
    is_item: bool
    numbers: Numbers | None = None

    def where(self, mask: pa.BooleanArray) -> pa.Array:
        """Indices, in the order of the rows, of the values that (m,) marks of `array` apply to."""
        mask = pc.fill_null(mask, False)
        if self.numbers is None or not pc.any(mask, min_count=0).as_py():
            return pc.indices_nonzero(mask)
        return pc.indices_nonzero(mask.take(self.numbers()))

    def take(self, indices: pa.Array) -> pa.Array:
        """Some values, by their indices in the order of the rows."""
        return self.array.take(indices if self.numbers is None else self.numbers().take(indices))


def walk(columns: Iterable[Column], arrays: Mapping[str, pa.Array]) -> Iterator[Values]:
    """Every column, the items of its lists and the fields of its mappings, outermost first.

    Args:
        columns: columns with sources.
        arrays: column name to (n,) values.
    """
    for column in columns:
        yield from _below(Values(column, arrays[column.name], _in_rows(column.sources[0]), is_item=False))


def _in_rows(path: Path) -> PositionOf:
    return lambda index: (index, path)


def _below(values: Values) -> Iterator[Values]:
    yield values
    column, array, position, _, numbers = values
    if column.item is not None and len(items := array.flatten()):
        if pa.types.is_dictionary(items.type):
            yield from _below(Values(column.item, *_distinct(items, _in_lists(array, position))))
        elif numbers is None:
            yield from _below(Values(column.item, items, _in_lists(array, position), is_item=True))
        else:
            yield from _below(Values(column.item, items, *_in_recurring_lists(array, position, numbers)))
    for field in column.fields:
        if field.sources:
            # Not `array.field`, which shows values below a mapping that is null.
            inner = pc.struct_field(array, field.name)
            yield from _below(
                Values(field, inner, _in_mappings(field.sources[0], position), is_item=False, numbers=numbers)
            )


def _distinct(items: pa.DictionaryArray, position: PositionOf) -> tuple[pa.Array, PositionOf, bool, Numbers]:
    """The `Values` of items that recur; an empty item is one of the distinct ones."""
    distinct, numbers = items.dictionary, items.indices
    if numbers.null_count:
        numbers = pc.fill_null(numbers, len(distinct))
        distinct = pa.concat_arrays([distinct, pa.nulls(1, distinct.type)])
    return distinct, position, True, lambda: numbers


def _in_recurring_lists(
    lists: pa.ListArray, position: PositionOf, numbers: Numbers
) -> tuple[PositionOf, bool, Numbers]:
    """The `Values` of the items of lists that recur: all positions are computed only where a rule is broken."""

    @cache
    def spread() -> pa.ListArray:
        offsets = _offsets(pc.fill_null(pc.list_value_length(lists), 0))
        return pa.ListArray.from_arrays(offsets, pa.array(range(offsets[-1].as_py()), pa.int32())).take(numbers())

    @cache
    def positions() -> PositionOf:
        return _in_lists(spread(), position)

    def position_of_item(index: int) -> tuple[int, Path]:
        return positions()(index)

    return position_of_item, True, lambda: spread().flatten()


def _in_lists(lists: pa.ListArray, position: PositionOf) -> PositionOf:
    parents = pc.list_parent_indices(lists)
    offsets = lists.offsets

    def position_of_item(index: int) -> tuple[int, Path]:
        parent = parents[index].as_py()
        row, path = position(parent)
        return row, (*path, index - (offsets[parent].as_py() - offsets[0].as_py()))

    return position_of_item


def _in_mappings(below: Path, position: PositionOf) -> PositionOf:
    def position_of_field(index: int) -> tuple[int, Path]:
        row, path = position(index)
        return row, (*path, *below)

    return position_of_field


def holds_recurring(kind: pa.DataType) -> bool:
    """Whether a type is that of lists whose distinct items are held once."""
    return bool(pa.types.is_list(kind) and pa.types.is_dictionary(kind.value_type))


def plain_lists(array: pa.Array) -> pa.Array:
    """Lists of items, where each distinct item may be held once.

    Args:
        array: (n,) of any type; of lists the items may be dictionary-encoded, as parsing leaves items that recur.

    Returns:
        (n,) the same with items as they are; anything else as it is.
    """
    if not holds_recurring(array.type):
        return array
    items = plain_items(array.values)
    return pa.Array.from_buffers(
        pa.list_(items.type), len(array), array.buffers()[:2], array.null_count, array.offset, [items]
    )


def plain_items(array: pa.Array) -> pa.Array:
    """(n,) values of which each distinct one may be held once, as they are."""
    return array.dictionary.take(array.indices) if pa.types.is_dictionary(array.type) else array


def read_path(path: Path, read_from: Mapping[Path, Path]) -> Path:
    """The path at which a value was read; a column with several sources need not have the first of them.

    Args:
        path: a path of `walk`, by the first source.
        read_from: first source to the one that was read in this row.
    """
    for n in range(len(path), 0, -1):
        if path[:n] in read_from:
            return (*read_from[path[:n]], *path[n:])
    return path


def format_json_path(path: Path) -> str:
    """A path as a JSON list of keys and indices."""
    return msgspec.json.encode(path).decode()


def parse_json_path(text: str) -> Path:
    """The path of a JSON list of keys and indices."""
    return tuple(msgspec.json.decode(text))


def without_null_items(array: pa.Array) -> pa.Array:
    """The array with null items taken out of its lists, at every depth; null lists become empty.

    Args:
        array: (n,) of any type, also with distinct items held once (see `plain_lists`).

    Returns:
        (n,) of the same type.
    """
    if pa.types.is_list(array.type):
        return _dense_lists(array)
    if pa.types.is_dictionary(array.type):
        return pa.DictionaryArray.from_arrays(array.indices, without_null_items(array.dictionary))
    if pa.types.is_struct(array.type) and any(pa.types.is_nested(field.type) for field in array.type):
        fields = [without_null_items(array.field(i)) for i in range(array.type.num_fields)]
        return pa.StructArray.from_arrays(fields, fields=list(array.type), mask=pc.is_null(array))
    return array


def _dense_lists(lists: pa.ListArray) -> pa.ListArray:
    items = lists.flatten()
    if pa.types.is_dictionary(items.type):  # Arrow filters no dictionary of structs
        dense = pa.DictionaryArray.from_arrays(items.indices.drop_null(), items.dictionary)
    else:
        dense = items.drop_null()
    items = without_null_items(dense)
    return pa.ListArray.from_arrays(_offsets(item_counts(lists)), items, type=lists.type)


def item_counts(lists: pa.ListArray) -> pa.Array:
    """(n,) how many items of each list are not null; 0 for a list that is null."""
    items = lists.flatten()
    if not items.null_count:
        return pc.fill_null(pc.list_value_length(lists), 0)
    counts = pc.value_counts(pc.list_parent_indices(lists).filter(pc.is_valid(items)))
    rows = pc.index_in(pa.array(range(len(lists)), counts.type.field(0).type), counts.field(0))
    return pc.fill_null(counts.field(1).take(rows), 0)


def _offsets(lengths: pa.Array) -> pa.Int32Array:
    """(n + 1,) offsets of lists of these lengths."""
    ends = pc.cumulative_sum(lengths.cast(pa.int32()))
    return pa.concat_arrays([pa.array([0], pa.int32()), ends])
