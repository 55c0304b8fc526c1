"""Single Parquet files that every reader understands: how they are written and read.

Belongs here: the writer's options, sorting, reading with an expected schema, and naming the damaged
file when reading fails.
Does not belong here: which column types are portable (`tasks.tables.portable`), where files are
(`tasks.tables.warehouse`) and which make up a snapshot (`tasks.tables.snapshots`).

A file is serialised in memory first and put on disk in one go: so its digest costs no second
read, and a full disk is reported by the write itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from config.errors import AuditError, WarehouseError
from tasks.tables.durable import storage_errors, write_new_file
from tasks.tables.parquet_encoding import recurring_leaves, rows_in_group
from tasks.tables.portable import plain_schema, plain_type, require_portable

if TYPE_CHECKING:
    import pyarrow.dataset as ds
    from pyarrow import fs

#: What to do where a file of the tables is damaged.
DAMAGED: Final = (
    "`presslake verify` lists all that is damaged; `presslake run --full-refresh` writes the tables anew, "
    "`presslake rollback` goes back to an intact snapshot."
)


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
    bloom_filter_columns: tuple[str, ...] = ("article_id",)
    bloom_filter_fpp: float = 0.01


class FileStats(NamedTuple):
    """A file that was written: its rows, its size in bytes, and "sha256:" + 64 hex digits."""

    rows: int
    bytes: int
    digest: str


def digest_of(content: bytes | memoryview | pa.Buffer) -> str:
    """The digest of a file's content, as the snapshot lists it: "sha256:" + 64 hex digits."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def write_parquet(
    path: Path,
    table: pa.Table,
    options: ParquetOptions | None = None,
    sorting: Sequence[str] = (),
    durable: bool = True,
) -> FileStats:
    """Write one read-only Parquet file; descriptions and nullability of the fields stay.

    Args:
        path: the file; its folder exists. A file of that name is replaced, not overwritten.
        table: its rows.
        options: None takes the defaults.
        sorting: columns to sort by, ascending, nulls last; recorded in the file for readers.
        durable: fsync the file (not its folder).

    Raises:
        AuditError: a column's type is not portable, or a required one has nulls.
        WarehouseError: the disk is full, read-only, or failed.
    """
    require_portable(table.schema)
    _require_no_nulls(path, table)
    ordered = sort_rows(table, sorting)
    try:
        content = parquet_bytes(ordered, options or ParquetOptions(), sorting)
    except pa.ArrowInvalid as error:
        raise AuditError(f"{path.name} cannot be written: {error}.") from error
    return put_file(path, content, ordered.num_rows, durable)


def put_file(path: Path, content: pa.Buffer, rows: int, durable: bool = True) -> FileStats:
    """Put the content of a Parquet file on disk, in one go.

    Args:
        path: the file; its folder exists. A file of that name is replaced, not overwritten.
        content: all its bytes.
        rows: that it has.
        durable: fsync the file (not its folder).

    Raises:
        WarehouseError: the disk is full, read-only, or failed.
    """
    with storage_errors(f"write {path}"):
        write_new_file(path, memoryview(content), durable)
    return FileStats(rows, content.size, digest_of(content))


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
    table: pa.Table, options: ParquetOptions, sorting: Sequence[str] = (), group_rows: int | None = None
) -> pa.Buffer:
    """The content of a Parquet file.

    Args:
        table: its rows, in the order of `sorting`.
        options: how they are encoded.
        sorting: columns by which the rows are sorted, for readers to know.
        group_rows: rows of each row group but the last; None goes by `options`.

    Raises:
        pa.ArrowInvalid: the rows cannot be encoded.
    """
    filters = [name for name in options.bloom_filter_columns if name in table.column_names]
    group = group_rows or rows_in_group(table, options.row_group_rows, options.row_group_bytes)
    distinct = max(1, min(table.num_rows, group))
    ordering = [(name, "ascending") for name in sorting]
    sink = pa.BufferOutputStream()
    pq.write_table(
        _without_pandas(table),
        sink,
        compression=options.compression,
        compression_level=options.compression_level,
        row_group_size=group,
        use_dictionary=recurring_leaves(table),
        dictionary_pagesize_limit=options.dictionary_bytes,
        write_page_index=True,
        write_page_checksum=True,
        sorting_columns=pq.SortingColumn.from_ordering(table.schema, ordering, null_placement="at_end")
        if sorting
        else None,
        bloom_filter_options={name: {"ndv": distinct, "fpp": options.bloom_filter_fpp} for name in filters},
    )
    return sink.getvalue()


def _without_pandas(table: pa.Table) -> pa.Table:
    """Drop the notes that pandas leaves in a schema: they would turn columns into an index."""
    notes = {key: value for key, value in (table.schema.metadata or {}).items() if key != b"pandas"}
    return table.replace_schema_metadata(notes or None)


def read_parquet(
    path: Path,
    columns: Sequence[str] | None = None,
    schema: pa.Schema | None = None,
    filesystem: fs.FileSystem | None = None,
) -> pa.Table:
    """Read one file; page checksums are verified.

    Args:
        path: the file.
        columns: top-level columns to read; None reads all.
        schema: what the table shall look like: a column that the file lacks becomes null, one that
            it has besides is left out, integers are widened or (if they fit) narrowed.
        filesystem: where the file is; None is the local one.

    Raises:
        WarehouseError: the file is missing, damaged, or does not fit `schema` or `columns`.
    """
    return read_files([path], columns=columns, schema=schema, filesystem=filesystem)


def read_files(
    paths: Sequence[Path],
    columns: Sequence[str] | None = None,
    filters: pc.Expression | None = None,
    schema: pa.Schema | None = None,
    hive_root: Path | None = None,
    filesystem: fs.FileSystem | None = None,
) -> pa.Table:
    """Read several files of one table as one, in the order of `paths`.

    Args:
        paths: at least one file.
        columns: top-level columns to read; None reads all.
        filters: rows to read.
        schema: as for `read_parquet`; None takes the first file's, in plain types.
        hive_root: the table's folder, where `key=value` folders below it shall become columns.
        filesystem: where the files are; None is the local one.

    Raises:
        WarehouseError: naming the file that is missing, damaged, or does not fit.
    """
    try:
        if filters is None and hive_root is None and schema is not None and len(paths) == 1:
            table = _read_as_it_is(paths[0], columns, schema, filesystem)
            if table is not None:
                return table
        source = _dataset(paths, schema, hive_root, filesystem)
        if schema is not None:
            _require_fit(source, schema, columns)
        _require_columns(source.schema, columns, paths[0])
        return source.to_table(columns=None if columns is None else list(columns), filter=filters)
    except (pa.ArrowException, OSError) as error:
        raise _explained(paths, error, filesystem) from error


def _read_as_it_is(
    path: Path, columns: Sequence[str] | None, schema: pa.Schema, filesystem: fs.FileSystem | None
) -> pa.Table | None:
    """Columns that a file has just as `schema` wants them; None where one is missing or must be adapted.

    Datasets can do all that, and take longer to import than most files to read.
    """
    names = schema.names if columns is None else list(columns)
    if not names or not set(names) <= set(schema.names):
        return None
    wanted = pa.schema([schema.field(name) for name in names], schema.metadata)
    with pq.ParquetFile(str(path), page_checksum_verification=True, filesystem=filesystem) as file:
        found = file.schema_arrow
        if any(found.get_field_index(f.name) < 0 or found.field(f.name).type != f.type for f in wanted):
            return None
        return pa.table(file.read(columns=names).select(names).columns, schema=wanted)


@cache
def _format() -> ds.ParquetFileFormat:
    import pyarrow.dataset as ds  # noqa: PLC0415

    options = ds.ParquetFragmentScanOptions(page_checksum_verification=True)
    return ds.ParquetFileFormat(default_fragment_scan_options=options)


def _dataset(
    paths: Sequence[Path], schema: pa.Schema | None, hive_root: Path | None, filesystem: fs.FileSystem | None
) -> ds.Dataset:
    import pyarrow.dataset as ds  # noqa: PLC0415

    hive = {} if hive_root is None else {"partitioning": "hive", "partition_base_dir": str(hive_root)}
    names, options = [str(path) for path in paths], {"format": _format(), "filesystem": filesystem, **hive}
    source = ds.dataset(names, schema=schema, **options)
    plain = plain_schema(source.schema)
    return source if plain.equals(source.schema) else ds.dataset(names, schema=plain, **options)


def _require_columns(schema: pa.Schema, columns: Sequence[str] | None, path: Path) -> None:
    unknown = sorted(set(columns or ()) - set(schema.names))
    if unknown:
        raise WarehouseError(f"{path} has no column {', '.join(unknown)}.", f"It has: {', '.join(schema.names)}.")


def _require_fit(source: ds.Dataset, schema: pa.Schema, columns: Sequence[str] | None) -> None:
    """Refuse what the scanner would bend silently: text to numbers, null in a required column."""
    wanted = [field for field in schema if columns is None or field.name in columns]
    for fragment in source.get_fragments():
        present = {field.name: field.type for field in fragment.physical_schema}
        for field in wanted:
            found = present.get(field.name)
            if not _fits(field, None if found is None else plain_type(found)):
                raise WarehouseError(
                    f"{fragment.path}: column `{field.name}` is {present.get(field.name, 'missing')},"
                    f" {field.type} is expected.",
                    "The file was written under another contract: rebuild.",
                )


def _fits(field: pa.Field, found: pa.DataType | None) -> bool:
    if found is None:
        return bool(field.nullable)
    both_integers = pa.types.is_integer(found) and pa.types.is_integer(field.type)
    return both_integers or bool(found == field.type) or _has_grown(field.type, found)


def _has_grown(wanted: pa.DataType, found: pa.DataType) -> bool:
    """Whether a list of structs only lacks fields that may be null; the scanner fills those with null."""
    if not (pa.types.is_list(wanted) and pa.types.is_list(found) and pa.types.is_struct(found.value_type)):
        return False
    if not pa.types.is_struct(wanted.value_type):
        return False
    present = {found.value_type.field(i).name: found.value_type.field(i) for i in range(found.value_type.num_fields)}
    fields = [wanted.value_type.field(i) for i in range(wanted.value_type.num_fields)]
    known = [field for field in fields if field.name in present]
    fits = all(field.type == present[field.name].type for field in known)
    return fits and len(known) == len(present) and all(f.nullable for f in fields if f.name not in present)


def _explained(paths: Sequence[Path], error: Exception, filesystem: fs.FileSystem | None) -> WarehouseError:
    """Find the file that is to blame, by reading each alone."""
    for path in paths:
        try:
            with pq.ParquetFile(str(path), page_checksum_verification=True, filesystem=filesystem) as file:
                for _ in file.iter_batches():
                    pass
        except (pa.ArrowException, OSError) as reason:
            return WarehouseError(f"{path} cannot be read: {_one_line(reason)}.", DAMAGED)
    return WarehouseError(f"{paths[0].parent} cannot be read as asked: {_one_line(error)}.")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
