"""Articles that were erased on somebody's demand, and must not come back: `erased.json` in the warehouse's root.

Belongs here: the list, which files it means, and a row of a table without what the file said. Does not belong here:
erasing (`flows.erase`, `tasks.write.erase`).

The list is outside the snapshots: a rollback to a snapshot from before an article came must not bring it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.errors import WarehouseError
from tasks.arrow.columns import whole
from tasks.arrow.keys import file_keys
from tasks.warehouse.durable import storage_errors, sync_folder, write_new_file
from tasks.warehouse.faults import reach

NAME: Final = "erased.json"
_NEXT: Final = f"{NAME}.next"
#: Columns that say nothing of a file's content but its size and its hash, by which it is known as unchanged.
_OF_FILE: Final = frozenset(
    {
        *("source", "source_path", "size", "modified_at", "changed_at", "inode", "etag", "source_hash"),
        *("deleted", "deleted_at", "contract_version", "code_version", "first_seen_at", "loaded_at", "run_id"),
    }
)


class Erasure(msgspec.Struct, frozen=True):
    """One erased article.

    Attributes:
        article_id: its id.
        reason: why, in the words of who erased it.
        erased_at: ISO 8601, UTC.
        files: source and path of the files that told it: they are withdrawn, whatever they say later.
    """

    article_id: str
    reason: str
    erased_at: str
    files: tuple[tuple[str, str], ...] = ()


def read_erasures(warehouse: Path) -> tuple[Erasure, ...]:
    """The erased articles of a warehouse, by its root.

    Raises:
        WarehouseError: the list is damaged, or the disk refused: without it erased articles would come back.
    """
    path = warehouse / NAME
    with storage_errors(f"read {path}"):
        content = path.read_bytes() if path.exists() else b"[]"
    try:
        return msgspec.json.decode(content, type=tuple[Erasure, ...])
    except msgspec.DecodeError as error:
        hint = "Put back a copy of it: without the list erased articles would be loaded again."
        raise WarehouseError(f"{path} is damaged: {error}.", hint) from error


def write_erasures(warehouse: Path, erasures: Sequence[Erasure], durable: bool = True) -> None:
    """Replace the list in one step.

    Raises:
        WarehouseError: the disk refused.
    """
    with storage_errors(f"write {warehouse / NAME}"):
        write_new_file(warehouse / _NEXT, msgspec.json.format(msgspec.json.encode(erasures)) + b"\n", durable)
        reach("erase.before-list")
        (warehouse / _NEXT).replace(warehouse / NAME)
        sync_folder(warehouse, durable)


def erased_as(files: pa.Table, erasures: Sequence[Erasure]) -> pa.Array:
    """(n,) number of the erasure that withdraws each file, by its id or else by its name; null where none does.

    Args:
        files: (n,) with `source`, `source_path` and `article_id`.
        erasures: the list.
    """
    ids = pa.array([one.article_id for one in erasures], pa.string())
    keys = [("\0".join(file), number) for number, one in enumerate(erasures) for file in one.files]
    by_file = pc.index_in(file_keys(files), pa.array([key for key, _ in keys], pa.string()))
    numbers = pa.array([number for _, number in keys], pa.int32())
    return pc.coalesce(pc.index_in(whole(files["article_id"]), ids, skip_nulls=True), numbers.take(by_file))


def withhold(rows: pa.Table, erased: pa.Array, erasures: Sequence[Erasure]) -> pa.Table:
    """Rows of the manifest, or of one of its tables, in which those of erased articles say so and nothing else.

    Args:
        rows: (n,) of which columns of text or lists become empty, but for the file's name, hash and lineage.
        erased: (n,) from `erased_as`.
        erasures: the list.
    """
    if erased.null_count == len(erased):
        return rows
    known = {"article_id": [one.article_id for one in erasures], "erased_reason": [one.reason for one in erasures]}
    for place, field in enumerate(rows.schema):
        if field.name in _OF_FILE:
            continue
        if field.name in known:
            said = pa.array(known[field.name], field.type).take(erased)
        else:
            said = pa.scalar("removed" if field.name == "status" else None, field.type)
            said = pa.scalar([], field.type) if pa.types.is_list(field.type) else said
        rows = rows.set_column(place, field, pc.if_else(pc.is_valid(erased), said, whole(rows[field.name])))
    return rows
