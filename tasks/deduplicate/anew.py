"""The next manifest where something came or went, or where decisions stand no more.

Belongs here: the steps from the validated batches to the decided manifest. Does not belong here: the
run for which nothing changed (`tasks.deduplicate.stage`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.columns import is_numbered
from tasks.arrow.keys import file_keys
from tasks.arrow.memory import give_back
from tasks.arrow.schemas import FILES
from tasks.deduplicate.changes import COMPARED, changes_for_readers
from tasks.deduplicate.decisions import decide
from tasks.deduplicate.manifest import RunStamp, keep_first_seen, next_manifest
from tasks.deduplicate.numbers import counted
from tasks.deduplicate.touched import INDEXED, SHOWN, changed_rows
from tasks.runs.run import Decisions, Run, count_by
from tasks.runs.staging import MANIFEST_ROWS, read_arrow, write_arrow_in_parts

#: Columns of the previous manifest that nobody asks once they are in the next one: half of it.
_MERGED: Final = ("shingles", "modified_at", "completeness", "deleted_at", "loaded_at", "run_id")


def decide_anew(folder: Path, run: Run, batches: Sequence[Path], gone: pa.Table) -> Decisions:
    """Decide on every record; `folder` gets `manifest.arrow`, see `deduplicate_records`.

    Args:
        folder: the run's staging folder.
        run: the run.
        batches: folders of the validated batches.
        gone: (n,) files that are there no more, by `source` and `source_path`.
    """
    previous = run.parent_manifest.read()
    stamp = RunStamp(run.run_id, run.started_at, run.contract.tag, run.read_version)
    files = partial(_files, batches)
    merged = next_manifest(previous, gone, files, stamp)
    seen = _Seen(merged.renamed, count_by(files(["status"])["status"]))
    manifest, before, reread = merged.table, merged.before, merged.reread
    # Decisions take the most memory of a run: what they need not have is let go before.
    del gone, merged
    previous = previous.select([name for name in previous.column_names if name not in _MERGED])
    give_back()
    manifest = decide(manifest, run.match_rules, run.match_version, previous, before)
    touched = changed_rows(previous, manifest, reread, before, SHOWN)
    manifest = keep_first_seen(manifest, previous, touched)
    masks = {"affected": touched, "reindexed": changed_rows(previous, manifest, reread, before, INDEXED)}
    staged = manifest
    for name, column in (masks | {"parent_row": before.cast(pa.int64())}).items():
        staged = staged.append_column(name, column)
    write_arrow_in_parts(folder / "manifest.arrow", staged, range(0, len(manifest), MANIFEST_ROWS))
    del staged
    # What is counted is a small part of the manifest, which is mapped.
    del manifest
    give_back()
    manifest = read_arrow(folder / "manifest.arrow")
    return _numbers(run, manifest, _stirred(previous, manifest, touched, before), seen)


def _files(batches: Sequence[Path], names: Sequence[str]) -> pa.Table:
    """Columns of what the batches say of their files; the others stay on the disk."""
    tables = (read_arrow(batch / "files.arrow").select(names) for batch in batches)
    return pa.concat_tables([FILES.empty_table().select(names), *tables])


class _Seen(NamedTuple):
    """What the batches say, counted in files: renamed ones, and all by status."""

    renamed: int
    statuses: dict[str, int]


class _Stirred(NamedTuple):
    """Rows of both manifests but those that say the same: mostly few, and all that changes can be told from."""

    before: pa.Table
    after: pa.Table


def _stirred(previous: pa.Table, manifest: pa.Table, touched: pa.BooleanArray, before: pa.Array) -> _Stirred:
    stays = is_numbered(len(previous), before.filter(pc.invert(touched)))
    return _Stirred(previous.select(COMPARED).filter(pc.invert(stays)), manifest.select(COMPARED).filter(touched))


def _numbers(run: Run, manifest: pa.Table, stirred: _Stirred, seen: _Seen) -> Decisions:
    return msgspec.structs.replace(
        counted(manifest, run.sources),
        touched=len(stirred.after),
        touched_files=seen.statuses.get("touched", 0),
        vanished=seen.statuses.get("gone", 0),
        renamed=seen.renamed,
        removed=_removed(stirred),
        changes=changes_for_readers(stirred.before, stirred.after) if len(stirred.after) else {},
    )


def _removed(stirred: _Stirred) -> int:
    """How many files are gone that were not before."""
    tombstones, earlier = (file_keys(table.filter(table["deleted"])) for table in (stirred.after, stirred.before))
    return len(tombstones) - (pc.sum(pc.is_in(tombstones, earlier).cast(pa.int64())).as_py() or 0)
