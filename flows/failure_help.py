"""What a run or check that fails for most files says: the cause, what the files do have, and the way out.

Belongs here: gathering what failed, and the refusal of a first run without a row. Does not belong here: the sentences
(`tasks.report.way_out`) and the limits (`flows.guards`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from config.errors import GuardRailError
from flows.guards import run_again
from tasks.report.words import counted, join_counts, near
from tasks.runs.run import Decisions, Run
from tasks.runs.staging import read_arrow

if TYPE_CHECKING:
    from tasks.parse.batch import ParseJob
    from tasks.report.way_out import Fault

_NO_ARTICLE: Final = (
    "presslake reads files that begin with front matter: `title: …` and other keys between two lines `---`. "
    "Name the folder that has them; `--include` takes files of other kinds."
)
#: Why files with metadata are ignored, by the code of their finding.
_IGNORED: Final = {
    "front-matter/no-fence": "of them have keys at their top, without the lines `---` around them",
    "front-matter/section": "of them are pages of sections (`_index.*`)",
    "front-matter/redirect": "of them only redirect",
}


def help_for_run(run: Run, batches: Sequence[Path], decisions: Decisions) -> str:
    """The cause and the way out of a run in which many files go to quarantine."""
    from flows.unknown_fields import fields_of_quarantine  # noqa: PLC0415  (a run that finds no change reads nothing)
    from tasks.parse.batch import ParseJob  # noqa: PLC0415
    from tasks.report.way_out import way_out  # noqa: PLC0415

    found = [read_arrow(path) for path in (batch / "quarantine.arrow" for batch in batches) if path.exists()]
    if not found:
        return ""
    kept = pa.concat_tables(found)
    rows = kept.select(["source_path", "violations"]).to_pylist()
    faults = [fault for row in rows if (fault := _first_error(row["source_path"], row["violations"]))]
    job = ParseJob.of(run.settings, run.contract, run.rules, {})
    source = near(next(iter(run.locations.values()), "SOURCE"))
    seen, columns = fields_of_quarantine(kept, job), run.contract.source_columns
    return " ".join(way_out(faults, seen, columns, decisions.live, source, accept=run_again("accept_quarantine")))


def _first_error(path: str, violations: Sequence[dict[str, Any]]) -> Fault | None:
    from tasks.report.way_out import Fault  # noqa: PLC0415

    error = next((found for found in violations if found["severity"] != "warning"), None)
    if error is None:
        return None
    return Fault.of(path, error)


def require_rows(run: Run, decisions: Decisions, explained: Callable[[], str]) -> None:
    """Stop a first run that would make empty tables of files.

    Raises:
        GuardRailError: no file would be loaded, though there are some.
    """
    guards, counts = run.settings.guards, decisions.statuses
    if run.parent is not None or not decisions.live or counts.get("loaded") or counts.get("duplicate"):
        return
    if counts.get("quarantined") and guards.accept_quarantine:
        return
    if counts.get("removed") and not counts.get("quarantined"):
        return  # All that there was is withdrawn, as its files say.
    ignored = [f"{number:,} {why}. " for code, why in _IGNORED.items() if (number := decisions.violations.get(code))]
    raise GuardRailError(
        f"No article would come of {counted(decisions.live, 'file')}: {join_counts(counts)}.",
        f"Nothing was published. {explained() if counts.get('quarantined') else ''.join(ignored) + _NO_ARTICLE}",
    )


def help_for_check(faults: Sequence[Fault], files: pa.Table, job: ParseJob, total: int, source: str) -> str:
    """The cause and the way out where most files of a check have errors.

    Args:
        faults: the first error of each file that has one.
        files: the listing of these files.
        job: how they are read.
        total: files that were checked.
        source: as the command line names it.
    """
    from flows.unknown_fields import fields_of_files  # noqa: PLC0415
    from tasks.report.way_out import way_out  # noqa: PLC0415

    seen, columns = fields_of_files(files, job), job.contract.source_columns
    return "\n".join(way_out(faults, seen, columns, total, source))
