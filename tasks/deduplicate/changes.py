"""What is different from the parent manifest: rows that the tables must show again, and the numbers for readers.

Belongs here: comparing two decided manifests. What changed on the disk is the discover stage's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.columns import whole
from tasks.arrow.comparison import rows_differ
from tasks.arrow.keys import file_keys
from tasks.deduplicate.manifest import DECIDED

#: Columns of the manifest that changes are told from.
COMPARED: Final = ("source", "source_path", "source_hash", "article_id", "status", "deleted")
#: Columns of the manifest that the public tables show, and those of the index, that change without the file.
SHOWN: Final = ("status", "deleted", "size", "erased_reason", *DECIDED)
INDEXED: Final = ("deleted", "near", "match_version")


def changed_rows(
    parent: pa.Table, manifest: pa.Table, reread: pa.BooleanArray, parent_row: pa.Array, columns: Sequence[str]
) -> pa.BooleanArray:
    """Which rows of the new manifest are new, were read, or differ from the parent's in some columns.

    Args:
        parent, manifest: manifests, both sorted by source and path.
        reread: (n,) whether this run read the row's file.
        parent_row: (n,) each file's row in `parent`, null where it has none.
        columns: `SHOWN` or `INDEXED`.
    """
    changed = pc.or_(reread, pc.is_null(parent_row))
    for name in columns:
        old, now = (whole(table[name]) for table in (parent, manifest))
        changed = pc.or_(changed, rows_differ(old.take(parent_row), now))
    return changed


def changes_for_readers(previous: pa.Table, manifest: pa.Table) -> dict[str, int]:
    """How many articles and files the next manifest says something else of than the one before.

    Args:
        previous: (n,) rows of `sources` with the columns `COMPARED`, empty at first.
        manifest: (m,) rows, as they are to be published. Rows that are in both and say the same may be
            left out of both.

    Returns:
        `new`, `withdrawn`: articles that only one of them has; `corrected`: articles of both whose
        text is that of another file or of other bytes; `quarantined`: files that are in quarantine now
        and were not, or had other bytes; `mended`: files that were, and are records now.
    """
    before, after = _rows(previous, "loaded"), _rows(manifest, "loaded")
    new = pc.invert(pc.is_in(after["article_id"], whole(before["article_id"])))
    same = pc.is_in(_versions(after, after["article_id"]), whole(_versions(before, before["article_id"])))
    stayed = _true(pc.is_in(before["article_id"], whole(after["article_id"])))
    was, now = _rows(previous, "quarantined"), _rows(manifest, "quarantined")
    known = pc.is_in(_versions(now, file_keys(now)), whole(_versions(was, file_keys(was))))
    records = _rows(manifest, "loaded", "duplicate", "removed")
    mended = pc.is_in(file_keys(was), whole(file_keys(records)))
    return {
        "new": _true(new),
        "corrected": len(after) - _true(pc.or_(new, same)),
        "withdrawn": len(before) - stayed,
        "quarantined": len(now) - _true(known),
        "mended": _true(mended),
    }


def newly_quarantined(previous: pa.Table, manifest: pa.Table) -> int:
    """How many files are in quarantine that were not, neither under their name nor with their bytes under another.

    Args:
        previous, manifest: as in `changes_for_readers`.
    """
    was, now = _rows(previous, "quarantined"), _rows(manifest, "quarantined")
    same_file = pc.is_in(file_keys(now), whole(file_keys(was)))
    return len(now) - _true(pc.or_(same_file, pc.is_in(now["source_hash"], whole(was["source_hash"]), skip_nulls=True)))


def _rows(manifest: pa.Table, *statuses: str) -> pa.Table:
    """The live rows of some statuses, with what they are compared by: whole rows are most of what a run holds."""
    chosen = pc.and_(pc.is_in(manifest["status"], pa.array(statuses)), pc.invert(manifest["deleted"]))
    return manifest.select(COMPARED).filter(chosen)


def _versions(rows: pa.Table, keys: pa.ChunkedArray) -> pa.ChunkedArray:
    """One text a row for its key with its bytes."""
    return pc.binary_join_element_wise(keys.cast(pa.string()), rows["source_hash"], " ", null_handling="replace")


def _true(mask: pa.ChunkedArray) -> int:
    return int(pc.sum(mask.cast(pa.int64())).as_py() or 0)
