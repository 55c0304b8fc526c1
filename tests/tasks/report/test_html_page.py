"""The HTML report as a document: what it says, that it is one file, and that nothing from files becomes code."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from config.errors import RunError, UsageError
from tasks.report.html_charts import Axis, Series, ranked, stacked
from tasks.report.html_data import read_report
from tasks.report.html_page import render_page, write_page
from tests.builders import Desk, article, page

SCRIPT = "</title></style></script><script>alert(1)</script><img src=x onerror=alert(1)>"
NOW = datetime(2025, 3, 2, tzinfo=UTC)


@dataclass
class Parsed(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str]:
        return [attributes[name] or "" for _, attributes in self.tags if name in attributes]


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a warehouse whose every text tries to be a script."""
    desk = Desk(tmp_path_factory.mktemp("hostile"))
    hostile: dict[str, Any] = {"provider": {"name": f"A {SCRIPT}", "domain": "x.example"}, "topics": [f"T {SCRIPT}"]}
    for number, name in enumerate(("a", "b")):
        desk.write(f"{name}.md", article(f"The ferry {SCRIPT}", f"Text {number}.", originalUrl=page(1), **hostile))
    desk.write("bad.md", article([SCRIPT]))
    desk.write(f"{SCRIPT.replace('/', '')}.md", article([SCRIPT, ""]))
    desk.run()
    return render_page(read_report(desk.warehouse.root, NOW))


@pytest.fixture(scope="module")
def parsed(html: str) -> Parsed:
    found = Parsed()
    found.feed(html)
    return found


def test_texts_from_files_are_shown_and_never_run(parsed: Parsed) -> None:
    tags = Counter(tag for tag, _ in parsed.tags)
    assert (tags["script"], tags["img"], tags["style"]) == (0, 0, 1)
    assert [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")] == []
    for said in (f"The ferry {SCRIPT}", f"A {SCRIPT}", f"T {SCRIPT}"):
        assert said in parsed.text


def test_links_lead_into_the_page_or_to_the_web(parsed: Parsed) -> None:
    links = parsed.values("href")
    assert page(1) in links
    assert [link for link in links if not re.match(r"#|https?://|data:,$", link)] == []


def test_nothing_is_loaded_and_the_policy_forbids_it(html: str, parsed: Parsed) -> None:
    assert parsed.values("src") == []
    assert [url for url in re.findall(r"url\(([^)]*)\)", html) if not url.startswith("#")] == []
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = next(text for text in parsed.values("content") if "-src" in text)
    assert policy.startswith("default-src 'none'; ")
    assert f"style-src 'sha256-{digest}'" in policy
    assert "script-src" not in policy


def test_every_chart_has_words_and_a_table(parsed: Parsed) -> None:
    figures = [attributes["id"] for tag, attributes in parsed.tags if tag == "figure"]
    assert figures == [
        *("articles-by-month", "freshness", "articles-by-topic"),
        *("duplicates-by-kind", "quarantine-now", "run-durations"),
    ]
    pictures = [attributes for _, attributes in parsed.tags if attributes.get("role") == "img"]
    assert len(pictures) == 2 * len(figures)
    assert all(picture["aria-label"] for picture in pictures)
    assert sum(tag == "details" for tag, _ in parsed.tags) == len(figures)


def test_it_can_be_walked_by_headings_landmarks_and_links(parsed: Parsed) -> None:
    tags = [tag for tag, _ in parsed.tags]
    assert [tags.count(tag) for tag in ("h1", "header", "nav", "main", "footer")] == [1] * 5
    ids = parsed.values("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in parsed.values("href") if link.startswith("#")} <= set(ids)
    assert set(parsed.values("aria-labelledby")) <= set(ids)


def test_the_headline_tells_the_state(parsed: Parsed) -> None:
    text = " ".join(parsed.text.split())
    assert "published snapshot 1: 4 files new." in text
    assert "2 files are in quarantine." in text


def test_names_that_start_alike_stay_apart_and_those_like_attributes_as_they_are() -> None:
    drawn = ranked({"x" * 60 + "1": 2, "x" * 60 + "2": 1})["narrow"]
    assert drawn.count("x" * 17 + "…<") == 2
    assert '>A role="x" &gt; B</text>' in ranked({'A role="x" > B': 1})["wide"]


def test_each_part_of_a_bar_has_a_tooltip_and_a_colour_of_the_style() -> None:
    axis = Axis(["2026-01", "2026-02"], "articles", lambda number: f"{number} of them")
    drawn = stacked(axis, [Series("A & B", [1, 2], 0), Series("C", [0, 3], 7)])["wide"]
    tips = re.findall(r'fill="([^"]*)"[^>]*><title>([^<]*)</title>', drawn)
    assert sorted(tips) == [
        ("var(--c0)", "2026-01, A &amp; B: 1 of them"),
        ("var(--c0)", "2026-02, A &amp; B: 2 of them"),
        ("var(--c7)", "2026-02, C: 3 of them"),
    ]


def test_without_the_library_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(UsageError, match=re.escape("pip install 'presslake[report]'")):
        ranked({"a": 1})


def test_the_page_before_stays_whole_if_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "new" / "report.html"
    write_page(file, "before")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "the disk is full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match="the disk is full"):
        write_page(file, "after")
    assert [(left.name, left.read_text()) for left in file.parent.iterdir()] == [("report.html", "before")]
