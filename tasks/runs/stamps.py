"""The stamps of source files: size, times, inode or etag of each as a run listed it, with the hash of its bytes.

Belongs here: the file `stamps` in the warehouse's root, outside the snapshots. Does not belong here: how a listing is
compared with it (`tasks.discover.changes`).

The stamps belong to no snapshot: a stamp says that a file with this size, these times and this inode had bytes of this
hash, which stays true after a rollback. They only save reading. Without them the next run reads every file once, finds
the hashes that the manifest has, and writes them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.errors import WarehouseError
from tasks.arrow.columns import whole
from tasks.arrow.keys import file_keys
from tasks.arrow.memory import system_memory
from tasks.arrow.schemas import LISTING_FIELDS
from tasks.runs.logs import log_of
from tasks.runs.run import Run
from tasks.runs.staging import read_arrow
from tasks.warehouse.durable import storage_errors, sync_folder, write_new_file
from tasks.warehouse.faults import reach

NAME: Final = "stamps"
_NEXT: Final = f"{NAME}.next"
#: One row a file that a run has listed; a null `modified_at` never proves that a file without an etag is the same.
STAMPS: Final = pa.schema([*LISTING_FIELDS, pa.field("source_hash", pa.string())])
#: The stamps of a run's own listing in its staging folder: the hash is null where the run reads the file.
LISTED: Final = "listed.arrow"

_READ: Final = ["source", "source_path", "size", "etag", "source_hash", "status"]


def read_stamps(warehouse: Path, sources: Iterable[str]) -> pa.Table:
    """The stamps of some sources as the last run left them; none where the file is missing, torn or foreign.

    Args:
        warehouse: its root.
        sources: names.

    Returns:
        (n,) `STAMPS`; the rows of a source are sorted by path.
    """
    table = _read(warehouse)
    return table.filter(_is_of(table, sources))


@system_memory()
def update_stamps(run: Run, batches: Sequence[Path]) -> None:
    """Replace the stamps of the run's sources by those of its listing; a disk that refuses leaves the old ones.

    Args:
        run: a run that has ended well, with `LISTED` in its staging folder.
        batches: folders of its validated batches.
    """
    root = run.warehouse.root
    try:
        with storage_errors(f"write {root / NAME}"):
            reach("run.before-stamps")
            known = _read(root)
            others = known.filter(pc.invert(_is_of(known, run.sources)))
            table = pa.concat_tables([others, _stamps_of(read_arrow(run.folder / LISTED), batches)])
            if not table.equals(known):
                _write(root, table, run.warehouse.durable)
    except WarehouseError as error:
        # The tables are published: only the next run has more to do.
        log_of("run").warning("%s The next run reads files again that it could know.", error.message)


def _write(root: Path, table: pa.Table, durable: bool) -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, STAMPS) as writer:
        writer.write_table(table.combine_chunks())
    write_new_file(root / _NEXT, [memoryview(sink.getvalue())], durable)
    (root / _NEXT).replace(root / NAME)
    sync_folder(root, durable)


def _read(warehouse: Path) -> pa.Table:
    try:
        table = read_arrow(warehouse / NAME)
        # A block of zeros in the middle leaves the file's frame whole, and must not reach the kernels.
        table.validate(full=True)
    except (OSError, pa.ArrowException):
        return STAMPS.empty_table()
    return table if table.schema.equals(STAMPS) else STAMPS.empty_table()


def _is_of(table: pa.Table, sources: Iterable[str]) -> pa.ChunkedArray:
    """(n,) whether each row is of one of some sources."""
    return pc.is_in(table["source"], pa.array(sorted(sources), pa.string()))


def _stamps_of(listed: pa.Table, batches: Sequence[Path]) -> pa.Table:
    """The listing with what was read: its hash, and size and etag of just these bytes; files missing at read go."""
    if not batches:
        return listed
    read = pa.concat_tables([read_arrow(batch / "files.arrow").select(_READ) for batch in batches])
    places = pc.index_in(file_keys(listed), file_keys(read))
    is_read = pc.is_valid(places)
    for name in ("size", "etag", "source_hash"):
        place = listed.schema.get_field_index(name)
        values = pc.if_else(is_read, whole(read[name]).take(places), whole(listed[name]))
        listed = listed.set_column(place, listed.field(place), values)
    status = whole(read["status"]).take(places)
    return listed.filter(pc.fill_null(pc.not_equal(status, "missing"), True))
