"""The columns that travel beside an article's own: what a listing, a finding and a file of a batch look like.

Belongs here: schemas that more than one stage knows. Does not belong here: the columns of the tables, which are the
contract's, and writing Arrow files (`tasks.runs.staging`).
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from config.contract_types import TIMESTAMP

#: What a source's listing says of a file; every staged row starts with it.
LISTING_FIELDS: Final = [
    pa.field("source", pa.string()),
    pa.field("source_path", pa.string()),
    pa.field("size", pa.int64()),
    pa.field("modified_at", TIMESTAMP),
    pa.field("changed_at", TIMESTAMP),
    pa.field("inode", pa.uint64()),
    pa.field("etag", pa.string()),
]
#: One row a file. `source_path` is relative to the source's root with `/` between the parts, `size` is in bytes,
#: `changed_at` is the ctime. A column is null where the kind of source has no such thing; `modified_at` and
#: `changed_at` also where the time is not one that Arrow can hold.
LISTING: Final = pa.schema(LISTING_FIELDS)

#: A finding of a batch: `row` counts from 0 in the batch, `path` is the field's path as JSON.
FINDINGS: Final = pa.schema(
    [
        ("row", pa.int32()),
        ("path", pa.string()),
        ("code", pa.string()),
        ("field", pa.string()),
        ("severity", pa.string()),
        ("message", pa.string()),
        ("value", pa.string()),
        ("line", pa.int32()),
        ("column", pa.int32()),
    ]
)

#: What deduplication knows of a record; these columns stand in the manifest too.
KEY_FIELDS: Final = [
    pa.field("article_id", pa.string()),
    pa.field("alias_ids", pa.list_(pa.string())),
    pa.field("content_key", pa.string()),
    pa.field("page_key", pa.string()),
    pa.field("title_words", pa.string()),
    pa.field("outlet", pa.string()),
    pa.field("named_outlet", pa.string()),
    pa.field("language", pa.string()),
    pa.field("headline", pa.string()),
    pa.field("linked_words", pa.string()),
    pa.field("medium", pa.string()),
    pa.field("body_sketch", pa.list_(pa.int32())),
    pa.field("shingles", pa.list_(pa.int64())),
    pa.field("published_at", TIMESTAMP),
    pa.field("updated_at", TIMESTAMP),
    pa.field("is_published", pa.bool_()),
    pa.field("quality", pa.int32()),
    pa.field("completeness", pa.int32()),
]

#: One row a file of a batch, as the validate stage leaves it: the manifest's next rows.
#: `status` is `record`, `removed`, `quarantined`, `ignored`, `same_content` (same bytes) or `missing`.
FILES: Final = pa.schema(
    [
        *LISTING_FIELDS,
        pa.field("source_hash", pa.string()),
        pa.field("status", pa.string()),
        pa.field("violations", pa.list_(pa.string())),
        *KEY_FIELDS,
    ]
)
