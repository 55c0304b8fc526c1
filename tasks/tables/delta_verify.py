"""Is a snapshot of a Delta warehouse what its pointer says?

Belongs here: the pointer's list of files against the Delta logs and the files themselves.
Does not belong here: checks of what the rows say (`tasks.maintain`), and mending.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from config.errors import WarehouseError
from tasks.tables.delta import DeltaSnapshot
from tasks.tables.delta_table import listed_files, open_table
from tasks.tables.portable import plain_schema
from tasks.tables.snapshots import DataFile


def verify_delta(snapshot: DeltaSnapshot, contents: bool = True) -> list[str]:
    """Compare a snapshot's list of files with the Delta logs at its versions, and with the files.

    Args:
        snapshot: published.
        contents: decode every file too; without, sizes and footers have to do. (Delta keeps no digests.)

    Returns:
        One sentence a finding, naming table or file; empty where all is well.
    """
    findings = [finding for table in snapshot.info.versions for finding in _log_findings(snapshot, table)]
    schemas: dict[str, pa.Schema] = {}
    for file in snapshot.info.files:
        findings.extend(_file_findings(snapshot, file, contents, schemas))
    return findings


def _log_findings(snapshot: DeltaSnapshot, table: str) -> Iterator[str]:
    """What the table's log says of its version must be what the pointer lists."""
    version = snapshot.info.versions[table]
    try:
        found = open_table(snapshot.location, table, version)
    except WarehouseError as error:
        yield error.message
        return
    if found is None:
        yield f"{table} is no Delta table."
        return
    logged, listed = set(listed_files(table, found)), set(snapshot.files(table))
    for file in sorted(listed - logged, key=lambda file: file.path):
        yield f"{file.path} is listed by the pointer, and not so by version {version} of {table}."
    for file in sorted(logged - listed, key=lambda file: file.path):
        yield f"{file.path} is in version {version} of {table}, and not so in the pointer's list."


def _file_findings(
    snapshot: DeltaSnapshot, file: DataFile, contents: bool, schemas: dict[str, pa.Schema]
) -> Iterator[str]:
    """What is wrong with one file; the first finding ends it, since the rest would follow from it."""
    path, filesystem = str(snapshot.path / file.path), snapshot.filesystem or fs.LocalFileSystem()
    try:
        status = filesystem.get_file_info(path)
        if status.type != fs.FileType.File:
            yield f"{file.path} is listed but cannot be found."
            return
        if status.size != file.bytes:
            yield f"{file.path} has {status.size:,} bytes, {file.bytes:,} are listed."
            return
        with pq.ParquetFile(path, filesystem=filesystem) as parquet:
            rows, schema = parquet.metadata.num_rows, plain_schema(parquet.schema_arrow).remove_metadata()
            for _ in parquet.iter_batches() if contents else ():
                pass
    except (pa.ArrowException, OSError) as error:
        yield f"{file.path} cannot be read: {' '.join(str(error).split())}."
        return
    if rows != file.rows:
        yield f"{file.path} has {rows:,} rows, {file.rows:,} are listed."
    if not schemas.setdefault(file.table, schema).equals(schema):
        yield f"{file.path} does not have the columns and types of the others of {file.table}."
