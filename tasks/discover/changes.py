"""What changed in the sources since the last run: new, changed, unchanged, and deleted files.

Belongs here: comparing a listing with the manifest and the stamps, and which times can be trusted next time.
Does not belong here: listing, reading, and what is done about a change.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.columns import whole
from tasks.arrow.comparison import rows_differ
from tasks.arrow.keys import file_keys

#: A file touched this shortly before the listing may change again within one clock tick of the
#: file system, in microseconds: kernels stamp files with a clock of 1 to 10 ms.
FINE_TICK: Final = 20_000

#: The same where times are whole seconds: FAT counts in steps of two.
COARSE_TICK: Final = 2_000_000

_SECOND: Final = 1_000_000


class Changes(NamedTuple):
    """Row numbers (int64); each listing row is in exactly one of new, changed, unchanged.

    Attributes:
        new: listing rows of files that no live manifest row knows; a file that came back after it
            was removed is new.
        changed: listing rows of known files that must be read again.
        unchanged: listing rows of known files that need not be read.
        deleted: live manifest rows of listed sources whose file is not listed any more.
        known_as: (listing rows,) each file's manifest row, null where there is none. For a file
            that came back it is the row of its removal.
    """

    new: pa.Int64Array
    changed: pa.Int64Array
    unchanged: pa.Int64Array
    deleted: pa.Int64Array
    known_as: pa.Int64Array


def compare(
    listing: pa.Table,
    manifest: pa.Table,
    stamps: pa.Table,
    *,
    sources: Collection[str],
    reprocess: pa.BooleanArray | None = None,
) -> Changes:
    """Compare what is there now with what the last run knew.

    A file is unchanged if its stamp has the same size, and the same etag or, where the listing has none, the same
    times and inode; and if the stamp's hash is the one that the manifest has. A modification time that is null on
    either side makes it changed. The status of a row does not matter, except for tombstones (`removed` and `deleted`):
    those are not live.

    Args:
        listing: (n,) `tasks.runs.staging.LISTING`; (source, source_path) is unique in it.
        manifest: (m,) with `source`, `source_path`, `size`, `source_hash`, `status` and `deleted`; unique
            in the same way. Equal order makes the comparison several times faster, also that with the stamps.
        stamps: (k,) `tasks.runs.stamps.STAMPS`; unique in the same way.
        sources: names of all sources that were listed, also of those that turned out empty. Rows
            of other sources are left alone.
        reprocess: (m,) true (or null) where a manifest row must be read again although its file
            is the same, such as after a change of contract or code.

    Raises:
        KeyError: a column is missing.
    """
    known_as = _found_in(manifest, listing)
    tombstone = pc.and_(pc.equal(manifest["status"], "removed"), manifest["deleted"])
    tombstone = whole(tombstone).fill_null(False)
    is_known = pc.invert(tombstone).take(known_as).fill_null(False)
    stamps = stamps.take(_found_in(stamps, listing))
    same = _is_same(listing, manifest.select(["size", "source_hash"]).take(known_as), stamps)
    if reprocess is not None:
        same = pc.and_(same, pc.invert(reprocess).take(known_as).fill_null(False))
    return Changes(
        new=_rows_where(pc.invert(is_known)),
        changed=_rows_where(pc.and_not(is_known, same)),
        unchanged=_rows_where(pc.and_(is_known, same)),
        deleted=_deleted(manifest, tombstone, known_as, sources),
        known_as=known_as,
    )


def settled_times(listing: pa.Table, listed_at: datetime) -> pa.TimestampArray:
    """Modification times that prove, next time, that a file is still the same; null where not.

    A file that was written a moment before it was listed can be written again without getting
    other times, because file systems stamp with a coarse clock. If it also keeps its size, the
    change would never be seen. Such a file gets no time, so the next run reads it once more. That
    is Git's "racily clean" rule (Documentation/technical/racy-git.txt). The later of mtime and ctime
    counts. A time in the future is not settled either: the clock that gave it may give it again.

    The file system's clock must not lag behind this machine's by more than the tick.

    Args:
        listing: (n,) with `modified_at` and `changed_at`.
        listed_at: when the listing *began*, with a time zone; later would hide writes during it.

    Returns:
        (n,) timestamp[us, UTC].
    """
    modified_at = whole(listing["modified_at"])
    microseconds = pc.max_element_wise(modified_at.cast(pa.int64()), whole(listing["changed_at"]).cast(pa.int64()))
    now = pa.scalar(listed_at, pa.timestamp("us", tz="UTC")).cast(pa.int64())
    whole_second = pc.equal(pc.multiply(pc.divide(microseconds, _SECOND), _SECOND), microseconds)
    tick = pc.if_else(whole_second, COARSE_TICK, FINE_TICK)
    settled = pc.greater_equal(pc.subtract(now, microseconds), tick)
    return pc.if_else(settled, modified_at, pa.scalar(None, modified_at.type))


def _found_in(table: pa.Table, listing: pa.Table) -> pa.Int64Array:
    """Each listed file's row in a table, null where it has none; no look-up where both have the same files."""
    keys = ["source", "source_path"]
    if listing.select(keys).equals(table.select(keys)):
        return pa.arange(0, listing.num_rows)
    return pc.index_in(file_keys(listing), value_set=file_keys(table)).cast(pa.int64())


def _is_same(listing: pa.Table, known: pa.Table, stamps: pa.Table) -> pa.BooleanArray:
    """Whether the stamp of each listed file proves that its bytes are those that the manifest knows.

    Args:
        listing: (n,) files.
        known: (n,) size and hash of each in the manifest.
        stamps: (n,) the stamp of each, all null where it has none.
    """

    def equal(name: str, one: pa.Table, other: pa.Table) -> pa.BooleanArray:
        return pc.invert(rows_differ(whole(one[name]), whole(other[name])))

    def certain(name: str) -> pa.BooleanArray:
        return pc.and_(equal(name, listing, stamps), listing[name].is_valid().combine_chunks())

    version = pc.and_(certain("modified_at"), equal("changed_at", listing, stamps))
    version = pc.and_(version, equal("inode", listing, stamps))
    if listing["etag"].null_count < listing.num_rows:
        version = pc.if_else(whole(listing["etag"]).is_valid(), certain("etag"), version)
    same_bytes = pc.and_(equal("size", listing, known), equal("source_hash", stamps, known))
    return pc.and_(pc.and_(version, equal("size", listing, stamps)), same_bytes)


def _deleted(
    manifest: pa.Table, tombstone: pa.BooleanArray, known_as: pa.Int64Array, sources: Collection[str]
) -> pa.Int64Array:
    """Live manifest rows of listed sources that no listed file refers to."""
    listed_as = pc.inverse_permutation(known_as.drop_null(), max_index=len(manifest) - 1)
    listed_source = pc.is_in(whole(manifest["source"]), value_set=pa.array(sorted(sources), pa.string()))
    missing = pc.and_(listed_source, listed_as.is_null())
    return _rows_where(pc.and_not(missing, tombstone))


def _rows_where(mask: pa.BooleanArray) -> pa.Int64Array:
    return pc.indices_nonzero(mask).cast(pa.int64())
