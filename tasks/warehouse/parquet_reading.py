"""Reading Parquet files of the tables with the schema that they must have.

Belongs here: reading one file or several as one table, what may differ from the schema, and naming the damaged
file when reading fails. Does not belong here: writing (`tasks.warehouse.parquet`), and which files make up a
snapshot (`tasks.warehouse.snapshots`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from config.errors import WarehouseError

if TYPE_CHECKING:
    import pyarrow.dataset as ds

#: What to do where a file of the tables is damaged.
DAMAGED: Final = (
    "`presslake verify` lists all that is damaged; `presslake run --full-refresh` writes the tables again, "
    "`presslake rollback` goes back to an intact snapshot."
)


def read_parquet(
    path: Path,
    columns: Sequence[str] | None = None,
    schema: pa.Schema | None = None,
) -> pa.Table:
    """Read one file; page checksums are verified.

    Args:
        path: the file.
        columns: top-level columns to read; None reads all.
        schema: what the table shall look like: a column that the file lacks becomes null, one that
            it has besides is left out, integers are widened or (if they fit) narrowed.

    Raises:
        WarehouseError: the file is missing, damaged, or does not fit `schema` or `columns`.
    """
    return read_files([path], columns=columns, schema=schema)


def read_files(
    paths: Sequence[Path],
    columns: Sequence[str] | None = None,
    filters: pc.Expression | None = None,
    schema: pa.Schema | None = None,
    hive_root: Path | None = None,
) -> pa.Table:
    """Read several files of one table as one, in the order of `paths`.

    Args:
        paths: at least one file.
        columns: top-level columns to read; None reads all.
        filters: rows to read.
        schema: as for `read_parquet`; None takes the first file's.
        hive_root: the table's folder, where `key=value` folders below it shall become columns.

    Raises:
        WarehouseError: naming the file that is missing, damaged, or does not fit.
    """
    try:
        if filters is None and hive_root is None and schema is not None and len(paths) == 1:
            table = _read_as_it_is(paths[0], columns, schema)
            if table is not None:
                return table
        source = _dataset(paths, schema, hive_root)
        if schema is not None:
            _require_fit(source, schema, columns)
        _require_columns(source.schema, columns, paths[0])
        return source.to_table(columns=None if columns is None else list(columns), filter=filters)
    except (pa.ArrowException, OSError) as error:
        raise _explained(paths, error) from error


def _read_as_it_is(path: Path, columns: Sequence[str] | None, schema: pa.Schema) -> pa.Table | None:
    """Columns that a file has just as `schema` wants them; None where one is missing or must be adapted.

    Datasets can do all that, and take longer to import than most files to read.
    """
    names = schema.names if columns is None else list(columns)
    if not names or not set(names) <= set(schema.names):
        return None
    wanted = pa.schema([schema.field(name) for name in names], schema.metadata)
    import pyarrow.parquet as pq  # noqa: PLC0415  (a check of files needs no Parquet)

    with pq.ParquetFile(str(path), page_checksum_verification=True) as file:
        found = file.schema_arrow
        if any(found.get_field_index(f.name) < 0 or found.field(f.name).type != f.type for f in wanted):
            return None
        return pa.table(file.read(columns=names).select(names).columns, schema=wanted)


@cache
def _format() -> ds.ParquetFileFormat:
    import pyarrow.dataset as ds  # noqa: PLC0415

    options = ds.ParquetFragmentScanOptions(page_checksum_verification=True)
    return ds.ParquetFileFormat(default_fragment_scan_options=options)


def _dataset(paths: Sequence[Path], schema: pa.Schema | None, hive_root: Path | None) -> ds.Dataset:
    import pyarrow.dataset as ds  # noqa: PLC0415

    hive: dict[str, Any] = {}
    if hive_root is not None:
        keys = sorted({part.partition("=")[0] for path in paths for part in path.relative_to(hive_root).parts[:-1]})
        # Named types: of nothing but null partitions none could be inferred.
        kinds = pa.schema([(key, pa.int32() if key.endswith("_year") else pa.string()) for key in keys])
        hive = {"partitioning": ds.partitioning(kinds, flavor="hive"), "partition_base_dir": str(hive_root)}
    return ds.dataset([str(path) for path in paths], schema=schema, format=_format(), **hive)


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
            if not _fits(field, present.get(field.name)):
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


def _explained(paths: Sequence[Path], error: Exception) -> WarehouseError:
    """Find the file that is to blame, by reading each alone."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    for path in paths:
        try:
            with pq.ParquetFile(str(path), page_checksum_verification=True) as file:
                for _ in file.iter_batches():
                    pass
        except (pa.ArrowException, OSError) as reason:
            return WarehouseError(f"{path} cannot be read: {_one_line(reason)}.", DAMAGED)
    return WarehouseError(f"{paths[0].parent} cannot be read as asked: {_one_line(error)}.")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
