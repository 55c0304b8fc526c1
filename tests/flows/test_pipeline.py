"""The pipeline from files to tables, one change at a time: what a run publishes, keeps and leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import GuardRailError, SourceError
from tasks.deduplicate import decisions, stage
from tasks.report.outcome import Outcome
from tasks.warehouse.journal import read_journal
from tests.builders import Desk, article, assert_equals_rebuild, page
from tests.newsroom import contract_with_mood, contract_with_short_titles

TABLES = ["articles", "duplicates", "quarantine", "related", "runs", "sources"]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def partitions(desk: Desk, table: str = "articles") -> list[str]:
    return [file.partition for file in desk.snapshot.files(table)]


def test_first_run_loads_articles_and_publishes_all_tables(desk: Desk) -> None:
    desk.write("a.md", article("Ferry", originalUrl=page(1)))
    desk.write("b.md", article("Tram", originalUrl=page(2)))
    outcome = desk.run()
    assert (outcome.status, outcome.snapshot, outcome.files.new, outcome.records.loaded) == ("completed", 1, 2, 2)
    assert desk.titles() == ["Ferry", "Tram"]
    assert desk.snapshot.tables() == TABLES
    assert list(desk.warehouse.staging_path.iterdir()) == []


def test_a_source_without_files_still_gives_a_readable_file_of_each_table(desk: Desk) -> None:
    (desk.root / "news").mkdir()
    assert desk.run().status == "completed"
    assert desk.snapshot.tables() == TABLES
    assert all(desk.snapshot.read(table).num_rows == 0 for table in TABLES if table != "runs")


def test_rows_have_the_lineage_of_the_run_that_read_them(desk: Desk) -> None:
    desk.write("a.md", article(originalUrl=page(1), quality=9))
    desk.write("b.md", article(originalUrl=page(1)))
    outcome = desk.run()
    for row in (desk.one("articles", "a.md"), desk.one("duplicates", "b.md")):
        assert row["run_id"] == outcome.run_id
        assert row["first_seen_at"] == row["loaded_at"]
        assert f"{row['loaded_at']:%Y-%m-%dT%H:%M:%S}" == outcome.started_at[:19]


def test_the_run_knows_the_snapshot_that_it_published(desk: Desk) -> None:
    for number in (1, 2):
        desk.write("a.md", article(f"Title {number}"))
        desk.run()
    assert [row["snapshot"] for row in desk.rows("runs")] == [1, 2]


def test_a_run_without_changes_publishes_nothing(desk: Desk) -> None:
    desk.write("a.md", article())
    desk.run()
    before = desk.files()
    outcome = desk.run()
    assert (outcome.status, outcome.snapshot, outcome.files.unchanged) == ("unchanged", 1, 1)
    assert desk.files() == before


def test_where_nothing_changed_the_short_way_decides_as_the_long_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, url in (("a.md", 1), ("b.md", 1), ("c.md", 2)):
        desk.write(name, article(originalUrl=page(url)))
    desk.write("broken.md", b"---\ntitle: Never closed\n")
    desk.write("gone.md", article(originalUrl=page(3)))
    desk.run()
    desk.delete("gone.md")
    desk.run()
    with monkeypatch.context() as short_way:
        short_way.setattr(decisions, "decide", None)  # It is not called.
        short = desk.run()
    monkeypatch.setattr(stage, "is_decided", lambda *_: False)
    long = desk.run()
    assert (short.status, short.files, short.records) == ("unchanged", long.files, long.records)
    assert (short.duplicates, short.violations) == (long.duplicates, long.violations)


def test_a_run_that_published_nothing_is_in_runs_after_the_next_that_does(desk: Desk) -> None:
    desk.write("a.md", article())
    desk.run()
    unchanged = desk.run()
    assert [entry["run_id"] for entry in read_journal(desk.warehouse.root)] == [unchanged.run_id]
    desk.write("b.md", article())
    desk.run()
    assert [row["status"] for row in desk.rows("runs")] == ["completed", "unchanged", "completed"]
    assert read_journal(desk.warehouse.root) == []


def test_a_touched_file_is_not_parsed_again(desk: Desk) -> None:
    desk.write("a.md", article())
    desk.run()
    before = desk.files()
    desk.touch("a.md")
    outcome = desk.run()
    assert (outcome.status, outcome.batches, outcome.files.changed, outcome.files.unchanged) == ("unchanged", 1, 0, 1)
    assert desk.files() == before


def test_a_changed_title_is_loaded_and_keeps_what_was_known(desk: Desk) -> None:
    desk.write("a.md", article("Old", originalUrl=page(1)))
    desk.run()
    before = desk.one("articles", "a.md")
    desk.write("a.md", article("New", originalUrl=page(1)))
    outcome = desk.run()
    after = desk.one("articles", "a.md")
    assert (outcome.files.changed, after["title"]) == (1, "New")
    assert [after[name] for name in ("article_id", "first_seen_at")] == [
        before[name] for name in ("article_id", "first_seen_at")
    ]
    assert after["loaded_at"] > before["loaded_at"]
    assert_equals_rebuild(desk)


def test_a_changed_url_is_another_article(desk: Desk) -> None:
    desk.write("a.md", article(originalUrl=page(1)))
    desk.run()
    before = desk.one("articles", "a.md")["article_id"]
    desk.write("a.md", article(originalUrl=page(2)))
    desk.run()
    assert desk.one("articles", "a.md")["article_id"] != before
    assert_equals_rebuild(desk)


def test_a_changed_date_moves_the_article_and_an_empty_partition_disappears(desk: Desk) -> None:
    desk.write("a.md", article("Ferry", publishedDateTime="2023-05-01T00:00:00Z"))
    desk.write("b.md", article("Tram", publishedDateTime="2025-05-01T00:00:00Z"))
    desk.run()
    assert partitions(desk) == ["published_year=2023", "published_year=2025"]
    desk.write("a.md", article("Ferry", publishedDateTime="2024-05-01T00:00:00Z"))
    desk.run()
    assert partitions(desk) == ["published_year=2024", "published_year=2025"]
    assert_equals_rebuild(desk)


def test_only_files_of_changed_partitions_are_written(desk: Desk) -> None:
    desk.write("a.md", article("Ferry", publishedDateTime="2023-05-01T00:00:00Z"))
    desk.write("b.md", article("Tram", publishedDateTime="2025-05-01T00:00:00Z"))
    desk.run()
    old = {file.partition: desk.snapshot.path / file.path for file in desk.snapshot.files("articles")}
    desk.write("b.md", article("Bus", publishedDateTime="2025-05-01T00:00:00Z"))
    desk.run()
    new = {file.partition: desk.snapshot.path / file.path for file in desk.snapshot.files("articles")}
    assert new["published_year=2023"].samefile(old["published_year=2023"])
    assert not new["published_year=2025"].samefile(old["published_year=2025"])


def test_a_renamed_file_keeps_its_article_and_when_it_was_first_seen(desk: Desk) -> None:
    desk.write("a.md", article(originalUrl=page(1)))
    desk.run()
    before = desk.one("articles", "a.md")
    desk.rename("a.md", "archive/b.md")
    outcome = desk.run()
    after = desk.one("articles", "archive/b.md")
    assert (outcome.files.renamed, outcome.files.removed, outcome.files.new) == (1, 1, 1)
    assert (after["article_id"], after["first_seen_at"]) == (before["article_id"], before["first_seen_at"])
    assert_equals_rebuild(desk)


def test_a_deleted_file_leaves_a_tombstone_and_the_next_of_its_cluster_is_promoted(desk: Desk) -> None:
    desk.write("a.md", article("Best", originalUrl=page(1), quality=90))
    desk.write("b.md", article("Second", originalUrl=page(1), quality=50))
    desk.run()
    assert desk.titles() == ["Best"]
    desk.delete("a.md")
    outcome = desk.run()
    assert desk.titles() == ["Second"]
    assert outcome.files.removed == 1
    assert (desk.one("sources", "a.md")["status"], desk.one("sources", "a.md")["deleted"]) == ("removed", True)
    assert_equals_rebuild(desk)


def test_a_file_that_comes_back_is_loaded_again(desk: Desk) -> None:
    content = article(originalUrl=page(1))
    desk.write("a.md", content)
    desk.run()
    first_seen_at = desk.one("articles", "a.md")["first_seen_at"]
    desk.delete("a.md")
    desk.run()
    assert desk.titles() == []
    desk.write("a.md", content)
    assert desk.run().files.new == 1
    assert desk.one("articles", "a.md")["first_seen_at"] == first_seen_at
    assert_equals_rebuild(desk)


def test_a_withdrawn_article_is_removed_and_a_deleted_one_stays_so(desk: Desk) -> None:
    desk.write("a.md", article("Best", originalUrl=page(1), quality=90))
    desk.write("b.md", article("Second", originalUrl=page(1), quality=50))
    desk.run()
    desk.write("a.md", article("Best", originalUrl=page(1), quality=90, removed=True))
    assert desk.run().records.removed == 1
    assert desk.titles() == ["Second"]
    assert not desk.one("sources", "a.md")["deleted"]
    desk.delete("a.md")
    assert desk.run().status == "completed"
    assert desk.one("sources", "a.md")["deleted"]
    assert desk.run().status == "unchanged"


def test_a_mended_file_leaves_quarantine(desk: Desk) -> None:
    desk.write("a.md", article(None))
    desk.write("b.md", article("Good"))
    assert desk.run().records.quarantined == 1
    assert list(desk.violations("a.md")) == ["field/missing"]
    desk.write("a.md", article("Mended"))
    assert desk.run().records.quarantined == 0
    assert desk.rows("quarantine") == []
    assert desk.titles() == ["Good", "Mended"]


def test_an_article_that_breaks_goes_to_quarantine_and_others_there_stay(desk: Desk) -> None:
    for name in ("a.md", "b.md"):
        desk.write(name, article(title=None))
        desk.run()
    assert [row["source_path"] for row in desk.rows("quarantine")] == ["a.md", "b.md"]
    assert desk.one("quarantine", "a.md")["run_id"] != desk.one("quarantine", "b.md")["run_id"]
    assert_equals_rebuild(desk)


def test_metadata_without_fences_are_named_and_trip_no_guard(desk: Desk) -> None:
    for number in range(9):
        desk.write(f"{number}.txt", b"Title: Ferry %d\nDate: 2026-03-02\n\nText.\n" % number)
    desk.write("a.md", article())
    outcome = desk.run()
    assert (outcome.files.ignored, outcome.records.quarantined) == (9, 0)
    assert outcome.found["front-matter/no-fence"].count == 9
    assert desk.one("sources", "3.txt")["violations"] == ["front-matter/no-fence"]


def test_what_other_suffixes_leave_out_is_said_only_where_files_are_new(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.write("a.md", article(originalUrl="https://paper.example/1"))
    desk.write("b.rst", article(originalUrl="https://paper.example/2"))
    desk.run()
    assert "1 `.rst` file has front matter and is left out" in caplog.text
    caplog.clear()
    desk.run()
    assert ".rst" not in caplog.text


def test_an_ignored_file_becomes_an_article_and_back(desk: Desk) -> None:
    desk.write("a.md", b"# Notes\n")
    desk.write("b.md", article("The other"))
    assert desk.run().files.ignored == 1
    assert desk.statuses() == {"a.md": "ignored", "b.md": "loaded"}
    desk.write("a.md", article("Now an article"))
    desk.run()
    assert sorted(desk.titles()) == ["Now an article", "The other"]
    for path in ("a.md", "b.md"):
        desk.write(path, b"# Notes\n")
    desk.run()
    assert (desk.titles(), desk.statuses()) == ([], {"a.md": "ignored", "b.md": "ignored"})


def test_a_source_that_is_not_part_of_the_run_is_left_alone(desk: Desk) -> None:
    desk.write("a.md", article("Ferry"))
    desk.write("b.md", article("Tram"), source="blog")
    desk.run("news", "blog")
    desk.delete("a.md")
    desk.write("c.md", article("Bus"), source="blog")
    assert desk.run("blog").files.removed == 0
    assert desk.titles() == ["Bus", "Ferry", "Tram"]


def test_the_same_path_in_two_sources_is_two_files(desk: Desk) -> None:
    desk.write("a.md", article("Ferry"))
    desk.write("a.md", article("Tram"), source="blog")
    desk.run("news", "blog")
    assert desk.titles() == ["Ferry", "Tram"]
    desk.delete("a.md", source="blog")
    desk.run("news", "blog", guards={"accept_removals": True})
    assert desk.titles() == ["Ferry"]


def test_a_new_column_of_the_contract_is_filled_from_files_that_did_not_change(desk: Desk) -> None:
    desk.write("a.md", article(mood="calm"))
    desk.run()
    assert "calm" in desk.one("articles", "a.md")["extra"]
    desk.run(contract={"path": str(contract_with_mood(desk.root))})
    assert desk.one("articles", "a.md")["mood"] == "calm"


def test_a_stricter_contract_sends_known_files_to_quarantine_and_back(desk: Desk) -> None:
    desk.write("a.md", article("A very long title"))
    desk.run()
    desk.run(contract={"path": str(contract_with_short_titles(desk.root))})
    assert desk.violations("a.md") == {"field/length": 2}
    desk.run()
    assert desk.titles() == ["A very long title"]


def test_another_way_to_read_reads_every_file_again(desk: Desk) -> None:
    desk.write("a.md", article("Fähre").replace("ä".encode(), b"\xe4"))
    assert desk.run().records.quarantined == 1
    outcome = desk.run(read={"fallback_encoding": "windows-1252"})
    assert (outcome.files.changed, desk.titles()) == (1, ["Fähre"])


def test_other_partitions_write_everything_anew_without_reading(desk: Desk) -> None:
    desk.write("a.md", article("Ferry", publishedDateTime="2023-05-01T00:00:00Z"))
    desk.write("b.md", article("Tram", originalUrl=page(1), related=[{"title": "Ferry", "webUrl": page(2)}]))
    desk.write("c.md", article("Tram", originalUrl=page(1)))
    desk.run()
    before = {table: desk.snapshot.read(table).to_pylist() for table in ("articles", "duplicates", "related")}
    outcome = desk.run(warehouse={"partition_by": "month"})
    assert (outcome.status, outcome.batches) == ("completed", 0)
    assert partitions(desk) == ["published_month=2023-05", "published_month=2025-03"]
    assert {table: desk.snapshot.read(table).to_pylist() for table in before} == before
    desk.run(warehouse={"partition_by": "none"})
    assert partitions(desk) == [""]
    assert desk.run(warehouse={"partition_by": "none"}).status == "unchanged"


def test_a_full_partition_is_split_and_says_the_same(desk: Desk) -> None:
    for number in range(12):
        desk.write(f"{number}.md", article(f"Story {number}", originalUrl=page(number)))
    desk.run()
    desk.write("12.md", article("Story 12", originalUrl=page(12)))
    desk.run(warehouse={"rows_per_file": 3})
    assert len(desk.snapshot.files("articles")) > 3
    assert max(file.rows for file in desk.snapshot.files("articles")) < 12
    assert_equals_rebuild(desk)
    desk.write("13.md", article("Story 13", originalUrl=page(13)))
    desk.run(warehouse={"rows_per_file": 3})
    assert_equals_rebuild(desk)


def test_what_is_published_next_touches_the_last_file_of_its_year_alone(desk: Desk) -> None:
    def publish(*days: int) -> None:
        for day in days:
            time = f"2025-03-{day:02d}T08:00:00Z"
            desk.write(f"{day}.md", article(f"Story {day}", originalUrl=page(day), publishedDateTime=time))
        desk.run(warehouse={"rows_per_file": 4})

    publish(*range(1, 11))
    before = desk.snapshot.files("articles")
    publish(11)
    after = desk.snapshot.files("articles")
    assert [file.path for file in after] == [file.path for file in before]
    assert before[:-1] == after[:-1]
    assert after[-1].rows == before[-1].rows + 1
    # More than the last file can hold: it is split, the others stay.
    publish(*range(12, 18))
    assert before[:-1] == desk.snapshot.files("articles")[: len(before) - 1]
    assert len(desk.snapshot.files("articles")) > len(before)
    assert_equals_rebuild(desk)


def test_a_full_refresh_reads_every_file(desk: Desk) -> None:
    desk.write("a.md", article())
    desk.run()
    outcome = desk.run(full_refresh=True)
    assert (outcome.status, outcome.files.changed) == ("completed", 1)
    assert_equals_rebuild(desk)


def test_worker_processes_give_the_same_tables_as_one(desk: Desk) -> None:
    for number in range(24):
        content = article(f"Story {number}", "x" * 200_000, originalUrl=page(number // 2), excerpt=f"Text {number}")
        desk.write(f"{number:02d}.md", content)
    outcome = desk.run(run={"workers": 2, "batch_bytes": 1_000_000})
    assert outcome.batches > 3
    assert outcome.records.duplicate == 12
    assert_equals_rebuild(desk)


def test_an_emptied_source_publishes_nothing_and_says_how_to_go_on(desk: Desk) -> None:
    desk.write("a.md", article())
    desk.run()
    desk.delete("a.md")
    with pytest.raises(GuardRailError, match=r"'news' has no file any more.*--accept-removals"):
        desk.run(guards={})
    assert desk.titles() == ["The ferry"]
    assert [entry["status"] for entry in read_journal(desk.warehouse.root)] == ["failed"]
    assert desk.run(guards={"accept_removals": True}).files.removed == 1


def test_too_many_bad_files_publish_nothing(desk: Desk) -> None:
    desk.write("good.md", article())
    for number in range(5):
        desk.write(f"{number}.md", article(title=None))
    with pytest.raises(
        GuardRailError, match=r"5 of 6 files \(83%\) would be quarantined.*--accept-quarantine"
    ) as caught:
        desk.run(guards={})
    assert desk.warehouse.current() is None
    seen = caught.value.outcome
    assert isinstance(seen, Outcome)
    assert (seen.files.discovered, seen.records.quarantined, seen.found["field/missing"].count) == (6, 5, 5)
    assert desk.run(guards={"accept_quarantine": True}).records.quarantined == 5


def test_a_source_that_is_not_mounted_is_told_by_the_journal_and_by_the_next_run(desk: Desk) -> None:
    desk.write("a.md", article(originalUrl=page(1)))
    desk.run()
    (desk.root / "news").rename(desk.root / "elsewhere")
    with pytest.raises(SourceError) as caught:
        desk.run()
    (desk.root / "elsewhere").rename(desk.root / "news")
    desk.write("b.md", article(originalUrl=page(2)))
    desk.run()

    assert isinstance(caught.value.outcome, Outcome)
    assert caught.value.outcome.status == "failed"
    assert [run["status"] for run in desk.rows("runs")] == ["completed", "failed", "completed"]
    assert "does not exist" in desk.rows("runs")[1]["message"]
