"""Checks of each file of a snapshot by itself: columns, required values, rules, order and partition.

Belongs here: checks that need one file, or one file of `articles` and that of `related` beside it.
Does not belong here: bytes and digests (`tasks.warehouse.verify`), and checks of tables against one
another (`joins`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from config.contract import Contract
from config.contract_types import Column
from config.errors import WarehouseError
from tasks.arrow.columns import whole
from tasks.arrow.comparison import rows_differ
from tasks.arrow.keys import NULL_PARTITION
from tasks.arrow.related import related_digests, related_lists
from tasks.arrow.rules import check_rules
from tasks.maintain.outcome import named
from tasks.warehouse.manifest import INDEX_SCHEMA
from tasks.warehouse.parquet_reading import read_parquet
from tasks.warehouse.snapshots import INDEX, DataFile, Snapshot

#: Order of the rows in a file, by table.
SORTING: Final = {
    "articles": [("published_at", "ascending"), ("article_id", "ascending")],
    "duplicates": [("published_at", "ascending"), ("article_id", "ascending")],
}


def check_contents(snapshot: Snapshot, contract: Contract, damaged: Collection[DataFile] = ()) -> list[str]:
    """Hold every file against the contract.

    Args:
        snapshot: published, of this contract.
        contract: names columns, required ones and rules.
        damaged: files that are not looked at.

    Returns:
        One sentence a finding, naming the file and the first rows; empty where all is well.
    """
    findings = [f"There is no table `{name}`." for name in contract.tables if name not in snapshot.tables()]
    for file in snapshot.info.files:
        if file in damaged:
            continue
        try:
            findings.extend(_check_file(snapshot, file, contract))
        except WarehouseError as error:
            findings.append(f"{file.path} could not be checked: {error.message}")
        except (pa.ArrowException, OSError) as error:
            findings.append(f"{file.path} could not be checked: {error}")
    return findings


def _check_file(snapshot: Snapshot, file: DataFile, contract: Contract) -> Iterator[str]:
    if file.table == INDEX:
        yield from _drift(file, pq.read_schema(snapshot.path / file.path), INDEX_SCHEMA)
        return
    if file.table not in contract.tables:
        yield f"{file.path} is of a table that the contract does not have."
        return
    path, expected = snapshot.path / file.path, contract[file.table].schema
    found = pq.read_schema(str(path))
    drift = list(_drift(file, found, expected))
    if drift:
        # Further checks would report the same trouble again.
        yield from drift
        return
    rows = read_parquet(path, _checked_columns(file.table, contract))
    yield from _missing_values(file, rows, contract)
    if file.table in SORTING:
        yield from _broken_rules(file, rows, contract)
        yield from _misplaced(file, rows)
        yield from _disorder(file, rows)
    if file.table in ("articles", "related"):
        yield from _other_entries(snapshot, file, contract)


def _drift(file: DataFile, found: pa.Schema, expected: pa.Schema) -> Iterator[str]:
    """Columns that are missing, too many, or of another type than the contract says."""
    types = {field.name: field.type for field in found}
    for field in expected:
        if field.name not in types:
            yield f"{file.path} has no column `{field.name}`."
        elif types[field.name] != field.type:
            yield f"{file.path}: column `{field.name}` is {types[field.name]}, {field.type} is expected."
    unknown = [name for name in found.names if name not in expected.names]
    yield from named(f"{file.path} has columns that the contract does not:", unknown)


def _checked_columns(table: str, contract: Contract) -> list[str]:
    names = [column.name for column in contract[table].columns if column.required and not column.partitioned]
    if table in SORTING:
        names += ["article_id", "published_at", *(column.name for column in _ruled_columns(table, contract))]
    return list(dict.fromkeys(names))


def _ruled_columns(table: str, contract: Contract) -> tuple[Column, ...]:
    """The columns of a table whose rules no row may break."""
    names = contract[table].names
    return tuple(column for column in contract.source_columns if column.severity == "error" and column.name in names)


def _missing_values(file: DataFile, rows: pa.Table, contract: Contract) -> Iterator[str]:
    for column in contract[file.table].columns:
        if column.required and not column.partitioned and (nulls := rows[column.name].null_count):
            yield f"{file.path}: required column `{column.name}` is null in {nulls:,} rows."


def _broken_rules(file: DataFile, rows: pa.Table, contract: Contract) -> Iterator[str]:
    broken = check_rules(_ruled_columns(file.table, contract), rows)
    broken = broken.filter(pc.equal(broken["severity"], "error"))
    for found in broken.slice(0, 3).to_pylist():
        yield f"{file.path}: row {found['row']:,}, {found['field']}: {found['message']} ({found['code']})."
    if len(broken) > 3:
        yield f"{file.path} breaks rules of the contract in {len(broken) - 3:,} more places."


def _disorder(file: DataFile, rows: pa.Table) -> Iterator[str]:
    order = pc.sort_indices(rows, sort_keys=SORTING[file.table]).cast(pa.int64())
    falls = pc.indices_nonzero(pc.less(pc.pairwise_diff(order), 0))
    if len(falls):
        yield f"{file.path} is not sorted by {' and '.join(name for name, _ in SORTING[file.table])}."


def _misplaced(file: DataFile, rows: pa.Table) -> Iterator[str]:
    """Rows whose time of publication is not that of the folder's name."""
    key, _, value = file.partition.partition("=")
    names = {"published_year": "%Y", "published_month": "%Y-%m"}
    if not key:
        return
    if key not in names:
        yield f"{file.path} lies in an unknown partition."
        return
    found = pc.fill_null(pc.strftime(rows["published_at"], format=names[key]), NULL_PARTITION)
    wrong = rows["article_id"].filter(pc.not_equal(found, value)).to_pylist()
    yield from named(f"{file.path}: {len(wrong):,} rows do not belong to {file.partition}:", wrong)


def _other_entries(snapshot: Snapshot, file: DataFile, contract: Contract) -> Iterator[str]:
    """The rows of `related` are the entries of the articles beside them: their digests are those of `articles`."""
    name = file.path.split("/", 1)[1]
    listed = {known.path for known in snapshot.info.files}
    if file.table == "related":
        if file.rows and f"articles/{name}" not in listed:
            yield f"{file.path} has rows, and there is no articles/{name} that they come from."
        return
    schema = contract["related"].schema
    kind = contract["duplicates"].schema.field("related").type
    articles = read_parquet(snapshot.path / file.path, ["article_id", "related_digest"])
    rows = schema.empty_table()
    if f"related/{name}" in listed:
        rows = read_parquet(snapshot.path / "related" / name, schema=schema)
    owners = pc.unique(rows["article_id"])
    strangers = owners.filter(pc.invert(pc.is_in(owners, whole(articles["article_id"])))).to_pylist()
    yield from named(f"related/{name} has rows of", strangers, f", which are not in {file.path}.")
    found = related_digests(related_lists(rows, articles["article_id"], kind))
    ids = articles["article_id"].filter(rows_differ(whole(articles["related_digest"]), found)).to_pylist()
    yield from named(f"related/{name} does not have the entries by which {file.path} knows", ids)
