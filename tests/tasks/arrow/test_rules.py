"""The contract's rules on typed columns, at every depth."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from config.contract_types import Column, parse_column
from tasks.arrow.nested import without_null_items
from tasks.arrow.rules import check_rules
from tasks.arrow.schemas import FINDINGS


def column(logical: str, required: bool = False, **prop: Any) -> Column:
    prop = {"name": "x", "logicalType": logical, "required": required, "transformSourceObjects": ["x"]} | prop
    return parse_column(prop, "")


def check(column: Column, *values: Any) -> list[tuple[int, str, str]]:
    table = pa.table({column.name: pa.array(values, column.type)})
    return [(f["row"], f["code"], f["field"]) for f in check_rules((column,), table).to_pylist()]


def test_a_required_text_is_missing_where_it_is_null_or_blank() -> None:
    title = column("string", required=True, logicalTypeOptions={"minLength": 2})
    assert check(title, "ok", None, "", " \t", "x") == [
        (1, "field/missing", "x"),
        (2, "field/missing", "x"),
        (3, "field/missing", "x"),
        (4, "field/length", "x"),
    ]


def test_a_required_list_is_missing_where_it_has_no_item() -> None:
    tags = column("array", required=True, items={"logicalType": "string", "required": True})
    assert check(tags, ["a"], [], [None]) == [(1, "field/missing", "x"), (2, "field/missing", "x")]


@pytest.mark.parametrize(
    ("logical", "options", "values"),
    [
        ("integer", {"minimum": 0, "maximum": 10}, (-1, 11, 0, 10, None)),
        ("integer", {"format": "i16", "minimum": 0.5, "maximum": 100_000}, (0, -5, 1, 2, None)),
        ("number", {"minimum": 0, "maximum": 1}, (-0.1, 1.1, 0.0, 1.0, None)),
        (
            "timestamp",
            {"minimum": "1900-01-01T00:00:00Z", "maximum": "2199-12-31T23:59:59Z"},
            (
                datetime(1, 1, 1, tzinfo=UTC),
                datetime(9999, 12, 31, tzinfo=UTC),
                datetime(1900, 1, 1, tzinfo=UTC),
                None,
                None,
            ),
        ),
    ],
)
def test_bounds_belong_to_the_range(logical: str, options: dict[str, Any], values: tuple[Any, ...]) -> None:
    assert check(column(logical, logicalTypeOptions=options), *values) == [
        (0, "field/range", "x"),
        (1, "field/range", "x"),
    ]


def test_lengths_are_characters_and_items() -> None:
    assert check(column("string", logicalTypeOptions={"maxLength": 2}), "äö", "abc", None) == [(1, "field/length", "x")]
    lists = column("array", items={"logicalType": "string"}, logicalTypeOptions={"minItems": 1, "maxItems": 2})
    assert check(lists, ["a", None, "b"], ["a", "b", "c"], [None]) == [
        (2, "field/length", "x"),
        (1, "field/length", "x"),
    ]


def test_patterns_and_enumerations() -> None:
    assert check(column("string", logicalTypeOptions={"pattern": "^a+$"}), "aa", "ab", None) == [
        (1, "field/pattern", "x")
    ]
    assert check(column("string", enum=[{"value": "a"}]), "a", "b", None) == [(1, "field/enum", "x")]


def test_items_and_their_fields_have_their_position_in_the_file() -> None:
    width = {
        "name": "width",
        "logicalType": "integer",
        "transformSourceObjects": ["size.width"],
        "logicalTypeOptions": {"minimum": 0},
    }
    images: dict[str, Any] = {"name": "images", "logicalType": "array", "transformSourceObjects": ["images"]}
    images["items"] = {"logicalType": "object", "properties": [width]}
    entry = {"logicalType": "object", "properties": [images]}
    related = column("array", items=entry)
    bad, good = {"width": -1}, {"width": 1}
    rows = [[], [None, {"images": [good]}, {"images": [None, good, bad]}], [{"images": [bad]}]]
    assert check(related, *rows) == [
        (1, "field/range", "x[2].images[2].size.width"),
        (2, "field/range", "x[0].images[0].size.width"),
    ]


def test_severity_is_the_column_s() -> None:
    heat = column(
        "integer", logicalTypeOptions={"minimum": 0}, customProperties=[{"property": "severity", "value": "warning"}]
    )
    (finding,) = check_rules((heat,), pa.table({"x": pa.array([-5], heat.type)})).to_pylist()
    assert (finding["severity"], finding["value"], finding["path"]) == ("warning", "-5", '["x"]')


def test_a_hostile_list_has_few_findings() -> None:
    lists = column("array", items={"logicalType": "integer", "logicalTypeOptions": {"minimum": 0}})
    assert len(check(lists, [-1] * 5000, [-1])) == 101


def test_no_rows_have_no_findings() -> None:
    table = check_rules((column("string", required=True),), pa.table({"x": pa.array([], pa.string())}))
    assert table.schema.equals(FINDINGS)
    assert len(table) == 0


LIST = pa.list_(pa.struct([("a", pa.list_(pa.int32())), ("b", pa.string())]))


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ([], []),
        ([[], None], [[], []]),
        ([[None], [None, {"a": [None, 1], "b": "x"}, None], []], [[], [{"a": [1], "b": "x"}], []]),
        ([[{"a": None, "b": None}]], [[{"a": [], "b": None}]]),
    ],
)
def test_null_items_are_taken_out_of_lists_at_every_depth(lists: list[Any], expected: list[Any]) -> None:
    array = without_null_items(pa.array(lists, LIST))
    assert array.type == LIST
    assert array.to_pylist() == expected
    assert without_null_items(pa.array([[None, {"b": "y"}], *lists], LIST).slice(1)).to_pylist() == expected
