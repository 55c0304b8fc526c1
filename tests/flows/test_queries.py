"""The example queries: how they are read, answered and shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.errors import UsageError, WarehouseError
from flows.queries import WIDTH, answer, main, parse_query
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
    assert parse_query(FILE) == ("How many articles", "to see that it works", f"{COUNT};")
    assert parse_query("-- Title\nSELECT 1 -- one") == ("Title", "", "SELECT 1 -- one")
    assert parse_query("SELECT 1") == ("", "", "SELECT 1")


@pytest.mark.parametrize("name", ["warehouse", "editor's choice"])
def test_main_answers_queries_in_the_order_of_their_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    warehouse = warehouse_of(tmp_path / name, "Eels [and] otters " * 12, "Zander")
    folder = queries_of(tmp_path / "queries", b="-- Second\nSELECT NULL AS editor", a=FILE)
    assert main([str(folder), str(warehouse)]) == 0
    shown = capsys.readouterr().out
    assert shown.index("How many articles") < shown.index("To see that it works.") < shown.index("FROM articles")
    assert "2 │ Eels [and] otters" in shown
    assert shown.index("FROM articles") < shown.index("Second")
    assert "NULL │" not in shown
    assert max(map(len, shown.splitlines())) <= WIDTH


def test_every_row_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    answer("-- Numbers\nSELECT range AS number FROM range(300)", "")
    assert len(re.findall(r"│ +\d+ │", capsys.readouterr().out)) == 300


def test_a_warehouse_without_tables_is_an_error_that_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(queries_of(tmp_path / "queries", count=FILE)), str(tmp_path)]) == 1
    assert "There is no warehouse" in capsys.readouterr().err
    gone = f"CREATE VIEW articles AS FROM read_parquet('{tmp_path}/*.parquet')"
    with pytest.raises(WarehouseError, match=r"How many articles: .*No files found"):
        answer(FILE, gone)


def test_a_wrong_query_is_named() -> None:
    with pytest.raises(UsageError, match=r"Typo: Parser Error"):
        answer("-- Typo\nSELEKT 1", "")


def test_a_folder_without_queries_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), str(tmp_path)]) == 2
    assert "no queries here" in capsys.readouterr().err
