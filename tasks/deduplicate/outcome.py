"""What was found out about records, put into the columns of the manifest.

Belongs here: filling columns. Does not belong here: taking decisions (`decisions`).
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tasks.deduplicate.manifest import DECIDED, with_column
from tasks.tables.columns import whole


def with_index(manifest: pa.Table, is_record: pa.BooleanArray, near: pa.ListArray, versions: pa.Array) -> pa.Table:
    """The manifest with the related pairs of its records and their versions; other rows have none."""
    places = pc.if_else(is_record, pc.subtract(pc.cumulative_sum(is_record.cast(pa.int64())), 1), None)
    lists = near.take(places)
    lists = pc.if_else(pc.is_null(lists), pa.scalar([], lists.type), lists)
    manifest = with_column(manifest, "near", lists)
    return with_column(manifest, "match_version", versions.cast(pa.string()).take(places))


def all_loaded(manifest: pa.Table, is_record: pa.BooleanArray) -> pa.Table:
    """The manifest as it were if no record were like another: all of them loaded."""
    manifest = with_column(manifest, "status", pc.if_else(is_record, "loaded", manifest["status"]))
    for name in DECIDED:
        manifest = with_column(manifest, name, pa.nulls(len(manifest), manifest.field(name).type))
    manifest = with_column(manifest, "canonical_article_id", pc.if_else(is_record, manifest["article_id"], None))
    manifest = with_column(manifest, "copies", pc.if_else(is_record, pa.scalar(1, pa.int32()), None))
    known = pc.and_(is_record, pc.is_valid(whole(manifest["outlet"])))
    manifest = with_column(manifest, "outlets", pc.if_else(is_record, known.cast(pa.int32()), None))
    dated = pc.and_(is_record, pc.is_valid(whole(manifest["published_at"])))
    manifest = with_column(manifest, "first_published_at", pc.if_else(dated, manifest["published_at"], None))
    return with_column(manifest, "first_published_by", pc.if_else(dated, manifest["outlet"], None))


def with_decisions(manifest: pa.Table, rows: pa.Array, decided: pa.Table) -> pa.Table:
    """Put decisions (s,) into rows (s,) of the manifest, both ascending."""
    if not len(rows):
        return manifest
    is_decided = pc.is_in(pa.arange(0, len(manifest)), rows.cast(pa.int64()))
    for name in decided.column_names:
        values, news = (whole(table[name]) for table in (manifest, decided))
        manifest = with_column(manifest, name, pc.replace_with_mask(values, is_decided, news))
    return manifest
