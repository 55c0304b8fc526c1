"""Rewriting published snapshots without what they say of erased articles: the one thing that changes them.

Belongs here: what each table loses, and replacing the files of one snapshot so that a kill leaves nothing that another
call does not complete. Does not belong here: the list of erased articles (`tasks.warehouse.erasures`), and the next
snapshot, in which their duplicates are decided on again (`flows.erase`).

The steps for a snapshot, each on disk before the next:
    1. the new files and their list, under `snapshots/NNNNNN/.erase`
    2. the list there gets its name `snapshot.json`: from now on the work is completed, not begun again
    3. each file replaces the old one, last of all the list
    4. the folder `.erase` goes
Every file is replaced in one step: readers find the old or the new one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.contract import VERSIONS
from tasks.arrow.columns import whole
from tasks.arrow.keys import file_keys
from tasks.arrow.related import related_digests, related_lists, without_entries
from tasks.warehouse.durable import remove_tree, storage_errors, sync_folder, sync_tree, write_new_file
from tasks.warehouse.erasures import Erasure, erased_as, withhold
from tasks.warehouse.faults import reach
from tasks.warehouse.parquet import ParquetOptions, footer_of, write_parquet
from tasks.warehouse.parquet_reading import read_parquet
from tasks.warehouse.snapshots import INDEX, INFO_NAME, DataFile, Snapshot
from tasks.warehouse.warehouse import Warehouse
from tasks.write.record_files import SORTING
from tasks.write.snapshot import link_or_copy

_WORK: Final = ".erase"
_NEXT: Final = f"{INFO_NAME}.next"
_RECORDS: Final = pa.array(["loaded", "duplicate"])
_OF_SOURCES: Final = [
    *("source", "source_path", "status", "article_id", "canonical_article_id"),
    *("matched_source", "matched_source_path"),
]
#: What `duplicates.evidence` says where it named words of an erased article.
_NO_EVIDENCE: Final = json.dumps({"rule": "erased"})
#: The version of no rules: the next run decides again.
_UNDECIDED: Final = "erased"
#: The columns by which rows of a table are told from others; all of a table is read only where some go.
_TOLD_BY: Final = {
    "articles": ["article_id"],
    "related": ["article_id", "related_article_id"],
    VERSIONS: ["article_id"],
    "quarantine": ["source", "source_path"],
    "duplicates": ["article_id", "canonical_article_id", "matched_source", "matched_source_path", "related"],
}


class Erased(NamedTuple):
    """What a snapshot has of erased articles.

    Attributes:
        ids: of the articles.
        files: keys of the files that the snapshot knows as theirs.
        undecided: keys of the files whose records were duplicates of theirs.
        listing: ids of other articles that have them among their related entries; `digests` of what stays of these.
    """

    ids: pa.Array
    files: pa.Array
    undecided: pa.Array
    listing: pa.Array
    digests: pa.Array


@dataclass
class Eraser:
    """Rewrites snapshots of one warehouse; files that several of them have are written once.

    Attributes:
        warehouse: its lock is held.
        erasures: the list of erased articles.
        options: how Parquet files are written.
    """

    warehouse: Warehouse
    erasures: Sequence[Erasure]
    options: ParquetOptions
    _known: dict[tuple[str, ...], tuple[Path, DataFile] | None] = field(default_factory=dict)

    def rewrite(self, number: int) -> int:
        """Take the articles out of one snapshot; the number of files that were written for it.

        Raises:
            WarehouseError: a file of it is damaged, or the disk refused; another call goes on.
        """
        snapshot = self.warehouse.snapshot(number)
        with storage_errors(f"rewrite snapshot {number}"):
            self._complete(snapshot.path)
            snapshot = self.warehouse.snapshot(number)
            what = self._erased(snapshot)
            files = [self._without(snapshot, file, what) for file in snapshot.info.files]
            changed = sum(now != was for now, was in zip(files, snapshot.info.files, strict=True))
            if changed:
                info = msgspec.structs.replace(snapshot.info, files=tuple(files))
                self._commit(snapshot.path / _WORK, info.to_json())
                self._complete(snapshot.path)
        return changed

    def _erased(self, snapshot: Snapshot) -> Erased:
        rows = snapshot.read("sources", _OF_SOURCES).combine_chunks()
        keys, ids = file_keys(rows), pa.array([one.article_id for one in self.erasures], pa.string())
        # What a file told under another id is another article; without a record it may have told this one.
        is_other = pc.and_not(pc.is_in(whole(rows["status"]), _RECORDS), pc.is_in(whole(rows["article_id"]), ids))
        files = keys.filter(pc.and_not(pc.is_valid(erased_as(rows, self.erasures)), is_other))
        left = pc.or_(pc.is_in(whole(rows["canonical_article_id"]), ids), pc.is_in(_matched(rows), files))
        undecided = keys.filter(pc.and_not(left, pc.is_in(keys, files)))
        return Erased(ids, files, undecided, *_listing(snapshot, ids))

    def _without(self, snapshot: Snapshot, file: DataFile, what: Erased) -> DataFile:
        """The file as it is to be listed, new under `_WORK` if rows of it are others."""
        key = (file.path, file.digest, *what.files.to_pylist(), *what.undecided.to_pylist(), *what.digests.to_pylist())
        target = snapshot.path / _WORK / file.path
        if key not in self._known:
            self._known[key] = None
            rows = self._rows(file.table, snapshot.path / file.path, what)
            if rows is not None:
                target.parent.mkdir(parents=True, exist_ok=True)
                sorting = SORTING.get(file.table, ())
                footer = footer_of(snapshot.path / file.path)
                stats = write_parquet(target, rows, self.options, sorting, self.warehouse.durable, footer=footer)
                new = msgspec.structs.replace(file, rows=stats.rows, bytes=stats.bytes, digest=stats.digest)
                self._known[key] = (snapshot.path / file.path, new)
                return new
        known = self._known[key]
        if known is None:
            return file
        path, new = known
        target.parent.mkdir(parents=True, exist_ok=True)
        link_or_copy(path, target, new, self.warehouse.durable)
        return new

    def _rows(self, table: str, path: Path, what: Erased) -> pa.Table | None:
        """The rows of a file without the articles; None where it has nothing of them."""
        if table in _TOLD_BY:
            told = read_parquet(path, _TOLD_BY[table])
            goes, is_stale = self._masks(table, told, what)
            lists_them = _lists_any(whole(told["related"]), what.ids) if table == "duplicates" else goes
            if not pc.any(pc.or_(pc.or_(goes, is_stale), lists_them), min_count=0).as_py():
                return None
            rows = read_parquet(path)
            if table == "duplicates":
                rows = _with(rows, "evidence", pc.if_else(is_stale, _NO_EVIDENCE, whole(rows["evidence"])))
                lists = without_entries(whole(rows["related"]), what.ids)
                rows = _with(_with(rows, "related", lists), "related_digest", related_digests(lists))
            if table == "articles":
                digests = what.digests.take(pc.index_in(whole(rows["article_id"]), what.listing))
                rows = _with(rows, "related_digest", pc.if_else(is_stale, digests, whole(rows["related_digest"])))
            rows = rows.filter(pc.invert(goes))
            return _renumbered(rows) if table == "related" else rows
        before = read_parquet(path)
        rows = _without_examples(before) if table == "runs" else self._manifest_rows(table, before, what)
        return None if rows.equals(before) else rows

    def _masks(self, table: str, told: pa.Table, what: Erased) -> tuple[pa.Array, pa.Array]:
        """(n,) whether each row goes, and whether another column of it has words or a digest of an erased article."""
        none = pa.repeat(pa.scalar(False), len(told))
        if table == "quarantine":
            return pc.is_in(file_keys(told), what.files), none
        goes = pc.is_in(whole(told["article_id"]), what.ids)
        if table == "related":
            return pc.or_(goes, pc.is_in(whole(told["related_article_id"]), what.ids)), none
        if table == "articles":
            return goes, pc.is_in(whole(told["article_id"]), what.listing)
        if table != "duplicates":
            return goes, none
        is_stale = pc.or_(pc.is_in(whole(told["canonical_article_id"]), what.ids), pc.is_in(_matched(told), what.files))
        return goes, is_stale

    def _manifest_rows(self, table: str, rows: pa.Table, what: Erased) -> pa.Table:
        """The rows of `sources` or `index`; duplicates of an erased article are to be decided on again."""
        keys = file_keys(rows)
        # The private index has neither id nor reason, so any number serves there.
        numbers = pa.repeat(pa.scalar(0, pa.int32()), len(rows)) if table == INDEX else erased_as(rows, self.erasures)
        rows = withhold(rows, pc.if_else(pc.is_in(keys, what.files), numbers, None), self.erasures)
        name, value = ("match_version", _UNDECIDED) if table == INDEX else ("evidence", None)
        is_undecided = pc.is_in(keys, what.undecided)
        return _with(rows, name, pc.if_else(is_undecided, pa.scalar(value, pa.string()), whole(rows[name])))

    def _commit(self, work: Path, content: bytes) -> None:
        """Steps 1 and 2."""
        write_new_file(work / _NEXT, content, self.warehouse.durable)
        sync_tree(work, self.warehouse.durable)
        reach("erase.before-commit")
        (work / _NEXT).replace(work / INFO_NAME)
        sync_folder(work, self.warehouse.durable)

    def _complete(self, folder: Path) -> None:
        """Steps 3 and 4; work that was not committed is thrown away."""
        work, durable = folder / _WORK, self.warehouse.durable
        if (work / INFO_NAME).exists():
            files = [path for path in sorted(work.rglob("*")) if path.is_file() and path != work / INFO_NAME]
            for path in files:
                reach("erase.before-replace")
                path.replace(folder / path.relative_to(work))
            sync_tree(folder, durable)
            reach("erase.before-info")
            (work / INFO_NAME).replace(folder / INFO_NAME)
            sync_folder(folder, durable)
            reach("erase.after-info")
        remove_tree(work)


def _listing(snapshot: Snapshot, ids: pa.Array) -> tuple[pa.Array, pa.Array]:
    """The articles that list others, and the digests of their lists without those."""
    pairs = snapshot.read("related", ["article_id", "related_article_id"])
    lists = pc.is_in(whole(pairs["related_article_id"]), ids)
    listing = pc.unique(whole(pairs["article_id"]).filter(lists))
    if not len(listing):
        return listing, pa.array([], pa.string())
    kind = snapshot.schema("duplicates").field("related").type
    stays = snapshot.read("related").filter(pc.and_not(pc.is_in(whole(pairs["article_id"]), listing), lists))
    return listing, related_digests(related_lists(stays, listing, kind))


def _lists_any(lists: pa.ListArray, ids: pa.Array) -> pa.BooleanArray:
    """(n,) whether a list has an entry of one of some articles."""
    return pc.not_equal(pc.list_value_length(without_entries(lists, ids)), pc.list_value_length(lists))


def _renumbered(related: pa.Table) -> pa.Table:
    """Rows of `related` with positions that have no gaps; the entries of an article stand together."""
    articles = whole(related["article_id"])
    numbers = pc.subtract(pa.arange(0, len(articles)), pc.index_in(articles, articles).cast(pa.int64()))
    return _with(related, "position", numbers.cast(related.schema.field("position").type))


def _matched(rows: pa.Table) -> pa.Array:
    """(n,) keys of the files that duplicates matched."""
    return whole(pc.binary_join_element_wise(rows["matched_source"], rows["matched_source_path"], "\0"))


def _with(rows: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    place = rows.schema.get_field_index(name)
    return rows.set_column(place, rows.schema.field(place), values)


def _without_examples(runs: pa.Table) -> pa.Table:
    """The rows of `runs` without values of unknown fields: nothing says which article an example is from."""
    fields = runs["unknown_fields"].to_pylist()
    emptied = [[{**one, "example": None} for one in row] for row in fields]
    return _with(runs, "unknown_fields", pa.array(emptied, runs.schema.field("unknown_fields").type))
