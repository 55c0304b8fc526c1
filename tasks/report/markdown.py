"""The run report as Markdown, for the Prefect UI: a summary to be read in ten seconds, then the details.

Belongs here: what the template `run_report.md.j2` needs. Does not belong here: the order of the parts and their text
(the template), Markdown itself (`escaping`), and the numbers (`outcome`).
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

from tasks.report.escaping import block, code, escaped, prose
from tasks.report.outcome import Changes, Outcome
from tasks.report.templates import render
from tasks.report.words import finding_location, format_size, format_speed, join_counts, redacted, with_field

_MAX_ROWS: Final = 10
_STATES: Final = {"kept": "kept", "hit": "**hit**", "accepted": "passed: it was accepted", "few": "kept: few files"}


def run_report(outcome: Outcome) -> str:
    """The report of a run.

    Args:
        outcome: of the run, ended well or not. All text from files is escaped.
    """
    found = list(outcome.found.items())
    fields = sorted(outcome.unknown_fields.items(), key=lambda item: (-item[1].count, item[0]))
    page = Path(outcome.warehouse) / "report.html"
    text = render(
        "run_report.md.j2",
        _FILTERS,
        outcome=outcome,
        most=_MAX_ROWS,
        states=_STATES,
        headline=headline(outcome),
        charts=str(page.absolute()) if outcome.warehouse and page.is_file() else "",
        # A limit that stopped the run comes first, else the files to repair.
        is_stopped=any(check.state == "hit" for check in outcome.rails),
        errors=[(name, kind) for name, kind in found if kind.severity == "error"],
        warnings=[(name, kind) for name, kind in found if kind.severity != "error"],
        new_fields=[(name, entry) for name, entry in fields if name in outcome.new_fields],
        known_fields=[(name, entry) for name, entry in fields if name not in outcome.new_fields],
        **_counts(outcome),
        again=_again(outcome),
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def headline(outcome: Outcome) -> str:
    """The result of the run in one line of plain text: `+412 new, 9 corrected, 3 withdrawn, 2 quarantined`."""
    if outcome.status == "failed":
        stopped = "Stopped by a guard rail" if outcome.error == "GuardRailError" else "The run failed"
        return f"{stopped}: nothing was published"
    if outcome.status == "unchanged":
        return "Nothing changed"
    return format_changes(outcome.changes) or "Published again; no article changed"


def format_changes(changes: Changes) -> str:
    """The changes for readers in one line; empty without any."""
    named = {
        "new": f"+{changes.new:,} new",
        "corrected": f"{changes.corrected:,} corrected",
        "withdrawn": f"{changes.withdrawn:,} withdrawn",
        "quarantined": f"{changes.quarantined:,} quarantined",
        "mended": f"{changes.mended:,} out of quarantine",
        "new_ids": f"{changes.new_ids:,} under another id",
    }
    return ", ".join(text for name, text in named.items() if getattr(changes, name))


def _counts(outcome: Outcome) -> dict[str, dict[str, int]]:
    """Files, records and duplicates by what the report calls them."""
    files, records = outcome.files, outcome.records
    seen = {name: getattr(files, name) for name in ("new", "changed", "renamed", "removed", "unchanged")}
    ends = {name: getattr(records, name) for name in ("loaded", "duplicate", "quarantined")}
    return {
        "files": seen | {"without front matter": files.ignored},
        "records": ends | {"withdrawn by their front matter": records.removed},
        "duplicates": {code(match): count for match, count in outcome.duplicates.items()},
    }


def _again(outcome: Outcome) -> str:
    """The commands of the run; empty without sources."""
    sources = [redacted(f"{name}={path}") for name, path in outcome.sources.items()]
    commands = [["run", *sources, "--warehouse", outcome.warehouse]] if sources else []
    commands += [["check", *sources]] if sources and outcome.found else []
    return "\n".join(shlex.join(["presslake", *command]) for command in commands)


def _amount(value: float, unit: str) -> str:
    return f"{value:,.0f} files" if unit == "files" else f"{value:.1%}"


def _moved(size: int, seconds: float) -> str:
    return ", ".join(filter(None, [format_size(size), format_speed(size, seconds)])) if size else ""


_FILTERS: Final = {
    "amount": _amount,
    "block": block,
    "code": code,
    "escaped": escaped,
    "join_counts": join_counts,
    "location": lambda one: finding_location(one.source, one.source_path, one.line, one.column),
    "moved": _moved,
    "prose": prose,
    "said": lambda one: with_field(one.field, one.message),
}
