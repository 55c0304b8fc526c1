"""The table `related`: entries of articles as rows and back, and the digest of a list."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from config.contract import load_contract
from tasks.arrow.related import related_digests, related_lists, related_rows

CONTRACT = load_contract()
LISTS = CONTRACT["duplicates"].schema.field("related").type


def lists_of(*entries: list[dict[str, Any]]) -> pa.ListArray:
    return pa.array(list(entries), LISTS)


def related(*articles: tuple[str, list[dict[str, Any]]], start: int = 0) -> list[dict[str, Any]]:
    ids, lists = pa.array([name for name, _ in articles], pa.string()), lists_of(*(entries for _, entries in articles))
    flat: list[dict[str, Any]] = related_rows(ids[start:], lists[start:], CONTRACT["related"].schema).to_pylist()
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


def test_rows_become_the_lists_that_they_were() -> None:
    image = {"url": "https://a.example/1.jpg", "width": 3, "height": None, "title": None, "is_cached": True}
    lists = lists_of(
        [{"title": "1", "images": [image]}, {"title": "2", "amp_url": "https://a.example/amp", "images": []}],
        [],
        [{"title": "3", "images": []}],
    )
    rows = related_rows(pa.array(["a", "b", "c"]), lists, CONTRACT["related"].schema)
    assert related_lists(rows, pa.array(["c", "b", "a", "d"]), LISTS).equals(lists.take(pa.array([2, 1, 0, 1])))
    assert related_lists(rows.take(pa.array([2, 1, 0])), pa.array(["a"]), LISTS).equals(lists[:1])


def test_equal_lists_and_only_they_have_equal_digests() -> None:
    one, two = {"title": "1", "images": []}, {"title": "2", "images": []}
    plain = lists_of([one, two], [two, one], [one], [], [one, two], [one, one])
    found = related_digests(plain).to_pylist()
    assert found[3] is None
    assert found[0] == found[4]
    assert len({*found}) == 5
    items = pa.DictionaryArray.from_arrays(pa.array([0, 1, 1, 0, 0, 0, 1, 0, 0], pa.int32()), plain[0].values)
    assert related_digests(pa.ListArray.from_arrays(plain.offsets, items)).to_pylist() == found
    assert related_digests(plain[1:]).to_pylist() == found[1:]
