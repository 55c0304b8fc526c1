"""The table `related`: entries of articles, flat and in order."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from config.contract import load_contract
from tasks.write.records import related_rows

CONTRACT = load_contract()


def related(*articles: tuple[str, list[dict[str, Any]]], start: int = 0) -> list[dict[str, Any]]:
    schema = pa.schema([CONTRACT["articles"].schema.field(name) for name in ("article_id", "related")])
    rows = [{"article_id": article_id, "related": entries} for article_id, entries in articles]
    table = pa.Table.from_pylist(rows, schema).slice(start)
    flat: list[dict[str, Any]] = related_rows(table, CONTRACT["related"].schema).to_pylist()
    return flat


def test_entries_keep_their_order_and_their_article() -> None:
    found = related(("a", [{"title": "1"}, {"title": "2"}]), ("b", []), ("c", [{"title": "3"}]))
    assert [(row["article_id"], row["position"], row["title"]) for row in found] == [
        ("a", 0, "1"),
        ("a", 1, "2"),
        ("c", 0, "3"),
    ]


def test_positions_count_within_the_article_in_a_slice_too() -> None:
    found = related(("a", [{"title": "1"}]), ("b", [{"title": "2"}, {"title": "3"}]), start=1)
    assert [(row["article_id"], row["position"]) for row in found] == [("b", 0), ("b", 1)]


def test_the_first_image_is_taken() -> None:
    images = [{"url": "https://a.example/1.jpg"}, {"url": "https://a.example/2.jpg"}]
    found = related(("a", [{"title": "1", "images": images}, {"title": "2", "images": []}]))
    assert [row["image_url"] for row in found] == ["https://a.example/1.jpg", None]


def test_no_articles_have_no_entries() -> None:
    assert related() == related(("a", [])) == []
