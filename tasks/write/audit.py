"""The last look before publishing: what is on disk is held against what it must be.

Belongs here: checks that read the new snapshot's files back. Nothing that fails here is published.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from config.contract import Contract
from config.errors import AuditError
from tasks.tables.parquet import read_parquet
from tasks.tables.rules import check_rules
from tasks.tables.snapshots import DataFile

_STATUS_OF: Final = {"articles": "loaded", "duplicates": "duplicate", "quarantine": "quarantined"}
_REPORT: Final = "Nothing was published. Please report this with the run's log; `--full-refresh` starts from the files."


def check_manifest(manifest: pa.Table, listed: int, vanished: int) -> None:
    """G1: every listed file has exactly one status, and every article its own id.

    Args:
        manifest: the manifest that is about to be published.
        listed: number of files that the sources of this run listed.
        vanished: how many of them were gone when they were to be read.

    Raises:
        AuditError: the sum is not right, or an id occurs twice.
    """
    if pc.any(pc.equal(manifest["status"], "record")).as_py():
        raise AuditError("A record was neither loaded nor found to be a duplicate.", _REPORT)
    live = pc.sum(pc.invert(manifest["deleted"]).cast(pa.int64())).as_py() or 0
    if live < listed - vanished:
        raise AuditError(f"{listed} files were listed, {vanished} vanished, but {live} have a status.", _REPORT)
    ids = manifest.filter(pc.equal(manifest["status"], "loaded"))["article_id"]
    if pc.count_distinct(ids).as_py() != len(ids) or ids.null_count:
        raise AuditError("Two articles have the same `article_id`.", _REPORT)


def check_files(root: Path, files: list[DataFile], manifest: pa.Table) -> None:
    """Row counts, read back from the footers of all files, equal the manifest's.

    Raises:
        AuditError: a table has too many or too few rows.
    """
    counted = {table: 0 for table in _STATUS_OF}
    for file in files:
        rows = _footer_rows(root / file.path)
        if rows != file.rows:
            raise AuditError(f"{file.path} has {rows} rows, {file.rows} were written.", _REPORT)
        if file.table in counted:
            counted[file.table] += rows
    for table, status in _STATUS_OF.items():
        wanted = pc.sum(pc.equal(manifest["status"], status).cast(pa.int64())).as_py() or 0
        if counted[table] != wanted:
            raise AuditError(f"{table} has {counted[table]} rows for {wanted} files with status {status!r}.", _REPORT)


def _footer_rows(path: Path) -> int:
    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError) as error:
        hint = "`presslake run --full-refresh` writes it anew; `presslake rollback` goes back to an older snapshot."
        raise AuditError(f"{path.name} cannot be read back: {error}.", hint) from None


def check_articles(path: Path, contract: Contract) -> None:
    """One new file of `articles`: ids and required columns are there, and the contract's rules hold.

    Raises:
        AuditError: naming the file, the column and the first offending row.
    """
    columns = [column for column in contract.source_columns if column.severity == "error"]
    required = [c.name for c in contract["articles"].columns if c.required and not c.partitioned]
    names = list(dict.fromkeys(["article_id", *required, *(column.name for column in columns)]))
    table = read_parquet(path, names)
    for name in required:
        if table[name].null_count:
            raise AuditError(f"{path.name}: {name} is null in {table[name].null_count} rows.", _REPORT)
    if pc.count_distinct(table["article_id"]).as_py() != len(table):
        raise AuditError(f"{path.name}: an `article_id` occurs twice.", _REPORT)
    broken = check_rules(tuple(columns), table)
    broken = broken.filter(pc.equal(broken["severity"], "error"))
    if len(broken):
        first = broken.slice(0, 1).to_pylist()[0]
        raise AuditError(f"{path.name}: {first['field']} breaks {first['code']}: {first['message']}.", _REPORT)
