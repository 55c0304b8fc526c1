"""Builders of manifests for tests of deduplication."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import load_contract
from tasks.tables.keys import file_keys
from tasks.tables.staging import FILES

SCHEMA: Final = load_contract()["sources"].schema
MORNING: Final = datetime(2026, 3, 1, 6, tzinfo=UTC)


def row(path: str, **fields: Any) -> dict[str, Any]:
    """One manifest row of a record of its own."""
    return {
        "source": "news",
        "source_path": path,
        "size": 100,
        "source_hash": f"hash of {path}",
        "status": "record",
        "deleted": False,
        "violations": [],
        "article_id": f"id of {path}",
        "alias_ids": [],
        "published_at": MORNING,
        "completeness": 5,
        "first_seen_at": MORNING,
        "loaded_at": MORNING,
        "run_id": "first",
        **fields,
    }


def manifest(*rows: dict[str, Any]) -> pa.Table:
    """Rows as a manifest, in the order given."""
    return pa.Table.from_pylist(list(rows), SCHEMA)


def files(*rows: dict[str, Any]) -> pa.Table:
    """Rows as the batches hand them over."""
    return pa.Table.from_pylist(list(rows), FILES)


def rows_before(table: pa.Table, previous: pa.Table) -> pa.Array:
    """(n,) each file's row in the previous manifest, null where it has none."""
    return pc.index_in(file_keys(table), file_keys(previous)).cast(pa.int64())


def by_path(table: pa.Table) -> dict[str, dict[str, Any]]:
    """Rows of a manifest by path."""
    return {row["source_path"]: row for row in table.to_pylist()}
