"""How a table is laid out in a Parquet file: how many rows make a group, which columns get a dictionary.

Belongs here: what follows from the rows. Does not belong here: all other options of the writer (`parquet`).

A dictionary of values that do not recur is work for nothing, and bytes as well: the writer gives up
when it is full, and what it has by then stays in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.columns import whole

#: Values of a leaf that are looked at: list items recur from row to row, and a row may have forty.
_SAMPLE: Final = 8_192
#: Share of distinct values above which a dictionary is not worth its bytes.
_DISTINCT: Final = 0.5
#: With fewer values it makes no difference that anyone could measure.
_FEW: Final = 100


def recurring_leaves(table: pa.Table) -> list[str]:
    """Paths of the leaf columns whose values recur, as Parquet spells them (`related.list.element.title`).

    Args:
        table: (n,) rows of lists, structs and scalars; its first rows speak for all.

    Returns:
        Paths in the order of the columns; columns with hardly any value are among them.
    """
    head = table.slice(0, _SAMPLE)
    leaves = (leaf for name in head.column_names for leaf in _leaves(name, whole(head[name])))
    return [path for path, values in leaves if _recur(values.slice(0, _SAMPLE))]


def rows_in_group(table: pa.Table, most_rows: int, most_bytes: int) -> int:
    """How many rows a group of a table's file has: 1 or more, the same in all groups but the last.

    Args:
        table: (n,) rows.
        most_rows: most rows in a group.
        most_bytes: most bytes of them in memory, about.
    """
    fitting = most_bytes * len(table) // max(table.nbytes, 1)
    return max(min(most_rows, int(fitting)), 1)


def _leaves(path: str, values: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    """The leaf columns below a column with the values that they have in it."""
    kind = values.type
    if pa.types.is_list(kind):
        yield from _leaves(f"{path}.list.element", values.flatten())
    elif pa.types.is_struct(kind):
        for i, part in enumerate(values.flatten()):
            yield from _leaves(f"{path}.{kind.field(i).name}", part)
    else:
        yield path, values


def _recur(values: pa.Array) -> bool:
    present = len(values) - values.null_count
    return present < _FEW or bool(pc.count_distinct(values, mode="only_valid").as_py() <= present * _DISTINCT)
