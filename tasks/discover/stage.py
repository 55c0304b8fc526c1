"""The discover stage: list every source, compare with manifest and stamps, cut what changed into batches."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.columns import is_numbered, whole
from tasks.arrow.memory import give_back, system_memory
from tasks.arrow.schemas import FILES
from tasks.discover.batches import fingerprint, make_batches
from tasks.discover.changes import Changes, compare, settled_times
from tasks.discover.left_out import name_left_out
from tasks.runs.logs import log_of
from tasks.runs.run import Batch, Plan, Run, count_by, load_run
from tasks.runs.source import VERSION
from tasks.runs.staging import fresh_folder, read_arrow, read_json, write_arrow
from tasks.runs.stamps import LISTED, STAMPS, read_stamps

_log: Final = log_of("discover")

#: What the manifest must say of a file to tell whether it changed.
_COMPARED: Final = (
    *("source", "source_path", "size", "source_hash", "status", "deleted"),
    *("contract_version", "code_version"),
)


def discover_changes(folder: Path) -> Plan:
    """Find out what a run has to do; what listing took of memory is given back before any work is done.

    Args:
        folder: the run's staging folder. It gets `deleted.arrow`, and `listed.arrow` with the stamps of the listing.

    Returns:
        The plan; batches that an interrupted run has finished are marked as resumed.

    Raises:
        SourceError: a source is deleted or could not be listed whole.
        WarehouseError: the manifest cannot be read.
    """
    with system_memory():
        plan = _planned(folder)
    if plan.batches:
        give_back()
    return plan


def _planned(folder: Path) -> Plan:
    run = load_run(folder)
    listed_at = datetime.now(UTC)
    tables = {name: run.sources[name].list() for name in sorted(run.sources, key=str.encode)}
    listing = pa.concat_tables(tables.values()).replace_schema_metadata(None).combine_chunks()
    manifest = run.parent_manifest.read(_COMPARED)
    stale = _stale(run, manifest)
    stamps = read_stamps(run.warehouse.root, run.sources)
    changes = compare(listing, manifest, stamps, sources=run.sources.keys(), reprocess=stale)
    if len(changes.new) and (note := name_left_out(run.sources.values())):
        _log.warning("%s", note)
    write_arrow(folder / "deleted.arrow", manifest.select(["source", "source_path"]).take(changes.deleted))
    stamps = _stamps(listing, manifest, changes, listed_at)
    write_arrow(folder / LISTED, stamps)
    rows = pa.concat_arrays([changes.new, changes.changed])
    rows = rows.take(pc.sort_indices(rows))
    files = listing.append_column("known_hash", _known_hashes(manifest, changes, stale)).take(rows)
    live = manifest["source"].filter(pc.invert(manifest["deleted"]))
    live = live.filter(pc.is_in(live, pa.array(sorted(run.sources), pa.string())))
    return Plan(
        batches=_batches(run, files, stamps.take(rows)),
        discovered=len(listing),
        new=len(changes.new),
        changed=len(changes.changed),
        unchanged=len(changes.unchanged),
        deleted=len(changes.deleted),
        emptied=tuple(sorted(count_by(live).keys() - count_by(listing["source"]).keys())),
        known=len(live),
        versions=_versions(tables),
    )


def _stamps(listing: pa.Table, manifest: pa.Table, changes: Changes, listed_at: datetime) -> pa.Table:
    """The stamps of the listed files: no time that is not settled, and no hash of a file that is to be read."""
    column = listing.schema.get_field_index("modified_at")
    settled = listing.set_column(column, STAMPS.field(column), settled_times(listing, listed_at))
    is_unchanged = is_numbered(len(listing), changes.unchanged)
    hashes = whole(manifest["source_hash"]).take(changes.known_as)
    return settled.append_column("source_hash", pc.if_else(is_unchanged, hashes, pa.scalar(None, pa.string())))


def _versions(tables: Mapping[str, pa.Table]) -> dict[str, str]:
    """What the files of each source are a version of, where its listing says so."""
    found = {name: (table.schema.metadata or {}).get(VERSION) for name, table in tables.items()}
    return {name: version.decode() for name, version in found.items() if version}


def _stale(run: Run, manifest: pa.Table) -> pa.BooleanArray:
    """Manifest rows that must be read again though their file is the same."""
    if run.full_refresh:
        return pa.repeat(pa.scalar(True), len(manifest))
    same = pc.and_(
        pc.equal(manifest["contract_version"], run.contract.tag), pc.equal(manifest["code_version"], run.read_version)
    )
    return pc.invert(pc.fill_null(same, False)).combine_chunks()


def _known_hashes(manifest: pa.Table, changes: Changes, stale: pa.BooleanArray) -> pa.Array:
    """For each listed file the hash with which it need not be parsed again; null where it must be."""
    trusted = pc.and_(pc.invert(stale), pc.invert(manifest["deleted"].combine_chunks()))
    hashes = pc.if_else(trusted, manifest["source_hash"].combine_chunks(), pa.scalar(None, pa.string()))
    return hashes.take(changes.known_as)


def _batches(run: Run, files: pa.Table, stamps: pa.Table) -> tuple[Batch, ...]:
    """Folders with the files to read, each with its stamp; a finished one of an interrupted run is taken as it is."""
    salt = f"{run.contract.tag} {run.read_version} {run.settings.read.max_file_bytes}"
    batches: list[Batch] = []
    start = 0
    for rows in make_batches(files, run.settings.run.batch_bytes):
        known = " ".join(digest or "-" for digest in rows["known_hash"].to_pylist())
        cut = stamps.slice(start, len(rows))
        start += len(rows)
        # Not of the listing: what was read before its time had settled must not be taken for what is there now.
        path = run.batches_folder / fingerprint(cut, f"{salt} {known}")[:32]
        is_done = not run.full_refresh and _is_finished(path, cut)
        if not is_done:
            write_arrow(fresh_folder(path) / "input.arrow", rows)
        size = pc.sum(rows["size"]).as_py() or 0
        batches.append(Batch(path, len(batches) + 1, len(rows), size, is_done))
    return tuple(batches)


def _is_finished(batch: Path, stamps: pa.Table) -> bool:
    """Whether an interrupted run left this batch whole, and its files cannot have changed since.

    A file whose time is not settled can have: it may have other bytes and the same fingerprint. And
    after a power cut a file may be there with its name alone.
    """
    proves = pc.or_(pc.is_valid(stamps["modified_at"]), pc.is_valid(stamps["etag"]))
    if not (batch / "numbers.json").exists() or not pc.all(proves, min_count=0).as_py():
        return False
    try:
        read_json(batch / "numbers.json")
        staged = [read_arrow(batch / f"{name}.arrow") for name in ("files", "records", "keys", "quarantine")]
    except (OSError, pa.ArrowInvalid, msgspec.DecodeError):
        return False
    return bool(staged[0].schema.equals(FILES))
