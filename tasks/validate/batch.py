"""One parsed batch becomes good records and quarantine with its reasons.

Belongs here: sorting rows by their findings, and the files that later stages read. Does not belong here: the
run (`stage`), the rules (`tasks.arrow.rules`), the findings (`findings`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import Contract
from tasks.arrow.columns import whole
from tasks.arrow.nested import holds_recurring, without_null_items
from tasks.arrow.related import related_digests, without_entries
from tasks.arrow.schemas import FILES, FINDINGS, KEY_FIELDS, LISTING_FIELDS
from tasks.front_matter.policy import ReadPolicy
from tasks.runs.parsed import Parsed
from tasks.runs.staging import write_arrow, write_json
from tasks.validate.findings import batch_numbers, broken_rules, with_locations
from tasks.warehouse.erasures import Erasure, erased_as, withhold

_VIOLATION: Final = pa.struct(
    [FINDINGS.field(name) for name in ("code", "severity", "field", "line", "column", "message", "value")]
)
QUARANTINED: Final = pa.schema(
    [
        *(FILES.field(name) for name in ("source", "source_path", "source_hash")),
        ("violations", pa.list_(_VIOLATION)),
        ("raw", pa.binary()),
    ]
)


class Validated(NamedTuple):
    """A validated batch: its findings, which rows are rejected, and the `FILES` of it."""

    found: pa.Table
    is_rejected: pa.BooleanArray
    files: pa.Table


def validate_parsed(
    batch: Path,
    parsed: Parsed,
    contract: Contract,
    policy: ReadPolicy,
    erasures: Sequence[Erasure] = (),
    *,
    locate_warnings: bool = False,
) -> Path:
    """Hold the records of a parsed batch against the contract.

    Args:
        batch: folder for the result.
        parsed: what was read.
        contract: the rules.
        policy: the policy by which the files were read, for the lines of findings.
        erasures: articles that must not come back: their files are withdrawn.
        locate_warnings: whether every warning gets its line, or only the first of each code.

    Returns:
        The folder, which then has `records.arrow` (the rows of `articles` or `duplicates`, sorted by time and id),
        `keys.arrow` (`source` and `source_path` in the same order), `quarantine.arrow`, `files.arrow` (`FILES`),
        `findings.arrow` (`FINDINGS` with lines), and last of all `numbers.json`, the mark that the batch is done.
    """
    started = time.perf_counter()
    found, is_rejected, files = validate_batch(parsed, contract, policy, erasures, locate_warnings=locate_warnings)
    records = _records(parsed.table, found, files, contract, erasures)
    write_arrow(batch / "records.arrow", records)
    write_arrow(batch / "keys.arrow", records.select(["source", "source_path"]))
    write_arrow(batch / "quarantine.arrow", _quarantine(parsed, found, is_rejected))
    write_arrow(batch / "files.arrow", files)
    write_arrow(batch / "findings.arrow", found)
    numbers = batch_numbers(files, found, records["extra"])
    numbers["seconds"] = {"parse": parsed.seconds, "validate": time.perf_counter() - started}
    numbers["bytes"] = parsed.bytes
    write_json(batch / "numbers.json", numbers)
    return batch


def validate_batch(
    parsed: Parsed,
    contract: Contract,
    policy: ReadPolicy,
    erasures: Sequence[Erasure] = (),
    *,
    locate_warnings: bool = False,
) -> Validated:
    """Hold the records of a parsed batch against the contract, and write nothing; see `validate_parsed`."""
    table = parsed.table
    found = pa.concat_tables([parsed.found, broken_rules(table, contract, parsed.found)])
    found = found.sort_by([("row", "ascending")])
    rejected = pc.unique(found.filter(pc.equal(found["severity"], "error"))["row"])
    found = with_locations(found, set(rejected.to_pylist()), parsed.raw, policy, everywhere=locate_warnings)
    is_rejected = pc.is_in(pa.array(range(len(table)), pa.int32()), rejected)
    validated = Validated(found, is_rejected, _files(table, found, is_rejected))
    return _withheld(validated, table, erasures) if erasures else validated


def _withheld(validated: Validated, parsed: pa.Table, erasures: Sequence[Erasure]) -> Validated:
    """The batch without what its files say of erased articles: they are withdrawn, not even quarantined."""
    found, is_rejected, files = validated
    is_read = pc.is_in(whole(files["status"]), pa.array(["record", "removed", "quarantined"]))
    erased = pc.if_else(is_read, erased_as(parsed, erasures), None)
    rows = pc.indices_nonzero(pc.is_valid(erased)).cast(pa.int32())
    found = found.filter(pc.invert(pc.is_in(found["row"], rows)))
    return Validated(found, pc.and_(is_rejected, pc.is_null(erased)), withhold(files, erased, erasures))


def _files(parsed: pa.Table, found: pa.Table, rejected: pa.BooleanArray) -> pa.Table:
    """One row a file, as the manifest will have it."""
    removed = pc.fill_null(parsed["removed"], False)
    status = pc.if_else(rejected, "quarantined", pc.if_else(removed, "removed", parsed["state"]))
    is_record = pc.is_in(status, pa.array(["record", "removed"]))
    columns = {field.name: parsed[field.name] for field in (*LISTING_FIELDS, FILES.field("source_hash"))}
    columns["status"] = status
    columns["violations"] = _texts_by_row(len(parsed), found, found["code"].to_pylist())
    for field in KEY_FIELDS:
        columns[field.name] = pc.if_else(is_record, parsed[field.name], pa.scalar(None, field.type))
    for name in ("alias_ids", "shingles", "body_sketch"):
        empty = pa.scalar([], FILES.field(name).type)
        columns[name] = pc.if_else(pc.is_null(columns[name]), empty, columns[name])
    return pa.table([columns[name] for name in FILES.names], schema=FILES)


def _texts_by_row(length: int, found: pa.Table, texts: list[str], *, distinct: bool = False) -> pa.Array:
    """Lists of texts by the row of their finding, sorted."""
    lists: list[list[str]] = [[] for _ in range(length)]
    for row, text in zip(found["row"].to_pylist(), texts, strict=True):
        lists[row].append(text)
    return pa.array([sorted(set(items) if distinct else items) for items in lists], pa.list_(pa.string()))


def _records(
    parsed: pa.Table, found: pa.Table, files: pa.Table, contract: Contract, erasures: Sequence[Erasure]
) -> pa.Table:
    """The rows that become records, in the columns of `Contract.record_schema` (`tasks.arrow.recurring`).

    Related entries of erased articles are left out.
    """
    warnings = found.filter(pc.equal(found["severity"], "warning"))
    fields = pc.replace_substring_regex(warnings["field"], r"\[[0-9]+\]", "[]")
    names = pc.utf8_rtrim_whitespace(pc.binary_join_element_wise(warnings["code"], fields, " ")).to_pylist()
    parsed = parsed.append_column("warnings", _texts_by_row(len(parsed), warnings, names, distinct=True))
    fields = [field for field in contract.record_schema if field.name != "related_digest"]
    rows = _ordered(pc.indices_nonzero(pc.equal(files["status"], "record")), parsed)
    table = parsed.select([field.name for field in fields]).take(rows)
    columns = {field.name: _column(table[field.name], field.type) for field in fields}
    if erasures:
        erased = pa.array([one.article_id for one in erasures], pa.string())
        columns["related"] = without_entries(whole(columns["related"]), erased)
    columns["related_digest"] = related_digests(whole(columns["related"]))
    return pa.table([columns[name] for name in contract.record_schema.names], names=contract.record_schema.names)


def _column(values: pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    """A column of the tables; recurring items stay dictionary-encoded until they are written."""
    if not pa.types.is_nested(kind):
        return values.cast(kind)
    dense = without_null_items(whole(values))
    return dense if holds_recurring(dense.type) else dense.cast(kind)


def _ordered(rows: pa.Array, parsed: pa.Table) -> pa.Array:
    """Rows by time, then id: the rows of one file of the tables stand together in a batch, however it is split."""
    keys = parsed.select(["published_at", "article_id", "source", "source_path"]).take(rows)
    return rows.take(pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in keys.column_names]))


def _quarantine(parsed: Parsed, found: pa.Table, rejected: pa.BooleanArray) -> pa.Table:
    rows = pc.indices_nonzero(rejected).to_pylist()
    violations: dict[int, list[dict[str, Any]]] = {row: [] for row in rows}
    for finding in found.filter(pc.is_in(found["row"], pa.array(rows, pa.int32()))).to_pylist():
        violation = {name: finding[name] for name in _VIOLATION.names}
        violations[finding["row"]].append(violation | {"field": violation["field"] or None})
    for items in violations.values():
        items.sort(key=lambda v: (v["line"] or 0, v["column"] or 0, v["code"], v["field"] or ""))
    table = parsed.table.select(["source", "source_path", "source_hash"]).take(pa.array(rows, pa.int64()))
    table = table.append_column("raw", pa.array(map(parsed.raw, rows), pa.binary()))
    column = pa.array([violations[row] for row in rows], QUARANTINED.field("violations").type)
    table = table.append_column("violations", column)
    return table.select(QUARANTINED.names).cast(QUARANTINED)
