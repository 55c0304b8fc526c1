"""The tables that follow files and runs, not articles: `quarantine`, `sources` and `runs`.

Belongs here: their rows for the next snapshot. Does not belong here: writing them (`publish`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import Contract
from config.errors import AuditError
from tasks.arrow.keys import file_keys
from tasks.runs.staging import read_arrow
from tasks.warehouse.snapshots import Snapshot

#: Most bytes of quarantined files behind one file of the table.
_QUARANTINE_BYTES: Final = 128 * 1024 * 1024
_BY_FILE: Final = [("source", "ascending"), ("source_path", "ascending")]


def staged_quarantine(batches: Sequence[Path], contract: Contract) -> pa.Table:
    """The rows that validated batches give for `quarantine`, in the columns that they have.

    Args:
        batches: folders with `quarantine.arrow`.
        contract: the table's columns.
    """
    names = ("source", "source_path", "source_hash", "violations", "raw")
    empty = pa.schema([contract["quarantine"].schema.field(name) for name in names]).empty_table()
    return pa.concat_tables([empty, *(read_arrow(batch / "quarantine.arrow") for batch in batches)])


def quarantined(manifest: pa.Table) -> pa.Table:
    """The manifest rows of files that are in quarantine."""
    return manifest.filter(pc.equal(manifest["status"], "quarantined"))


def is_same_quarantine(previous: pa.Table, manifest: pa.Table) -> bool:
    """Whether the same files are in quarantine as before the run."""
    return bool(file_keys(quarantined(previous)).equals(file_keys(quarantined(manifest))))


def quarantine_rows(manifest: pa.Table, fresh: pa.Table, parent: Snapshot | None, contract: Contract) -> pa.Table:
    """All quarantined files after the run; `raw` as large binary, as all of them may exceed 2 GiB.

    Args:
        manifest: the manifest after the run.
        fresh: rows of the batches (`source`, `source_path`, `source_hash`, `violations`, `raw`).
        parent: has the rows of files that were not read again.
        contract: the table's schema.

    Raises:
        AuditError: a quarantined file has no row, or two.
    """
    schema = contract["quarantine"].schema
    expected = quarantined(manifest)
    rows = fresh
    old_keys = file_keys(expected).filter(pc.invert(pc.is_in(file_keys(expected), file_keys(fresh))))
    if parent is not None and len(old_keys):
        old = parent.read("quarantine", columns=fresh.column_names, schema=schema).select(fresh.column_names)
        old = old.filter(pc.is_in(file_keys(old), old_keys)).cast(fresh.schema)
        rows = pa.concat_tables([fresh, old])
    raw = rows.schema.get_field_index("raw")
    rows = rows.set_column(raw, "raw", rows["raw"].cast(pa.large_binary())).sort_by(_BY_FILE)
    if not file_keys(rows).equals(file_keys(expected)):
        raise AuditError(
            f"quarantine: {len(rows)} rows for {len(expected)} quarantined files.",
            "Run `presslake run --full-refresh`, which reads every file again.",
        )
    for name in ("contract_version", "run_id", "first_seen_at"):
        rows = rows.append_column(name, expected[name])
    return rows.select(schema.names)


def run_rows(
    parent: Snapshot | None, news: Sequence[dict[str, Any]], contract: Contract, forgotten: Collection[str] = ()
) -> pa.Table:
    """The table `runs` with the rows of runs that are not in it yet, and without forgotten ones, oldest first."""
    schema = contract["runs"].schema
    rows = pa.Table.from_pylist(list(news), schema)
    if parent is not None:
        old = parent.read("runs", schema=schema).select(schema.names).cast(schema)
        rows = rows.filter(pc.invert(pc.is_in(rows["run_id"], old["run_id"].combine_chunks())))
        old = old.filter(pc.invert(pc.is_in(old["run_id"], pa.array(list(forgotten), pa.string()))))
        rows = pa.concat_tables([old, rows])
    return rows.sort_by([("started_at", "ascending"), ("run_id", "ascending")])


def quarantine_parts(rows: pa.Table, schema: pa.Schema) -> Iterator[pa.Table]:
    """The quarantine cut into files by the bytes it keeps, in the table's schema; one even if it is empty."""
    start = size = 0
    lengths = pc.fill_null(pc.binary_length(rows["raw"]), 0).to_pylist()
    for i, length in enumerate(lengths):
        if size and size + length > _QUARANTINE_BYTES:
            yield rows.slice(start, i - start).cast(schema)
            start, size = i, 0
        size += length
    yield rows.slice(start).cast(schema)
