"""From the numbers of the stages to the outcome of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.errors import WarehouseError, message_and_hint
from tasks.report.outcome import Changes, Files, Outcome, Records, UnknownField, Violation
from tasks.report.words import counted, join_counts
from tasks.runs.run import Decisions, Plan, Run
from tasks.runs.staging import read_json

Entry = TypeVar("Entry", UnknownField, Violation)
Status = Literal["completed", "unchanged", "failed"]


def build_outcome(
    run: Run,
    status: Status,
    plan: Plan | None = None,
    decisions: Decisions | None = None,
    seconds: Mapping[str, float] | None = None,
    **more: Any,
) -> Outcome:
    """The outcome of a run, from as many stages as came to an end.

    Args:
        run: the run.
        status: how it ended.
        plan, decisions: what the stages returned, None where they did not.
        seconds: wall-clock seconds by stage.
        more: further fields of `Outcome`, `message` among them.
    """
    numbers = [read_json(b.path / "numbers.json") for b in plan.batches] if plan and decisions else []
    unknown = merged(numbers, "unknown_fields", UnknownField)
    return Outcome(
        status=status,
        run_id=run.run_id,
        started_at=iso(run.started_at),
        ended_at=iso(datetime.now(UTC)),
        warehouse=str(run.warehouse.root),
        sources=dict(run.locations),
        versions=dict(plan.versions) if plan else {},
        files=_files(plan, decisions) if plan else Files(),
        records=msgspec.convert(decisions.statuses, Records) if decisions else Records(),
        changes=Changes(**decisions.changes) if decisions else Changes(),
        violations=dict(decisions.violations) if decisions else {},
        duplicates=dict(decisions.duplicates) if decisions else {},
        found=merged(numbers, "violations", Violation),
        unknown_fields=unknown,
        new_fields=sorted(unknown.keys() - _met_before(run, unknown)),
        seconds={stage: round(value, 3) for stage, value in (seconds or {}).items()},
        batches=len(plan.batches) if plan else 0,
        resumed=sum(batch.resumed for batch in plan.batches) if plan else 0,
        contract_version=run.contract.tag,
        code_version=run.code_version,
        **more,
    )


def _met_before(run: Run, unknown: Collection[str]) -> Collection[str]:
    """The unknown fields of earlier runs; in the first run all count as met, as none is news."""
    parent = run.parent_snapshot()
    if parent is None or not unknown:
        return unknown
    try:
        earlier = pc.list_flatten(parent.read("runs", ["unknown_fields"])["unknown_fields"])
    except (WarehouseError, pa.ArrowInvalid):
        return unknown  # the run itself will say what is damaged
    return set(pc.struct_field(earlier, "field").to_pylist())


def failed_outcome(error: BaseException, started_at: datetime, run_id: str = "", warehouse: str = "") -> Outcome:
    """What is known of a run that failed before a stage could say more: when, and why."""
    message, hint = message_and_hint(error)
    return Outcome(
        status="failed",
        run_id=run_id,
        started_at=iso(started_at),
        ended_at=iso(datetime.now(UTC)),
        message=message,
        hint=hint,
        error=type(error).__name__,
        warehouse=warehouse,
    )


def iso(moment: datetime) -> str:
    """A time as the outcome has it: ISO 8601, UTC, milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _files(plan: Plan, decisions: Decisions | None) -> Files:
    same = decisions.same_content if decisions else 0
    return Files(
        discovered=plan.discovered,
        new=plan.new,
        changed=plan.changed - same,
        unchanged=plan.unchanged + same,
        renamed=decisions.renamed if decisions else 0,
        removed=decisions.removed if decisions else plan.deleted,
        ignored=decisions.statuses.get("ignored", 0) if decisions else 0,
    )


def merged(batches: Iterable[Mapping[str, Any]], key: str, kind: type[Entry]) -> dict[str, Entry]:
    """Entries of all batches with the sum of their counts, the largest first, then by name.

    Args:
        batches: their numbers.
        key: of the entries in them; each has a `count`, and the first batch's example stands.
        kind: what the entries become.
    """
    entries: dict[str, dict[str, Any]] = {}
    for batch in batches:
        for name, entry in batch[key].items():
            known = entries.setdefault(name, entry | {"count": 0})
            known["count"] += entry["count"]
    ranked = sorted(entries.items(), key=lambda item: (-item[1]["count"], item[0]))
    return {name: msgspec.convert(entry, kind) for name, entry in ranked}


def worker_seconds(batches: Sequence[Path]) -> dict[str, float]:
    """Seconds that workers spent parsing and validating, over all batches."""
    totals = {"parse": 0.0, "validate": 0.0}
    for batch in batches:
        for stage, value in read_json(batch / "numbers.json")["seconds"].items():
            totals[stage] += value
    return totals


def bytes_read(batches: Sequence[Path]) -> int:
    """Bytes of source files that were read for the batches."""
    return sum(read_json(batch / "numbers.json")["bytes"] for batch in batches)


def what_changed(outcome: Outcome) -> str:
    """One sentence: what the run found, for the summary and the table `runs`."""
    files = outcome.files
    if not files.discovered and not files.removed:
        return "0 files: no file of the sources matches `discover.include`."
    counts = files.changes | {"of them renamed": files.renamed}
    new_ids = counted(outcome.changes.new_ids, "article has another id", "articles have another id")
    said = f" {new_ids} than before." if outcome.changes.new_ids else ""
    return f"{files.discovered:,} files: {join_counts(counts) or 'nothing changed'}.{said}"
