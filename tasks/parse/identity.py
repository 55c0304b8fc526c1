"""Who a record is: its canonical URL, its ids, and the key of its content.

Belongs here: columns that follow from a record's own fields and name it. Why these rules:
docs/identity.md. Does not belong here: comparing records (`tasks.deduplicate`).
"""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import Column
from config.url_rules import UrlRules
from tasks.parse.urls import article_ids, canonical_urls, is_home_page

#: Addresses of one page, the one that names it first; the others are its aliases.
_ADDRESSES: Final = ("original_url", "web_url", "amp_url", "cdn_amp_url")


class Identity(NamedTuple):
    """Columns of n records: see the contract for `url`, `article_id`; the manifest for the others."""

    url: pa.StringArray
    article_id: pa.StringArray
    alias_ids: pa.ListArray


def identify(columns: dict[str, pa.Array], source: pa.StringArray, path: pa.StringArray, rules: UrlRules) -> Identity:
    """Canonical URL, id and alias ids of n records.

    The first address that is a valid URL names the record; where there is none, source name and
    path do. The other addresses are aliases, unless they are home pages, which many articles share.

    Args:
        columns: the records' columns; of `_ADDRESSES` those that the contract has.
        source: (n,) source names.
        path: (n,) paths within the source.
        rules: URL rules.
    """
    none = pa.nulls(len(path), pa.string())
    addresses = [canonical_urls(columns.get(name, none), rules) for name in _ADDRESSES]
    keys = pc.coalesce(addresses[0].key, addresses[1].key)
    url = pc.coalesce(addresses[0].url, addresses[1].url)
    without_url = pc.binary_join_element_wise(source, path, "\0")
    own = article_ids(pc.coalesce(keys, without_url))
    aliases = [pc.if_else(is_home_page(a.key), None, article_ids(a.key)) for a in addresses[1:]]
    return Identity(url, own, _lists_of_others(own, aliases))


def _lists_of_others(own: pa.StringArray, aliases: list[pa.StringArray]) -> pa.ListArray:
    """Per row the distinct alias ids other than its own, sorted."""
    rows = []
    for mine, *others in zip(own.to_pylist(), *(alias.to_pylist() for alias in aliases), strict=True):
        rows.append(sorted({other for other in others if other is not None and other != mine}))
    return pa.array(rows, pa.list_(pa.string()))


def invalid_urls(urls: pa.StringArray, rules: UrlRules) -> pa.BooleanArray:
    """True where there is a text that is not an absolute http(s) URL."""
    return pc.and_(pc.is_valid(urls), pc.is_null(canonical_urls(urls, rules).key))


def related_ids(items: pa.StructArray, rules: UrlRules) -> pa.StringArray:
    """The `article_id` that each related entry's address has; null where it has none."""
    names = {field.name for field in items.type}
    none = pa.nulls(len(items), pa.string())
    original, web = (items.field(n) if n in names else none for n in ("original_url", "url"))
    return article_ids(pc.coalesce(canonical_urls(original, rules).key, canonical_urls(web, rules).key))


def normal_text(texts: pa.StringArray) -> pa.StringArray:
    """Letters and digits only, compatibility forms unified, lower-case, single spaces."""
    words = pc.utf8_lower(pc.utf8_normalize(texts, "NFKC"))
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(words, r"[^\pL\pN\pM]+", " "))


def content_keys(columns: dict[str, pa.Array], length: int) -> pa.StringArray:
    """Hash of normalised title, excerpt and provider; null where there is no title or no excerpt.

    A title alone ("Weekly update") says too little to call two files one story.
    """
    none = pa.nulls(length, pa.string())
    provider = pc.coalesce(columns.get("provider_domain", none), columns.get("provider_name", none), "")
    title, excerpt = (normal_text(columns.get(name, none)) for name in ("title", "excerpt"))
    title, excerpt = (pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text) for text in (title, excerpt))
    texts = pc.binary_join_element_wise(title, excerpt, pc.utf8_lower(provider), "\x1f")
    return pa.array([t and hashlib.sha256(t.encode()).hexdigest()[:32] for t in texts.to_pylist()], pa.string())


def completeness(columns: dict[str, pa.Array], sources: tuple[Column, ...], length: int) -> pa.Int32Array:
    """Number of the record's columns that have a value (for lists: an item)."""
    total = pa.array([0] * length, pa.int32())
    for column in sources:
        values = columns[column.name]
        has = pc.greater(pc.list_value_length(values), 0) if column.item else pc.is_valid(values)
        total = pc.add(total, pc.fill_null(has, False).cast(pa.int32()))
    return total
