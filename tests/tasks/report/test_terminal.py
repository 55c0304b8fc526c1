"""The summary of a run as a person reads it."""

from __future__ import annotations

import io

import pytest

from tasks.report.outcome import Files, Outcome, Records, UnknownField
from tasks.report.terminal import TOP, make_console, show_error, show_summary
from tests.tasks.report.outcomes import outcome, violation


def summary(ran: Outcome, width: int = 80) -> str:
    file = io.StringIO()
    console = make_console(file)
    console.width = width
    show_summary(console, ran)
    return file.getvalue()


def test_first_line_says_what_changed() -> None:
    files = Files(discovered=2_277, new=12, changed=3, unchanged=2_262, renamed=2, removed=4)
    first = summary(outcome(files=files, snapshot=42), width=120).splitlines()[0]
    assert first == (
        "Published snapshot 42 from 2,277 files: 12 new, 3 changed, 4 removed (2 of them renamed), 2,262 as they were."
    )


def test_unchanged_run_says_so_and_where_readers_are() -> None:
    ran = outcome(status="unchanged", snapshot=7, files=Files(discovered=5, unchanged=5))
    assert summary(ran).startswith("Nothing changed: 5 files as they were; readers see snapshot 7.")


def test_failed_run_is_one_line() -> None:
    assert summary(outcome(status="failed", message="The disk is full.")) == "Failed: The disk is full.\n"


def test_every_status_is_counted_and_duplicates_are_told_apart() -> None:
    ran = outcome(
        files=Files(discovered=109, ignored=1),
        records=Records(loaded=80, duplicate=20, quarantined=5, removed=3),
        duplicates={"syndicated": 2, "same_url": 18},
    )
    text = summary(ran)
    rows = [line.split()[:2] for line in text.splitlines()]
    for status, number in [("loaded", 80), ("duplicate", 20), ("quarantined", 5), ("removed", 3), ("ignored", 1)]:
        assert [status, str(number)] in rows
    assert ["total", "109"] in rows
    assert "same_url 18, syndicated 2" in text


def test_stages_have_seconds_and_speed() -> None:
    text = summary(outcome(seconds={"discover": 0.5, "parse": 2.0}, bytes={"parse": 8_000_000}))
    assert any(line.split() == ["parse", "2.00", "s", "8.0", "MB", "4.0", "MB/s"] for line in text.splitlines())
    assert any(line.split() == ["total", "4.00", "s"] for line in text.splitlines())
    assert "9.00 s" in summary(outcome(seconds={"parse": 4.0, "write": 5.0})), "never less than its stages"


def test_findings_have_an_openable_example_errors_first() -> None:
    found = {"time/no-zone": violation(severity="warning", count=90), "field/missing": violation()}
    text = summary(outcome(found=found, sources={"news": "/srv/news"}))
    assert text.index("field/missing  2 errors") < text.index("time/no-zone  90 warnings")
    assert "    /srv/news/ferry.md:3:8\n    title: add it\n" in text


def test_long_places_stay_on_one_line() -> None:
    path = "/".join(["a-folder-with-a-long-name"] * 8) + ".md"
    assert f"news:{path}:3:8\n" in summary(outcome(found={"field/missing": violation(path=path)}))


def test_more_kinds_than_fit_are_counted() -> None:
    found = {f"code/{i}": violation() for i in range(TOP + 2)}
    text = summary(outcome(found=found))
    assert text.count("add it") == TOP
    assert "and 2 more kinds." in text


def test_unchanged_run_still_tells_of_old_findings() -> None:
    text = summary(outcome(status="unchanged", violations={"field/missing": 4, "yaml/tag": 1}))
    assert "5 findings of 2 kinds in all files" in text


def test_unknown_fields_have_a_count_and_an_example() -> None:
    text = summary(outcome(unknown_fields={"rare": UnknownField(1, "x"), "byline": UnknownField(7, "Ann\nBob")}))
    assert text.index("byline") < text.index("rare")
    assert r"7 files  such as Ann\nBob" in text


def test_tables_come_with_a_query_to_paste() -> None:
    text = summary(outcome(warehouse="/data/it's here", snapshot=42), width=40)
    assert "FROM '/data/it''s here/snapshots/000042/articles/**/*.parquet'\n" in text
    assert "/current" not in text


@pytest.mark.parametrize("width", [40, 80, 120])
def test_nothing_but_places_and_the_query_is_wider_than_the_terminal(width: int) -> None:
    ran = outcome(
        snapshot=42,
        files=Files(discovered=1_000_000, new=900_000, changed=50_000, unchanged=40_000, removed=3),
        records=Records(loaded=900_000, duplicate=90_000, quarantined=9_000),
        duplicates={"same_url": 80_000, "same_content": 9_000, "syndicated": 999, "reposted": 1},
        found={"field/enum": violation(message="expected one of: " + ", ".join(["long words"] * 30))},
        unknown_fields={"f" * 100: UnknownField(1, "v" * 100)},
        seconds={"parse": 1.0},
        bytes={"parse": 10**9},
    )
    before_query = summary(ran, width).partition("\nTables\n")[0]
    lines = [line for line in before_query.splitlines() if "ferry.md" not in line]
    assert max(map(len, lines)) <= width


def test_text_from_files_is_neither_markup_nor_escape_codes() -> None:
    text = summary(outcome(found={"field/missing": violation(message="[red]\x1b[2Jgone[/red]")}))
    assert r"[red]\x1b[2Jgone[/red]" in text


def test_no_colour_without_a_terminal_or_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert "\x1b" not in summary(outcome(found={"field/missing": violation()}))
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    show_error(make_console(terminal), "gone", "look")
    assert "[31m" not in terminal.getvalue()
    monkeypatch.delenv("NO_COLOR")
    show_error(make_console(terminal), "gone", "look")
    assert "[1;31m" in terminal.getvalue()


def test_into_a_pipe_no_line_is_folded_or_ends_in_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    file = io.StringIO()
    show_summary(make_console(file), outcome(found={"a/b": violation(message="word " * 60 + "end")}))
    lines = file.getvalue().splitlines()
    assert any(line.endswith("word end") and len(line) > 300 for line in lines)
    assert [line for line in lines if line.endswith(" ")] == []


def test_error_names_the_way_out_below() -> None:
    file = io.StringIO()
    show_error(make_console(file), "The source 'x' does not exist.", "Check the path.")
    assert file.getvalue() == "error: The source 'x' does not exist.\n       Check the path.\n"
