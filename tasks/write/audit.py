"""The last look before publishing: what was decided and what is on disk, held against what it must be.

Belongs here: checks of the manifest, of rows about to be written, and of the new snapshot's files as
they read back. Nothing that fails here is published.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from config.contract import Contract
from config.errors import AuditError
from tasks.arrow.keys import file_keys
from tasks.arrow.rules import check_rules
from tasks.warehouse.parquet_reading import read_parquet
from tasks.warehouse.snapshots import DataFile

_STATUS_OF: Final = {"articles": "loaded", "duplicates": "duplicate", "quarantine": "quarantined"}
_STATUSES: Final = pa.array(["loaded", "duplicate", "quarantined", "removed", "ignored"])
_REPORT: Final = "Nothing was published. Please report this with the run's log; `--full-refresh` starts from the files."


def check_manifest(manifest: pa.Table, sources: Collection[str], there: int | None) -> None:
    """G1: every file has one row and one status, every listed one is live, every article has its own id.

    Args:
        manifest: (n,) the manifest that is about to be published, sorted by source and path.
        sources: the sources of this run.
        there: number of files that they listed, less those that were missing when they were to be read; None where
            nothing was listed.

    Raises:
        AuditError: naming what does not add up.
    """
    keys = file_keys(manifest)
    if not pc.all(pc.less(keys[:-1], keys[1:]), min_count=0).as_py():
        raise AuditError("A file has two rows in the manifest, or its rows are not sorted.", _REPORT)
    if not pc.all(pc.is_in(manifest["status"], _STATUSES), min_count=0).as_py():
        raise AuditError("A record was neither loaded nor found to be a duplicate.", _REPORT)
    if pc.any(pc.and_(manifest["deleted"], pc.not_equal(manifest["status"], "removed"))).as_py():
        raise AuditError("A file that is gone has another status than `removed`.", _REPORT)
    is_ours = pc.is_in(manifest["source"], pa.array(sorted(sources), pa.string()))
    live = _count(pc.and_(is_ours, pc.invert(manifest["deleted"])))
    if there is not None and live != there:
        raise AuditError(f"The sources have {there:,} files, but {live:,} have a status.", _REPORT)
    ids = manifest["article_id"].filter(pc.equal(manifest["status"], "loaded"))
    if pc.count_distinct(ids).as_py() != len(ids) or ids.null_count:
        raise AuditError("Two articles have the same `article_id`.", _REPORT)


def _count(mask: pa.Array | pa.ChunkedArray) -> int:
    return int(pc.sum(mask).as_py() or 0)


def check_read(read: pa.Array, records: pa.Array) -> None:
    """Every record that was read has its row in the manifest.

    Args:
        read: (n,) keys of the records that this run read.
        records: (m,) keys of all records by the manifest.

    Raises:
        AuditError: one has none, or was read twice.
    """
    if lost := len(read) - _count(pc.is_in(records, read)):
        raise AuditError(f"{lost:,} records that were read are not in the manifest.", _REPORT)


def check_required(path: str, rows: pa.Table, contract: Contract) -> None:
    """Rows about to be written have no null in a required column, and none for a list (`[]` says it).

    Args:
        path: where they go, `<table>/…`.
        rows: in the table's columns, or some of them.
        contract: says what is required.

    Raises:
        AuditError: naming file and column.
    """
    present = set(rows.column_names)
    for column in contract[path.partition("/")[0]].columns:
        is_needed = (column.required and not column.partitioned) or pa.types.is_list(column.type)
        if is_needed and column.name in present and (nulls := rows[column.name].null_count):
            raise AuditError(f"{path}: {column.name} is null in {nulls:,} of {len(rows):,} rows.", _REPORT)


def check_files(root: Path, files: list[DataFile], manifest: pa.Table) -> None:
    """Row counts, read back from the footers of all files, equal the manifest's.

    Raises:
        AuditError: a table has too many or too few rows.
    """
    counted = dict.fromkeys(_STATUS_OF, 0)
    for file in files:
        rows = _footer_rows(root / file.path)
        if rows != file.rows:
            raise AuditError(f"{file.path} has {rows} rows, {file.rows} were written.", _REPORT)
        if file.table in counted:
            counted[file.table] += rows
    for table, status in _STATUS_OF.items():
        wanted = _count(pc.equal(manifest["status"], status))
        if counted[table] != wanted:
            raise AuditError(f"{table} has {counted[table]} rows for {wanted} files with status {status!r}.", _REPORT)


def _footer_rows(path: Path) -> int:
    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError) as error:
        hint = "`presslake run --full-refresh` writes it again; `presslake rollback` goes back to an older snapshot."
        raise AuditError(f"{path.name} cannot be read back: {error}.", hint) from None


def check_articles(path: Path, contract: Contract, exempt: Collection[str] = ()) -> None:
    """One new file of `articles`, read back: see `check_article_rows`."""
    columns = [column.name for column in contract.source_columns if column.severity == "error"]
    check_article_rows(path.name, read_parquet(path, list(dict.fromkeys(["article_id", *columns]))), contract, exempt)


def check_article_rows(name: str, table: pa.Table, contract: Contract, exempt: Collection[str] = ()) -> None:
    """Rows of `articles`: ids occur once, and the contract's rules hold.

    Args:
        name: where they are, for the message.
        table: with `article_id` and the columns whose rules are to hold.
        contract: the rules.
        exempt: ids of articles last read under another contract: their source was not in this run.

    Raises:
        AuditError: naming the file, the column and the first offending value.
    """
    present = set(table.column_names)
    columns = tuple(c for c in contract.source_columns if c.severity == "error" and c.name in present)
    if pc.count_distinct(table["article_id"]).as_py() != len(table):
        raise AuditError(f"{name}: an `article_id` occurs twice.", _REPORT)
    if exempt:  # As a rule there is none, and a copy of all rows can be saved.
        table = table.filter(pc.invert(pc.is_in(table["article_id"], pa.array(exempt, pa.string()))))
    broken = check_rules(columns, table)
    broken = broken.filter(pc.equal(broken["severity"], "error"))
    if len(broken):
        first = broken.slice(0, 1).to_pylist()[0]
        raise AuditError(f"{name}: {first['field']} breaks {first['code']}: {first['message']}.", _REPORT)
