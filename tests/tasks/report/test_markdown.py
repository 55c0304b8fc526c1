"""The run report as Markdown: what it says, and that nothing from a file is markup in it."""

from __future__ import annotations

import pytest

from tasks.report.escaping import escaped
from tasks.report.markdown import run_report
from tasks.report.outcome import Example, Files, Outcome, Records, UnknownField, Violation


def outcome(**fields: object) -> Outcome:
    times = {"started_at": "2026-03-02T09:30:00.000Z", "ended_at": "2026-03-02T09:30:02.000Z"}
    return Outcome(**{"status": "completed", "run_id": "r", "message": "12 files: 12 new.", **times, **fields})  # type: ignore[arg-type]


def violation(path: str, message: str) -> Violation:
    return Violation(2, "error", Example("news", path, 13, 11, "provider", message, "The Harbour Post"))


def test_it_says_what_changed_and_what_there_is() -> None:
    text = run_report(outcome(snapshot=7, files=Files(new=12), records=Records(loaded=11, quarantined=1)))
    assert text.startswith("# Snapshot 7 published\n\n12 files\\: 12 new\\.\n")
    assert "| new | 12 |" in text
    assert "| quarantined | 1 |" in text


def test_a_failed_run_says_that_nothing_was_published() -> None:
    assert run_report(outcome(status="failed")).startswith("# The run failed; nothing was published\n")


def test_a_finding_names_file_line_field_and_reason() -> None:
    text = run_report(outcome(found={"field/type": violation("a.md", "expected a mapping")}))
    assert "- `field/type`, 2 errors, such as **a\\.md\\:13\\:11** provider\\: expected a mapping" in text


def test_of_many_kinds_the_rest_is_counted() -> None:
    found = {f"field/x{number}": violation("a.md", "bad") for number in range(13)}
    assert "- and 3 more kinds; `presslake check` lists every finding" in run_report(outcome(found=found))


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "[a link](https://example.com)",
        "![a picture](x.png)",
        "`code` | **bold** | _more_",
        "line\n\n# heading",
    ],
)
def test_texts_from_files_are_shown_not_rendered(hostile: str) -> None:
    text = run_report(
        outcome(
            found={"field/type": violation(hostile, hostile)},
            unknown_fields={hostile: UnknownField(1, hostile)},
            message=hostile,
        )
    )
    assert hostile not in text
    assert escaped(hostile) in text
    assert "<script" not in text
    assert "\n# heading" not in text
