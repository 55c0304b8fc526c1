"""Suggested properties: a type that takes every value seen, a name that is free, and nothing that does harm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.contract import load_contract
from config.contract_types import parse_column
from flows.unknown_fields import reads_as_time
from tasks.report.field_shapes import shapes
from tasks.report.suggestion import Suggestion, suggest

CONTRACT = load_contract()


def suggested(*rows: dict[str, Any], lacking: tuple[str, ...] = (), whole: bool = True) -> Suggestion:
    """Suggestions for files with these unknown fields, all of which lack some columns."""
    return suggest(shapes(((json.dumps(row), lacking) for row in rows), reads_as_time), CONTRACT, whole=whole)


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
    found = properties({"articleId": "7", "2nd choice": "x", "名": "y", "Résumé": "z"})
    assert sorted(found) == ["article_id_2", "field", "field_2nd_choice", "resume"]


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
    assert comment.strip() == '# `mood` is in 2 files, such as "calm\\u2028\\nat sea", "x"'


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"a.b": "1"}, "cannot spell"),
        ({"empty": {}}, "never has a value"),
        ({"quality": "high"}, "the column `quality` is read from it"),
        ({"images": [{"width": "wide"}]}, "`images[].width` (1 file): the column `width` is read from it"),
        ({"provider": {"images": [{"width": "3"}]}}, "single items"),
        ({"date": "03/04/2021"}, "either number can be the day: `published_at: {order: dmy}` or `{order: mdy}`"),
    ],
)
def test_what_cannot_be_a_column_is_told(row: dict[str, Any], reason: str) -> None:
    found = suggested(row)
    assert found.is_empty
    assert reason in found.left[0]


ARTICLES: tuple[dict[str, Any], ...] = tuple(
    {
        "titel": f"The sea, part {n}",
        "datum": f"{n + 10}/02/2021",
        "ablauf_expires": "2031-01-01",
        "seo": {"post_author": "Ada"},
        "marks": ["a", "b"],
        "people": [{"name": "Ada"}],
        "path": n,
    }
    for n in range(1, 4)
)
LACKING = ("title", "published_at", "updated_at", "authors")


def test_fields_under_other_names_fill_columns_that_files_lack() -> None:
    found = suggested(*ARTICLES, lacking=LACKING, whole=False)
    filled = {name: says for name, (says, _) in found.columns.items() if "type" not in says}
    assert filled == {
        "title": {"from": "titel"},
        "published_at": {"from": "datum", "order": "dmy"},
        "authors": {"from": "seo.post_author"},
    }
    assert found.columns["published_at"][1] == (
        '`datum` is in 3 files and reads as a time, such as "11/02/2021", "12/02/2021", "13/02/2021": '
        "it can fill `published_at`, which they lack."
    )
    others = {name: says for name, (says, _) in found.columns.items() if "type" in says}
    assert others == {
        "ablauf_expires": {"from": "ablauf_expires", "type": "timestamp"},
        "marks": {"from": "marks", "type": "strings"},
    }
    assert "`people` (3 files): an overlay has no type for it" in "".join(found.left)


@pytest.mark.parametrize(
    ("row", "lacking"),
    [
        ({"datum": "2021-02-13"}, ()),
        ({"datum": "soon"}, ("published_at",)),
        ({"event_date": "2021-02-13"}, ("published_at", "updated_at")),
        ({"tittle": ["a"]}, ("title",)),
        ({"mood": "calm"}, ("title", "excerpt", "language")),
        ({"canonicl_url": "https://harbour.example/a"}, ("original_url", "amp_url")),
        ({"sidebar": {"label": "Harbour"}}, ("topics",)),
    ],
    ids=[
        "nothing lacks",
        "no time",
        "the time of something else",
        "no text",
        "another name",
        "an address",
        "of a part",
    ],
)
def test_a_field_that_is_something_else_fills_no_column(row: dict[str, Any], lacking: tuple[str, ...]) -> None:
    found = suggested(row, lacking=lacking, whole=False)
    assert all("type" in says for says, _ in found.columns.values())


def test_titles_are_known_by_their_values_where_no_name_is_alike() -> None:
    rows = [{"ueberschrift": f"The sea, part {n}", "mood": "calm"} for n in range(3)]
    assert suggested(*rows, lacking=("title",), whole=False).columns["title"][0] == {"from": "ueberschrift"}


def test_the_lines_are_an_overlay_as_they_stand_and_join_one_that_is_there(tmp_path: Path) -> None:
    found = suggested(*ARTICLES, lacking=LACKING, whole=False)
    path = tmp_path / "site.yaml"
    path.write_text(found.overlay(), encoding="utf-8")
    columns = {column.name: column for column in load_contract(path)["articles"].columns}
    assert columns["published_at"].sources[0] == ("datum",)
    before = {"published_at": {"from": "posted_on", "timezone": "Europe/Berlin"}}
    lines = found.overlay(before).splitlines()
    assert lines[0] == "# Below `columns:` of the overlay:"
    assert "  published_at: {from: [posted_on, datum], timezone: Europe/Berlin, order: dmy}" in lines


def test_a_field_of_two_shapes_stays_where_it_is() -> None:
    assert "a list in some files and a text in others" in suggested({"mix": "a"}, {"mix": ["a"]}).left[0]
