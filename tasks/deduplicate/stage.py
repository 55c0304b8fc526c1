"""The deduplicate stage: the next manifest, and the decision on every record in it.

Belongs here: what the stage takes and gives, and the run for which all decisions stand. Does not
belong here: deciding (`tasks.deduplicate.anew`), which most runs need not even import.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.memory import system_memory
from tasks.deduplicate.numbers import COUNTED, counted
from tasks.runs.run import Decisions, Run, load_run
from tasks.runs.staging import read_arrow


@system_memory()
def deduplicate_records(folder: Path, batches: Sequence[Path]) -> Decisions:
    """Decide which record tells each story.

    Args:
        folder: the run's staging folder, with `gone.arrow`; it gets
            `manifest.arrow`, the next manifest with the columns `affected`, `reindexed` and `parent_row` beside it, if
            there is anything to write.
        batches: folders of the validated batches.

    Returns:
        The numbers of the decisions.
    """
    run = load_run(folder)
    gone = read_arrow(folder / "gone.arrow")
    if not batches and not len(gone) and (decisions := _as_before(run)):
        return decisions
    from tasks.deduplicate.anew import decide_anew  # noqa: PLC0415

    return decide_anew(folder, run, batches, gone)


def is_decided(manifest: pa.Table, version: str) -> bool:
    """Whether all that a manifest says of its records was decided under this version of rules and code.

    Records that another stands for have no version, so one that has it vouches for them.
    """
    return set(pc.unique(manifest["match_version"]).to_pylist()) - {None} == {version}


def _as_before(run: Run) -> Decisions | None:
    """The numbers of a run for which nothing came and nothing went, if the decisions on what is there stand."""
    if run.writes_anew:
        return None
    manifest = run.parent_manifest.read((*COUNTED, "match_version"))
    return counted(manifest, run.sources) if is_decided(manifest, run.match_version) else None
