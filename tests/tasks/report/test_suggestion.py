"""Suggested properties: a type that takes every value seen, a name that is free, and nothing that does harm."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from config.contract import load_contract
from config.contract_types import parse_column
from tasks.report.suggestion import Suggestion, shapes, suggest

CONTRACT = load_contract()


def suggested(*rows: dict[str, Any]) -> Suggestion:
    return suggest(shapes(map(json.dumps, rows)), CONTRACT)


def properties(*rows: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What is suggested for `articles`, by the name of the column."""
    return {entry["name"]: entry for entry in yaml.safe_load("\n".join(suggested(*rows).properties)) or []}


@pytest.mark.parametrize(
    ("values", "logical"),
    [
        (["65", "-3"], "integer"),
        (["65", "4.5"], "number"),
        (["true", "False"], "boolean"),
        (["2026-03-02T09:30:00Z", "2026-03-02"], "timestamp"),
        (["007"], "string"),
        (["2026-02-30"], "string"),
        (["65", "many"], "string"),
        (["65", ""], "integer"),
    ],
)
def test_the_type_is_the_narrowest_that_takes_every_value(values: list[str], logical: str) -> None:
    assert properties(*({"price": value} for value in values))["price"]["logicalType"] == logical


def test_whole_numbers_get_as_many_bits_as_they_need() -> None:
    found = properties({"views": "12", "bytes": "3000000000"})
    assert found["views"]["logicalTypeOptions"] == {"format": "i32"}
    assert found["bytes"]["logicalTypeOptions"] == {"format": "i64"}


def test_mappings_are_spread_and_lists_are_arrays() -> None:
    found = properties(
        {"desk": {"headOf": "Ada"}, "marks": ["a"], "people": [{"name": "Ada", "home": {"city": "Bath"}}]}
    )
    assert found["desk_head_of"]["transformSourceObjects"] == ["desk.headOf"]
    assert found["marks"]["items"]["logicalType"] == "string"
    names = [field["name"] for field in found["people"]["items"]["properties"]]
    assert names == ["home_city", "name"]


def test_names_are_free_and_can_be_columns() -> None:
    found = properties({"articleId": "7", "2nd choice": "x", "名": "y"})
    assert list(found) == ["field_2nd_choice", "article_id_2", "field"]


def test_every_suggestion_is_a_property_that_the_contract_takes() -> None:
    rows = [{"on": "true", "m": [["1"], ["2"]], "people": [{"links": ["x"], "age": "3"}], "t": "2026-01-01"}]
    columns = [parse_column(entry, "articles.") for entry in properties(*rows).values()]
    assert [column.severity for column in columns] == ["warning"] * 4
    assert {column.type_severity for column in columns} == {"warning"}


def test_a_field_of_a_known_list_goes_to_the_properties_of_its_items() -> None:
    found = suggested({"images": [{}, {"credit": "Ada"}]})
    assert not found.properties
    assert yaml.safe_load("\n".join(found.items["images"]))[0]["transformSourceObjects"] == ["credit"]


def test_counts_and_examples_stand_in_one_line_whatever_they_hold() -> None:
    comment = suggested({"mood": "calm\u2028\nat sea"}, {"mood": "x"}).properties[0]
    assert comment.strip() == '# `mood` is in 2 rows, such as "calm\\u2028\\nat sea", "x"'


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"a.b": "1"}, "cannot spell"),
        ({"empty": {}}, "never has a value"),
        ({"quality": "high"}, "the column `quality` is read from it"),
        ({"images": [{"width": "wide"}]}, "`images[].width` (1 row): the column `width` is read from it"),
        ({"provider": {"images": [{"width": "3"}]}}, "single items"),
    ],
)
def test_what_cannot_be_a_column_is_told(row: dict[str, Any], reason: str) -> None:
    found = suggested(row)
    assert found.is_empty
    assert reason in found.left[0]


def test_a_field_of_two_shapes_stays_where_it_is() -> None:
    assert "a list in some files and a text in others" in suggested({"mix": "a"}, {"mix": ["a"]}).left[0]
