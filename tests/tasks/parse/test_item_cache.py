"""A mapping that recurs is read once a worker; every file that has it gets all of it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from config.contract import load_contract
from tasks.parse import item_cache
from tasks.parse.levels import Level
from tasks.parse.trees import build_level

COLUMNS = load_contract().source_columns


def entry(title: str, **fields: Any) -> dict[str, Any]:
    return {"title": title, "webUrl": "https://a.example/1", "images": [{"url": f"{title.strip()}.png"}], **fields}


def read(*related: list[Any]) -> Level:
    return build_level(COLUMNS, [{"related": items} for items in related])


def titles(level: Level) -> list[list[tuple[str, str] | None]]:
    rows: list[Any] = level.columns["related"].to_pylist()
    return [[item and (item["title"], item["images"][0]["url"]) for item in items] for items in rows]


def test_batches_share_entries_and_have_their_own() -> None:
    shared, other, third = entry("A"), entry("B"), entry("C")
    first = read([shared, other], [shared])
    second = read([third, shared], [None, shared, third])
    assert titles(first) == [[("A", "A.png"), ("B", "B.png")], [("A", "A.png")]]
    assert titles(second) == [[("C", "C.png"), ("A", "A.png")], [None, ("A", "A.png"), ("C", "C.png")]]


def test_findings_of_an_entry_are_those_of_every_batch() -> None:
    odd = entry(" A ", quality="many", unknown="x")
    for _ in range(2):
        level = read([odd], [entry("B"), odd])
        assert [(f.node, f.path) for f in level.findings] == [(n, ("related", n, "quality")) for n in range(2)]
        assert [(n, path) for n, path, _ in level.repaired] == [(n, ("related", n, "title")) for n in range(2)]
        assert level.extra[1] == {"related": [{}, {"quality": "many", "unknown": "x"}]}


def test_a_full_cache_is_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_cache, "_MAX_ROWS", 2)
    shared = entry("A")
    for number in range(4):
        one, two = entry(f"{number}"), entry(f"{number}!")
        level = read([shared, one], [shared, two])
        found = [title for row in titles(level) for title, _ in filter(None, row)]
        assert found == ["A", f"{number}", "A", f"{number}!"]


def test_a_batch_in_which_nothing_recurs_leaves_nothing_behind() -> None:
    items = item_cache.ItemCache(pa.struct({"x": pa.int32()}))
    node: dict[str, Any] = {"x": "1"}
    structs = pa.array([{"x": 1}], pa.struct({"x": pa.int32()}))
    assert items.take([id(node)], [node], structs, set()) is structs
    assert not items.rows
