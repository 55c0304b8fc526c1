"""The run report as Markdown, for the Prefect UI: a summary to be read in ten seconds, then the details.

Belongs here: the order of the parts, and the text of each. Does not belong here: Markdown itself
(`escaping`), and the numbers (`outcome`).
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

from tasks.report.escaping import block, code, escaped, prose, table
from tasks.report.outcome import Changes, GuardCheck, Outcome, UnknownField, Violation
from tasks.report.words import (
    counted,
    finding_location,
    format_seconds,
    format_size,
    format_speed,
    redacted,
    with_field,
)

_MAX_ROWS: Final = 10
_STATES: Final = {"kept": "kept", "hit": "**hit**", "accepted": "passed: it was accepted", "few": "kept: few files"}


def run_report(outcome: Outcome) -> str:
    """The report of a run.

    Args:
        outcome: of the run, ended well or not. All text from files is escaped.
    """
    parts = [f"# {headline(outcome)}", _lead(outcome)]
    # A limit that stopped the run comes first, else the files to repair.
    stopped = any(check.state == "hit" for check in outcome.rails)
    parts += [_guards(outcome), _quarantine(outcome)] if stopped else [_quarantine(outcome)]
    parts += [_new_fields(outcome), _counts(outcome), _stages(outcome)]
    parts += [_warnings(outcome), _known_fields(outcome), "" if stopped else _guards(outcome), _again(outcome)]
    return "\n\n".join(part for part in parts if part) + "\n"


def headline(outcome: Outcome) -> str:
    """The result of the run in one line of plain text: `+412 new, 9 corrected, 3 withdrawn, 2 quarantined`."""
    if outcome.status == "failed":
        stopped = "Stopped by a guard rail" if outcome.error == "GuardRailError" else "The run failed"
        return f"{stopped}: nothing was published"
    if outcome.status == "unchanged":
        return "Nothing changed"
    return format_changes(outcome.changes) or "Published anew; no article changed"


def format_changes(changes: Changes) -> str:
    """The changes for readers in one line; empty without any."""
    named = {
        "new": f"+{changes.new:,} new",
        "corrected": f"{changes.corrected:,} corrected",
        "withdrawn": f"{changes.withdrawn:,} withdrawn",
        "quarantined": f"{changes.quarantined:,} quarantined",
        "mended": f"{changes.mended:,} out of quarantine",
    }
    return ", ".join(text for name, text in named.items() if getattr(changes, name))


def _lead(outcome: Outcome) -> str:
    """The end of the run, the hint, and the identity of the run."""
    lines = [prose(outcome.message)]
    if outcome.hint:
        lines.append(f"**What to do:** {prose(outcome.hint)}{_parameter(outcome)}")
    readers = "nothing yet" if outcome.snapshot is None else f"snapshot {outcome.snapshot}"
    lines.append(f"Run {code(outcome.run_id)} took {format_seconds(outcome.duration)}; readers see {readers}.")
    report = Path(outcome.warehouse) / "report.html"
    if outcome.warehouse and report.is_file():
        lines.append(f"Charts of all runs: {code(str(report.absolute()))}")
    return "\n\n".join(lines)


def _parameter(outcome: Outcome) -> str:
    """The name, in the form of the UI, of the option in the hint."""
    hit = {check.setting for check in outcome.rails if check.state == "hit"}
    names = {"guards.max_quarantined_share": "accept_quarantine", "guards.max_removed_share": "accept_removals"}
    chosen = [code(name) for setting, name in names.items() if setting in hit]
    return f" In the Prefect UI that is the parameter {' and '.join(chosen)}." if chosen else ""


def _counts(outcome: Outcome) -> str:
    """Files, records and duplicates, a line each."""
    files, records = outcome.files, outcome.records
    seen = {name: getattr(files, name) for name in ("new", "changed", "renamed", "removed", "unchanged")}
    ends = {name: getattr(records, name) for name in ("loaded", "duplicate", "quarantined")}
    lines = [
        _line("Files in this run", seen | {"without front matter": files.ignored}),
        _line("Records now", ends | {"withdrawn by their front matter": records.removed}),
        _line("Duplicates by kind", {code(match): count for match, count in outcome.duplicates.items()}),
    ]
    return "\n".join(["## Counts", "", *filter(None, lines)]) if any(lines) else ""


def _line(title: str, counts: dict[str, int]) -> str:
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    return f"- **{title}:** {said}" if said else ""


def _quarantine(outcome: Outcome) -> str:
    errors = {name: found for name, found in outcome.found.items() if found.severity == "error"}
    return _findings("## Quarantine: what to mend", errors)


def _warnings(outcome: Outcome) -> str:
    warnings = {name: found for name, found in outcome.found.items() if found.severity != "error"}
    return _findings("## Warnings", warnings)


def _findings(title: str, found: dict[str, Violation]) -> str:
    """A list, not a table: messages are long, and lists wrap."""
    if not found:
        return ""
    lines = [_finding(name, violation) for name, violation in list(found.items())[:_MAX_ROWS]]
    if len(found) > _MAX_ROWS:
        lines.append(f"- and {len(found) - _MAX_ROWS} more kinds; `presslake check` lists every finding")
    return "\n".join([title, "", *lines])


def _finding(name: str, violation: Violation) -> str:
    example = violation.example
    location = finding_location(example.source, example.source_path, example.line, example.column)
    said = with_field(example.field, example.message)
    many = counted(violation.count, violation.severity)
    return f"- {code(name)}, {many}, such as **{escaped(location)}** {prose(said)}"


def _new_fields(outcome: Outcome) -> str:
    """Unknown fields that no earlier run has met."""
    new = {name: outcome.unknown_fields[name] for name in outcome.new_fields if name in outcome.unknown_fields}
    return _field_table("## New fields that the contract does not know", new)


def _known_fields(outcome: Outcome) -> str:
    known = {name: entry for name, entry in outcome.unknown_fields.items() if name not in outcome.new_fields}
    return _field_table("## Fields outside the contract", known)


def _field_table(title: str, fields: dict[str, UnknownField]) -> str:
    ranked = sorted(fields.items(), key=lambda item: (-item[1].count, item[0]))
    rows = [(escaped(name), f"{entry.count:,}", escaped(entry.example[:60])) for name, entry in ranked[:_MAX_ROWS]]
    if len(ranked) > _MAX_ROWS:
        rows.append((f"and {len(ranked) - _MAX_ROWS} more", "", ""))
    said = "They are kept in `extra`; `presslake contract suggest` prints what makes columns of them."
    return f"{title}\n\n{said}\n\n{table(('field', 'files', 'example'), rows)}" if rows else ""


def _stages(outcome: Outcome) -> str:
    seconds = outcome.seconds
    if not seconds:
        return ""
    total, slowest = sum(seconds.values()) or 1.0, max(seconds, key=lambda stage: seconds[stage])
    rows = [_stage(outcome, stage, spent / total) for stage, spent in seconds.items()]
    said = f"Slowest stage: **{slowest}**, {format_seconds(seconds[slowest])} of {format_seconds(total)}."
    return "\n\n".join(["## Time", said, table(("stage", "time", "share", "read or written"), rows)])


def _stage(outcome: Outcome, stage: str, share: float) -> tuple[str, ...]:
    seconds, size = outcome.seconds[stage], outcome.bytes.get(stage, 0)
    moved = ", ".join(filter(None, [format_size(size), format_speed(size, seconds)])) if size else ""
    return stage, format_seconds(seconds), f"{share:.0%}", moved


def _guards(outcome: Outcome) -> str:
    rows = [
        (code(check.setting), _format(check, check.found), _format(check, check.limit), _STATES[check.state])
        for check in outcome.rails
    ]
    return "## Guard rails\n\n" + table(("setting", "this run", "limit", "state"), rows) if rows else ""


def _format(check: GuardCheck, value: float) -> str:
    return f"{value:,.0f} files" if check.unit == "files" else f"{value:.1%}"


def _again(outcome: Outcome) -> str:
    sources = [redacted(f"{name}={path}") for name, path in outcome.sources.items()]
    if not sources:
        return ""
    lines = [shlex.join(["presslake", "run", *sources, "--warehouse", outcome.warehouse])]
    if outcome.found:
        lines.append(shlex.join(["presslake", "check", *sources]))
    made = f"Contract {code(outcome.contract_version)}, code {code(outcome.code_version)}."
    return "\n\n".join(["## Run it again by hand", block("\n".join(lines), "sh"), made])
