"""Nothing is ignored without a word: characters that nobody sees, withdrawals, and conflicts of merges."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import Desk

TIME = "publishedDateTime: 2025-03-01T09:00:00Z"


def yaml(*lines: str) -> bytes:
    """An article whose further lines start at line 4."""
    return "\n".join(["---", "title: Lock gate", TIME, *lines, "---", "Text.", ""]).encode()


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (yaml('note: "a\\0b"'), "text/control-character", 4),
        (yaml('note: "a\\u0007b"'), "text/control-character", 4),
        (yaml("deep:", '  - {"x\\eb": y}'), "text/control-character", 5),
        (b'{\n"title": "Lo\\u0001ck"\n}\n', "text/control-character", 2),
        (b'+++\ntitle = "Lo\\u0000ck"\n+++\n', "text/control-character", 2),
        (yaml("a: b", "<<<<<<< HEAD", "c: d", "=======", "c: e", ">>>>>>> topic"), "text/conflict-marker", 5),
    ],
)
def test_files_that_are_refused_say_why_and_where(tmp_path: Path, content: bytes, code: str, line: int) -> None:
    desk = Desk(tmp_path)
    desk.write("bad.md", content)
    desk.write("good.md", yaml('note: "tab\\there \\u00e9"'))
    desk.run()
    assert desk.violations("bad.md") == {code: line}
    assert desk.statuses()["good.md"] == "loaded"


def test_front_matter_that_ends_early_is_named(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write("a.md", yaml("a: b", "...", "tags: [d]"))
    desk.run()
    assert desk.one("articles", "a.md")["warnings"] == ["front-matter/early-end"]


def test_a_conflict_before_the_first_fence_is_named(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write("a.md", b"<<<<<<< HEAD\n---\ntitle: A\n=======\n---\ntitle: B\n>>>>>>> topic\n---\nText.\n")
    desk.write("empty.md", b"\n")
    desk.write("good.md", yaml("slug: other"))
    desk.run()
    assert desk.violations("a.md") == {"text/conflict-marker": 1}
    assert desk.one("sources", "empty.md")["violations"] == ["file/empty"]


def test_a_body_after_dots_may_hold_rules(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write("a.md", b"---\ntitle: Lock gate\n...\nNote: the gate is shut.\n\n---\nMore.\n")
    desk.run()
    assert desk.statuses() == {"a.md": "loaded"}


@pytest.mark.parametrize("hidden", ["\u00a0", "\u200b", "\ufeff"])
def test_a_key_that_hides_a_character_is_named(tmp_path: Path, hidden: str) -> None:
    desk = Desk(tmp_path)
    desk.write("a.md", yaml(f"author{hidden}: Wim"))
    desk.run()
    assert desk.one("articles", "a.md")["warnings"][0].startswith("text/hidden-character")


@pytest.mark.parametrize(
    ("value", "status", "warnings"),
    [
        ("2026-01-02", "removed", 0),
        ("1", "removed", 0),
        ("yes", "removed", 0),
        ("no", "loaded", 0),
        ("", "loaded", 0),
        ("{by: court}", "loaded", 1),
        ("perhaps", "loaded", 1),
        ("[yes]", "loaded", 1),
    ],
)
def test_removed_withdraws_or_is_a_finding(tmp_path: Path, value: str, status: str, warnings: int) -> None:
    desk = Desk(tmp_path)
    desk.write("a.md", yaml(f"removed: {value}"))
    desk.write("good.md", yaml("slug: other").replace(b"Lock", b"Other"))
    desk.run()
    assert desk.statuses()["a.md"] == status
    if status == "loaded":
        assert len(desk.one("articles", "a.md")["warnings"]) == warnings


def test_a_first_run_of_withdrawn_files_is_no_error(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write("a.md", yaml("removed: true"))
    assert desk.run().records.removed == 1
    assert desk.rows("articles") == []
