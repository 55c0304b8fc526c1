"""Which decisions of the previous run still hold: those of components that nothing stirred.

Belongs here: which records a change can reach. Does not belong here: taking decisions (`decisions`).

Decisions on a component of related records are a pure function of its records. It is as it was if none
of them is new or changed, and none was tied to a record that changed or went: by an address, a content,
a related pair, or the title of its crowd. To look at more than that costs time, never a wrong decision.
"""

from __future__ import annotations

from functools import reduce
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.deduplicate.index import partner_keys
from tasks.tables.columns import is_numbered, whole
from tasks.tables.keys import file_keys

#: Columns by which records are tied to one another.
TIES: Final = (
    "source",
    "source_path",
    "article_id",
    "alias_ids",
    "content_key",
    "title_words",
    "near",
    "match_version",
)
_DECIDED: Final = pa.array(["loaded", "duplicate"])


def stirred(records: pa.Table, fresh: pa.BooleanArray, previous: pa.Table, before: pa.Array) -> pa.BooleanArray:
    """(n,) whether a record is new, or was or is tied to one that is new, changed or gone.

    Args:
        records: (n,) rows with the columns `TIES`.
        fresh: (n,) whether the record is new or changed, or was represented by another.
        previous: (m,) the manifest of the parent snapshot, decided.
        before: (n,) each record's row in `previous`, null where it has none.
    """
    unchanged = is_numbered(len(previous), before.filter(pc.invert(fresh)))
    was_record = pc.is_in(whole(previous["status"]), _DECIDED)
    lost = previous.select(TIES).filter(pc.and_(was_record, pc.invert(unchanged)))
    ids = pa.concat_arrays([whole(lost["article_id"]), pc.list_flatten(whole(lost["alias_ids"]))])
    contents = pa.concat_arrays([whole(table["content_key"]) for table in (lost, records.select(TIES).filter(fresh))])
    # Only what was represented by another has no version: what was in a bundle with it has its title, or none.
    crowds = pc.fill_null(whole(lost.filter(pc.is_null(lost["match_version"]))["title_words"]), "")
    names = file_keys(lost)
    near, aliases = whole(records["near"]), whole(records["alias_ids"])
    reached = [
        fresh,
        pc.is_in(records["article_id"], ids.drop_null()),
        pc.is_in(records["content_key"], contents.drop_null()),
        pc.is_in(pc.fill_null(records["title_words"], ""), crowds),
        pc.is_in(file_keys(records), pa.concat_arrays([names, partner_keys(whole(lost["near"]))])),
        _rows_of(aliases, pc.is_in(pc.list_flatten(aliases), ids)),
        _rows_of(near, pc.is_in(partner_keys(near), names)),
    ]
    return reduce(pc.or_, (whole(part) for part in reached))


def _rows_of(lists: pa.ListArray, chosen: pa.BooleanArray) -> pa.BooleanArray:
    """(n,) whether one of a list's items is chosen."""
    rows = pc.unique(pc.list_parent_indices(lists).cast(pa.int64()).filter(chosen))
    return pc.is_in(pa.arange(0, len(lists)), rows)
