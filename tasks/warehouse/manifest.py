"""The manifest: what a snapshot says of every source file, in the public table `sources` and the private `index`.

Belongs here: which columns are in which of the two, and reading them as one table. Does not belong here: how the
next manifest is made (`tasks.deduplicate`), and how it is cut into files (`tasks.write.manifest_files`).

`index` has what only deduplication asks for. Its files have the rows of the files of `sources` in the same order, and
their keys beside them, which are compared when both are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import pyarrow as pa

from config.contract import Contract
from config.errors import WarehouseError
from tasks.arrow.schemas import KEY_FIELDS
from tasks.warehouse.snapshots import INDEX, Snapshot

#: Columns that name a row in both tables.
KEYS: Final = ("source", "source_path")
_PUBLIC_KEYS: Final = ("article_id", "outlet", "published_at")
_NEAR: Final = pa.list_(pa.struct([("source", pa.string()), ("source_path", pa.string())]))

#: The columns of the table `index`: keys and texts by which records are compared, and the related pairs found so far.
#: `near` names the records earlier in the manifest that the pair rule relates to this one, `match_version` the rules
#: and code under which they were found.
INDEX_SCHEMA: Final = pa.schema(
    [
        pa.field("source", pa.string()),
        pa.field("source_path", pa.string()),
        *(field for field in KEY_FIELDS if field.name not in _PUBLIC_KEYS),
        pa.field("near", _NEAR),
        pa.field("match_version", pa.string()),
    ]
)


def manifest_schema(contract: Contract) -> pa.Schema:
    """The columns of the manifest: those of `sources`, then those of `index`."""
    return pa.schema([*contract["sources"].schema, *(field for field in INDEX_SCHEMA if field.name not in KEYS)])


class ParentManifest(NamedTuple):
    """The manifest of the snapshot that a run starts from, read when it is asked for."""

    snapshot: Snapshot | None
    contract: Contract

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Some of its columns, or all; see `read_manifest`.

        Raises:
            WarehouseError: it is damaged.
        """
        return read_manifest(self.snapshot, self.contract, columns)


def read_manifest(snapshot: Snapshot | None, contract: Contract, columns: Sequence[str] | None = None) -> pa.Table:
    """The manifest of a snapshot, sorted by source and path; without a snapshot it has no row.

    Args:
        snapshot: a published one.
        contract: that the columns of `sources` follow.
        columns: the columns to read; None reads all.

    Raises:
        WarehouseError: a file is missing or damaged, or the two tables do not fit together.
    """
    schema = manifest_schema(contract)
    names = schema.names if columns is None else list(columns)
    wanted = pa.schema([schema.field(name) for name in names])
    if snapshot is None:
        return wanted.empty_table()
    private = [name for name in names if name in INDEX_SCHEMA.names and name not in KEYS]
    public = [name for name in names if name not in private]
    keys = list(KEYS) if private else []
    found = snapshot.read("sources", list(dict.fromkeys([*keys, *public])), schema=contract["sources"].schema)
    if private:
        index = snapshot.read(INDEX, [*KEYS, *private], schema=INDEX_SCHEMA)
        if not index.select(KEYS).equals(found.select(KEYS)):
            raise WarehouseError(
                f"Snapshot {snapshot.number}: its private index is not that of its table `sources`.",
                "`presslake run --full-refresh` writes both from the source files.",
            )
        for name in private:
            found = found.append_column(INDEX_SCHEMA.field(name), index[name])
    return pa.table([found[name] for name in names], schema=wanted)
