"""What a row of `articles`, `related` or `duplicates` is made of.

Belongs here: a record's content (what its file says, from a batch or from the parent), its lineage (what
the manifest says of it), and the rows that follow from the two. Does not belong here: which records are
written, and where their content is found (`partitions`).
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import CLUSTER_COLUMNS, Contract
from tasks.tables.recurring import plain_table

#: Columns of `articles` and `duplicates` that the manifest gives.
LINEAGE: Final = ("first_seen_at", "loaded_at", "run_id", *CLUSTER_COLUMNS)
#: Columns that it gives besides for `duplicates`.
OF_DUPLICATES: Final = (
    "canonical_article_id",
    "match",
    "similarity",
    "evidence",
    "matched_source",
    "matched_source_path",
)
_STATUSES: Final = pa.array(["loaded", "duplicate"])


def is_record(manifest: pa.Table) -> pa.ChunkedArray:
    """(n,) whether a manifest row is a record: in `articles` or `duplicates`."""
    return pc.is_in(manifest["status"], _STATUSES)


def records_of(manifest: pa.Table) -> pa.Table:
    """The manifest rows that are records."""
    return manifest.filter(is_record(manifest))


def content_schema(contract: Contract) -> pa.Schema:
    """The columns of `articles` that the batches give."""
    return pa.schema([field for field in contract["articles"].schema if field.name not in LINEAGE])


def with_lineage(content: pa.Table, records: pa.Table, schema: pa.Schema, rule_version: str) -> pa.Table:
    """Rows of `articles` or `duplicates`.

    Args:
        content: (n,) what the files say; of lists distinct items may be held once (`tasks.tables.recurring`).
        records: (n,) their manifest rows.
        schema: of the table.
        rule_version: what `duplicates.rule_version` says.
    """
    known = {name: records[name] for name in (*LINEAGE, *OF_DUPLICATES)}
    known["rule_version"] = pa.repeat(pa.scalar(rule_version), len(content))
    known |= {name: content[name] for name in content.column_names}
    return plain_table(pa.table([known[name] for name in schema.names], names=schema.names), schema)


def related_rows(articles: pa.Table, schema: pa.Schema) -> pa.Table:
    """The related entries of articles, flat: in the order of the articles, then as they stand there.

    Args:
        articles: (n,) rows with `article_id` and `related`.
        schema: of the table `related`.
    """
    lists = articles["related"].combine_chunks()
    items, rows = lists.flatten(), pc.list_parent_indices(lists)
    starts = pc.subtract(lists.offsets, lists.offsets[0])
    position = pc.subtract(pa.arange(0, len(items)), starts.take(rows))
    columns = {field.name: items.field(i) for i, field in enumerate(items.type)}
    columns["article_id"] = articles["article_id"].combine_chunks().take(rows)
    columns["position"] = position
    if "images" in columns:
        columns["image_url"] = _first_image(columns["images"])
    missing = {f.name: pa.nulls(len(items), f.type) for f in schema if f.name not in columns}
    return pa.table([(columns | missing)[name] for name in schema.names], names=schema.names).cast(schema)


def _first_image(images: pa.ListArray) -> pa.StringArray:
    has = pc.greater(pc.list_value_length(images), 0)
    first = images.offsets.slice(0, len(images))
    return images.values.field("url").take(pc.if_else(has, first, None))
