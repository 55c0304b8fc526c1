"""The top-level columns of a Parquet file, from the schema in its footer.

Belongs here: which leaves each column has, and whether chunks of two files' columns are interchangeable.
Does not belong here: the rest of the footer (`tasks.tables.parquet_footer`).

Source: Apache Parquet format, parquet.thrift.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from tasks.tables.parquet_fields import (
    ColumnMetaData,
    FileMetaData,
    NotCopyable,
    SchemaElement,
    number,
    optional_number,
    structs,
)
from tasks.tables.thrift_compact import BINARY, LIST, Damaged, Items, Shape, Struct, read_struct
from tasks.tables.thrift_writer import write_struct

#: What `columns_of` needs to have decoded of a SchemaElement.
ELEMENT_SHAPE: Final[Shape] = {SchemaElement.NAME: {}, SchemaElement.CHILDREN: {}}
_MAX_NESTING: Final = 64


class Leaf(NamedTuple):
    """A column that has values, alone or within a nested one.

    Attributes:
        path: its name, with the names of all that it is in.
        fields: type and path, as every ColumnMetaData of this leaf has them.
    """

    path: tuple[str, ...]
    fields: Struct


class Column(NamedTuple):
    """A top-level column.

    Attributes:
        name: its name.
        first: number of its first leaf in the file.
        leaves: its leaves in the order of the file.
        flat: whether it is one leaf with a value, or null, in every row.
        likeness: schema elements (without field ids) and orders of the leaves: of columns for which these
            are equal the chunks are interchangeable.
    """

    name: str
    first: int
    leaves: tuple[Leaf, ...]
    flat: bool
    likeness: tuple[object, ...]


def columns_of(fields: Struct) -> dict[str, Column]:
    """The top-level columns of a file by name, in the order of its schema.

    Args:
        fields: the FileMetaData; the schema is a list of elements in depth-first order, the root first.

    Raises:
        Damaged: the schema is no tree, or names and column orders do not fit it.
        NotCopyable: two columns have the same name.
    """
    root, *elements = structs(fields, FileMetaData.SCHEMA) or [{}]
    orders = structs(fields, FileMetaData.COLUMN_ORDERS) if FileMetaData.COLUMN_ORDERS in fields else None
    columns: dict[str, Column] = {}
    rest, first = iter(elements), 0
    for _ in range(optional_number(root, SchemaElement.CHILDREN) or 0):
        column = _column(list(_subtree(rest)), first, orders)
        if column.name in columns:
            raise NotCopyable(f"two columns are named `{column.name}`")
        columns[column.name], first = column, first + len(column.leaves)
    if next(rest, None) is not None or (orders is not None and len(orders) != first):
        raise Damaged("the schema has other columns than its root says")
    return columns


def _column(tree: list[tuple[Struct, tuple[str, ...]]], first: int, orders: list[Struct] | None) -> Column:
    leaves = tuple(_leaf(element, path) for element, path in tree if SchemaElement.TYPE in element)
    elements = [{key: element[key] for key in element if key != SchemaElement.FIELD_ID} for element, _ in tree]
    ordered = None if orders is None else orders[first : first + len(leaves)]
    flat = len(tree) == 1 and _is_single(tree[0][0])
    return Column(tree[0][1][0], first, leaves, flat, (elements, ordered))


def _leaf(element: Struct, path: tuple[str, ...]) -> Leaf:
    names = Items(BINARY, [*path])
    # Read again what was written: the path as it is encoded, to compare without decoding every chunk's.
    encoded, _ = read_struct(write_struct({ColumnMetaData.PATH: (LIST, names)}), {})
    return Leaf(path, {ColumnMetaData.TYPE: element[SchemaElement.TYPE], **encoded})


def _is_single(element: Struct) -> bool:
    """Whether an element is required or optional, not repeated (2; zigzag makes it 4)."""
    return SchemaElement.REPETITION not in element or element[SchemaElement.REPETITION][1] != b"\x04"


def _subtree(elements: Iterator[Struct]) -> Iterator[tuple[Struct, tuple[str, ...]]]:
    """The next element and all below it, each with the names on the way to it."""
    path: list[str] = []
    missing = [1]  # Elements still to come at every level.
    while missing:
        if not missing[-1]:
            missing.pop()
            path[len(missing) - 1 :] = []
            continue
        missing[-1] -= 1
        element = next(elements, None)
        if element is None or len(missing) > _MAX_NESTING:
            raise Damaged("the schema is no tree")
        yield element, (*path, _name(element))
        if SchemaElement.TYPE not in element:
            path.append(_name(element))
            missing.append(number(element, SchemaElement.CHILDREN))


def _name(element: Struct) -> str:
    name = element.get(SchemaElement.NAME, (0, None))[1]
    if not isinstance(name, str):
        raise Damaged("a schema element has no name")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise Damaged("a column's name is not UTF-8") from error
    return name
