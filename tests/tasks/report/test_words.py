"""How numbers, sizes, times and other people's text are written, and that no address shows credentials."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.report.outcome import Example
from tasks.report.words import (
    counted,
    format_age,
    format_location,
    format_message,
    format_seconds,
    format_size,
    format_speed,
    join_counts,
    near,
    printable,
    redacted,
)


def example(line: int | None = 3, column: int | None = 8) -> Example:
    return Example("news", "2026/ferry.md", line, column, "title", "add it", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Fête des écluses 船", "Fête des écluses 船"),
        ("two\nlines", r"two\nlines"),
        ("red \x1b[31malert", r"red \x1b[31malert"),
        ("left\u202eright", r"left\u202eright"),
        ("wide\xa0space", r"wide\xa0space"),
        ("half \ud83d", r"half \ud83d"),
    ],
)
def test_characters_that_do_not_print_are_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_long_text_is_cut_with_an_ellipsis() -> None:
    assert printable("ferryboat", 6) == "ferry…"
    assert printable("ferry", 5) == "ferry"


def test_counts_have_separators_and_a_plural() -> None:
    assert [counted(n, "file") for n in (0, 1, 2277)] == ["0 files", "1 file", "2,277 files"]
    assert counted(2, "batch", "batches") == "2 batches"
    assert join_counts({"new": 1_200, "changed": 0, "removed": 3}) == "1,200 new, 3 removed"


@pytest.mark.parametrize(
    ("size", "text"), [(1, "1 byte"), (999, "999 bytes"), (1500, "1.5 kB"), (9_600_000, "9.6 MB"), (2e9, "2.0 GB")]
)
def test_sizes_are_decimal(size: float, text: str) -> None:
    assert format_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.424, "0.42 s"), (12.34, "12.3 s"), (245, "4 min 05 s"), (7_650, "2 h 07 min")]
)
def test_durations_grow_their_unit(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-2, "just now"), (59, "just now"), (60, "1 minute ago"), (7_300, "2 hours ago"), (9e4, "1 day ago")],
)
def test_ages_are_in_the_largest_unit(seconds: float, text: str) -> None:
    assert format_age(seconds) == text


def test_speed_needs_bytes_and_time() -> None:
    assert format_speed(8_000_000, 2.0) == "4.0 MB/s"
    assert format_speed(0, 2.0) == format_speed(8, 0.0) == ""


def test_paths_inside_the_working_folder_are_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert near(str(tmp_path / "content" / "a.md")) == "content/a.md"
    assert near("/elsewhere/a.md") == "/elsewhere/a.md"


def test_location_is_openable_where_the_source_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sources = {"news": str(tmp_path / "content")}
    assert format_location(example(), sources) == "content/2026/ferry.md:3:8"
    assert format_location(example(), {}) == "news:2026/ferry.md:3:8"
    assert format_location(example(line=None, column=None), {}) == "news:2026/ferry.md"


def test_message_shows_field_and_value_once() -> None:
    assert format_message("quality", "expected a number", "high") == 'quality: expected a number (found "high")'
    assert format_message("", "the anchor `&a` is used", "&a") == "the anchor `&a` is used"
    assert format_message("title", "too long", "a\nb") == r'title: too long (found "a\nb")'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s3://key:s3cr3t@bucket/news", "s3://***@bucket/news"),
        ("git+https://ghp_s3cr3t@host.example/repo.git", "git+https://***@host.example/repo.git"),
        ("https://a.example/x?sig=s3cr3t&v=1", "https://a.example/x?sig=***&v=1"),
        ("https://a.example/x?X-Amz-Signature=s3cr3t", "https://a.example/x?X-Amz-Signature=***"),
        ("options api_key=s3cr3t, region=eu", "options api_key=*** region=eu"),
        ("name=/data/news and me@paper.example", "name=/data/news and me@paper.example"),
        ("https://a.example/story@noon?page=2", "https://a.example/story@noon?page=2"),
    ],
)
def test_credentials_go_and_the_rest_stays(text: str, shown: str) -> None:
    assert redacted(text) == shown
    assert redacted(shown) == shown
