"""What a contract takes away from those who read the tables: changes that break queries of yesterday.

Belongs here: comparing a contract with the columns of a published snapshot. Does not belong here: what
is done about a change (`flows.guards`), and how the tables get their new columns (`tasks.write`).

Breaking is what makes a query fail or mean something else: a column or field that is gone or has
another name, a type that holds less or something else, and a column that is required from now on
although published rows have no value there (their files would go to quarantine). New columns and wider
numbers are not; readers of old and new files get along with them (docs/warehouse.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from config.contract import Contract, Table
from tasks.warehouse.snapshots import DataFile, Snapshot

_DESCRIPTION: Final = b"description"
#: Widths of the integers that a 64-bit float holds exactly.
_EXACT_IN_FLOAT: Final = (8, 16, 32)


def breaking_changes(snapshot: Snapshot, contract: Contract) -> list[str]:
    """What readers of a snapshot would lose if the next one followed the contract.

    Args:
        snapshot: what readers see.
        contract: what the next run would follow.

    Returns:
        One clause a change, naming table and column; empty where readers lose nothing. Nobody reads a file
        that is damaged, so it has no say.
    """
    found: dict[str, None] = {}
    for name, table in contract.tables.items():
        footers = [footer for file in snapshot.files(name) if (footer := _footer(snapshot, file))]
        found |= dict.fromkeys(_changes(table, footers) if footers else ())
    # The columns of `articles` are those of `duplicates` too: once is enough.
    told = {text.replace("`articles.", "`duplicates.", 1) for text in found if text.startswith("`articles.")}
    return [text for text in found if text not in told]


def _footer(snapshot: Snapshot, file: DataFile) -> pq.FileMetaData | None:
    """The footer of a file; None where the file is missing or damaged."""
    try:
        return pq.read_metadata(str(snapshot.path / file.path))
    except (pa.ArrowException, OSError):
        return None


def _changes(table: Table, footers: list[pq.FileMetaData]) -> Iterator[str]:
    published = footers[0].schema.to_arrow_schema()
    yield from _missing(table, published)
    for field in table.schema:
        if field.name in published.names:
            yield from _type_changes(f"{table.name}.{field.name}", published.field(field.name).type, field.type)
    needed = [column.name for column in table.columns if column.required and column.name in published.names]
    for name, nulls in _null_counts(footers, needed).items():
        if nulls:
            yield f"`{table.name}.{name}` is required now, and {nulls:,} published rows have no value there"


def _missing(table: Table, published: pa.Schema) -> Iterator[str]:
    """Columns that are gone; one that has a new column's type and description went under its name."""
    news = [field for field in table.schema if field.name not in published.names]
    for field in published:
        if field.name in table.schema.names:
            continue
        heirs = [new.name for new in news if new.type == field.type and _described(new) == _described(field)]
        became = f"was renamed to `{heirs[0]}`" if heirs else "is gone"
        yield f"`{table.name}.{field.name}` {became}"


def _described(field: pa.Field) -> bytes:
    return bytes((field.metadata or {}).get(_DESCRIPTION, b""))


def _type_changes(path: str, old: pa.DataType, new: pa.DataType) -> Iterator[str]:
    """What a type holds no more, down to the fields of its structs."""
    if pa.types.is_list(old) and pa.types.is_list(new):
        yield from _type_changes(f"{path}[]", old.value_type, new.value_type)
    elif pa.types.is_struct(old) and pa.types.is_struct(new):
        kept = {field.name: field.type for field in new}
        for field in old:
            if field.name not in kept:
                yield f"`{path}.{field.name}` is gone"
            else:
                yield from _type_changes(f"{path}.{field.name}", field.type, kept[field.name])
    elif old != new and not _is_wider(old, new):
        yield f"`{path}` changes from {_spelled(old)} to {_spelled(new)}"


def _spelled(kind: pa.DataType) -> str:
    """A type without its fields, which are as many as one likes."""
    return "struct" if pa.types.is_struct(kind) else "list" if pa.types.is_list(kind) else str(kind)


def _is_wider(old: pa.DataType, new: pa.DataType) -> bool:
    """Whether every value of a number type is one of the other as well."""
    if pa.types.is_signed_integer(old) and pa.types.is_signed_integer(new):
        return bool(new.bit_width >= old.bit_width)
    return bool(pa.types.is_float64(new) and pa.types.is_integer(old) and old.bit_width in _EXACT_IN_FLOAT)


def _null_counts(footers: list[pq.FileMetaData], names: list[str]) -> dict[str, int]:
    """How many rows have no value in each of some flat columns, by the statistics in the files' footers."""
    counts = dict.fromkeys(names, 0)
    for footer in footers:
        places = {footer.schema.column(i).path: i for i in range(footer.num_columns)}
        for name in counts.keys() & places.keys():
            for group in range(footer.num_row_groups):
                statistics = footer.row_group(group).column(places[name]).statistics
                counts[name] += statistics.null_count if statistics and statistics.has_null_count else 0
    return counts
