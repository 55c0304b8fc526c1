"""Are the tables of two warehouses the same, but for when and by which run they came about?

Belongs here: the comparison behind "incremental equals rebuild", for tests and benchmarks. Does not
belong here: making the warehouses.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.warehouse.snapshots import Snapshot
from tasks.warehouse.warehouse import Warehouse

#: Tables that runs over the same files make equal, and their keys; `runs` and the history depend on the runs.
KEYS: Final = {
    "articles": ("article_id",),
    "related": ("article_id", "position"),
    "duplicates": ("source", "source_path"),
    "quarantine": ("source", "source_path"),
    "sources": ("source", "source_path"),
}
#: Columns that say when and by which run a row came.
LINEAGE: Final = frozenset({"run_id", "first_seen_at", "loaded_at"})
_MOST_SHOWN: Final = 5


def assert_same_tables(one: Warehouse, other: Warehouse, aside: Collection[str] = ()) -> None:
    """Fail, saying which rows and columns differ, unless both publish the same rows.

    Aside from lineage: modification times in the manifest (those of when a content was first read)
    and the rows it keeps of vanished files, which a rebuild has never seen.

    Args:
        one, other: the warehouses.
        aside: columns that may differ besides, such as those that kinds of sources do not have.

    Raises:
        AssertionError: naming table, key and the two values.
    """
    left, right = one.current(), other.current()
    assert left is not None and right is not None, "one of the warehouses has published nothing"
    found = [
        line
        for table in KEYS
        for line in _differences(table, comparable(left, table, aside), comparable(right, table, aside))
    ]
    assert not found, "\n".join(["the tables differ:", *found])


def comparable(snapshot: Snapshot, table: str, besides: Collection[str] = ()) -> pa.Table:
    """The rows of a table without what may differ, sorted by key, with the partition as a column."""
    rows = snapshot.read(table, hive=True)
    aside = LINEAGE.union(besides)
    if table == "sources":
        rows = rows.filter(pc.invert(rows["deleted"]))
        aside = aside | {"modified_at"}
    rows = rows.select([name for name in rows.column_names if name not in aside])
    return rows.sort_by([(name, "ascending") for name in KEYS[table]]).combine_chunks()


def _differences(table: str, left: pa.Table, right: pa.Table) -> list[str]:
    if left.schema.equals(right.schema) and left.equals(right):
        return []
    if left.column_names != right.column_names:
        return [f"{table}: columns {left.column_names} and {right.column_names}"]
    mine, yours = _by_key(table, left), _by_key(table, right)
    lines = [f"{table}: {len(left)} rows and {len(right)}"]
    lines += [f"  only in the first: {key}" for key in mine.keys() - yours.keys()][:_MOST_SHOWN]
    lines += [f"  only in the second: {key}" for key in yours.keys() - mine.keys()][:_MOST_SHOWN]
    differing = [key for key in mine.keys() & yours.keys() if mine[key] != yours[key]]
    lines += [f"  {key}: {_values(mine[key], yours[key])}" for key in differing[:_MOST_SHOWN]]
    return lines if len(lines) > 1 else [f"{table}: types or doubled keys, {left.schema} and {right.schema}"]


def _by_key(table: str, rows: pa.Table) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {tuple(row[name] for name in KEYS[table]): row for row in rows.to_pylist()}


def _values(mine: dict[str, Any], yours: dict[str, Any]) -> str:
    return ", ".join(f"{name} {mine[name]!r} / {yours[name]!r}" for name in mine if mine[name] != yours[name])
