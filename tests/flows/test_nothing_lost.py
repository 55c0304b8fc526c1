"""G2: every front-matter value of every loaded file is in a column, in `extra` or in `repaired`."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import yaml

from config.contract import load_contract
from config.contract_types import Column
from tests.builders import Desk, article, page

_WORDS = ["ferry", "tram", "a &amp; b", " edge ", "12:30", "1.10", "No", "été", "", "~", "2021-02-30"]
_KEYS = ["price", "rating", "levels", "authors", "url", "title", "name", "x-y", "Überschrift", "images"]

Path = tuple[str | int, ...]


def any_value(chance: random.Random, depth: int) -> Any:
    kind = chance.random()
    if depth and kind < 0.25:
        return {key: any_value(chance, depth - 1) for key in chance.sample(_KEYS, chance.randint(1, 4))}
    if depth and kind < 0.45:
        return [any_value(chance, depth - 1) for _ in range(chance.randint(1, 3))]
    return chance.choice(_WORDS)


def front_matter(chance: random.Random, number: int) -> dict[str, Any]:
    """Fields of the contract with others at every level around them."""

    def others(*taken: str) -> dict[str, Any]:
        free = [key for key in _KEYS if key not in taken]
        return {key: any_value(chance, 3) for key in chance.sample(free, chance.randint(0, 3))}

    picture = {"url": "/a.jpg", "width": "50", **others("url", "title")}
    related = {"title": "Other", "webUrl": page(900 + number), "provider": {"name": "Post", **others("name", "images")}}
    return {
        "originalUrl": page(number),
        "excerpt": chance.choice(_WORDS),
        "modifiedDateTime": "2025-03-02T09:00:00Z",
        "updatedDateTime": "2025-03-03T09:00:00Z",
        "provider": {"name": "Post", "images": [picture, any_value(chance, 2)], **others("name", "images")},
        "images": [{**picture}, {"url": "/b.jpg", "height": "tall", **others("url", "title")}],
        "related": [{**related, **others("title", "images")}],
        **{f"site_{key}": any_value(chance, 3) for key in _KEYS[:3]},
    }


def leaves(node: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from leaves(value, (*path, key))
    else:
        yield path, node


def at(node: Any, path: Path) -> Any:
    for key in path:
        try:
            node = node[key]
        except (KeyError, IndexError, TypeError):
            return None
    return node


def in_columns(columns: tuple[Column, ...], row: dict[str, Any], path: Path) -> Any:
    """What the row's columns have of the value at a path of the front matter."""
    for column in columns:
        for source in column.sources:
            if source == path:
                return row[column.name]
            if column.item is not None and path[: len(source)] == source and len(path) > len(source):
                item = at(row[column.name], (path[len(source)],))
                if not column.item.fields:
                    return item
                if isinstance(item, dict):
                    return in_columns(column.item.fields, item, path[len(source) + 1 :])
    return None


def spelled(value: Any) -> str | None:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return None if value is None else str(value)


def test_every_value_of_every_file_is_in_its_row(tmp_path: Any) -> None:
    chance, desk, columns = random.Random(7), Desk(tmp_path), load_contract().source_columns
    for number in range(80):
        desk.write(f"{number}.md", article(f"Story {number}", **front_matter(chance, number)))
    outcome = desk.run()
    assert outcome.records.loaded == 80

    checked = 0
    entries: dict[str, list[dict[str, Any]]] = {}
    for entry in desk.rows("related"):
        entries.setdefault(entry["article_id"], []).append(entry)
    for row in desk.rows("articles"):
        row["related"] = entries.get(row["article_id"], [])
        text = (desk.root / "news" / row["source_path"]).read_text().split("\n---\n", 1)[0]
        extra, repaired = json.loads(row["extra"] or "{}"), json.loads(row["repaired"] or "{}").values()
        for path, value in leaves(yaml.load(text, Loader=yaml.CBaseLoader)):
            found = {spelled(in_columns(columns, row, path)), at(extra, path)}
            assert value in found or value in repaired or (value == "" and None in found), (path, value, found)
            checked += 1
    assert checked > 80 * 25
