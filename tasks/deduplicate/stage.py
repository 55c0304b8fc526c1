"""The deduplicate stage: the next manifest, and the decision on every record in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from tasks.deduplicate.changes import changes_for_readers
from tasks.deduplicate.decisions import decide
from tasks.deduplicate.index import is_decided
from tasks.deduplicate.manifest import RunStamp, keep_first_seen, next_manifest
from tasks.deduplicate.touched import touched_rows
from tasks.tables.keys import file_keys
from tasks.tables.memory import give_back, system_memory
from tasks.tables.run import Decisions, Run, count_by, load_run, previous_manifest
from tasks.tables.staging import FILES, read_arrow, write_arrow

#: Columns of the previous manifest that nobody asks once they are in the next one: half of it.
_MERGED: Final = ("shingles", "size", "modified_at", "etag", "completeness", "last_seen_at", "loaded_at", "run_id")

#: Columns of the manifest that the numbers of a run come from.
_COUNTED: Final = ("source", "source_path", "status", "match", "violations", "deleted")


@system_memory()
def deduplicate_records(folder: Path, batches: Sequence[Path]) -> Decisions:
    """Decide which record tells each story.

    Args:
        folder: the run's staging folder, with `gone.arrow`; it gets
            `manifest.arrow`, the next manifest with the column `touched` beside it, if there is anything to write.
        batches: folders of the validated batches.

    Returns:
        The numbers of the decisions.
    """
    run = load_run(folder)
    gone = read_arrow(folder / "gone.arrow")
    if not batches and not len(gone) and (decisions := _as_before(run)):
        return decisions
    previous = previous_manifest(run)
    stamp = RunStamp(run.run_id, run.started_at, run.contract.tag, run.read_version)
    files = partial(_files, batches)
    merged = next_manifest(previous, run.sources.keys(), gone, files, stamp)
    # With another etag the same bytes would be read again by every run until the manifest has it.
    told = files(["status", "etag"])
    retagged = pc.sum(pc.and_(pc.equal(told["status"], "touched"), pc.is_valid(told["etag"]))).as_py() or 0
    seen = _Seen(merged.renamed, retagged, count_by(told["status"]))
    manifest, before, reread = merged.table, merged.before, merged.reread
    # Decisions take the most memory of a run: what they need not have is let go before.
    del told, gone, merged
    previous = previous.select([name for name in previous.column_names if name not in _MERGED])
    give_back()
    manifest = decide(manifest, run.match_rules, run.match_version, previous, before)
    touched = touched_rows(previous, manifest, reread, before)
    manifest = keep_first_seen(manifest, previous, touched)
    write_arrow(folder / "manifest.arrow", manifest.append_column("touched", touched))
    # What is counted is a small part of the manifest, which is mapped.
    del manifest
    give_back()
    return _numbers(run, previous, read_arrow(folder / "manifest.arrow"), touched, seen)


def _as_before(run: Run) -> Decisions | None:
    """The numbers of a run for which nothing came and nothing went, if the decisions on what is there stand."""
    if run.writes_anew:
        return None
    manifest = previous_manifest(run, (*_COUNTED, "match_version"))
    if not is_decided(manifest, run.match_version):
        return None
    untouched = pa.repeat(pa.scalar(False), len(manifest))
    return _numbers(run, manifest, manifest, untouched, _Seen(renamed=0, retagged=0, statuses={}))


def _files(batches: Sequence[Path], names: Sequence[str]) -> pa.Table:
    """Columns of what the batches say of their files; the others stay on the disk."""
    tables = (read_arrow(batch / "files.arrow").select(names) for batch in batches)
    return pa.concat_tables([FILES.empty_table().select(names), *tables])


class _Seen(NamedTuple):
    """What the batches say, counted in files: renamed ones, those with the same bytes under another etag, by status."""

    renamed: int
    retagged: int
    statuses: dict[str, int]


def _numbers(run: Run, previous: pa.Table, manifest: pa.Table, touched: pa.BooleanArray, seen: _Seen) -> Decisions:
    # Only what is counted: a copy of all columns would be the most memory that the run takes.
    before, now = (table.select(_COUNTED) for table in (previous, manifest))
    live = now.filter(pc.invert(now["deleted"]))
    ours = live.filter(pc.is_in(live["source"], pa.array(sorted(run.sources), pa.string())))
    tombstones = file_keys(now.filter(now["deleted"]))
    earlier = pc.is_in(tombstones, file_keys(before.filter(before["deleted"])))
    return Decisions(
        touched=(pc.sum(touched).as_py() or 0) + seen.retagged,
        touched_files=seen.statuses.get("touched", 0),
        vanished=seen.statuses.get("gone", 0),
        renamed=seen.renamed,
        removed=len(tombstones) - (pc.sum(earlier.cast(pa.int64())).as_py() or 0),
        statuses=count_by(live["status"]),
        violations=count_by(pc.list_flatten(live["violations"])),
        duplicates=count_by(live["match"]),
        live=len(ours),
        quarantined=pc.sum(pc.equal(ours["status"], "quarantined").cast(pa.int64())).as_py() or 0,
        changes=changes_for_readers(previous, manifest) if pc.any(touched).as_py() else {},
    )
