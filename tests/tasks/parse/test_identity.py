"""Who a record is: URL, ids, content key, completeness."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from config.contract import load_contract
from config.url_rules import load_url_rules
from tasks.arrow.texts import normal_text
from tasks.parse.identity import Identity, completeness, content_keys, identify
from tasks.parse.trees import build_level

RULES = load_url_rules()
COLUMNS = load_contract().source_columns


def strings(*texts: str | None) -> pa.StringArray:
    return pa.array(texts, pa.string())


def identity(path: str = "a.md", source: str = "s", **addresses: str | None) -> dict[str, Any]:
    columns = {name: strings(url) for name, url in addresses.items()}
    found: Identity = identify(columns, strings(source), strings(path), RULES)
    return {name: values[0].as_py() for name, values in found._asdict().items()}


def test_the_original_url_names_the_record_and_the_web_url_is_its_alias() -> None:
    record = identity(original_url="https://example.com/a", web_url="https://portal.example/b")
    assert record["url"] == "https://example.com/a"
    assert record["alias_ids"] == [identity(original_url="https://portal.example/b")["article_id"]]


def test_the_web_url_names_it_where_there_is_no_original_and_an_amp_url_alone_does_not() -> None:
    record = identity(original_url=None, web_url="https://example.com/a")
    assert record == {**identity(original_url="https://example.com/a"), "alias_ids": []}
    record = identity(amp_url="https://example.com/a/amp/x")
    assert record["url"] is None
    assert len(record["alias_ids"]) == 1


def test_aliases_are_distinct_sorted_and_no_home_pages() -> None:
    record = identity(
        original_url="https://example.com/a",
        web_url="https://example.com/",
        amp_url="https://two.example/x",
        cdn_amp_url="https://two.example/x/",
    )
    assert len(record["alias_ids"]) == 1
    two = identity(original_url="https://a.example/a", web_url="https://b.example/b", amp_url="https://c.example/c")
    assert two["alias_ids"] == sorted(two["alias_ids"])


def test_a_home_page_names_no_record_because_feeds_give_it_for_many() -> None:
    by_web = identity(original_url="https://example.com/", web_url="https://example.com/a")
    assert by_web == {**identity(original_url="https://example.com/a"), "alias_ids": []}
    by_path = identity("a.md", "s", original_url="https://example.com/")
    assert by_path == {**identity("a.md", "s"), "url": "https://example.com/"}


def test_records_without_url_are_named_by_source_and_path() -> None:
    ids = {identity(path, source)["article_id"] for path, source in [("a.md", "s"), ("a.md", "t"), ("b.md", "s")]}
    assert len(ids) == 3
    assert identity("a.md", "s") == identity("a.md", "s", original_url="not an address")


def content_key(title: str | None, excerpt: str | None, **provider: str) -> str | None:
    columns = {name: strings(text) for name, text in provider.items()}
    key: str | None = content_keys(columns, *map(normal_text, (strings(title), strings(excerpt))))[0].as_py()
    return key


def test_the_content_key_looks_past_case_punctuation_and_compatibility_forms() -> None:
    assert content_key("A “new”  ﬁle!", "It is here.") == content_key("a new file", "IT IS HERE")


@pytest.mark.parametrize(("title", "excerpt"), [(None, "x"), ("x", None), ("…", "x"), ("x", "")])
def test_no_content_key_without_title_and_excerpt(title: str | None, excerpt: str | None) -> None:
    assert content_key(title, excerpt) is None


def test_the_content_key_tells_providers_apart() -> None:
    one = content_key("t", "e", provider_domain="one.example")
    assert one != content_key("t", "e", provider_domain="two.example")
    assert one == content_key("t", "e", provider_domain="ONE.example", provider_name="other")
    assert content_key("a b", "c") != content_key("a", "b c")


def test_completeness_counts_values() -> None:
    trees: list[Any] = [
        {},
        {"title": "", "topics": [None]},
        {"title": "x", "topics": [None, "a"], "heat": "-1", "quality": "0"},
    ]
    columns = build_level(COLUMNS, trees).columns
    assert completeness(columns, COLUMNS, 3).to_pylist() == [0, 0, 3]
    assert completeness(build_level(COLUMNS, []).columns, COLUMNS, 0).to_pylist() == []
