"""docs/tables.md and the published contract: current, complete, and without rules that only warn."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from config.contract import TABLES, VERSIONS, Contract, Table, load_contract
from config.contract_docs import published_contract, published_page, tables_page
from config.contract_types import Column, Rules

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "tables.md"
PUBLISHED = DOCS / "contract" / "articles.odcs.yaml"


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
        (
            text(rules=Rules(enum=("on", "off")), severity="warning", sources=(("title",),)),
            "| one of `on`, `off`; *warning* |",
        ),
        (
            text(rules=Rules(is_url=True), type_severity="warning", sources=(("title",),)),
            "http(s) address; *warning* for another type |",
        ),
        (text(sentinels=frozenset({"-1", ""})), '| null where it is `""`, `"-1"` |'),
        (text(type=pa.list_(pa.float64())), "| list of float64 |"),
        (text(type=pa.timestamp("us", "UTC")), "| timestamp? |"),
        (text(partitioned=True), "| *partition* |"),
    ],
)
def test_a_row_says_type_source_and_rules(column: Column, cells: str) -> None:
    assert cells in row_of(column)


def published_columns(table: str) -> dict[str, dict[str, Any]]:
    """The published properties of a table, by name."""
    found = next(schema for schema in published_contract()["schema"] if schema["name"] == table)
    return {column["name"]: column for column in found["properties"]}


def test_the_published_contract_is_current() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == published_page(), "run `make docs`"


def test_the_published_contract_has_every_table_and_column_of_the_contract() -> None:
    for name, table in load_contract().tables.items():
        assert list(published_columns(name)) == [column.name for column in table.columns]


def test_rules_that_quarantine_a_file_are_promises_and_those_that_warn_are_not() -> None:
    articles = published_columns("articles")
    assert articles["title"]["logicalTypeOptions"] == {"minLength": 1, "maxLength": 2000}
    assert "logicalTypeOptions" not in articles["heat"]
    assert "logicalTypeOptions" not in articles["excerpt"]


def test_nothing_in_the_published_contract_is_for_presslake_alone() -> None:
    assert "customProperties" not in yaml.safe_dump(published_contract()["schema"])
    assert "&id" not in published_page()
