"""The linter: which files it takes, what it finds, and how a finding is spelt."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from config.errors import SourceError, UsageError
from config.settings import Discover, Run, Settings
from flows import check
from flows.check import CheckReport, FileCounts, Finding, check_sources, format_counts, format_finding

GOOD = """\
---
title: The ferry is late
originalUrl: https://harbour.example/ferry
publishedDateTime: 2026-03-02T09:30:00Z
---
Text.
"""
BAD_TIME = GOOD.replace("2026-03-02T", "2026-02-30T")
BAD_TITLE = GOOD.replace("The ferry is late", "{a: b}")
NO_ZONE = GOOD.replace("00Z", "00")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: str, text: str) -> str:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")
    return path


def finding(path: str = "a.md", severity: str = "error", message: str = "add it", line: int | None = 3) -> Finding:
    return Finding(path, line, line and 8, "field/missing", "title", severity, message, "")


def places(report: CheckReport) -> list[str]:
    return [f"{found.path}:{found.line} {found.code}" for found in report.violations]


def test_good_files_pass() -> None:
    write("content/ferry.md", GOOD)
    assert check_sources(["content"], Settings()) == CheckReport("passed", FileCounts(checked=1), 0, 0, [])


def test_error_has_the_line_and_column_of_the_value() -> None:
    write("content/ferry.md", BAD_TITLE)
    report = check_sources(["content"], Settings())
    [found] = report.violations
    assert (found.path, found.line, found.column) == ("content/ferry.md", 2, 1)
    assert (found.code, found.field, found.severity) == ("field/type", "title", "error")
    assert (report.status, report.errors, report.warnings) == ("failed", 1, 0)


def test_a_warning_has_the_value() -> None:
    write("content/ferry.md", BAD_TIME)
    report = check_sources(["content"], Settings())
    [found] = report.violations
    assert (found.code, found.field, found.severity) == ("time/invalid", "publishedDateTime", "warning")
    assert (found.line, found.column, found.value) == (4, 20, "2026-02-30T09:30:00Z")
    assert (report.status, report.errors, report.warnings) == ("passed", 0, 1)


def test_warnings_alone_pass_and_every_one_has_its_line() -> None:
    for name in ("a", "b"):
        write(f"content/{name}.md", NO_ZONE)
    report = check_sources(["content"], Settings())
    assert (report.status, report.warnings) == ("passed", 2)
    assert places(report) == ["content/a.md:4 time/no-zone", "content/b.md:4 time/no-zone"]


def test_findings_are_sorted_by_path_and_line_over_batches_and_sources() -> None:
    for path in ("z/b.md", "z/a.md", "a/c.md"):
        write(path, BAD_TIME.replace("The ferry is late", "''"))
    report = check_sources(["z", "a"], Settings(run=Run(batch_bytes=1)))
    lines = [(found.path, found.line) for found in report.violations]
    assert lines == [(path, line) for path in ("a/c.md", "z/a.md", "z/b.md") for line in (2, 4)]


def test_worker_processes_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        write(f"content/{number}.md", BAD_TITLE)
    settings = Settings(run=Run(batch_bytes=1, workers=2))
    alone = check_sources(["content"], settings)
    monkeypatch.setattr(check, "PARALLEL_BYTES", 0)
    assert check_sources(["content"], settings) == alone
    assert alone.errors == 4


def test_files_without_front_matter_are_counted_apart() -> None:
    write("content/notes.md", "Nothing here.\n")
    assert check_sources(["content"], Settings()).files == FileCounts(checked=0, ignored=1)


def test_files_that_are_not_read_but_look_like_articles_are_named() -> None:
    write("content/bare.txt", "Title: Ferry\nDate: 2026-03-02\n\nText.\n")
    write("content/other.rst", GOOD)
    report = check_sources(["content"], Settings())
    assert (report.files, report.errors, report.warnings) == (FileCounts(checked=0, ignored=1), 0, 1)
    assert places(report) == ["content/bare.txt:1 front-matter/no-fence"]
    assert report.note.startswith("1 `.rst` file has front matter and is left out")
    assert check_sources(["content/bare.txt"], Settings()).note == ""


def test_single_file_is_checked_whatever_the_patterns_say() -> None:
    write("content/other.md", BAD_TIME)
    report = check_sources([write("content/ferry.rst", BAD_TIME)], Settings())
    assert places(report) == ["content/ferry.rst:4 time/invalid"]


def test_linked_file_is_reported_where_it_is() -> None:
    write("content/ferry.md", BAD_TIME)
    Path("link.md").symlink_to("content/ferry.md")
    assert places(check_sources(["link.md"], Settings())) == ["content/ferry.md:4 time/invalid"]


def test_file_that_is_named_twice_is_checked_once(folder: Path) -> None:
    path = write("content/news/ferry.md", BAD_TITLE)
    report = check_sources([path, "content", str(folder / "content"), "news=content/news"], Settings())
    assert report.files.checked == report.errors == 1


def test_patterns_choose_among_a_folders_files() -> None:
    for path in ("content/a.md", "content/drafts/b.md", "content/c.txt"):
        write(path, BAD_TIME)
    settings = Settings(discover=Discover(include=("*.md", "*.txt"), exclude=("drafts/",)))
    assert [found.path for found in check_sources(["content"], settings).violations] == [
        "content/a.md",
        "content/c.txt",
    ]


def test_paths_are_short_inside_the_working_folder_and_whole_outside(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("content/ferry.md", BAD_TIME)
    for spec in (".", "./", str(folder)):
        assert places(check_sources([spec], Settings())) == ["content/ferry.md:4 time/invalid"]
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    report = check_sources([str(folder / "content")], Settings())
    assert places(report) == [f"{folder}/content/ferry.md:4 time/invalid"]


def test_folder_without_files_is_no_error() -> None:
    Path("empty").mkdir()
    assert check_sources(["empty"], Settings()) == CheckReport("passed", FileCounts(), 0, 0, [])


@pytest.mark.parametrize(
    ("spec", "error"), [("gone", SourceError), ("ftp://host/x", UsageError), ("~nobody-here/x", UsageError)]
)
def test_source_that_cannot_be_opened_is_an_error(spec: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_sources([spec], Settings())


def test_single_file_whose_name_no_table_can_hold_is_refused(folder: Path) -> None:
    path = folder / os.fsdecode(b"caf\xe9.md")
    path.write_text(GOOD)
    with pytest.raises(UsageError, match="not UTF-8"):
        check_sources([str(path)], Settings())
    assert check_sources([str(folder)], Settings()).files.checked == 1


def test_nothing_is_left_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("content/ferry.md", BAD_TIME)
    (folder / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "temporary"))
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    check_sources(["content"], Settings())
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before
    assert list((folder / "temporary").iterdir()) == []


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (finding(), "a.md:3:8: field/missing title: add it"),
        (finding(severity="warning"), "a.md:3:8: warning field/missing title: add it"),
        (finding(line=None), "a.md:1:1: field/missing title: add it"),
        (finding("two\nlines.md", message="odd \x1b[2J"), r"two\nlines.md:3:8: field/missing title: odd \x1b[2J"),
    ],
)
def test_finding_is_one_line_for_editors(found: Finding, line: str) -> None:
    assert format_finding(found) == line


def test_counts_are_a_sentence() -> None:
    report = CheckReport("failed", FileCounts(2_277, 1), 12, 1, [])
    assert format_counts(report) == "12 errors, 1 warning in 2,277 files (1 more without front matter)"
