"""The identity of a record (its canonical URL and ids), and the features by which records are compared.

Belongs here: columns that follow from a record's own fields. Why these rules: docs/identity.md. Does not
belong here: the words and hashes of a text (`tasks.arrow.texts`), and comparing records (`tasks.deduplicate`).
"""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import Column
from config.url_rules import UrlRules
from tasks.arrow.headlines import body_sketches, headlines, linked_words, media
from tasks.arrow.texts import named_outlets, outlets, shingles_of_words, spaced_words
from tasks.parse.sources import has_value
from tasks.parse.urls import article_ids, canonical_urls, is_home_page, page_keys

#: Addresses of one page, the one that names it first; the others are its aliases.
_ADDRESSES: Final = ("original_url", "web_url", "amp_url", "cdn_amp_url")


class Identity(NamedTuple):
    """Columns of n records: see the contract for `url`, `article_id`, `tasks.parse.urls.page_keys` for `page_key`."""

    url: pa.StringArray
    article_id: pa.StringArray
    alias_ids: pa.ListArray
    page_key: pa.StringArray


class Features(NamedTuple):
    """Columns of n records by which near-duplicates are found; see the manifest's contract."""

    title_words: pa.StringArray
    headline: pa.StringArray
    linked_words: pa.StringArray
    outlet: pa.StringArray
    named_outlet: pa.StringArray
    medium: pa.StringArray
    shingles: pa.ListArray
    body_sketch: pa.ListArray


def identify(columns: dict[str, pa.Array], source: pa.StringArray, path: pa.StringArray, rules: UrlRules) -> Identity:
    """Canonical URL, id and alias ids of n records.

    The first address that is a valid URL names the record; where there is none, source name and
    path do. The others are aliases. Home pages neither name a record nor are aliases: feeds give
    them for articles without an address of their own, so many articles share one.

    Args:
        columns: the records' columns; of `_ADDRESSES` those that the contract has.
        source: (n,) source names.
        path: (n,) paths within the source.
        rules: URL rules.
    """
    none = pa.nulls(len(path), pa.string())
    addresses = [canonical_urls(columns.get(name, none), rules) for name in _ADDRESSES]
    keys = [_naming_keys(address.key) for address in addresses]
    named = [pc.if_else(pc.is_valid(key), address.url, None) for key, address in zip(keys, addresses, strict=True)]
    url = pc.coalesce(named[0], named[1], addresses[0].url, addresses[1].url)
    without_url = pc.binary_join_element_wise(source, path, "\0")
    own = article_ids(pc.coalesce(keys[0], keys[1], without_url))
    aliases = _lists_of_others(own, [article_ids(key) for key in keys[1:]])
    return Identity(url, own, aliases, page_keys(pc.coalesce(keys[0], keys[1]), rules))


def _naming_keys(keys: pa.StringArray) -> pa.StringArray:
    """The keys that can name an article; null where there is none, or a home page's."""
    return pc.if_else(is_home_page(keys), pa.scalar(None, pa.string()), keys)


def _lists_of_others(own: pa.StringArray, aliases: list[pa.StringArray]) -> pa.ListArray:
    """Per row the distinct alias ids other than its own, sorted."""
    rows = zip(own.to_pylist(), *(alias.to_pylist() for alias in aliases), strict=True)
    lists = [sorted(set(others) - {mine, None}) for mine, *others in rows]
    return pa.array(lists, pa.list_(pa.string()))


def related_ids(items: pa.StructArray, rules: UrlRules) -> pa.StringArray:
    """The `article_id` of each related entry's address; null where it has none."""
    names = {field.name for field in items.type}
    none = pa.nulls(len(items), pa.string())
    original, web = (items.field(n) if n in names else none for n in ("original_url", "url"))
    keys = (_naming_keys(canonical_urls(urls, rules).key) for urls in (original, web))
    return article_ids(pc.coalesce(*keys))


def content_keys(columns: dict[str, pa.Array], title: pa.StringArray, excerpt: pa.StringArray) -> pa.StringArray:
    """Hash of normalised title, excerpt, provider and language; null where there is no title or no excerpt.

    A title alone ("Weekly update") says too little to call two files one story. A page that is not yet translated has
    the texts of its original.

    Args:
        columns: the records' columns; of `provider_domain`, `provider_name` and `language` those that there are.
        title, excerpt: (n,) in normal form (`tasks.arrow.texts.normal_text`); null where none.
    """
    none = pa.nulls(len(title), pa.string())
    provider = pc.coalesce(columns.get("provider_domain", none), columns.get("provider_name", none), "")
    title, excerpt = (pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text) for text in (title, excerpt))
    texts = pc.binary_join_element_wise(title, excerpt, pc.utf8_lower(provider), "\x1f")
    languages = columns.get("language", none)
    if languages.null_count < len(languages):
        with_language = pc.binary_join_element_wise(texts, pc.utf8_lower(languages), "\x1f")
        texts = pc.coalesce(with_language, texts)
    return pa.array([t and hashlib.sha256(t.encode()).hexdigest()[:32] for t in texts.to_pylist()], pa.string())


def features(
    columns: dict[str, pa.Array], title: pa.StringArray, excerpt: pa.StringArray, urls: pa.StringArray
) -> Features:
    """What each record says of itself for being compared: words of title and headline, outlets, shingles, body.

    The outlet is that of the address, where the story stands, not the provider, whose name it may
    carry at many addresses; only a record without an address has its provider's.

    Args:
        columns: the records' columns; of `title`, `provider_domain`, `provider_name`, `type` and `body`
            those that there are.
        title, excerpt: (n,) in normal form (`tasks.arrow.texts.normal_text`); null where none.
        urls: (n,) canonical URLs or null.
    """
    none = pa.nulls(len(urls), pa.string())
    words, text = spaced_words(title), spaced_words(excerpt)
    outlet = outlets(urls, columns.get("provider_domain", none))
    return Features(
        words,
        headlines(columns.get("title", none)),
        linked_words(words, text),
        outlet,
        named_outlets(outlet, columns.get("provider_domain", none), columns.get("provider_name", none)),
        media(columns.get("type", none)),
        shingles_of_words(words, text),
        body_sketches(columns.get("body", none)),
    )


def completeness(columns: dict[str, pa.Array], sources: tuple[Column, ...], length: int) -> pa.Int32Array:
    """Number of the record's columns that have a value (for lists: an item; for texts: a character)."""
    total = pa.array([0] * length, pa.int32())
    for column in sources:
        values = columns[column.name]
        has = has_value(values)
        if column.logical == "string":
            has = pc.and_(has, pc.fill_null(pc.not_equal(values, ""), False))
        total = pc.add(total, has.cast(pa.int32()))
    return total
