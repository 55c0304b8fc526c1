"""Outcomes of runs and findings, as tests of reports need them."""

from __future__ import annotations

from typing import Any

from tasks.report.outcome import Example, Outcome, Violation


def outcome(**fields: Any) -> Outcome:
    """A run of four seconds that ended well."""
    times = {"started_at": "2026-03-02T09:00:00.000Z", "ended_at": "2026-03-02T09:00:04.000Z"}
    return Outcome(**{"status": "completed", "run_id": "r", "message": "Done.", **times, **fields})


def violation(path: str = "ferry.md", message: str = "add it", severity: str = "error", count: int = 2) -> Violation:
    """Findings of one code; the example is on line 3 of a file of `news`."""
    return Violation(count, severity, Example("news", path, 3, 8, "title", message, ""))
