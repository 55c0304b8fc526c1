"""Builders of manifests for tests of deduplication."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import load_contract
from tasks.arrow.headlines import body_sketches, headlines, linked_words
from tasks.arrow.keys import file_keys
from tasks.arrow.schemas import FILES
from tasks.arrow.texts import normal_words, shingles_of_words
from tasks.deduplicate.related_pairs import STORED
from tasks.warehouse.manifest import manifest_schema

SCHEMA: Final = manifest_schema(load_contract())
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


@lru_cache
def text(title: str | None, excerpt: str, body: str | None = None) -> dict[str, Any]:
    """The columns of a record by which texts are compared."""
    titles = pa.array([title], pa.string())
    words, texts = normal_words(titles), normal_words(pa.array([excerpt], pa.string()))
    columns = {"title_words": words, "headline": headlines(titles), "linked_words": linked_words(words, texts)}
    columns |= {"shingles": shingles_of_words(words, texts)}
    sketch = body_sketches(pa.array([body]))[0].as_py() if body else []
    return {name: column[0].as_py() for name, column in columns.items()} | {"body_sketch": sketch}


def manifest(*rows: dict[str, Any]) -> pa.Table:
    """Rows as a manifest, in the order given."""
    return pa.Table.from_pylist(list(rows), SCHEMA)


def files(*rows: dict[str, Any]) -> pa.Table:
    """Rows as the batches hand them over."""
    return pa.Table.from_pylist(list(rows), FILES)


def rows_before(table: pa.Table, previous: pa.Table) -> pa.Array:
    """(n,) each file's row in the previous manifest, null where it has none."""
    return pc.index_in(file_keys(table), file_keys(previous)).cast(pa.int64())


def with_stored_pairs(rows: Iterable[dict[str, Any]], parent: pa.Table | None) -> pa.Table:
    """Rows as a manifest in order; those with the bytes of the parent have the related pairs that it stores."""
    known = {} if parent is None else by_path(parent)
    kept = []
    for fields in rows:
        earlier = known.get(fields["source_path"], {"source_hash": None})
        unchanged = earlier["source_hash"] == fields["source_hash"]
        kept.append({**fields, **({name: earlier[name] for name in STORED} if unchanged else {"near": []})})
    return manifest(*sorted(kept, key=lambda fields: str(fields["source_path"])))


def by_path(table: pa.Table) -> dict[str, dict[str, Any]]:
    """Rows of a manifest by path."""
    return {row["source_path"]: row for row in table.to_pylist()}
