"""The difference of two snapshots is what was done to the files between them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.maintain.differences import Difference, diff_snapshots
from tasks.write.upkeep import move_pointer
from tests.builders import Desk, article, page
from tests.newsroom import contract_with_mood


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write("ferry.md", article("Ferry", originalUrl=page(1), topics=["sea"]))
    desk.write("tram.md", article("Tram", originalUrl=page(2), publishedDateTime="2024-05-01T08:00:00Z"))
    desk.run()
    return desk


def diff(desk: Desk, old: int = 1, new: int = 2, limit: int | None = None) -> Difference:
    return diff_snapshots(desk.warehouse.snapshot(old), desk.warehouse.snapshot(new), limit)


def test_added_removed_and_changed_articles_with_old_and_new_values(desk: Desk) -> None:
    desk.write("bus.md", article("Bus", originalUrl=page(3)))
    desk.write("ferry.md", article("Ferries", originalUrl=page(1), topics=["sea", "port"]))
    desk.delete("tram.md")
    desk.run()
    found = diff(desk)
    assert found.articles == {"added": 1, "removed": 1, "changed": 1}
    assert [article.title for article in found.added] == ["Bus"]
    assert [(article.title, article.source_path) for article in found.removed] == [("Tram", "tram.md")]
    (changed,) = found.changed
    assert changed.title == "Ferries"
    assert (changed.columns["title"].old, changed.columns["title"].new) == ("Ferry", "Ferries")
    assert (changed.columns["topics"].old, changed.columns["topics"].new) == (["sea"], ["sea", "port"])
    assert set(changed.columns) == set(found.columns) == {"title", "topics", "source_hash"}
    assert (found.tables["articles"].old, found.tables["articles"].new) == (2, 2)


def test_lineage_is_no_difference(desk: Desk) -> None:
    desk.run(full_refresh=True)
    desk.write("ferry.md", article("Ferry", originalUrl=page(1), topics=["sea"]))
    desk.write("bus.md", article("Bus", originalUrl=page(3)))
    desk.run(full_refresh=True)
    found = diff(desk, 1, desk.snapshot.number)
    assert found.articles == {"added": 1, "removed": 0, "changed": 0}
    assert found.columns == {}


def test_files_that_both_have_are_not_read(desk: Desk) -> None:
    desk.write("bus.md", article("Bus", originalUrl=page(3)))
    desk.run()
    for number in (1, 2):
        (desk.warehouse.snapshot(number).path / "articles/published_year=2024/part-0.parquet").unlink()
    found = diff(desk)
    assert found.articles["added"] == 1
    assert (found.files_read, found.files_shared) == (2, 1)
    same = diff(desk, 1, 1)
    assert (same.articles, same.files_read) == ({"added": 0, "removed": 0, "changed": 0}, 0)


def test_an_article_that_moves_to_another_year_has_changed_and_nothing_more(desk: Desk) -> None:
    desk.write("tram.md", article("Tram", originalUrl=page(2)))
    desk.run()
    found = diff(desk)
    assert found.articles == {"added": 0, "removed": 0, "changed": 1}
    assert "published_at" in found.changed[0].columns


def test_backwards_it_is_the_other_way_round(desk: Desk) -> None:
    desk.write("bus.md", article("Bus", originalUrl=page(3)))
    desk.run()
    assert [article.title for article in diff(desk, 2, 1).removed] == ["Bus"]


def test_quarantine_that_came_and_went(desk: Desk) -> None:
    desk.write("early.md", article(None))
    desk.run()
    desk.write("early.md", article("Early", originalUrl=page(4)))
    desk.write("late.md", article(None, originalUrl=page(5)))
    desk.run()
    found = diff(desk, 2, 3)
    assert found.quarantine == {"added": 1, "removed": 1}
    assert [(file.source_path, file.codes) for file in found.came] == [("late.md", ["field/missing"])]
    assert [(file.source_path, file.codes) for file in found.went] == [("early.md", ["field/missing"])]


def test_the_limit_cuts_lists_and_not_counts(desk: Desk) -> None:
    for number in range(10, 15):
        desk.write(f"{number}.md", article(f"Story {number}", originalUrl=page(number)))
    desk.run()
    found = diff(desk, limit=2)
    assert (found.articles["added"], len(found.added)) == (5, 2)
    assert sorted(article.article_id for article in diff(desk).added)[:2] == [a.article_id for a in found.added]


def test_branches_after_a_rollback_are_compared_like_any_others(desk: Desk) -> None:
    desk.write("bus.md", article("Bus", originalUrl=page(3)))
    desk.run()
    move_pointer(desk.warehouse, 1)
    desk.delete("bus.md")
    desk.write("boat.md", article("Boat", originalUrl=page(4)))
    desk.run()
    found = diff(desk, 2, 3)
    assert ([a.title for a in found.added], [a.title for a in found.removed]) == (["Boat"], ["Bus"])


def test_a_column_that_only_one_contract_has_was_null_before(desk: Desk, tmp_path: Path) -> None:
    desk.write("ferry.md", article("Ferry", originalUrl=page(1), topics=["sea"], mood="calm"))
    desk.run(contract={"path": str(contract_with_mood(tmp_path))})
    found = diff(desk)
    changed = next(article for article in found.changed if article.source_path == "ferry.md")
    assert (changed.columns["mood"].old, changed.columns["mood"].new) == (None, "calm")
