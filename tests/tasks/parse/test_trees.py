"""Raw trees become columns; what does not fit is found once, at the place it has in the file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from config.contract import load_contract
from config.contract_types import Column, parse_column
from tasks.front_matter.findings import format_path
from tasks.parse.levels import Level
from tasks.parse.trees import build_level

COLUMNS = load_contract().source_columns


def read(*trees: dict[str, Any] | None, columns: tuple[Column, ...] = COLUMNS) -> Level:
    return build_level(columns, list(trees))


def found(level: Level) -> list[tuple[str, str, str]]:
    return [(f.code, format_path(f.path), f.severity) for f in level.findings]


def column(name: str, *sources: str, **prop: Any) -> Column:
    return parse_column({"name": name, "transformSourceObjects": list(sources)} | prop, "")


def test_fields_land_in_the_columns_of_the_contract() -> None:
    level = read(
        {
            "title": "2021",
            "quality": "65",
            "published": "No",
            "publishedDateTime": "2026-03-02T09:30:00Z",
            "provider": {"name": "Acme", "domain": "acme.example", "images": [{"url": "/logo.png"}]},
            "topics": ["AI", "No"],
            "images": [{"url": "a.png", "width": "3"}],
        }
    )
    row = {name: values[0].as_py() for name, values in level.columns.items()}
    assert row["title"] == "2021"
    assert (row["quality"], row["is_published"]) == (65, False)
    assert row["published_at"] == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    provider = [row[f"provider_{name}"] for name in ("name", "domain", "logo_url")]
    assert provider == ["Acme", "acme.example", "/logo.png"]
    assert row["topics"] == ["AI", "No"]
    assert row["images"] == [{"url": "a.png", "width": 3, "height": None, "title": None, "is_cached": None}]
    assert (row["related"], row["heat"]) == ([], None)
    assert not level.findings
    assert not level.extra


def test_columns_have_the_types_of_the_contract_even_without_rows() -> None:
    batches: list[list[Any]] = [[], [{}], [None]]
    for trees in batches:
        types = {name: values.type for name, values in read(*trees).columns.items()}
        assert types == {c.name: c.type for c in COLUMNS}


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({"title": ["a"]}, [("field/type", "title", "error")]),
        ({"title": {"a": "b"}}, [("field/type", "title", "error")]),
        ({"related": "7"}, [("field/type", "related", "warning")]),
        ({"related": [["1"]]}, [("field/type", "related[0]", "warning")]),
        ({"images": [["foo"]]}, [("field/type", "images[0]", "warning")]),
        ({"topics": {"a": "b"}}, [("field/type", "topics", "warning")]),
        ({"topics": [None, "3"]}, [("field/null-item", "topics[0]", "warning")]),
        ({"topics": [" ", "3"]}, [("field/null-item", "topics[0]", "warning")]),
        ({"provider": "Microsoft"}, [("field/type", "provider", "warning")]),
        ({"provider": {"images": "x"}}, [("field/type", "provider.images", "warning")]),
        ({"provider": {"images": ["x"]}}, [("field/type", "provider.images[0]", "warning")]),
        ({"related": [None, {"images": [None, ["x"]]}]}, [
            ("field/null-item", "related[0]", "warning"),
            ("field/null-item", "related[1].images[0]", "warning"),
            ("field/type", "related[1].images[1]", "warning"),
        ]),
    ],
)  # fmt: skip
def test_a_wrong_shape_is_found_once(tree: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert sorted(found(read(tree))) == sorted(expected)


def test_items_and_values_of_a_wrong_type_have_their_position_in_the_file() -> None:
    level = read({"topics": [None, "AI"], "related": ["x", {"title": "B"}]})
    assert level.columns["topics"].to_pylist() == [[None, "AI"]]
    assert [item and item["title"] for item in level.columns["related"].to_pylist()[0]] == [None, "B"]
    level = read({}, {"related": [None, {"quality": "1"}, {"quality": "good"}]})
    assert [(f.node, format_path(f.path), f.value) for f in level.findings if f.code == "field/type"] == [
        (1, "related[2].quality", "good")
    ]


def test_what_is_found_in_a_shared_item_reaches_every_list_that_has_it() -> None:
    item = {"title": "A&amp;B", "quality": "good", "unknown": "x"}
    level = read({"related": [item, {}, item]}, {"title": "none"}, {"related": [None, item]})
    places = [(0, "related[0].quality"), (0, "related[2].quality"), (2, "related[1].quality")]
    assert sorted((f.node, format_path(f.path)) for f in level.findings if f.code == "field/type") == places
    assert sorted((n, format_path(path)) for n, path, _ in level.repaired) == [
        (n, path.replace("quality", "title")) for n, path in places
    ]
    rest = {"quality": "good", "unknown": "x"}
    assert level.extra == {0: {"related": [rest, {}, rest]}, 2: {"related": [{}, rest]}}
    assert level.columns["related"].to_pylist()[0][0] == level.columns["related"].to_pylist()[2][1]


def test_originals_of_repaired_texts_are_kept_by_path() -> None:
    level = read({"title": "A\r\nB", "topics": [None, "x &amp; y"], "images": [{"title": " c "}]})
    assert level.columns["title"].to_pylist() == ["A B"]
    assert {format_path(path): text for _, path, text in level.repaired} == {
        "title": "A\r\nB",
        "topics[1]": "x &amp; y",
        "images[0].title": " c ",
    }


def test_a_sentinel_is_compared_with_the_raw_text() -> None:
    properties = [{"property": "sentinels", "value": ["&amp;"]}, {"property": "repair", "value": "url"}]
    link = column("link", "link", customProperties=properties)
    level = read({"link": "&amp;"}, {"link": "&"}, columns=(link,))
    assert level.columns["link"].to_pylist() == [None, "&"]
    assert not level.repaired


class TestSeveralSources:
    """Of several sources of a column the first that has a value counts."""

    def test_the_first_in_the_contract_s_order_not_the_file_s(self) -> None:
        columns = (column("other", "b.x"), column("both", "y.z", "b.w"))
        level = read({"b": {"w": "second"}, "y": {"z": "first"}}, columns=columns)
        assert level.columns["both"].to_pylist() == ["first"]
        assert level.extra == {0: {"b": {"w": "second"}}}
        assert not level.chosen

    def test_the_second_where_the_first_has_no_value(self) -> None:
        level = read({"updatedDateTime": "", "modifiedDateTime": "2026-03-02T09:30:00Z"})
        assert level.columns["updated_at"].null_count == 0
        assert level.chosen == {0: {("updatedDateTime",): ("modifiedDateTime",)}}
        assert not level.extra

    def test_of_text_or_mapping(self) -> None:
        columns = (column("author", "author.name", "author"),)
        level = read({"author": "Ann"}, {"author": {"name": "Bob"}}, {"author": ["Cy"]}, columns=columns)
        assert level.columns["author"].to_pylist() == ["Ann", "Bob", None]
        assert found(level) == [("field/type", "author", "warning")]

    def test_lists(self) -> None:
        columns = (column("tags", "tags", "topics", logicalType="array", items={"logicalType": "string"}),)
        level = read({"tags": [None], "topics": ["b"]}, {"tags": ["a"], "topics": ["b"]}, columns=columns)
        assert level.columns["tags"].to_pylist() == [["b"], ["a"]]
        assert level.extra == {1: {"topics": ["b"]}}


def test_two_columns_can_be_read_from_one_field() -> None:
    columns = (column("heat", "heat", logicalType="integer"), column("heat_text", "heat"))
    level = read({"heat": "hot"}, columns=columns)
    assert (level.columns["heat"].to_pylist(), level.columns["heat_text"].to_pylist()) == ([None], ["hot"])


def test_a_mapping_can_be_a_column() -> None:
    fields = [
        {"name": "name", "transformSourceObjects": ["name"]},
        {"name": "age", "logicalType": "integer", "transformSourceObjects": ["age"]},
    ]
    columns = (column("author", "author", logicalType="object", properties=fields),)
    level = read({"author": {"name": "Ann", "age": "x", "city": "Rome"}}, {}, columns=columns)
    assert level.columns["author"].to_pylist() == [{"name": "Ann", "age": None}, None]
    assert found(level) == [("field/type", "author.age", "warning")]
    assert level.extra == {0: {"author": {"age": "x", "city": "Rome"}}}


def test_lists_of_lists_of_numbers() -> None:
    inner = {"logicalType": "array", "items": {"logicalType": "number"}}
    level = read({"rows": [["1", "x"], ["2"]]}, columns=(column("rows", "rows", logicalType="array", items=inner),))
    assert level.columns["rows"].to_pylist() == [[[1.0, None], [2.0]]]
    assert found(level) == [("field/type", "rows[0][1]", "warning")]
    assert level.extra == {0: {"rows": [[{}, "x"]]}}


TOPICS = {"logicalType": "array", "items": {"logicalType": "string"}}


@pytest.mark.parametrize(
    ("split", "tags", "keywords"),
    [
        (None, ["a b"], ["c d"]),
        ("commas", ["a b"], ["c d"]),
        ("blanks", ["a", "b"], ["c", "d"]),
        (["tags"], ["a", "b"], ["c d"]),
    ],
)
def test_a_text_in_the_place_of_a_list(split: Any, tags: list[str], keywords: list[str]) -> None:
    custom = [] if split is None else [{"property": "split", "value": split}]
    columns = (column("topics", "tags", "keywords", customProperties=custom, **TOPICS),)
    level = read({"tags": "a b"}, {"keywords": "c d"}, {"tags": "x, y z"}, {"tags": ["p, q"]}, columns=columns)
    assert level.columns["topics"].to_pylist() == [tags, keywords, ["x", "y z"], ["p, q"]]
    assert (2, ("tags",), "x, y z") in level.repaired
    assert not level.findings


def test_an_item_of_a_text_that_is_of_another_type_leaves_the_text_in_extra() -> None:
    columns = (column("n", "n", logicalType="array", items={"logicalType": "integer"}),)
    level = read({"n": "1, x"}, columns=columns)
    assert level.columns["n"].to_pylist() == [[1, None]]
    assert found(level) == [("field/type", "n", "warning")]
    assert level.extra == {0: {"n": "1, x"}}


def test_only_required_columns_raise_errors_unless_the_contract_says_so() -> None:
    strict = [{"property": "typeSeverity", "value": "error"}]
    columns = (
        column("needed", "a", logicalType="integer", required=True),
        column("other", "b", logicalType="integer"),
        column("strict", "c", logicalType="integer", customProperties=strict),
    )
    level = read({"a": "x", "b": "x", "c": "x"}, columns=columns)
    assert [severity for *_, severity in found(level)] == ["error", "warning", "error"]
    assert level.extra == {0: {"a": "x", "b": "x", "c": "x"}}


def test_a_hostile_list_has_few_findings() -> None:
    level = read({"images": [["x"]] * 5000, "topics": [None] * 5000})
    assert len(level.findings) == 200


def test_nothing_of_the_trees_is_changed() -> None:
    tree = {"related": [{"x": {"y": "z"}, "images": [{"q": "1"}]}], "a": ["b"]}
    read(tree, tree)
    assert tree == {"related": [{"x": {"y": "z"}, "images": [{"q": "1"}]}], "a": ["b"]}
    assert isinstance(read(tree).columns["related"], pa.ListArray)
