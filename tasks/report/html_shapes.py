"""What sections of the HTML report are made of: tables, figures, stories.

Belongs here: their shapes, and what all sections do alike. Does not belong here: their HTML
(`page.html.j2`) and what they say (`html_article_sections`, `html_run_sections`).
"""

from __future__ import annotations

import msgspec

from tasks.report.html_charts import COLOURS


class Table(msgspec.Struct, frozen=True):
    """Rows of texts, the first of which names the row.

    Attributes:
        numbers: columns that stand right; `unbroken` are those of one line, such as times.
        title: its heading; empty where that of the section says it.
        label: what assistive technology calls it.
    """

    columns: list[str]
    rows: list[list[str]]
    numbers: set[int] = set()
    unbroken: set[int] = set()
    title: str = ""
    label: str = ""


class Figure(msgspec.Struct, frozen=True):
    """A chart in its widths (`html_charts.WIDTHS`).

    Attributes:
        name: its id in the page.
        said: what assistive technology says of it; `table` has its numbers.
        legend: number of the colour and name of each series, the lowest first.
    """

    name: str
    caption: str
    said: str
    drawings: dict[str, str]
    table: Table
    legend: list[tuple[int, str]] = []


class Told(msgspec.Struct, frozen=True):
    """A story of the list; `link` is an http(s) address or empty."""

    title: str
    link: str
    about: str


class Section(msgspec.Struct, frozen=True):
    """One part of the page."""

    name: str
    title: str
    sentences: list[str] = []
    figures: list[Figure] = []
    stories: list[Told] = []
    tables: list[Table] = []


def colours(listed: int, with_others: bool) -> list[int]:
    """The number of a colour for each series; the last one is kept for what stands for all others."""
    return [*range(listed), *([COLOURS - 1] if with_others else [])]


def cut(shown: int, in_all: int, what: str) -> str:
    """What a list leaves out, as a sentence such as `The 10 topics of most articles, of 90.`; empty where nothing."""
    return f"The {shown:,} {what}, of {in_all:,}." if shown < in_all else ""
