"""The run report as Markdown: what it says first, and that it leaves nothing out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.report.markdown import run_report
from tasks.report.outcome import Changes, Files, GuardCheck, Records, UnknownField
from tests.tasks.report.outcomes import outcome, violation


def test_it_begins_with_what_changed_for_readers() -> None:
    changes = Changes(new=412, corrected=9, withdrawn=3, quarantined=2)
    text = run_report(outcome(snapshot=7, changes=changes, message="12 files: 12 new."))
    assert text.startswith("# +412 new, 9 corrected, 3 withdrawn, 2 quarantined\n\n12 files\\: 12 new\\.\n")
    assert "Run `r` took 4.00 s; readers see snapshot 7." in text


def test_it_counts_files_records_and_duplicates() -> None:
    counts = {"files": Files(new=12), "records": Records(loaded=11, quarantined=1), "duplicates": {"same_url": 4}}
    text = run_report(outcome(**counts))
    assert "- **Files in this run:** 12 new\n- **Records now:** 11 loaded, 1 quarantined\n" in text
    assert "- **Duplicates by kind:** 4 `same_url`" in text


def test_a_run_stopped_by_a_guard_rail_says_which_and_what_to_do_before_all_else() -> None:
    rail = GuardCheck("guards.max_quarantined_share", 0.77, 0.2, "share", "hit")
    found = {"field/type": violation()}
    text = run_report(outcome(status="failed", error="GuardRailError", hint="Check it.", rails=[rail], found=found))
    assert text.startswith("# Stopped by a guard rail: nothing was published\n")
    assert "**What to do:** Check it\\." in text
    assert "| `guards.max_quarantined_share` | 77.0% | 20.0% | **hit** |" in text
    assert text.index("Guard rails") < text.index("what to mend")


def test_a_finding_names_file_line_field_and_reason() -> None:
    text = run_report(outcome(found={"field/type": violation("a.md", "expected a mapping")}))
    assert "- `field/type`, 2 errors, such as **news\\/a\\.md\\:3\\:8** title\\: expected a mapping" in text


def test_warnings_are_not_among_what_to_mend() -> None:
    found = {"time/zone": violation("b.md", "no zone", "warning"), "field/type": violation("a.md", "bad")}
    text = run_report(outcome(found=found))
    assert text.index("what to mend") < text.index("a\\.md") < text.index("## Warnings") < text.index("b\\.md")


def test_of_many_kinds_the_rest_is_counted() -> None:
    found = {f"field/x{number}": violation("a.md", "bad") for number in range(13)}
    assert "- and 3 more kinds; `presslake check` lists every finding" in run_report(outcome(found=found))


def test_fields_that_appeared_stand_apart_from_those_known_before() -> None:
    fields = {"mood": UnknownField(3, "calm"), "price": UnknownField(9, "free")}
    text = run_report(outcome(unknown_fields=fields, new_fields=["mood"]))
    new, known = text.split("## Fields outside the contract")
    assert "| mood | 3 | calm |" in new
    assert "| price | 9 | free |" in known
    assert "mood" not in known


def test_the_slowest_stage_is_named() -> None:
    text = run_report(outcome(seconds={"discover": 0.5, "parse": 3.0, "write": 0.5}, bytes={"parse": 6_000_000}))
    assert "Slowest stage: **parse**, 3.00 s of 4.00 s." in text
    assert "| parse | 3.00 s | 75% | 6.0 MB, 2.0 MB/s |" in text


def test_the_html_report_is_named_where_there_is_one(tmp_path: Path) -> None:
    assert "Charts" not in run_report(outcome(warehouse=str(tmp_path)))
    (tmp_path / "report.html").write_text("")
    assert f"Charts of all runs: `{tmp_path}/report.html`" in run_report(outcome(warehouse=str(tmp_path)))


def test_commands_to_run_it_again_hide_credentials() -> None:
    text = run_report(outcome(sources={"news": "s3://key:s3cr3t@bucket/a b"}, warehouse="/w"))
    assert "presslake run 'news=s3://***@bucket/a b' --warehouse /w" in text


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", "[a](javascript:alert(1))", "x\n\n# heading"])
def test_texts_from_files_are_shown_not_rendered(hostile: str) -> None:
    texts = {"unknown_fields": {hostile: UnknownField(1, hostile)}, "message": hostile}
    text = run_report(outcome(found={"field/type": violation(hostile, hostile)}, **texts))
    assert hostile not in text
    assert "<script" not in text
    assert "\n# heading" not in text
