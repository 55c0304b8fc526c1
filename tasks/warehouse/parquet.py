"""Single Parquet files that every reader understands: how they are written.

Belongs here: the writer's options, sorting, which columns get a dictionary, which types are portable, and putting a
file on disk. Does not belong here: reading (`parquet_reading`), and which files make up a snapshot (`snapshots`).

A file is serialised in memory first and put on disk in one go: so its digest costs no second read, and a full disk is
reported by the write itself. A type is portable if eight engines read it alike (DuckDB, Polars, pandas, PyArrow,
PySpark, chdb, DataFusion, Daft): Spark refuses nanoseconds, times of day and half floats, others the view types.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from config.errors import AuditError
from tasks.warehouse.durable import storage_errors, write_new_file

#: The footer's key under which Spark keeps the schema of a table.
SPARK_SCHEMA: Final = "org.apache.spark.sql.parquet.row.metadata"
#: The footer's keys for the number of the snapshot that wrote the file, and for the contract's version.
WRITTEN_IN: Final = "presslake.snapshot"
CONTRACT_VERSION: Final = "presslake.contract_version"
_SPARK_TYPES: Final[dict[pa.DataType, str]] = {
    pa.string(): "string",
    pa.binary(): "binary",
    pa.bool_(): "boolean",
    pa.int8(): "byte",
    pa.int16(): "short",
    pa.int32(): "integer",
    pa.int64(): "long",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.date32(): "date",
    pa.timestamp("us", "UTC"): "timestamp",
}


@dataclass(frozen=True)
class ParquetOptions:
    """How files are written; the defaults were measured on real articles.

    Attributes:
        compression: codec; zstd 6 is 2 to 6% smaller than zstd 3 and takes twice its time.
        compression_level: the codec's own scale.
        row_group_rows: most rows in a row group.
        row_group_bytes: most bytes of them in memory, about. Small groups cost bytes (1,000 articles: a
            fifth), and readers unpack a group whole.
        dictionary_bytes: most bytes in a dictionary. `related` entries recur in all of a group; with the
            writer's usual 1 MiB their texts do not fit, and the file is a sixth larger.
        bloom_filter_columns: top-level columns that point look-ups go by; those absent are skipped.
        bloom_filter_fpp: share of look-ups that a filter lets through for nothing, 0 to 1.
    """

    compression: str = "zstd"
    compression_level: int = 3
    row_group_rows: int = 65_536
    row_group_bytes: int = 48 * 1024 * 1024
    dictionary_bytes: int = 8 * 1024 * 1024
    bloom_filter_columns: tuple[str, ...] = ("article_id", "url")
    bloom_filter_fpp: float = 0.01


class FileStats(NamedTuple):
    """A file that was written: its rows, its size in bytes, and "sha256:" + 64 hex digits."""

    rows: int
    bytes: int
    digest: str


def digest_of(*pieces: bytes | memoryview | pa.Buffer) -> str:
    """The digest of a file's content, in pieces or one, as the snapshot lists it: "sha256:" + 64 hex digits."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return f"sha256:{digest.hexdigest()}"


def write_parquet(
    path: Path,
    table: pa.Table,
    options: ParquetOptions | None = None,
    sorting: Sequence[str] = (),
    durable: bool = True,
    group_rows: int | None = None,
    footer: Mapping[str, str] | None = None,
) -> FileStats:
    """Write one read-only Parquet file; descriptions and nullability of the fields stay, for Spark as well.

    Args:
        path: the file; its folder exists. A file of that name is replaced, not overwritten.
        table: its rows.
        options: None takes the defaults.
        sorting: columns to sort by, ascending, nulls last; recorded in the file for readers.
        durable: fsync the file (not its folder).
        group_rows: rows of each row group but the last; None goes by `options`.
        footer: texts for the file's footer, by key.

    Raises:
        AuditError: a column's type is not portable, or a required one has nulls.
        WarehouseError: the disk is full, read-only, or failed.
    """
    require_portable(table.schema)
    _require_no_nulls(path, table)
    ordered = sort_rows(table, sorting)
    footer = {SPARK_SCHEMA: spark_schema(ordered.schema), **(footer or {})}
    try:
        content = parquet_bytes(ordered, options or ParquetOptions(), sorting, group_rows, footer)
    except pa.ArrowInvalid as error:
        raise AuditError(f"{path.name} cannot be written: {error}.") from error
    return put_file(path, [memoryview(content)], ordered.num_rows, durable)


def put_file(path: Path, content: Sequence[memoryview], rows: int, durable: bool = True) -> FileStats:
    """Put the content of a Parquet file on disk, in one go.

    Args:
        path: the file; its folder exists. A file of that name is replaced, not overwritten.
        content: all its bytes, in pieces.
        rows: that it has.
        durable: fsync the file (not its folder).

    Raises:
        WarehouseError: the disk is full, read-only, or failed.
    """
    with storage_errors(f"write {path}"):
        write_new_file(path, content, durable)
    return FileStats(rows, sum(map(len, content)), digest_of(*content))


def _require_no_nulls(path: Path, table: pa.Table) -> None:
    """Refuse null in required columns: for lists and structs pyarrow's writer does not look."""
    for field in table.schema:
        if not field.nullable and (nulls := table[field.name].null_count):
            raise AuditError(f"{path.name}: required column `{field.name}` has {nulls:,} nulls.")


def sort_rows(table: pa.Table, sorting: Sequence[str]) -> pa.Table:
    """`table` in ascending order of the columns `sorting`, nulls last; rows that tie keep theirs."""
    if not sorting:
        return table
    order = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in sorting])
    # Rows mostly come sorted, and taking all rows copies every text.
    in_order = pc.all(pc.equal(pc.pairwise_diff(order.cast(pa.int64())), 1), min_count=0).as_py()
    return table if in_order else table.take(order)


def parquet_bytes(
    table: pa.Table,
    options: ParquetOptions,
    sorting: Sequence[str] = (),
    group_rows: int | None = None,
    footer: Mapping[str, str] | None = None,
) -> pa.Buffer:
    """The content of a Parquet file.

    Args:
        table: its rows, in the order of `sorting`.
        options: how they are encoded.
        sorting: columns by which the rows are sorted, for readers to know.
        group_rows: rows of each row group but the last; None goes by `options`.
        footer: texts for the footer, by key; other than the schema's notes they are there once.

    Raises:
        pa.ArrowInvalid: the rows cannot be encoded.
    """
    filters = [name for name in options.bloom_filter_columns if name in table.column_names]
    group = group_rows or rows_in_group(table, options.row_group_rows, options.row_group_bytes)
    distinct = max(1, min(table.num_rows, group))
    ordering = [(name, "ascending") for name in sorting]
    order = pq.SortingColumn.from_ordering(table.schema, ordering, null_placement="at_end") if sorting else None
    rows, sink = _without_pandas(table), pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink,
        rows.schema,
        compression=options.compression,
        compression_level=options.compression_level,
        use_dictionary=True,
        dictionary_pagesize_limit=options.dictionary_bytes,
        write_page_index=True,
        write_page_checksum=True,
        sorting_columns=order,
        bloom_filter_options={name: {"ndv": distinct, "fpp": options.bloom_filter_fpp} for name in filters},
    ) as writer:
        writer.write_table(rows, row_group_size=group)
        writer.add_key_value_metadata(dict(footer or {}))
    return sink.getvalue()


def _without_pandas(table: pa.Table) -> pa.Table:
    """Drop the notes that pandas leaves in a schema: they would turn columns into an index."""
    notes = {key: value for key, value in (table.schema.metadata or {}).items() if key != b"pandas"}
    return table.replace_schema_metadata(notes or None)


def rows_in_group(table: pa.Table, most_rows: int, most_bytes: int) -> int:
    """How many rows a group of a table's file has: 1 or more, the same in all groups but the last.

    Args:
        table: (n,) rows.
        most_rows: most rows in a group.
        most_bytes: most bytes of them in memory, about.
    """
    fitting = most_bytes * len(table) // max(table.nbytes, 1)
    return max(min(most_rows, int(fitting)), 1)


def footer_of(path: Path) -> dict[str, str]:
    """What the footer of a file says of who wrote it: the snapshot's number and the contract's version.

    Raises:
        WarehouseError: the file cannot be read.
        pa.ArrowInvalid: it is no Parquet file.
    """
    with storage_errors(f"read {path}"):
        notes = pq.read_metadata(path).metadata or {}
    return {key: notes[key.encode()].decode() for key in (WRITTEN_IN, CONTRACT_VERSION) if key.encode() in notes}


def spark_schema(schema: pa.Schema) -> str:
    """A portable schema as Spark writes it into the footers of its own files, with the descriptions of columns."""
    return msgspec.json.encode({"type": "struct", "fields": [_spark_field(field) for field in schema]}).decode()


def _spark_field(field: pa.Field) -> dict[str, object]:
    description = (field.metadata or {}).get(b"description", b"").decode()
    notes = {"comment": description} if description else {}
    return {"name": field.name, "type": _spark_type(field.type), "nullable": field.nullable, "metadata": notes}


def _spark_type(kind: pa.DataType) -> object:
    if pa.types.is_struct(kind):
        return {"type": "struct", "fields": [_spark_field(field) for field in kind]}
    if pa.types.is_list(kind):
        item = kind.value_field
        return {"type": "array", "elementType": _spark_type(item.type), "containsNull": item.nullable}
    # Spark has no unsigned integers and takes them for larger ones.
    return _SPARK_TYPES[kind] if kind in _SPARK_TYPES else "long" if pa.types.is_integer(kind) else str(kind)


def require_portable(schema: pa.Schema) -> None:
    """Check that all eight engines that were tested read columns of these types alike.

    Raises:
        AuditError: naming the first column that they do not, and what to make of it.
    """
    for field in schema:
        if (trouble := _unportable(field.type)) is not None:
            raise AuditError(
                f"Column `{field.name}` is {field.type}: {trouble} is not read by every engine.",
                "Use timestamp[us, tz=UTC], string, binary, date32, bool, int, float, double, list or struct.",
            )


def _unportable(kind: pa.DataType) -> str | None:
    """The part of a type that is not portable, as text; None where all of it is."""
    types = pa.types
    if types.is_struct(kind):
        return next((trouble for inner in kind if (trouble := _unportable(inner.type))), None)
    if types.is_list(kind):
        return _unportable(kind.value_type)
    plain = (
        types.is_boolean(kind)
        or types.is_integer(kind)
        or types.is_float32(kind)
        or types.is_float64(kind)
        or types.is_string(kind)
        or types.is_binary(kind)
        or types.is_date32(kind)
        or kind == pa.timestamp("us", "UTC")
    )
    return None if plain else str(kind)
