"""What one commit does to a Delta table, and the columns that tell its rows apart.

Belongs here: the form of a change. Does not belong here: which rows a run changes (`delta_rows`), and
committing them (`delta_commit`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from config.contract import VERSIONS
from tasks.tables.history import KEY

#: What tells the rows of each table apart.
KEYS: Final = {
    "articles": ("article_id",),
    "related": ("article_id", "position"),
    "duplicates": ("source", "source_path"),
    "quarantine": ("source", "source_path"),
    "sources": ("source", "source_path"),
    "runs": ("run_id",),
    VERSIONS: KEY,
}


@dataclass(frozen=True)
class Change:
    """What one commit does to a table.

    Attributes:
        table: its name.
        schema: its columns, that of the partition last.
        partition: the column that spreads it over folders; None where none does.
        rows: makes the rows to insert or to put in place of those with the same key, part by part.
        gone: (n,) keys of rows to delete; none of them is among `rows`.
        whole: the table shall have `rows` and nothing else.
        idle: there is nothing to do.
        within: values of the partition in which all rows lie and lay; None where that is not known.
    """

    table: str
    schema: pa.Schema
    partition: str | None
    rows: Callable[[], Iterator[pa.Table]]
    gone: pa.Table
    whole: bool = False
    idle: bool = False
    within: Sequence[int | str] | None = None


def plain_change(
    table: str, schema: pa.Schema, parts: Sequence[pa.Table], gone: pa.Table | None = None, *, whole: bool
) -> Change:
    """The change of a table without partitions, whose rows are at hand."""
    empty = schema.empty_table().select(KEYS[table])
    gone = empty if gone is None else gone.select(KEYS[table]).cast(empty.schema)
    idle = not whole and not len(gone) and not any(map(len, parts))
    return Change(table, schema, None, lambda: iter(parts), gone, whole, idle)
