"""The deduplicate stage: the next manifest, and the decision on every record in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from tasks.deduplicate.changes import changes_for_readers
from tasks.deduplicate.decisions import decide
from tasks.deduplicate.manifest import NOT_READ, RunStamp, keep_first_seen, next_manifest
from tasks.deduplicate.touched import touched_rows
from tasks.tables.keys import file_keys
from tasks.tables.run import Decisions, Run, count_by, load_run, previous_manifest
from tasks.tables.staging import FILES, read_arrow, write_arrow


def deduplicate_records(folder: Path, batches: Sequence[Path]) -> Decisions:
    """Decide which record tells each story.

    Args:
        folder: the run's staging folder, with `gone.arrow`; it gets
            `manifest.arrow`, the next manifest with the column `touched` beside it.
        batches: folders of the validated batches.

    Returns:
        The numbers of the decisions.
    """
    run = load_run(folder)
    previous = previous_manifest(run)
    files = pa.concat_tables([FILES.empty_table(), *(read_arrow(batch / "files.arrow") for batch in batches)])
    gone = read_arrow(folder / "gone.arrow")
    stamp = RunStamp(run.run_id, run.started_at, run.contract.tag, run.read_version)
    merged = next_manifest(previous, run.sources.keys(), gone, files, stamp)
    manifest = decide(merged.table, run.match_rules, run.match_version, previous, merged.before)
    read = files.filter(pc.invert(pc.is_in(files["status"], NOT_READ)))
    reread = pc.is_in(file_keys(manifest), file_keys(read))
    touched = touched_rows(previous, manifest, reread, merged.before)
    manifest = keep_first_seen(manifest, previous, touched)
    write_arrow(folder / "manifest.arrow", manifest.append_column("touched", touched))
    return _numbers(run, previous, manifest, touched, files, merged.renamed)


def _numbers(
    run: Run, previous: pa.Table, manifest: pa.Table, touched: pa.BooleanArray, files: pa.Table, renamed: int
) -> Decisions:
    live = manifest.filter(pc.invert(manifest["deleted"]))
    ours = live.filter(pc.is_in(live["source"], pa.array(sorted(run.sources), pa.string())))
    statuses = count_by(files["status"])
    tombstones = file_keys(manifest.filter(manifest["deleted"]))
    earlier = pc.is_in(tombstones, file_keys(previous.filter(previous["deleted"])))
    # With another etag the same bytes would be read again by every run until the manifest has it.
    retagged = pc.and_(pc.equal(files["status"], "touched"), pc.is_valid(files["etag"]))
    return Decisions(
        touched=(pc.sum(touched).as_py() or 0) + (pc.sum(retagged).as_py() or 0),
        touched_files=statuses.get("touched", 0),
        vanished=statuses.get("gone", 0),
        renamed=renamed,
        removed=len(tombstones) - (pc.sum(earlier.cast(pa.int64())).as_py() or 0),
        statuses=count_by(live["status"]),
        violations=count_by(pc.list_flatten(live["violations"])),
        duplicates=count_by(live["match"]),
        live=len(ours),
        quarantined=pc.sum(pc.equal(ours["status"], "quarantined").cast(pa.int64())).as_py() or 0,
        changes=changes_for_readers(previous, manifest) if pc.any(touched).as_py() else {},
    )
