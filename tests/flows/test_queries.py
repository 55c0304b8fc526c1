"""The example queries: how they are read, answered and shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from config.errors import UsageError, WarehouseError
from flows.queries import WIDTH, Answer, Query, answer, main, parse_query, read_queries, show
from tasks.report.status import views_sql
from tests.builders import Desk, article, page

COUNT = "SELECT count(*) AS articles, min(title) AS first FROM articles"
FILE = f"-- How many articles\n-- why a warehouse user asks this: to see that it works\n{COUNT};\n"


def warehouse_of(root: Path, *titles: str) -> Path:
    """The warehouse of a desk with an article of each title."""
    desk = Desk(root)
    for number, title in enumerate(titles):
        desk.write(f"{number}.md", article(title, f"Text {title}.", originalUrl=page(number)))
    desk.run()
    return desk.warehouse.root


def queries_of(root: Path, **texts: str) -> Path:
    """A folder of queries."""
    root.mkdir()
    for name, text in texts.items():
        (root / f"{name}.sql").write_text(text, encoding="utf-8")
    return root


def test_the_two_leading_comments_are_title_and_reason() -> None:
    assert parse_query(FILE) == Query("How many articles", "to see that it works", f"{COUNT};")


def test_comments_inside_the_query_stay_in_it() -> None:
    assert parse_query("-- Title\nSELECT 1 -- one").sql == "SELECT 1 -- one"
    assert parse_query("SELECT 1") == Query("", "", "SELECT 1")


def test_queries_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    folder = queries_of(tmp_path / "queries", b="-- Second\nSELECT 2", a="-- First\nSELECT 1")
    assert [query.title for query in read_queries(folder)] == ["First", "Second"]


@pytest.mark.parametrize("name", ["warehouse", "editor's choice"])
def test_the_warehouse_is_put_in_and_answers(tmp_path: Path, name: str) -> None:
    warehouse = warehouse_of(tmp_path / name, "Otters", "Eels")
    assert answer(parse_query(FILE), views_sql(warehouse)) == Answer(["articles", "first"], [(2, "Eels")])


def test_main_shows_question_and_answer_within_the_width(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    warehouse = warehouse_of(tmp_path / "warehouse", "Eels [and] otters " * 12)
    folder = queries_of(tmp_path / "queries", count=FILE)
    assert main([str(folder), str(warehouse)]) == 0
    shown = capsys.readouterr().out
    assert "How many articles" in shown
    assert "To see that it works." in shown
    assert "FROM articles" in shown
    assert "Eels [and] otters" in shown
    assert max(map(len, shown.splitlines())) <= WIDTH


def test_no_value_is_shown_as_nothing() -> None:
    console = Console(width=WIDTH)
    with console.capture() as captured:
        show(Query("Drafts", "", "SELECT 1"), Answer(["editor"], [(None,), ("Ada",)]), console)
    assert "None" not in captured.get()
    assert "Ada" in captured.get()


def test_a_warehouse_without_tables_is_an_error_that_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(queries_of(tmp_path / "queries", count=FILE)), str(tmp_path)]) == 1
    assert "There is no warehouse" in capsys.readouterr().err
    gone = f"CREATE VIEW articles AS FROM read_parquet('{tmp_path}/*.parquet')"
    with pytest.raises(WarehouseError, match=r"How many articles: .*No files found"):
        answer(parse_query(FILE), gone)


def test_a_wrong_query_is_named() -> None:
    with pytest.raises(UsageError, match=r"Typo: Parser Error"):
        answer(parse_query("-- Typo\nSELEKT 1"), "")


def test_a_folder_without_queries_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), str(tmp_path)]) == 2
    assert "no queries here" in capsys.readouterr().err
