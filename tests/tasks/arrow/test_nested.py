"""Lists whose items recur are looked at once a distinct item, and come to what the lists themselves would."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from config.contract_types import Column, parse_column
from tasks.arrow.nested import plain_lists, walk
from tasks.arrow.rules import check_rules


def prop(name: str, logical: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "logicalType": logical, "transformSourceObjects": [name]} | more


IMAGE = prop("x", "object", properties=[prop("file", "string", required=True, logicalTypeOptions={"maxLength": 3})])
LINK = {
    "logicalType": "object",
    "properties": [
        prop("title", "string", required=True, logicalTypeOptions={"maxLength": 4}),
        prop("rank", "integer", logicalTypeOptions={"maximum": 9}),
        prop("images", "array", items=IMAGE, required=True, logicalTypeOptions={"maxItems": 2}),
    ],
}
LINKS: Column = parse_column(prop("links", "array", items=LINK, logicalTypeOptions={"maxItems": 4}), "")

GOOD: dict[str, Any] = {"title": "good", "rank": 1, "images": [{"file": "a"}]}
LONG: dict[str, Any] = {
    "title": "too long",
    "rank": 10,
    "images": [{"file": "a"}, {"file": "long"}, {"file": "longer"}],
}
BARE: dict[str, Any] = {"title": None, "rank": None, "images": []}
ODD: dict[str, Any] = {"title": "odd", "rank": 9, "images": [{"file": None}, {"file": "four"}]}


def recurring(*lists: list[int | None] | None) -> pa.ListArray:
    """Lists of links by their numbers."""
    links = pa.array([GOOD, LONG, BARE, ODD], LINKS.type.value_type)
    offsets, numbers = [0], list[int | None]()
    for numbered in lists:
        numbers += numbered or []
        offsets.append(len(numbers))
    items = pa.DictionaryArray.from_arrays(pa.array(numbers, pa.int32()), links)
    mask = pa.array([numbered is None for numbered in lists])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items, mask=mask)


CASES = [
    ([0, 0], [0]),
    ([0, 1], [], [1, 0, 1]),
    ([3, 2, 3], [0], [2], [3, 3]),
    ([None, 1], [None], [0, None, 3, None]),
    ([0, 1, 2, 3, None], [3, 2, 1, 0], None, [1]),
    ([], None),
]


@pytest.mark.parametrize("lists", CASES)
def test_rules_are_broken_in_the_same_places(lists: tuple[list[int | None] | None, ...]) -> None:
    once = recurring(*lists)
    found = [check_rules((LINKS,), pa.table({"links": links})) for links in (once, plain_lists(once))]
    assert found[0].to_pylist() == found[1].to_pylist()


def test_a_broken_rule_is_said_wherever_the_item_stands() -> None:
    found = check_rules((LINKS,), pa.table({"links": recurring([0, 3], [3])})).to_pylist()
    assert [(f["row"], f["code"], f["field"], f["value"]) for f in found] == [
        (0, "field/missing", "links[1].images[0].file", ""),
        (1, "field/missing", "links[0].images[0].file", ""),
        (0, "field/length", "links[1].images[1].file", "four"),
        (1, "field/length", "links[0].images[1].file", "four"),
    ]


@pytest.mark.parametrize("lists", CASES)
def test_lists_become_plain_as_a_whole_and_in_part(lists: tuple[list[int | None] | None, ...]) -> None:
    once = recurring(*lists)
    for part in (once, once.slice(1), once.slice(0, 1), once.take(pa.array([len(lists) - 1, None, 0]))):
        plain = plain_lists(part)
        plain.validate(full=True)
        assert plain.type == LINKS.type
        assert plain.to_pylist() == part.to_pylist()


def test_distinct_items_are_walked_once() -> None:
    lists = recurring([0, 1, 0, 1, 0, 1], [1, 0])
    sizes = [len(values.array) for values in walk((LINKS,), {"links": lists})]
    assert sizes == [2, 4, 4, 4, 4, 6, 6]


def test_what_does_not_recur_is_as_it_is() -> None:
    for array in (pa.array(["a"]), pa.array([["a"], None]), pa.array([[GOOD]], LINKS.type)):
        assert plain_lists(array) is array
