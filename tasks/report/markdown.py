"""The run report as Markdown, for the Prefect UI.

Belongs here: the text. All that comes from files is escaped: titles and paths are whatever somebody
wrote into them, and the UI renders Markdown with HTML in it.
"""

from __future__ import annotations

import html
import re
import shlex
from typing import Final

from tasks.report.outcome import Outcome, Violation

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|~>:@/])")
_MOST: Final = 10


def escaped(text: str) -> str:
    """A text from a file so that Markdown shows it as it is: no markup, no link, no line break."""
    flat = " ".join(text.split())
    return _SPECIAL.sub(r"\\\1", html.escape(flat, quote=False))


def run_report(outcome: Outcome) -> str:
    """The report of a run.

    Args:
        outcome: of the run, ended well or not.
    """
    parts = [f"# {_headline(outcome)}", escaped(outcome.message), _counts(outcome), _violations(outcome)]
    parts += [_duplicates(outcome), _unknown_fields(outcome), _stages(outcome), _again(outcome)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _headline(outcome: Outcome) -> str:
    if outcome.status == "completed":
        return f"Snapshot {outcome.snapshot} published"
    return "Nothing to do" if outcome.status == "unchanged" else "The run failed; nothing was published"


def _table(header: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    lines = [f"| {' | '.join(header)} |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def _counts(outcome: Outcome) -> str:
    files, records = outcome.files, outcome.records
    changes = [("new", files.new), ("changed", files.changed), ("renamed", files.renamed), ("removed", files.removed)]
    changes += [("unchanged", files.unchanged), ("ignored, no front matter", files.ignored)]
    statuses = [("loaded", records.loaded), ("duplicate", records.duplicate), ("quarantined", records.quarantined)]
    statuses += [("withdrawn by their front matter", records.removed)]
    rows: list[tuple[object, ...]] = [(name, f"{count:,}") for name, count in changes if count]
    ends: list[tuple[object, ...]] = [(name, f"{count:,}") for name, count in statuses if count]
    return "\n\n".join(
        ["## Files in this run", _table(("files", "count"), rows), "## Records now", _table(("status", "count"), ends)]
    )


def _violations(outcome: Outcome) -> str:
    """A list, not a table: what to mend is the longest part, and lists wrap."""
    if not outcome.found:
        return ""
    lines = [_violation(code, violation) for code, violation in list(outcome.found.items())[:_MOST]]
    if len(outcome.found) > _MOST:
        lines.append(f"- and {len(outcome.found) - _MOST} more kinds; `presslake check` lists every finding")
    return "\n".join(["## What is wrong in the files", "", *lines])


def _violation(code: str, violation: Violation) -> str:
    example = violation.example
    place = f"{example.source_path}:{example.line or 1}:{example.column or 1}"
    many = "" if violation.count == 1 else "s"
    said = f"{example.field}: {example.message}" if example.field else example.message
    return f"- `{code}`, {violation.count:,} {violation.severity}{many}, such as **{escaped(place)}** {escaped(said)}"


def _duplicates(outcome: Outcome) -> str:
    rows: list[tuple[object, ...]] = [(f"`{match}`", f"{count:,}") for match, count in outcome.duplicates.items()]
    return "## Duplicates\n\n" + _table(("match", "count"), rows) if rows else ""


def _unknown_fields(outcome: Outcome) -> str:
    fields = list(outcome.unknown_fields.items())[:_MOST]
    rows: list[tuple[object, ...]] = [
        (escaped(name), f"{entry.count:,}", escaped(entry.example[:60])) for name, entry in fields
    ]
    head = "## Fields outside the contract\n\nThey are kept in `extra`.\n\n"
    return head + _table(("field", "files", "example"), rows) if rows else ""


def _stages(outcome: Outcome) -> str:
    rows: list[tuple[object, ...]] = [(stage, f"{seconds:.2f}") for stage, seconds in outcome.seconds.items()]
    return "## Time\n\n" + _table(("stage", "seconds"), rows) if rows else ""


def _again(outcome: Outcome) -> str:
    words = ["presslake", "run", *(f"{name}={path}" for name, path in outcome.sources.items())]
    command = shlex.join([*words, "--warehouse", outcome.warehouse])
    return f"## Run it again by hand\n\n```sh\n{command}\n```"
