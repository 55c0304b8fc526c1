"""The page and the plot of the comparison, from results written by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.environment import REPOSITORY
from benchmarks.goals import row_of, verdicts
from benchmarks.parts import HELP, Row
from benchmarks.plot import draw
from benchmarks.report import render
from benchmarks.results import Part, Results, load_results
from benchmarks.subjects import PANDAS, PRESSLAKE


def row(subject: str, wall: float, cpu: float, files: int = 1000) -> Row:
    return Row(subject, files, files * 4000, wall, cpu, 100 * 2**20, {"rows": files}, 5)


@pytest.fixture
def results() -> Results:
    full = [row(PRESSLAKE.name, 2.0, 4.0), row(PANDAS.name, 18.0, 20.0)]
    start = [row(HELP, 0.2, 0.2, files=10), row(PRESSLAKE.name, 2.5, 0.8, files=10)]
    return {
        name: Part("2026-01-02", "a machine", "Python 3.11", rows) for name, rows in (("full", full), ("start", start))
    }


def test_goals_say_what_was_reached_and_what_was_not(results: Results) -> None:
    judged = {verdict.goal: (verdict.measured, verdict.holds) for verdict in verdicts(results)}

    assert judged == {
        "Full load: time against python-frontmatter + pandas": ("9.0× less", True),
        "Full load: CPU seconds against python-frontmatter + pandas": ("5.0× less", False),
        "Start-up: ten files by hand: time of `presslake --help`": ("0.20 s", True),
        "Start-up: ten files by hand: time of `presslake run`": ("2.50 s", False),
    }


def test_page_shows_every_program_with_its_ratio(results: Results) -> None:
    page = render(results)

    assert "| **presslake** | 2.00 | 4.00 | 100 | 500 | 1.00× | rows 1,000 |" in page
    assert "| python-frontmatter + pandas | 18.00 | 20.00 | 100 | 56 | 9.00× | rows 1,000 |" in page


def test_plot_has_a_panel_for_parts_that_compare_programs(results: Results, tmp_path: Path) -> None:
    draw(results, tmp_path / "plot.svg")

    drawn = (tmp_path / "plot.svg").read_text()
    assert "Full load (1,000 files)" in drawn
    assert "18.00 s" in drawn
    assert "Start-up" not in drawn


def test_published_page_and_the_figures_in_the_readme_are_those_of_the_results() -> None:
    stored = load_results(REPOSITORY / "benchmarks" / "results.json")
    assert (REPOSITORY / "docs" / "benchmarks.md").read_text() == render(stored)
    ours = row_of(stored["full"], PRESSLAKE)
    assert ours is not None
    readme = (REPOSITORY / "README.md").read_text()
    assert f"{ours.files:,} files ({ours.bytes / 1e6:,.0f} MB) in {ours.wall:.0f} s on two cores" in readme
