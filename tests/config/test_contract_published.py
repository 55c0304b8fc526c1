"""docs/contract/articles.odcs.yaml: current, and without what is no promise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from config.contract import load_contract
from config.contract_published import published_contract, published_page

PAGE = Path(__file__).parents[2] / "docs" / "contract" / "articles.odcs.yaml"


def columns(table: str) -> dict[str, dict[str, Any]]:
    """The published properties of a table, by name."""
    found = next(schema for schema in published_contract()["schema"] if schema["name"] == table)
    return {column["name"]: column for column in found["properties"]}


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == published_page(), "run `make docs`"


def test_it_has_every_table_and_column_of_the_contract() -> None:
    for name, table in load_contract().tables.items():
        assert list(columns(name)) == [column.name for column in table.columns]


def test_rules_that_quarantine_a_file_are_promises_and_those_that_warn_are_not() -> None:
    articles = columns("articles")
    assert articles["title"]["logicalTypeOptions"] == {"minLength": 1, "maxLength": 2000}
    assert "enum" not in articles["type"]
    assert "logicalTypeOptions" not in articles["excerpt"]


def test_hashes_of_64_bits_say_so() -> None:
    assert columns("sources")["shingles"]["items"]["physicalType"] == "BIGINT"


def test_nothing_in_it_is_for_presslake_alone() -> None:
    assert "customProperties" not in yaml.safe_dump(published_contract()["schema"])
    assert "&id" not in published_page()
