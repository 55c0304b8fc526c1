"""Write the next snapshot of a Delta warehouse: a commit a table, the audit, and the pointer last.

Belongs here: the order of work. What is committed: `delta_rows`; how: `delta_commit`; undoing what was
interrupted: `delta_upkeep`.

The steps:
    1. every table at the pointer's content (`settle_tables`)
    2. one commit a table, with the run's id in its metadata
    3. the audit, on what the tables' new versions list
    4. `current.json` put in place of the one that the run started from, if it still is that one
    5. the same under `runs/`
A kill before 4 leaves readers with the parent, and the next run undoes the rest; one before 5 is
mended by the next run.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import VERSIONS
from config.errors import WarehouseError
from tasks.tables.blobs import ABSENT, Blob
from tasks.tables.delta import POINTER, DeltaInfo, DeltaSnapshot, DeltaWarehouse, entry_name
from tasks.tables.delta_table import listed_files, open_table
from tasks.tables.faults import reach
from tasks.tables.history import history_summary
from tasks.tables.keys import file_keys
from tasks.tables.snapshots import DataFile, Snapshot
from tasks.write import small_tables
from tasks.write.audit import check_manifest, check_required, check_tables
from tasks.write.delta_change import Change, plain_change
from tasks.write.delta_commit import Commits, Conflict
from tasks.write.delta_rows import RecordChanges
from tasks.write.delta_sync import sync_snapshot
from tasks.write.delta_upkeep import compact, settle_tables
from tasks.write.delta_versions import version_change
from tasks.write.job import Decided, RunRecord, WriteJob
from tasks.write.parent_versions import ParentVersions

#: How often a run makes its commits at most: again where another program came between.
_TRIES: Final = 3
_WAIT_SECONDS: Final = 0.5


def write_delta(
    job: WriteJob,
    parent: Snapshot | None,
    decided: Decided,
    batches: Sequence[Path],
    run: RunRecord,
    crowded: Sequence[str] = (),
) -> DeltaSnapshot:
    """Commit what changed to every table, check it, and let readers see it.

    Args:
        job: where and how; its warehouse is a `DeltaWarehouse`.
        parent: the current snapshot.
        decided: manifest and decisions.
        batches: folders of validated batches with `records.arrow` and `quarantine.arrow`.
        run: lineage.
        crowded: tables whose small files shall be joined.

    Raises:
        AuditError: a guarantee does not hold; nothing was published.
        WarehouseError: the storage refused, or another writer came first; nothing was published.
    """
    check_manifest(decided.manifest, decided.sources, decided.there)
    warehouse = job.warehouse
    assert isinstance(warehouse, DeltaWarehouse)
    pointer = warehouse.pointer()
    for attempt in range(1, _TRIES + 1):
        _require_unmoved(warehouse, run.replaced if parent is None else parent.number, pointer)
        try:
            info = _commit(_Write(job, warehouse, parent, decided, batches, run), crowded)
            break
        except Conflict:
            if attempt == _TRIES:
                raise
            time.sleep(_WAIT_SECONDS * 2**attempt)
    snapshot = DeltaSnapshot(warehouse.tables_path, info, warehouse.location)
    check_tables(snapshot, decided.manifest, VERSIONS in job.contract.tables)
    _publish(warehouse, snapshot, pointer)
    return snapshot


def _require_unmoved(warehouse: DeltaWarehouse, begun_at: int | None, pointer: Blob | None) -> None:
    """The pointer names the snapshot that was current when the run began, and has not moved since the last look."""
    found = warehouse.pointer()
    number = None if found is None else warehouse.open(POINTER, found).number
    if found != pointer or number != begun_at:
        raise WarehouseError(
            f"The pointer of {warehouse.location} was moved to {number} while the run was at work.",
            "Run again: the next run starts from what is current then.",
        )


class _Write:
    """One try: what it is to write, and where."""

    def __init__(
        self,
        job: WriteJob,
        warehouse: DeltaWarehouse,
        parent: Snapshot | None,
        decided: Decided,
        batches: Sequence[Path],
        run: RunRecord,
    ) -> None:
        self.job, self.warehouse, self.parent, self.decided = job, warehouse, parent, decided
        self.batches, self.run = batches, run
        self.number = max([0, *warehouse.numbers()]) + 1
        form = None if parent is None else parent.info.summary.get("form")
        self.whole = form != job.form or _all_touched(decided)
        self.commits = Commits(warehouse.location, run.run_id, job.compression_level)

    def changes(self) -> list[Change]:
        """One change a table."""
        job, decided, parent = self.job, self.decided, self.parent
        partitioned_by = job.partition_by if parent is None else str(parent.info.summary["partition_by"])
        records = RecordChanges(
            contract=job.contract,
            manifest=decided.manifest,
            touched=decided.touched,
            previous=decided.previous,
            parent=parent,
            batches=self.batches,
            partition_by=job.partition_by,
            partitioned_by=partitioned_by,
            rule_version=job.rule_version,
            whole=self.whole,
        )
        return [*records.changes(), self._quarantine(), self._sources(), self._runs()]

    def _sources(self) -> Change:
        """Every row of a listed source says when it was last seen, so all of the table is new each time."""
        schema = self.job.contract["sources"].schema
        manifest = self.decided.manifest.cast(schema)
        check_required("sources/", manifest, self.job.contract)
        return plain_change("sources", schema, [manifest], whole=True)

    def _runs(self) -> Change:
        run, contract = self.run, self.job.contract
        rows = run.numbered(self.number)
        schema = contract["runs"].schema
        if self.whole:
            table = small_tables.run_rows(self.parent, rows, contract, run.forgotten)
            return plain_change("runs", schema, [table], whole=True)
        gone = pa.table({"run_id": pa.array(list(run.forgotten), pa.string())})
        return plain_change("runs", schema, [small_tables.run_rows(None, rows, contract)], gone, whole=False)

    def _quarantine(self) -> Change:
        contract, decided = self.job.contract, self.decided
        fresh = small_tables.staged_quarantine(self.batches, contract)
        before, now = map(small_tables.quarantined, (decided.previous, decided.manifest))
        wanted = now if self.whole else now.filter(_is_new(now, before, fresh))
        schema = contract["quarantine"].schema
        rows = small_tables.quarantine_rows(wanted, fresh, self.parent, contract)
        gone = before.filter(pc.invert(pc.is_in(file_keys(before), file_keys(now))))
        parts = list(small_tables.quarantine_parts(rows, schema))
        for part in parts:
            check_required("quarantine/", part, contract)
        return plain_change("quarantine", schema, parts, gone, whole=self.whole)


def _all_touched(decided: Decided) -> bool:
    """A full refresh, or files that are all new: then nothing is there to be merged with."""
    return bool(pc.all(decided.touched, min_count=0).as_py())


def _is_new(now: pa.Table, before: pa.Table, fresh: pa.Table) -> pa.Array:
    """Quarantined files that were read, or whose lineage is another one than in the parent."""
    keys = file_keys(now)
    at = pc.index_in(keys, file_keys(before))
    changed = pc.or_(pc.is_null(at), pc.is_in(keys, file_keys(fresh)))
    for name in ("contract_version", "run_id", "first_seen_at"):
        old = before[name].combine_chunks().take(at)
        changed = pc.or_(changed, pc.fill_null(pc.not_equal(old, now[name].combine_chunks()), True))
    return changed


def _commit(write: _Write, crowded: Sequence[str]) -> DeltaInfo:
    """Steps 1 and 2: a commit a table; what the pointer shall say."""
    versions, tables = settle_tables(write.warehouse), write.job.contract.tables
    for change in write.changes():
        _apply(write, change, versions)
    if VERSIONS in tables:
        # It follows from all articles, those that were just committed among them.
        articles = DeltaSnapshot(
            write.warehouse.tables_path, _info(write, {"articles": versions["articles"]}), write.warehouse.location
        )
        _apply(write, version_change(ParentVersions(write.parent, write.job.contract), articles, write.run), versions)
    versions |= compact(write.warehouse, write.commits, crowded)
    return _info(write, {table: version for table, version in versions.items() if table in tables})


def _apply(write: _Write, change: Change, versions: dict[str, int]) -> None:
    versions[change.table] = write.commits.apply(change, versions.get(change.table))
    reach("delta.committed")


def _info(write: _Write, versions: dict[str, int]) -> DeltaInfo:
    """What the pointer says of tables at these versions."""
    job, run, parent = write.job, write.run, write.parent
    told = {"partition_by": job.partition_by, "form": job.form, "sources": write.decided.live_sources()}
    history = history_summary(job.contract, parent, run.run_id, run.started_at)
    return DeltaInfo(
        number=write.number,
        run_id=run.run_id,
        parent=parent.number if parent else None,
        published_at=datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        contract_version=run.contract_version,
        code_version=run.code_version,
        files=_files(write.warehouse, versions),
        summary={**told, **history, **run.summary},
        versions=versions,
    )


def _files(warehouse: DeltaWarehouse, versions: Mapping[str, int]) -> tuple[DataFile, ...]:
    files: list[DataFile] = []
    for table in sorted(versions):
        found = open_table(warehouse.location, table, versions[table])
        assert found is not None
        files += listed_files(table, found)
    return tuple(files)


def _publish(warehouse: DeltaWarehouse, snapshot: DeltaSnapshot, pointer: Blob | None) -> None:
    """Steps 4 and 5."""
    if not warehouse.is_remote:
        sync_snapshot(warehouse, snapshot)
    content = snapshot.info.to_json()
    reach("publish.before-swap")
    warehouse.blobs.put(POINTER, content, pointer.tag if pointer else ABSENT)
    reach("publish.after-swap")
    warehouse.blobs.put(entry_name(snapshot.number), content, ABSENT)
    reach("publish.after-sync")
