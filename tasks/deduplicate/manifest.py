"""The next manifest: what was known of every file, with what this run found out.

Belongs here: merging the previous manifest with listing and batches, tombstones, renames, and the
lineage that outlives changes. Does not belong here: which record survives (`decisions`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import TIMESTAMP
from tasks.tables.keys import file_keys

#: Columns that `decisions` fills in.
DECIDED: Final = (
    "canonical_article_id",
    "match",
    "matched_source",
    "matched_source_path",
    "similarity",
    "evidence",
    "copies",
)


@dataclass(frozen=True)
class RunStamp:
    """What a run leaves on the rows it reads; times are UTC."""

    run_id: str
    started_at: datetime
    contract_version: str
    code_version: str


class NextManifest(NamedTuple):
    """The manifest before decisions, and how many new files are renamed ones."""

    table: pa.Table
    renamed: int


def next_manifest(
    previous: pa.Table, listing: pa.Table, gone: pa.Table, files: pa.Table, stamp: RunStamp
) -> NextManifest:
    """Bring the manifest up to what this run found.

    Args:
        previous: the manifest of the parent snapshot; an empty table of its schema at first.
        listing: files that the sources listed (`source`, `source_path`).
        gone: rows of `previous` whose file is no longer listed.
        files: `FILES` rows of every batch.
        stamp: lineage of this run.

    Returns:
        One row a file, sorted by source and path; decision columns are null.
    """
    vanished = files.filter(pc.equal(files["status"], "gone"))
    touched = files.filter(pc.equal(files["status"], "touched"))
    read = files.filter(pc.invert(pc.is_in(files["status"], pa.array(["gone", "touched"]))))
    keys = file_keys(previous)
    lost = pa.chunked_array([file_keys(gone), file_keys(vanished)])
    is_lost = pc.is_in(keys, lost.combine_chunks())
    is_kept = pc.invert(pc.or_(is_lost, pc.is_in(keys, file_keys(read))))
    kept = _retouched(previous.filter(is_kept), touched)
    tombstones = _tombstones(previous.filter(is_lost))
    fresh, renamed = _fresh_rows(read, previous, previous.filter(is_lost), stamp)
    table = pa.concat_tables([kept, tombstones, fresh])
    table = _seen_now(table, listing, stamp)
    for name in DECIDED:
        i = table.schema.get_field_index(name)
        table = table.set_column(i, table.field(i), pa.nulls(len(table), table.field(i).type))
    return NextManifest(table.sort_by([("source", "ascending"), ("source_path", "ascending")]), renamed)


def _constant(table: pa.Table, name: str, value: object) -> pa.Table:
    i = table.schema.get_field_index(name)
    field = table.field(i)
    return table.set_column(i, field, pa.array([value] * len(table), field.type))


def _tombstones(rows: pa.Table) -> pa.Table:
    """Rows of files that are gone: they stay, so that nothing seen is forgotten, with no keys."""
    rows = _constant(_constant(rows, "status", "removed"), "deleted", True)
    return _constant(_constant(_constant(rows, "content_key", None), "alias_ids", []), "violations", [])


def _retouched(rows: pa.Table, touched: pa.Table) -> pa.Table:
    """Rows of files with the same bytes take the new listing's size, time and tag."""
    if not len(touched):
        return rows
    places = pc.index_in(file_keys(rows), file_keys(touched))
    for name in ("size", "modified_at", "etag"):
        i = rows.schema.get_field_index(name)
        news = touched[name].combine_chunks().take(places)
        rows = rows.set_column(i, rows.field(i), pc.if_else(pc.is_valid(places), news, rows[name]))
    return rows


def _fresh_rows(read: pa.Table, previous: pa.Table, lost: pa.Table, stamp: RunStamp) -> tuple[pa.Table, int]:
    """Rows of the files that were read; a known, renamed or moved one keeps when it was first seen."""
    now = pa.scalar(stamp.started_at, TIMESTAMP)
    known = _look_up(previous["first_seen_at"], file_keys(previous), file_keys(read))
    by_hash = _look_up(lost["first_seen_at"], lost["source_hash"], read["source_hash"])
    by_id = _look_up(lost["first_seen_at"], lost["article_id"], read["article_id"])
    renamed = pc.and_(pc.is_null(known), pc.is_valid(by_hash))
    columns = {name: read[name] for name in read.column_names}
    columns["first_seen_at"] = pc.coalesce(known, by_hash, by_id, now)
    columns |= {
        "deleted": pa.repeat(pa.scalar(False), len(read)),
        "contract_version": pa.repeat(pa.scalar(stamp.contract_version), len(read)),
        "code_version": pa.repeat(pa.scalar(stamp.code_version), len(read)),
        "last_seen_at": pa.repeat(now, len(read)),
        "loaded_at": pa.repeat(now, len(read)),
        "run_id": pa.repeat(pa.scalar(stamp.run_id), len(read)),
    }
    schema = previous.schema
    arrays = [columns.get(field.name, pa.nulls(len(read), field.type)) for field in schema]
    return pa.table(arrays, schema=schema), pc.sum(renamed.cast(pa.int64())).as_py() or 0


def _look_up(values: pa.ChunkedArray, keys: pa.Array, wanted: pa.Array) -> pa.Array:
    """For each wanted key the value of the first equal key; null where there is none."""
    keys, wanted = _flat(keys), _flat(wanted)
    valid = pc.indices_nonzero(pc.is_valid(keys))
    places = pc.index_in(wanted, keys.take(valid))
    places = pc.if_else(pc.is_valid(wanted), places, None)
    return _flat(values).take(valid).take(places)


def _flat(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _seen_now(table: pa.Table, listing: pa.Table, stamp: RunStamp) -> pa.Table:
    listed = pc.and_(pc.is_in(file_keys(table), file_keys(listing)), pc.invert(table["deleted"]))
    i = table.schema.get_field_index("last_seen_at")
    seen = pc.if_else(listed, pa.scalar(stamp.started_at, TIMESTAMP), table["last_seen_at"])
    return table.set_column(i, table.field(i), seen)
