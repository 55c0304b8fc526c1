"""One commit to one Delta table: MERGE of what changed, or the whole table anew.

Belongs here: what `deltalake` is told: keys, compression, the change feed, the run's id. Does not
belong here: which rows these are (`delta_rows`), and when they become a snapshot (`delta`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from config.errors import WarehouseError
from tasks.tables.delta_table import deltalake, open_table, table_uri
from tasks.tables.parquet_reading import DAMAGED
from tasks.write.delta_change import KEYS, Change

#: Marks rows of a MERGE that say only which key goes.
_GONE: Final = "_gone"
#: Bytes of a file that writing and compacting aim at.
TARGET_BYTES: Final = 128 * 1024 * 1024
_ROW_GROUP_ROWS: Final = 16_384
_FALSE_POSITIVES: Final = 0.01
_PROPERTIES: Final = {
    "delta.enableChangeDataFeed": "true",
    # The log is what a pointer's versions are read by, so maintenance decides what goes.
    "delta.enableExpiredLogCleanup": "false",
    "delta.targetFileSize": str(TARGET_BYTES),
}


class Conflict(WarehouseError):
    """Another program committed to a table at the same time."""


@dataclass(frozen=True)
class Commits:
    """How commits of one run are made.

    Attributes:
        location: the warehouse's folder or URL.
        run_id: stands in each commit's metadata.
        compression_level: zstd level.
    """

    location: str
    run_id: str
    compression_level: int

    def apply(self, change: Change, version: int | None) -> int:
        """Make a change; the table's version then.

        Args:
            change: what to do.
            version: what the table is at, and must still be at; None where it does not exist yet.

        Raises:
            Conflict: it was changed meanwhile.
            WarehouseError: the storage refused.
        """
        if change.idle and version is not None:
            return version
        rows = _Rows(change)
        with commit_errors(change.table, rows):
            done = self._replace(rows) if change.whole or version is None else self._merge(rows, version)
        # A MERGE that finds nothing to change makes no commit.
        if done not in ((0,) if version is None else (version, version + 1)):
            raise Conflict(f"{change.table} came to version {done}, {version} was before.", "Run again.")
        return done

    def options(self) -> dict[str, Any]:
        """What every commit is given: the run's id, and how files are written."""
        delta = deltalake()
        bloom = delta.BloomFilterProperties(set_bloom_filter_enabled=True, fpp=_FALSE_POSITIVES)
        return {
            "commit_properties": delta.CommitProperties(custom_metadata={"run_id": self.run_id}),
            "writer_properties": delta.WriterProperties(
                compression="ZSTD",
                compression_level=self.compression_level,
                max_row_group_size=_ROW_GROUP_ROWS,
                column_properties={"article_id": delta.ColumnProperties(bloom_filter_properties=bloom)},
            ),
        }

    def _replace(self, rows: _Rows) -> int:
        change = rows.change
        deltalake().write_deltalake(
            table_uri(self.location, change.table),
            rows.reader(change.schema, change.rows()),
            mode="overwrite",
            schema_mode="overwrite",
            partition_by=[change.partition] if change.partition else [],
            configuration=_PROPERTIES,
            target_file_size=TARGET_BYTES,
            **self.options(),
        )
        return _version(self.location, change.table)

    def _merge(self, rows: _Rows, version: int) -> int:
        change = rows.change
        table = open_table(self.location, change.table, version)
        assert table is not None
        schema = change.schema.append(pa.field(_GONE, pa.bool_()))
        source = rows.reader(schema, _marked(change, schema))
        merge = table.merge(source, _predicate(change), source_alias="s", target_alias="t", **self.options())
        merge = merge.when_matched_delete(f's."{_GONE}"').when_matched_update_all(except_cols=[_GONE])
        merge.when_not_matched_insert_all(predicate=f'NOT s."{_GONE}"', except_cols=[_GONE]).execute()
        return int(table.version())


def _predicate(change: Change) -> str:
    """Equal keys; and the partitions in which they can be, so that files of others are not read."""
    equal = " AND ".join(f't."{name}" = s."{name}"' for name in KEYS[change.table])
    if change.within is None or not change.partition:
        return equal
    values = ", ".join(f"'{value}'" if isinstance(value, str) else str(value) for value in change.within)
    return f't."{change.partition}" IN ({values}) AND {equal}'


def _marked(change: Change, schema: pa.Schema) -> Iterator[pa.Table]:
    """Rows to put, then keys to delete with nothing in their other columns."""
    for rows in change.rows():
        yield rows.append_column(schema.field(_GONE), pa.repeat(pa.scalar(False), len(rows)))
    if len(change.gone):
        columns = {name: change.gone[name] for name in KEYS[change.table]}
        columns[_GONE] = pa.repeat(pa.scalar(True), len(change.gone))
        missing = {field.name: pa.nulls(len(change.gone), field.type) for field in schema if field.name not in columns}
        yield pa.table([(columns | missing)[name] for name in schema.names], names=schema.names)


class _Rows:
    """The rows of a change on their way into the library, and what stopped them: the library would not say."""

    def __init__(self, change: Change) -> None:
        self.change = change
        self.error: Exception | None = None

    def reader(self, schema: pa.Schema, tables: Iterator[pa.Table]) -> pa.RecordBatchReader:
        """The tables as one stream."""
        return pa.RecordBatchReader.from_batches(schema, self._batches(schema, tables))

    def _batches(self, schema: pa.Schema, tables: Iterator[pa.Table]) -> Iterator[pa.RecordBatch]:
        try:
            for table in tables:
                yield from table.cast(schema).to_batches(max_chunksize=_ROW_GROUP_ROWS)
        except Exception as error:
            self.error = error
            raise


def _version(location: str, table: str) -> int:
    found = open_table(location, table)
    if found is None:
        raise WarehouseError(f"{table_uri(location, table)} was removed while it was written.", "Run again.")
    return int(found.version())


class commit_errors:  # noqa: N801 (used as a function, like `storage_errors`)
    """Turn what deltalake raises into a WarehouseError that names the table, or into what stopped the rows."""

    def __init__(self, table: str, rows: _Rows | None = None) -> None:
        self._table, self._rows = table, rows

    def __enter__(self) -> None:
        """Nothing is needed."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Raise the WarehouseError in place of the library's own."""
        if error is not None and self._rows is not None and self._rows.error is not None:
            raise self._rows.error
        exceptions = deltalake().exceptions
        reason = " ".join(str(error).split())[:500]
        if isinstance(error, exceptions.CommitFailedError):
            raise Conflict(f"{self._table}: another program committed at the same time: {reason}.") from error
        if isinstance(error, exceptions.DeltaError | OSError):
            raise WarehouseError(
                f"Could not write the Delta table {self._table}: {reason}.",
                f"See to the storage and run again. If a file of the table is damaged: {DAMAGED}",
            ) from error
