"""Tables with lists whose recurring items are dictionary-encoded: joining them, and their plain types.

Does not belong here: single arrays (`tasks.arrow.nested`), and finding recurring items (`tasks.parse`).

`related` entries recur a dozen times in a batch and are most of its bytes, so from parsing to the tables
they travel as lists of numbers, with a dictionary of the entries. Arrow joins dictionaries of texts, but not of
mappings; here they are put one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.columns import whole
from tasks.arrow.nested import holds_recurring, plain_lists


def plain_table(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table in a schema of plain types.

    Args:
        table: (n,) rows with the schema's columns, in any order; lists may hold distinct items once.
        schema: of the result.
    """
    columns = [_plain(table[field.name]).cast(field.type) for field in schema]
    return pa.table(columns, schema=schema)


def _plain(column: pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    return plain_lists(whole(column)) if holds_recurring(column.type) else column


def joined(tables: Sequence[pa.Table], schema: pa.Schema) -> pa.Table:
    """Tables as one, in memory of its own.

    Args:
        tables: with the schema's columns; of lists without nulls the distinct items may be held once, in some.
        schema: of the result, but such lists stay as they are if they are so in any of the tables.

    Returns:
        All rows, each column in one piece; of recurring items only those that occur.
    """
    columns = [_joined(field, [chunk for table in tables for chunk in table[field.name].chunks]) for field in schema]
    return pa.table(columns, names=schema.names)


def _joined(field: pa.Field, arrays: list[pa.Array]) -> pa.Array:
    if any(holds_recurring(array.type) for array in arrays):
        return _joined_lists(arrays)
    # With two arrays or more the values are copied, so that none stays in the file it was mapped from.
    return pa.concat_arrays([pa.array([], field.type), *(array.cast(field.type) for array in arrays)])


def _joined_lists(arrays: list[pa.ListArray]) -> pa.ListArray:
    items, numbers, count = [], [], 0
    for lists in arrays:
        found = _encoded(lists.flatten())
        used = found.indices.dictionary_encode()
        items.append(found.dictionary.take(used.dictionary))
        numbers.append(pc.add(used.indices, pa.scalar(count, pa.int32())))
        count += len(used.dictionary)
    ends = pc.cumulative_sum(pa.concat_arrays([pa.array([0], pa.int32()), *map(pc.list_value_length, arrays)]))
    encoded = pa.DictionaryArray.from_arrays(pa.concat_arrays(numbers), pa.concat_arrays(items))
    return pa.ListArray.from_arrays(ends, encoded)


def _encoded(items: pa.Array) -> pa.DictionaryArray:
    """Items with a dictionary, those that have none each once."""
    if pa.types.is_dictionary(items.type):
        return items
    return pa.DictionaryArray.from_arrays(pa.arange(0, len(items)).cast(pa.int32()), items)
