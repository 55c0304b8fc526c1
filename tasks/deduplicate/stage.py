"""The deduplicate stage: the next manifest, and the decision on every record in it.

Belongs here: the steps from the validated batches to the decided manifest, and its numbers. Does not belong here: the
next manifest (`manifest`), the decisions (`decisions`), and what is different from the parent (`changes`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.columns import is_numbered, whole
from tasks.arrow.keys import file_keys
from tasks.arrow.memory import give_back, system_memory
from tasks.arrow.schemas import FILES
from tasks.deduplicate.changes import INDEXED, SHOWN, changed_rows, changes_for_readers, newly_quarantined
from tasks.runs.run import Decisions, Run, count_by, load_run
from tasks.runs.staging import read_arrow, write_arrow
from tasks.warehouse.erasures import erased_as, withhold

#: Columns of the manifest that the numbers of a run come from.
COUNTED: Final = ("source", "status", "match", "violations", "deleted")
#: Columns of the parent manifest that are not needed once they are in the next one: half of it.
_MERGED: Final = ("shingles", "modified_at", "completeness", "deleted_at", "loaded_at", "run_id")


@system_memory()
def deduplicate_records(folder: Path, batches: Sequence[Path]) -> Decisions:
    """Decide which record tells each story.

    Args:
        folder: the run's staging folder, with `deleted.arrow`. If there is anything to write, it gets `manifest.arrow`,
            the next manifest with the columns `affected`, `reindexed` and `parent_row` beside it.
        batches: folders of the validated batches.

    Returns:
        The numbers of the decisions.
    """
    run = load_run(folder)
    gone = read_arrow(folder / "deleted.arrow")
    if not batches and not len(gone) and (decisions := _standing_decisions(run)):
        return decisions
    return _decide_all(folder, run, batches, gone)


def is_decided(manifest: pa.Table, version: str) -> bool:
    """Whether all that a manifest says of its records was decided under this version of rules and code.

    Records that another stands for have no version, so one that has it vouches for them.
    """
    return set(pc.unique(manifest["match_version"]).to_pylist()) - {None} == {version}


def _standing_decisions(run: Run) -> Decisions | None:
    """The numbers of a run for which nothing came and nothing went, if the decisions on what is there stand."""
    if run.writes_all:
        return None
    manifest = run.parent_manifest.read((*COUNTED, "match_version"))
    return _counted(manifest, run.sources) if is_decided(manifest, run.match_version) else None


def _decide_all(folder: Path, run: Run, batches: Sequence[Path], gone: pa.Table) -> Decisions:
    """Decide on every record, and stage the next manifest; `missing` has source and path of the deleted files."""
    from tasks.deduplicate.losses import COMPARED, find_losses  # noqa: PLC0415  (most runs find no change)
    from tasks.deduplicate.manifest import RunStamp, next_manifest  # noqa: PLC0415

    parent, files = run.parent_manifest.read(), partial(_files, batches)
    stamp = RunStamp(run.run_id, run.started_at, run.contract.tag, run.read_version)
    merged = next_manifest(parent, gone, files, stamp)
    manifest, parent_row, reread, renamed = merged.table, merged.before, merged.reread, merged.renamed
    # Decisions take the most memory of a run: what they need not have is released before.
    del gone, merged
    parent = parent.select([name for name in parent.column_names if name not in _MERGED])
    give_back()
    manifest, affected, reindexed = decided_manifest(run, parent, manifest, reread, parent_row)
    beside = {"affected": affected, "reindexed": reindexed, "parent_row": parent_row.cast(pa.int64())}
    columns = {name: manifest[name] for name in manifest.column_names}
    write_arrow(folder / "manifest.arrow", pa.table(columns | beside))
    # What is counted is a small part of the manifest, which is mapped.
    del manifest, columns
    give_back()
    manifest = read_arrow(folder / "manifest.arrow")
    statuses = count_by(files(["status"])["status"])
    stays = is_numbered(len(parent), parent_row.filter(pc.invert(affected)))
    # Of both manifests the rows that differ: mostly few, and all changes follow from them.
    before, after = parent.select(COMPARED).filter(pc.invert(stays)), manifest.select(COMPARED).filter(affected)
    changes = changes_for_readers(before, after) if len(after) else {}
    losses, new_ids = find_losses(before, after) if len(before) else ((), 0)
    return msgspec.structs.replace(
        _counted(manifest, run.sources),
        affected=len(after),
        same_content=statuses.get("same_content", 0),
        missing=statuses.get("missing", 0),
        renamed=renamed,
        removed=_removed(before, after),
        quarantined=newly_quarantined(before, after),
        losses=losses,
        changes=changes | ({"new_ids": new_ids} if new_ids else {}),
        **_articles(parent, manifest, {*run.sources}, {loss.source for loss in losses}),
    )


def decided_manifest(
    run: Run, parent: pa.Table, manifest: pa.Table, reread: pa.BooleanArray, parent_row: pa.Array
) -> tuple[pa.Table, pa.BooleanArray, pa.BooleanArray]:
    """The next manifest with the decision on every record, none of an erased article.

    Args:
        run: names rules and erasures.
        parent: the parent's manifest.
        manifest: (n,) the next one, undecided.
        reread: (n,) whether this run read the row's file.
        parent_row: (n,) each file's row in `parent`, null where it has none.

    Returns:
        The manifest; (n,) whether the public tables must show each row differently, and whether `index` must.
    """
    from tasks.deduplicate.decisions import decide  # noqa: PLC0415  (most runs find no change)
    from tasks.deduplicate.manifest import keep_first_seen  # noqa: PLC0415

    if run.erasures:
        erased = erased_as(manifest, run.erasures)
        # Also those whose file this run did not read: an erasure that was interrupted is completed.
        reread = pc.or_(reread, pc.and_(pc.is_valid(erased), pc.is_null(whole(manifest["erased_reason"]))))
        manifest = withhold(manifest, erased, run.erasures)
    manifest = decide(manifest, run.match_rules, run.match_version, parent, parent_row)
    affected = changed_rows(parent, manifest, reread, parent_row, SHOWN)
    manifest = keep_first_seen(manifest, parent, affected)
    return manifest, affected, changed_rows(parent, manifest, reread, parent_row, INDEXED)


def _files(batches: Sequence[Path], names: Sequence[str]) -> pa.Table:
    """Columns of what the batches say of their files; the others stay on the disk."""
    tables = (read_arrow(batch / "files.arrow").select(names) for batch in batches)
    return pa.concat_tables([FILES.empty_table().select(names), *tables])


def _articles(parent: pa.Table, manifest: pa.Table, sources: set[str], losing: set[str]) -> dict[str, Any]:
    """Numbers of the parent's articles, and the sources that have no record any more; see `Decisions`."""
    known = count_by(parent["source"].filter(pc.equal(parent["status"], "loaded")))
    has_record = pc.is_in(manifest["status"], pa.array(["loaded", "duplicate"]))
    silent = (known.keys() & sources) - set(pc.unique(manifest["source"].filter(has_record)).to_pylist())
    articles = sum(number for source, number in known.items() if source in sources | losing)
    return {"articles": articles, "silent": tuple(sorted(silent))}


def _removed(before: pa.Table, after: pa.Table) -> int:
    """How many files are deleted that were not before."""
    tombstones, earlier = (file_keys(table.filter(table["deleted"])) for table in (after, before))
    return len(tombstones) - (pc.sum(pc.is_in(tombstones, earlier).cast(pa.int64())).as_py() or 0)


def _counted(manifest: pa.Table, sources: Collection[str]) -> Decisions:
    """What a manifest says of all files and of a run's own, as decisions that change nothing.

    Args:
        manifest: (n,) rows with the columns `COUNTED`; those of deleted files do not count.
        sources: names of the run's sources.
    """
    # Only what is counted: a copy of all columns would be the most memory that the run takes.
    live = _where(manifest.select(COUNTED), pc.invert(manifest["deleted"]))
    return Decisions(
        affected=0,
        same_content=0,
        missing=0,
        renamed=0,
        removed=0,
        statuses=count_by(live["status"]),
        violations=count_by(pc.list_flatten(live["violations"])),
        duplicates=count_by(live["match"]),
        live=pc.sum(pc.is_in(live["source"], pa.array(sorted(sources), pa.string())).cast(pa.int64())).as_py() or 0,
    )


def _where(table: pa.Table, mask: pa.ChunkedArray) -> pa.Table:
    """The rows that a mask without nulls chooses; mostly all, which need no copy."""
    return table if pc.all(mask, min_count=0).as_py() else table.filter(mask)
