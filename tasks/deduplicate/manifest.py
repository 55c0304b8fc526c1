"""The next manifest: what was known of every file, with what this run found out.

Belongs here: merging the parent manifest with listing and batches, tombstones, renames, and the
lineage that outlives changes. Does not belong here: which record survives (`decisions`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import TIMESTAMP
from tasks.arrow.columns import whole
from tasks.arrow.keys import file_keys
from tasks.arrow.schemas import FILES
from tasks.deduplicate.merging import in_order, merged, rows_before
from tasks.deduplicate.survivors import SPREAD

#: Columns that `decisions` fills in.
DECIDED: Final = (
    "canonical_article_id",
    "match",
    "matched_source",
    "matched_source_path",
    "similarity",
    "evidence",
    "copies",
    *SPREAD,
)

#: Columns by which records are compared; deleted files have none.
_COMPARED: Final = (
    "content_key",
    "page_key",
    "title_words",
    "headline",
    "linked_words",
    "outlet",
    "named_outlet",
    "language",
    "medium",
    "match_version",
)

_LISTS: Final = ("alias_ids", "near", "violations", "body_sketch")

#: The column that is a third of the manifest or more.
_LONGEST: Final = "shingles"

#: Reads columns of `FILES` rows by their names, again with each call.
Files = Callable[[Sequence[str]], pa.Table]

#: Statuses of files that were not read again.
NOT_READ: Final = pa.array(["missing", "same_content"])


@dataclass(frozen=True)
class RunStamp:
    """What a run leaves on the rows it reads; times are UTC."""

    run_id: str
    started_at: datetime
    contract_version: str
    code_version: str

    @property
    def texts(self) -> dict[str, str]:
        """Columns of the manifest that hold the same text in every row that the run read."""
        return {
            "run_id": self.run_id,
            "contract_version": self.contract_version,
            "code_version": self.code_version,
        }


class NextManifest(NamedTuple):
    """The manifest before decisions.

    Attributes:
        table: (n,) rows.
        renamed: how many new files are renamed ones.
        before: (n,) each file's row in the parent manifest, null where it has none.
        reread: (n,) whether this run read the file again.
    """

    table: pa.Table
    renamed: int
    before: pa.Array
    reread: pa.BooleanArray


class _Merged(NamedTuple):
    """Rows with all but the longest column, the order that theirs is to be put in, and which known rows lose it."""

    table: pa.Table
    renamed: int
    before: pa.Array
    order: pa.Int64Array
    is_lost: pa.BooleanArray


def next_manifest(parent: pa.Table, deleted: pa.Table, files: Files, stamp: RunStamp) -> NextManifest:
    """Bring the manifest up to what this run found.

    Args:
        parent: (m,) the manifest of the parent snapshot, sorted by source and path; at first empty.
        deleted: rows of `parent` whose file is no longer listed.
        files: reads columns of `FILES` rows of every batch; each file at most once.
        stamp: lineage of this run.

    Returns:
        One row a file, sorted by source and path; decision columns are null.
    """
    short = [name for name in FILES.names if name != _LONGEST]
    found = _short_columns(parent.drop_columns([_LONGEST]), deleted, files(short), stamp)
    # By itself: else all that was read would be in memory together with its copy.
    lists = _longest(parent.select([_LONGEST]), files(["status", _LONGEST]), found)
    table = with_nulls(found.table.append_column(parent.schema.field(_LONGEST), lists), parent.schema)
    reread = pc.greater_equal(found.order, len(parent))
    return NextManifest(table, found.renamed, found.before, reread)


def _short_columns(parent: pa.Table, deleted: pa.Table, files: pa.Table, stamp: RunStamp) -> _Merged:
    """As `next_manifest`, for tables without the longest column."""
    missing = files.filter(pc.equal(files["status"], "missing"))
    same = files.filter(pc.equal(files["status"], "same_content"))
    read = _files_read(files)
    keys = file_keys(parent)
    is_lost = pc.is_in(keys, pa.concat_arrays([file_keys(deleted), file_keys(missing)]))
    read_as = pc.index_in(keys, file_keys(read))
    fresh, renamed = _fresh_rows(read, parent, read_as, parent.filter(is_lost), stamp)
    table = _with_sizes(_tombstones(parent, is_lost, stamp.started_at), keys, same)
    # Columns that are about to be emptied need not be put in order.
    known = [name for name in parent.column_names if name not in DECIDED]
    order = merged(keys, read_as, file_keys(fresh))
    table = in_order(pa.concat_tables([table.select(known), fresh.select(known)]), order)
    table = with_nulls(table, parent.schema)
    return _Merged(table, renamed, rows_before(order, read_as, len(read)), order, is_lost)


def _longest(parent: pa.Table, files: pa.Table, found: _Merged) -> pa.ChunkedArray:
    """The longest column of the next manifest; deleted files have an empty list."""
    if pc.any(found.is_lost).as_py():
        nothing = pa.scalar([], parent.field(_LONGEST).type)
        parent = with_column(parent, _LONGEST, pc.if_else(found.is_lost, nothing, whole(parent[_LONGEST])))
    read = with_nulls(_files_read(files), parent.schema)
    return in_order(pa.concat_tables([parent, read]), found.order)[_LONGEST]


def _files_read(files: pa.Table) -> pa.Table:
    """The rows of files that were read again: mostly all, and then no copy of them."""
    is_read = pc.invert(pc.is_in(files["status"], NOT_READ))
    return files if pc.all(is_read, min_count=0).as_py() else files.filter(is_read)


def with_column(table: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    """The table with other values in one of its columns, of the same type.

    Raises:
        KeyError: there is no such column.
    """
    field = table.field(name)
    return table.set_column(table.schema.get_field_index(name), field, values.cast(field.type))


def keep_first_seen(manifest: pa.Table, parent: pa.Table, affected: pa.BooleanArray) -> pa.Table:
    """An article keeps when it was first loaded, also where another of its records survives now.

    Args:
        manifest: (n,) decided rows.
        parent: the parent's manifest.
        affected: (n,) rows that changed; others have been survivors before, or are none now.
    """
    is_candidate = pc.and_(affected, pc.equal(whole(manifest["status"]), "loaded"))
    ids = manifest["article_id"].filter(is_candidate)
    same = pc.and_(pc.equal(parent["status"], "loaded"), pc.is_in(parent["article_id"], whole(ids)))
    before = parent.select(["first_seen_at", "article_id"]).filter(same)
    known = _look_up(before["first_seen_at"], before["article_id"], ids)
    own = whole(manifest["first_seen_at"])
    mine = own.filter(is_candidate)
    oldest = pc.if_else(pc.fill_null(pc.less(known, mine), False), known, mine)
    return with_column(manifest, "first_seen_at", pc.replace_with_mask(own, is_candidate, oldest))


def with_nulls(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table in a schema; columns that it lacks are null."""
    have = set(table.column_names)
    columns = [table[field.name] if field.name in have else pa.nulls(len(table), field.type) for field in schema]
    return pa.table(columns, schema=schema)


def _tombstones(table: pa.Table, is_lost: pa.BooleanArray, now: datetime) -> pa.Table:
    """Rows of deleted files stay, so that nothing seen is forgotten, but with no keys."""
    if not pc.any(is_lost).as_py():
        return table
    table = with_column(table, "status", pc.if_else(is_lost, "removed", table["status"]))
    table = with_column(table, "deleted", pc.or_(is_lost, table["deleted"]))
    since = pc.coalesce(table["deleted_at"], pa.scalar(now, TIMESTAMP))
    table = with_column(table, "deleted_at", pc.if_else(is_lost, since, table["deleted_at"]))
    for name in (*_COMPARED, *_LISTS):
        constant = pa.scalar([] if name in _LISTS else None, table.field(name).type)
        table = with_column(table, name, pc.if_else(is_lost, constant, whole(table[name])))
    return table


def _with_sizes(table: pa.Table, keys: pa.Array, same: pa.Table) -> pa.Table:
    """Rows of files with the same bytes take the size of the new listing: the old one is another if the file grew
    between its listing and its reading."""
    if not len(same):
        return table
    places = pc.index_in(keys, file_keys(same))
    return with_column(table, "size", pc.coalesce(whole(same["size"]).take(places), table["size"]))


def _fresh_rows(
    read: pa.Table, parent: pa.Table, read_as: pa.Array, lost: pa.Table, stamp: RunStamp
) -> tuple[pa.Table, int]:
    """Rows of the files that were read; a known, renamed or moved one keeps when it was first seen.

    Args:
        read: (r,) what the batches say.
        parent: (m,) the parent's manifest.
        read_as: (m,) row of `read` that has the file again, null where none has.
        lost: rows of `parent` whose file is deleted.
        stamp: lineage of this run.
    """
    now = pa.scalar(stamp.started_at, TIMESTAMP)
    is_read = pc.is_valid(read_as)
    known_as = pc.index_in(pa.arange(0, len(read)).cast(pa.int32()), read_as.filter(is_read))
    known = parent["first_seen_at"].filter(is_read).combine_chunks().take(known_as)
    by_hash = _look_up(lost["first_seen_at"], lost["source_hash"], read["source_hash"])
    by_id = _look_up(lost["first_seen_at"], lost["article_id"], read["article_id"])
    columns: dict[str, pa.Array | pa.ChunkedArray] = {name: read[name] for name in read.column_names}
    columns["first_seen_at"] = pc.coalesce(known, by_hash, by_id, now)
    columns["deleted"] = pa.repeat(pa.scalar(False), len(read))
    columns |= {name: pa.repeat(pa.scalar(value), len(read)) for name, value in stamp.texts.items()}
    columns["loaded_at"] = pa.repeat(now, len(read))
    renamed = _renamed(read["source_hash"].filter(pc.is_null(known)), lost["source_hash"])
    return with_nulls(pa.table(columns), parent.schema), renamed


def _renamed(new: pa.ChunkedArray, lost: pa.ChunkedArray) -> int:
    """How many files went to another name: as many as there are, by the hash of their content, on both sides."""
    arrived = pc.sum(pc.is_in(new, lost.drop_null().combine_chunks())).as_py() or 0
    left = pc.sum(pc.is_in(lost, new.drop_null().combine_chunks())).as_py() or 0
    return int(min(arrived, left))


def _look_up(values: pa.ChunkedArray, keys: pa.ChunkedArray, wanted: pa.ChunkedArray) -> pa.Array:
    """For each wanted key the value of the first equal key; null where there is none."""
    is_key = pc.is_valid(keys)
    places = pc.index_in(whole(wanted), keys.filter(is_key).combine_chunks(), skip_nulls=True)
    return values.filter(is_key).combine_chunks().take(places)
