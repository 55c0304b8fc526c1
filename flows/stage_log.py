"""What a run says at the end of each stage: one line each, the same under both engines.

Belongs here: those lines. Batches speak for themselves (`tasks.parse.stage`, `tasks.validate.stage`).
"""

from __future__ import annotations

from tasks.report.outcome import Outcome
from tasks.report.words import counted, spell_seconds, spell_size
from tasks.tables.logs import log_of
from tasks.tables.run import Batch, Decisions, Plan


def tell_plan(plan: Plan) -> None:
    """What is there, and what has to be read."""
    work = [batch for batch in plan.batches if not batch.resumed]
    changes = f"{plan.new:,} new, {plan.changed:,} changed, {plan.unchanged:,} unchanged, {plan.gone:,} gone"
    log = log_of("discover")
    log.info("%s: %s", counted(plan.discovered, "file"), changes)
    if resumed := len(plan.batches) - len(work):
        log.info("%s of an interrupted run are taken over", counted(resumed, "finished batch", "finished batches"))


def tell_reading(work: list[Batch], seconds: float) -> None:
    """How much was read, and how long it took."""
    if work:
        files, size = sum(batch.files for batch in work), sum(batch.bytes for batch in work)
        batches = counted(len(work), "batch", "batches")
        said = f"{counted(files, 'file')} in {batches}, {spell_size(size)}, {spell_seconds(seconds)}"
        log_of("parse").info("read %s", said)


def tell_decisions(decisions: Decisions) -> None:
    """What became of the files."""
    counts = [f"{decisions.statuses.get(name, 0):,} {name}" for name in ("loaded", "duplicate", "quarantined")]
    log_of("deduplicate").info("%s", ", ".join(counts))
    if decisions.vanished:
        gone = counted(decisions.vanished, "file")
        log_of("parse").warning("%s were listed and gone when they were to be read", gone)


def tell_outcome(outcome: Outcome) -> None:
    """How the run ended, and what a person should look at."""
    log = log_of("run")
    published = f" Published snapshot {outcome.snapshot}." if outcome.status == "completed" else ""
    log.info("%s%s", outcome.message, published)
    if outcome.changes.quarantined:
        files = counted(outcome.changes.quarantined, "file")
        log.warning("%s went to quarantine: `presslake status` says why", files)
