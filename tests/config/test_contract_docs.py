"""docs/tables.md: current, complete, and in words that say what the contract says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from config.contract import TABLES, VERSIONS, Contract, Table, load_contract
from config.contract_docs import tables_page
from config.contract_types import Column, Rules

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"


def text(name: str = "title", **properties: object) -> Column:
    """A column of texts."""
    return Column(**{"name": name, "description": "Headline.", "logical": "string", "type": pa.string(), **properties})


def row_of(column: Column) -> str:
    """What the page says of a column of `articles`."""
    tables = {name: Table(name, "", (text("other"),)) for name in TABLES} | {
        "articles": Table("articles", "", (column,))
    }
    page = tables_page(Contract("1", tables, "removed"))
    return next(line for line in page.splitlines() if line.startswith(f"| `{column.name}`"))


def test_the_page_in_the_repository_is_the_one_that_the_contract_gives() -> None:
    assert PAGE.read_text(encoding="utf-8") == tables_page(load_contract()), "run `make docs`"


def test_every_column_of_every_table_is_on_the_page() -> None:
    contract = load_contract()
    page = tables_page(contract)
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == [*TABLES, VERSIONS]
    for table in contract.tables.values():
        for column in table.columns:
            assert f"| `{column.name}` | " in page


def test_fields_of_list_items_follow_their_list_with_the_whole_path() -> None:
    page = tables_page(load_contract())
    assert "| `related[].images[].is_cached` | boolean? | `related[].images[].isCached` |" in page


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        (text(), "| `title` | string? | Headline. |"),
        (text(required=True), "| `title` | string | Headline. |"),
        (text(sources=(("provider", "images", 0, "url"), ("logo",))), "`provider.images[0].url`, `logo`"),
        (text(rules=Rules(min_length=1, max_length=2000)), "| 1 to 2,000 characters |"),
        (text(rules=Rules(max_items=3)), "| at most 3 items |"),
        (text(rules=Rules(minimum=0)), "| at least 0 |"),
        (text(rules=Rules(maximum=datetime(2199, 12, 31, tzinfo=UTC))), "| at most 2199-12-31 |"),
        (text(rules=Rules(pattern="a|b")), r"| matches `a\|b` |"),
        (text(rules=Rules(enum=("on", "off")), severity="warning"), "| one of `on`, `off`; *warning* |"),
        (text(rules=Rules(is_url=True), type_severity="warning"), "http(s) address; *warning* for another type |"),
        (text(sentinels=frozenset({"-1", ""})), '| null where it is `""`, `"-1"` |'),
        (text(type=pa.list_(pa.float64())), "| list of float64 |"),
        (text(type=pa.timestamp("us", "UTC")), "| timestamp? |"),
        (text(partitioned=True), "| *partition* |"),
    ],
)
def test_a_row_says_type_source_and_rules(column: Column, cells: str) -> None:
    assert cells in row_of(column)
