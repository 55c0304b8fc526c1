"""A file of `articles` in which few records changed: the parent's file, with what changed encoded anew.

Belongs here: which bytes of the parent's file serve again. Three kinds of row groups make the next file:
those in which nothing changed are copied, in those with the same records only columns are encoded in which
a record says something else, and all other records make groups of their own. Does not belong here: telling
the groups apart (`row_groups`), opening the parent's file (`parent_files`), copying bytes (`tasks.tables.splice`),
what a record says (`partitions`).

Where this cannot be done, the file is written as a whole, which comes to the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.columns import whole
from tasks.tables.donors import Donor, Group
from tasks.tables.parquet import ParquetOptions
from tasks.tables.parquet_fields import NotCopyable
from tasks.tables.splice import splice
from tasks.write.parent_files import ParentFile, parent_file
from tasks.write.partitions import RecordSet
from tasks.write.row_groups import Piece, pieces

#: Columns from which the rows of `related` follow.
_OF_RELATED: Final = frozenset(["article_id", "related"])


class Patch(NamedTuple):
    """The next file of `articles` at a place.

    Attributes:
        content: its bytes, in pieces.
        ids: (n,) `article_id` of its rows.
        encoded: the columns that were encoded anew, by row group; what is not in it was copied.
        has_same_related: whether the parent's file of `related` goes with it.
    """

    content: list[memoryview]
    ids: pa.ChunkedArray
    encoded: dict[int, list[str]]
    has_same_related: bool


def patched_articles(records: RecordSet, place: str, options: ParquetOptions, sorting: Sequence[str]) -> Patch | None:
    """The next file of `articles` at a place, made of the parent's; None where that does not serve.

    Args:
        records: all records.
        place: one of their places.
        options: how columns are encoded.
        sorting: columns by which the rows of the file are sorted.

    Raises:
        AuditError: content of a record is neither in the batches nor in the parent snapshot.
        WarehouseError: the parent's file is damaged.
    """
    if not records.is_same_form:
        return None
    try:
        found = _parent_file(records, place)
        if found is None:
            return None
        parent, order = found
        survivors = records.survivors_at(place)
        was_at = pc.index_in(records.before.take(survivors).cast(pa.int64()), order).cast(pa.int64())
        cut = pieces(was_at, records.touched.take(survivors), parent.bounds)
        if all(piece.group is None for piece in cut):
            return None
        return _Patching(records, parent, survivors, was_at, options, sorting).patch(cut)
    except NotCopyable:
        return None


def _parent_file(records: RecordSet, place: str) -> tuple[ParentFile, pa.Int64Array] | None:
    """The parent's file, if it has the rows that it must have; and the number of each in `RecordSet.previous`."""
    listed = records.parent_file("articles", place)
    if records.parent is None or listed is None:
        return None
    file = parent_file(records.parent.path / listed.path, listed, records.contract["articles"].schema)
    order = records.parent_survivors_at(place).cast(pa.int64())
    if file is None or not file.ids.equals(whole(records.previous["article_id"]).take(order)):
        return None
    return file, order


@dataclass(frozen=True)
class _Patching:
    """Making one file; see `patched_articles` for what it is made of.

    Attributes:
        survivors: (n,) numbers of the records of the next file, in its order.
        was_at: (n,) the row of each in the parent's file, null where it is not there.
    """

    records: RecordSet
    parent: ParentFile
    survivors: pa.Array
    was_at: pa.Int64Array
    options: ParquetOptions
    sorting: Sequence[str]

    def patch(self, found: Sequence[Piece]) -> Patch:
        """Put the file together from its pieces."""
        groups: list[Group] = []
        encoded: dict[int, list[str]] = {}
        for piece in found:
            for group, columns in self._groups(piece):
                if columns:
                    encoded[len(groups)] = columns
                groups.append(group)
        is_whole = len(self.survivors) == len(self.parent.ids) and all(piece.group is not None for piece in found)
        has_same_related = is_whole and all(map(_OF_RELATED.isdisjoint, encoded.values()))
        ids = self.records.manifest["article_id"].take(self.survivors)
        return Patch(splice(self.parent.donor, groups), ids, encoded, has_same_related)

    def _groups(self, piece: Piece) -> Iterator[tuple[Group, list[str]]]:
        """The row groups that a piece becomes, each with the columns that are encoded anew in it."""
        if piece.group is None:
            yield from self._other_groups(piece)
            return
        copied = Group.copied(self.parent.donor, piece.group)
        changed = self._changed(piece) if piece.touched else None
        if changed is None:
            yield copied, []
        else:
            sorting = [name for name in self.sorting if name in changed.column_names]
            yield copied.with_rows(changed, self.options, sorting), changed.column_names

    def _other_groups(self, piece: Piece) -> Iterator[tuple[Group, list[str]]]:
        """Groups of records that no group of the parent's file has together."""
        was_at = self.was_at[piece.start : piece.stop]
        lay_in = pc.subtract(pc.search_sorted(pa.array(self.parent.bounds), was_at.drop_null(), side="right"), 1)
        nearby = self.parent.read(sorted(pc.unique(lay_in).to_pylist())) if len(lay_in) else None
        rows = self.records.rows_of("articles", self.survivors[piece.start : piece.stop], nearby)
        donor = Donor.of_rows(rows, self.options, self.sorting)
        for number in range(len(donor.rows)):
            yield Group.copied(donor, number), rows.column_names

    def _changed(self, piece: Piece) -> pa.Table | None:
        """The columns in which a touched record of the piece says something else than in its group, whole, if any."""
        assert piece.group is not None
        at = pa.array(piece.touched, pa.int64())
        inside, numbers = pc.subtract(at, piece.start), self.survivors.take(at)
        were = self.parent.rows(piece.group, inside.to_pylist())
        # Of records that were not read again what is known of them changed; what they say stands in the group.
        nearby = self.parent.read([piece.group]).take(inside) if self.records.is_carried(numbers) else None
        rows = self.records.rows_of("articles", numbers, nearby)
        are = rows.to_pylist()
        names = [n for n in rows.column_names if any(was[n] != now[n] for was, now in zip(were, are, strict=True))]
        if not names:
            return None
        return _replaced(self.parent.read([piece.group], names), inside.to_pylist(), rows.select(names))


def _replaced(table: pa.Table, places: Sequence[int], rows: pa.Table) -> pa.Table:
    """The table with other rows at some places, ascending."""
    parts, at = [], 0
    for number, place in enumerate(places):
        parts += [table.slice(at, place - at), rows.slice(number, 1)]
        at = place + 1
    return pa.concat_tables([*parts, table.slice(at)]).combine_chunks()
