"""The choice among the names that a column has on different sites."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.batches import parsed


def row(front: str) -> dict[str, Any]:
    batch = parsed({"x.md": f"---\n{front}\n---\nText.\n".encode()})
    found = zip(batch.found["code"].to_pylist(), batch.found["field"].to_pylist(), strict=True)
    record: dict[str, Any] = batch.table.to_pylist()[0]
    return record | {"found": list(found)}


def extra(record: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(record["extra"] or "{}")
    return fields


DAY = datetime(2021, 4, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "front",
    [
        "date: 2021-04-15",
        "Date: 2021-04-15",
        "Publish Date: 2021-04-15",
        "date-published: 2021-04-15",
        "pubDate: 2021-04-15",
        "published: 2021-04-15",
        "date: {created: 2021-04-15, updated: 2022-01-01}",
        "extra: {date: 2021-04-15}",
        "created: 2021-04-15",
        "date: git Last Modified\npublished_on: 2021-04-15",
    ],
)
def test_the_first_name_whose_value_reads_as_a_time_fills_the_column(front: str) -> None:
    record = row(f"title: T\n{front}")
    assert (record["published_at"], record["found"]) == (DAY, [])


def test_an_exact_key_comes_before_one_in_another_case() -> None:
    record = row("Title: Second\ntitle: First")
    assert (record["title"], extra(record)) == ("First", {"Title": "Second"})


def test_what_no_name_reads_is_one_warning_and_stays_in_extra() -> None:
    record = row("title: T\ndate: some day\npubDate: never")
    assert record["published_at"] is None
    assert record["found"] == [("time/invalid", "date")]
    assert extra(record) == {"date": "some day", "pubDate": "never"}


def test_a_value_fills_one_column_and_others_stay() -> None:
    record = row("title: T\ndate: 2021-04-15\npublished: 2020-01-01\nlastmod: 2022-01-01")
    assert (record["published_at"], record["is_published"]) == (DAY, None)
    assert (record["found"], extra(record)) == ([], {"published": "2020-01-01"})


@pytest.mark.parametrize(
    ("front", "authors"),
    [
        ("author: Ann", ["Ann"]),
        ("author: Ann, Bob", ["Ann", "Bob"]),
        ("author: Ann Ames, Bo Berg", ["Ann Ames", "Bo Berg"]),
        ("author: Ann Ames, Chief Editor", ["Ann Ames, Chief Editor"]),
        ("author: Ann Ames, Harbour", ["Ann Ames, Harbour"]),
        ("author: '[[Ann Ames]]'", ["Ann Ames"]),
        ("author: ['[[people/ann|Ann Ames]]', Bo]", ["Ann Ames", "Bo"]),
        ("author: {display_name: Ann, login: a}", ["Ann"]),
        ("Author Name: Ann", ["Ann"]),
        ("author: Ann and Bob & Co", ["Ann and Bob & Co"]),
        ("authors: [Ann, 'Bob, PhD']", ["Ann", "Bob, PhD"]),
        ("author: {name: Ann, title: Editor}", ["Ann"]),
        ("authors: [{name: Ann}, bob, {key: cay}, null]", ["Ann", "bob", "cay"]),
        ("authors: [[Ann, Bob], Cay]", ["Ann", "Bob", "Cay"]),
        ("author: {twitter: ann}", []),
        ("author: ''", []),
        ("params: {author: Ann}", ["Ann"]),
        ("taxonomies: {authors: [Ann]}", ["Ann"]),
    ],
)
def test_authors_have_many_shapes(front: str, authors: list[str]) -> None:
    record = row(f"title: T\n{front}")
    assert [name for name in record["authors"] if name] == authors


def test_of_mappings_nothing_is_lost() -> None:
    record = row("title: T\nauthors: [{name: Ann, url: /ann}, Bob]\nauthor: {twitter: ann}")
    assert extra(record) == {"authors": [{"name": "Ann", "url": "/ann"}, "Bob"], "author": {"twitter": "ann"}}
    assert json.loads(row("title: T\nauthor: Ann, Bob")["repaired"]) == {"author": "Ann, Bob"}


@pytest.mark.parametrize(
    ("front", "topics"),
    [
        ("tags: [b, a]\ncategories: [c, b]", ["b", "a", "c"]),
        ("tags: sea ferry", ["sea", "ferry"]),
        ("tag: sea ferry", ["sea ferry"]),
        ("tags: night ferry, sea", ["night ferry", "sea"]),
        ("taxonomies: {tags: [a], categories: [b]}", ["a", "b"]),
        ("tags: [{label: Sea, permalink: /sea}]", ["Sea"]),
        ("categories: [[a, b], [c]]", ["a", "b", "c"]),
        ("category: [a, b]", ["a", "b"]),
        ("topics: [a, a]", ["a", "a"]),
        ("category: news", []),
        ("tags: [a]\nkeywords: [b]", ["a"]),
        ("tags: []\nKeywords: b, c", ["b", "c"]),
    ],
)
def test_topics_are_the_union_of_their_fields(front: str, topics: list[str]) -> None:
    assert row(f"title: T\n{front}")["topics"] == topics


@pytest.mark.parametrize(
    ("front", "urls"),
    [
        ("image: /a.png", ["/a.png"]),
        ("images: [a.png, {src: b.png}]", ["a.png", "b.png"]),
        ("cover: {image: a.png, alt: A}", ["a.png"]),
        ("image: ''\nthumbnail: a.png", ["a.png"]),
        ("hero: false", []),
    ],
)
def test_a_picture_may_be_a_text(front: str, urls: list[str]) -> None:
    record = row(f"title: T\n{front}")
    assert [image["url"] for image in record["images"] if image] == urls
    assert record["found"] == []


def test_only_own_addresses_name_an_article() -> None:
    by_path = row("title: T")["article_id"]
    others = "link: https://a.example/x\nsource_url: https://a.example/x\nexternal_url: https://a.example/x"
    for front in (others, "aliases: [/x]", "url: https://a.example/x", "permalink: /x/", "slug: x"):
        assert row(f"title: T\n{front}")["article_id"] == by_path
    own = row("title: T\ncanonical_url: https://a.example/x")
    assert (own["url"], own["permalink"]) == ("https://a.example/x", "/x/")
    assert own["article_id"] == row("title: T\npermalink: https://a.example/x")["article_id"] != by_path
