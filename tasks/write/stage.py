"""The write stage: from the decided manifest to a published snapshot.

Belongs here: what a run publishes, and what maintenance does, which writes the same tables without what is forgotten.
Does not belong here: how a snapshot is written (`publish`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks.arrow.keys import file_keys
from tasks.arrow.memory import system_memory
from tasks.runs.run import Publication, Run, load_run
from tasks.runs.staging import read_arrow
from tasks.warehouse.snapshots import Snapshot
from tasks.write.layout import layout_for, layout_of
from tasks.write.manifest_files import Decided
from tasks.write.publish import write_snapshot
from tasks.write.record_set import FOUND
from tasks.write.records import records_of

#: Columns of the staged manifest that stand beside those of the tables.
_MASKS = ("affected", "reindexed", "parent_row")


@system_memory()
def write_tables(folder: Path, publication: Publication) -> tuple[int, int]:
    """Publish the tables of a run.

    Args:
        folder: the run's staging folder, with `manifest.arrow`.
        publication: what is to be published.

    Returns:
        The number of the new snapshot, and the bytes of the files that are new in it.

    Raises:
        AuditError: a guarantee does not hold; nothing was published.
        WarehouseError: the disk refused; nothing was published.
    """
    run, path = load_run(folder), folder / "manifest.arrow"
    manifest = read_arrow(path)
    masks = {name: manifest[name].combine_chunks() for name in _MASKS}
    decided = Decided(manifest.drop_columns(list(_MASKS)), **masks, before=run.parent_manifest.read(FOUND), path=path)
    snapshot, parent = write_snapshot(run, decided, publication), run.parent_snapshot()
    known = {file.digest for file in parent.info.files} if parent else set()
    return snapshot.number, sum(file.bytes for file in snapshot.info.files if file.digest not in known)


def rewrite_tables(
    run: Run,
    manifest: pa.Table,
    rows: Sequence[Mapping[str, Any]],
    summary: Mapping[str, object],
    forgotten: Collection[str] = (),
    versions: pa.Table | None = None,
) -> Snapshot:
    """Publish the parent's tables again, without some rows of `sources` and `runs`.

    Args:
        run: without sources; its warehouse is locked and its parent is of the run's `table_form`.
        manifest: the rows of the parent's manifest that stay.
        rows: of this run, for `runs`.
        summary: for `snapshot.json`.
        forgotten: ids of the rows of `runs` that go.
        versions: all rows of `article_versions`, if they are not to be those of the parent.

    Raises:
        AuditError: a guarantee does not hold; nothing was published.
        WarehouseError: the disk refused, or a file is damaged; nothing was published.
    """
    before = run.parent_manifest.read(FOUND)
    unchanged = pa.repeat(pa.scalar(False), len(manifest))
    parent_row = pa.compute.index_in(file_keys(manifest), file_keys(before)).cast(pa.int64())
    decided = Decided(manifest, unchanged, unchanged, parent_row, before)
    publication = Publication((), None, rows, summary, frozenset(forgotten))
    return write_snapshot(run, decided, publication, versions)


def changed_parts(parent: Snapshot, manifest: pa.Table, rows_per_file: int) -> dict[str, tuple[int, int]]:
    """The partitions whose records should lie in other files: partition to their number, now and then.

    Args:
        parent: the snapshot that has the files.
        manifest: its table `sources`.
        rows_per_file: see `layout_for`.
    """
    partition_by = str(parent.info.summary["partition_by"])
    old = layout_of(parent.info.files, partition_by)
    new = layout_for(records_of(manifest), partition_by, rows_per_file)
    partitions = {file.partition for file in parent.files("articles") + parent.files("duplicates") if file.rows}
    cuts = {name: (old.cuts.get(name, ()), new.cuts.get(name, ())) for name in sorted(partitions)}
    return {name: (len(was) + 1, len(now) + 1) for name, (was, now) in cuts.items() if was != now}
