"""What a row of `articles`, `related` or `duplicates` is made of.

Belongs here: a record's content (what its file says, from a batch or from the parent), its lineage (what
the manifest says of it), and the rows that follow from the two. Does not belong here: which records are
written, and where their content is found (`partitions`).
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import LINEAGE
from tasks.arrow.recurring import plain_table

#: Columns that the manifest gives besides `LINEAGE` for `duplicates`.
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


def with_lineage(content: pa.Table, records: pa.Table, schema: pa.Schema, rule_version: str) -> pa.Table:
    """Rows of `articles` or `duplicates`.

    Args:
        content: (n,) what the files say; of lists distinct items may be held once (`tasks.arrow.recurring`).
        records: (n,) their manifest rows.
        schema: of the table.
        rule_version: what `duplicates.rule_version` says.
    """
    known = {name: records[name] for name in (*LINEAGE, *OF_DUPLICATES)}
    known["rule_version"] = pa.repeat(pa.scalar(rule_version), len(content))
    known |= {name: content[name] for name in content.column_names}
    return plain_table(pa.table([known[name] for name in schema.names], names=schema.names), schema)
