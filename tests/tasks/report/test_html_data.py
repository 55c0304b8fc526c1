"""The numbers of the HTML report are those of the tables."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from config.errors import GuardRailError, WarehouseError
from tasks.report import html_articles
from tasks.report.html_articles import NO_PROVIDER, ArticleNumbers
from tasks.report.html_data import Report, read_report
from tasks.warehouse.journal import add_to_journal
from tests.builders import Desk, article, page
from tests.tasks.report.outcomes import outcome

NOW = datetime(2026, 3, 10, tzinfo=UTC)
#: Titles and texts of many words, so that none of them is a copy of another.
WORDS = ("lantern", "harbour", "turnip", "signal", "orchard", "compass", "velvet")


def story(number: int, date: str, outlet: str | None, *topics: str, url: int | None = None) -> bytes:
    fields: dict[str, Any] = {"provider": {"name": outlet, "domain": "x.example"}} if outlet else {}
    title = " ".join(f"{word}{number}" for word in WORDS)
    fields |= {"publishedDateTime": f"{date}T09:00:00Z", "topics": list(topics)}
    return article(title, originalUrl=page(number if url is None else url), **fields)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Two runs: the second mends one of the files in quarantine."""
    desk = Desk(tmp_path_factory.mktemp("report"))
    desk.write("old.md", story(1, "2019-01-05", "The Kettle", "soup"))
    desk.write("a.md", story(2, "2026-01-05", "The Kettle", "soup", "soup", "bread"))
    desk.write("b.md", story(3, "2026-03-01", "Fen & Field", "eels"))
    desk.write("c.md", story(4, "2026-03-09", None))
    desk.write("copy.md", story(5, "2026-02-27", "The Harbour Post", url=3))
    desk.write("future.md", story(6, "2027-01-01", "The Kettle", "soup"))
    desk.write("bad.md", article(None))
    desk.write("worse.md", article(["The ferry"]))
    desk.run()
    desk.write("bad.md", story(7, "2026-02-01", "Fen & Field", "eels"))
    desk.run()
    yield desk


@pytest.fixture(scope="module")
def report(desk: Desk) -> Report:
    return read_report(desk.warehouse.root, NOW)


@pytest.fixture(scope="module")
def numbers(report: Report) -> ArticleNumbers:
    assert report.articles is not None
    return report.articles


def provider(row: dict[str, Any]) -> str:
    return row["provider_name"] or row["provider_domain"] or NO_PROVIDER


def test_articles_by_month_and_provider_add_up_to_the_table(desk: Desk, numbers: ArticleNumbers) -> None:
    rows = desk.rows("articles")
    months = numbers.months
    assert (months.months[0], months.months[-1], len(months.months)) == ("2021-04", "2026-03", 60)
    counted = {
        (name, month): number
        for name, counts in zip(months.providers, months.counts, strict=True)
        for month, number in zip(months.months, counts, strict=True)
        if number
    }
    inside = [row for row in rows if row["published_at"].year in range(2021, 2027)]
    assert counted == Counter((provider(row), f"{row['published_at']:%Y-%m}") for row in inside)
    assert (months.earlier, months.later) == (1, 1)
    assert sum(counted.values()) + 2 == numbers.articles == len(rows)


def test_providers_beyond_the_first_are_one_row(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_articles, "PROVIDERS", 1)
    months = html_articles.article_numbers(desk.snapshot, NOW).months
    assert (months.providers, months.others, len(months.counts)) == (["The Kettle"], 2, 2)
    assert [sum(row) for row in months.counts] == [1, 3]


def test_freshness_is_of_the_newest_article_that_is_not_in_the_future(numbers: ArticleNumbers) -> None:
    newest = {one.provider: one.newest.date().isoformat() for one in numbers.freshness if one.newest}
    assert newest == {"The Kettle": "2026-01-05", "Fen & Field": "2026-03-01", NO_PROVIDER: "2026-03-09"}
    assert numbers.freshness[0].provider == "The Kettle"
    assert (numbers.newest, numbers.in_future) == (datetime(2026, 3, 9, 9, tzinfo=UTC), 1)


def test_an_article_counts_once_for_a_topic(desk: Desk, numbers: ArticleNumbers) -> None:
    expected = Counter(topic for row in desk.rows("articles") for topic in set(row["topics"]))
    assert numbers.topics == expected == {"soup": 3, "eels": 2, "bread": 1}
    assert (numbers.topics_in_all, numbers.without_topic) == (3, 1)


def test_most_copied_stories_name_who_tells_them(desk: Desk, numbers: ArticleNumbers) -> None:
    assert numbers.duplicates == Counter(row["match"] for row in desk.rows("duplicates")) == {"same_url": 1}
    (copied,) = numbers.stories
    assert (copied.copies, numbers.stories_in_all) == (2, 1)
    assert sorted(copied.providers) == ["Fen & Field", "The Harbour Post"]
    assert copied.url == "https://paper.example/story/3"


def test_quarantine_is_known_after_each_run(desk: Desk, report: Report) -> None:
    assert [(version.snapshot, version.files) for version in report.quarantine] == [(1, 2), (2, 1)]
    assert report.quarantine[0].reasons == {"field/missing": 1, "field/type": 1}
    codes = {finding["code"] for row in desk.rows("quarantine") for finding in row["violations"]}
    assert set(report.quarantine[1].reasons) == codes


def test_runs_are_those_of_the_table(desk: Desk, report: Report) -> None:
    rows = {row["run_id"]: row for row in desk.rows("runs")}
    assert [run.run_id for run in report.runs] == list(rows)
    for run in report.runs:
        row = rows[run.run_id]
        assert run.seconds == {stage["stage"]: stage["seconds"] for stage in row["stages"]}
        said = [row[name] for name in ("files_new", "files_changed", "records_quarantined")]
        assert [run.files.new, run.files.changed, run.records.quarantined] == said


def test_what_needs_attention_is_told_with_the_first_place(desk: Desk, report: Report) -> None:
    quarantine, future = report.attention
    assert quarantine.what == "1 file is in quarantine."
    assert quarantine.where == f"{desk.root}/news/worse.md:2:1"
    assert future.what == "1 article is dated in the future."


def test_failed_runs_come_first_and_say_what_readers_see(desk: Desk, tmp_path: Path) -> None:
    root = tmp_path / "warehouse"
    shutil.copytree(desk.warehouse.root, root, symlinks=True)
    for number in (1, 2):
        times = {"started_at": f"2030-01-01T0{number}:00:00Z", "ended_at": f"2030-01-01T0{number}:00:02Z"}
        told = {"message": "The disk is full.", "hint": "Free some space."}
        failed = outcome(status="failed", run_id=f"late-{number}", **times, **told)
        add_to_journal(root, msgspec.to_builtins(failed))
    found = read_report(root, NOW)
    first = found.attention[0]
    assert (first.severity, first.what) == ("error", "The last 2 runs failed.")
    assert first.more.startswith("The disk is full. Free some space. Readers still see snapshot 2")
    assert (found.runs[-1].took, found.runs_in_all) == (2.0, 4)


def test_a_damaged_snapshot_of_the_past_is_left_out(desk: Desk, tmp_path: Path) -> None:
    root = tmp_path / "warehouse"
    shutil.copytree(desk.warehouse.root, root, symlinks=True)
    for file in (root / "snapshots" / "000001" / "quarantine").iterdir():
        file.chmod(0o644)
        file.write_bytes(b"")
    assert [version.snapshot for version in read_report(root, NOW).quarantine] == [2]


def test_a_warehouse_in_which_nothing_worked_yet_has_a_report(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"guards": {}})
    desk.write("bad.md", article(None))
    for number in range(9):
        desk.write(f"bad{number}.md", article(None))
    with pytest.raises(GuardRailError):
        desk.run()
    found = read_report(desk.warehouse.root, NOW)
    assert (found.articles, found.quarantine, [run.status for run in found.runs]) == (None, [], ["failed"])
    assert found.attention[0].more.endswith("Nothing is published yet.")


def test_no_warehouse_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="no warehouse"):
        read_report(tmp_path / "nowhere")
