"""URL identity: the canonical form, the key, and the article id of each URL in a column.

Belongs here: columns of URLs, a pattern for those that need no parsing one by one, and a cache of those
that were parsed. Does not belong here: the forms of one URL (`tasks.parse.url_forms`), the rules
(`config/url_rules.yaml`, explained in docs/identity.md), repair of damaged URL text (`tasks.parse.repair`),
and the choice among an article's URLs (`identity`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.url_rules import UrlRules
from tasks.parse.url_forms import Forms, url_forms

#: Hex digits of an article id: 128 bits, so that no two of 10^12 keys are expected to meet.
ARTICLE_ID_DIGITS: Final = 32

# The same URLs recur in every batch, so a process caches the forms of this many URLs and the ids of this many keys:
# 28 MB with 90 ASCII characters each, as most have; 50 MB with the greatest length.
_CACHE_SIZE: Final = 32_768
_CACHED_LENGTH: Final = 256

#: Addresses that are URLs without a doubt: a short plain host whose last label starts with a letter (so it is no
#: IP address) and without `--` (so it is no Punycode, which can be wrong), no port, nothing odd after it.
_LABEL: Final = "[a-z0-9](?:-?[a-z0-9])*"
_CERTAIN: Final = rf"^https?://(?:{_LABEL}\.)+[a-z](?:-?[a-z0-9])*(?:/[!-~]*)?$"
_CERTAIN_LENGTH: Final = 250
#: Of those, the ones that `tasks.parse.url_forms` does not change: a path of unreserved characters, no segment of which
#: starts with a dot, and no query. Nearly all addresses of articles are so, and need no look one by one.
_CANONICAL: Final = rf"^https?://(?:{_LABEL}\.)+[a-z](?:-?[a-z0-9])*(?:/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*)?)+$"
#: A key with a number of six digits or more at the start or end of its last part.
_NUMBERED: Final = (
    r"^(?P<host>[^/?#]+)/(?:[^?#]*/)?"
    r"(?:(?P<first>\d{6,})(?:[-_.,][^/?#]*)?|(?:[^/?#]*[-_.,])?(?P<last>\d{6,})(?:\.[a-z]{2,5})?)$"
)
#: A number that is a date: year and month, perhaps with day and time, `DDMMYYYY`, or `YYMMDD` of this century's start.
_DATE: Final = (
    r"^(?:(?:19|20)\d\d(?:0\d|1[0-2])(?:[0-3]\d(?:[0-2]\d(?:[0-5]\d){0,2})?)?|[0-3]\d[01]\d(?:19|20)\d\d"
    r"|[0-2]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))$"
)
#: The part before the key: the scheme, and `www.` where the rest of the host has a dot.
_BEFORE_KEY: Final = r"^https?://(?:www\.([^/]*\.))?"


class CanonicalUrls(NamedTuple):
    """Two forms of each URL.

    Attributes:
        url: (n,) canonical absolute URLs, for people and for following.
        key: (n,) URL keys: equal for all URLs of one page.
    """

    url: pa.StringArray
    key: pa.StringArray


def canonical_urls(urls: pa.StringArray, rules: UrlRules) -> CanonicalUrls:
    """Canonical form and key of each URL. Costs what the distinct URLs cost, not the rows.

    Both forms: host in lower-case ASCII, no user name or password, no default port, no tracking
    parameter, no fragment but a route (`#/…`, `#!…`), query sorted by name, percent-encoding normalised,
    AMP wrappers taken off. `url` keeps the scheme, `www.`, `/index.php/` in front of a path and the trailing
    slash; `key` does not.

    Args:
        urls: (n,) strings as the source has them.
        rules: the identity rules, from `config.url_rules.load_url_rules`.

    Returns:
        Two (n,) arrays, null where `urls` has no absolute http(s) URL. Idempotent: the
        canonical URL of `url` is `url`, and its key is `key`.

    Raises:
        pa.ArrowTypeError: `urls` is not a string array.

    Source: WHATWG URL Standard for reading (as browsers do), RFC 3986 section 6.2.2 for the
        normal form; the identity rules are in docs/identity.md.
    """
    _check_strings(urls)
    encoded = urls.dictionary_encode()
    distinct = encoded.dictionary
    keys = pc.utf8_rtrim(pc.replace_substring_regex(distinct, _BEFORE_KEY, r"\1"), "/")
    odd = pc.invert(_is_canonical(distinct, rules))
    if pc.any(odd, min_count=0).as_py():
        found = _identities(distinct.filter(odd), rules)
        distinct, keys = (pc.replace_with_mask(*pair) for pair in ((distinct, odd, found.url), (keys, odd, found.key)))
    return CanonicalUrls(distinct.take(encoded.indices), keys.take(encoded.indices))


def _is_canonical(urls: pa.StringArray, rules: UrlRules) -> pa.BooleanArray:
    """Whether each URL is its own canonical form without a doubt, on a host without rules."""
    plain = pc.and_(pc.match_substring_regex(urls, _CANONICAL), pc.less(pc.binary_length(urls), _CERTAIN_LENGTH))
    odd = pc.or_(pc.match_substring_regex(urls, _special(rules.special_hosts)), pc.match_substring(urls, "/index.php/"))
    return pc.and_not(plain, odd)


@lru_cache(maxsize=4)
def _special(hosts: tuple[str, ...]) -> str:
    """The pattern of URLs on these hosts (each starts with a dot) and below them."""
    names = "|".join(re.escape(host[1:]) for host in hosts)
    return rf"^https?://(?:[^/]*[.])?(?:{names})/" if names else r"^$"


def _identities(urls: pa.StringArray, rules: UrlRules) -> CanonicalUrls:
    identify = _identifier(rules)
    found = [identify(url) if len(url) <= _CACHED_LENGTH else url_forms(url, rules) for url in urls.to_pylist()]
    return CanonicalUrls(*(pa.array([form[side] for form in found], pa.string()) for side in (0, 1)))


def invalid_urls(urls: pa.StringArray, rules: UrlRules) -> pa.BooleanArray:
    """The texts that are no absolute http(s) URLs, so that they have no canonical form.

    Args:
        urls: (n,) strings as the source has them.
        rules: the identity rules.

    Returns:
        (n,) booleans, true for such a text, false for null.

    Raises:
        pa.ArrowTypeError: `urls` is not a string array.
    """
    _check_strings(urls)
    certain = pc.and_(pc.match_substring_regex(urls, _CERTAIN), pc.less(pc.binary_length(urls), _CERTAIN_LENGTH))
    doubtful = pc.invert(pc.fill_null(certain, True))
    if not pc.any(doubtful, min_count=0).as_py():
        return doubtful
    keys = canonical_urls(urls.filter(doubtful), rules).key
    return pc.replace_with_mask(doubtful, doubtful, pc.is_null(keys))


def article_ids(keys: pa.StringArray) -> pa.StringArray:
    """The article id of each URL key: the first 32 hex digits of the SHA-256 of its UTF-8 text.

    Args:
        keys: (n,) URL keys from `canonical_urls`.

    Returns:
        (n,) lower-case hex strings; null stays null.

    Raises:
        pa.ArrowTypeError: `keys` is not a string array.
    """
    _check_strings(keys)
    encoded = keys.dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    ids = [_cached_article_id(key) if len(key) <= _CACHED_LENGTH else _article_id(key) for key in distinct]
    return pa.array(ids, pa.string()).take(encoded.indices)


def page_keys(keys: pa.StringArray, rules: UrlRules) -> pa.StringArray:
    """The id of what each address seems to show, where that is another id than the address's own.

    Args:
        keys: (n,) URL keys from `canonical_urls`.
        rules: the identity rules; `countries` are first parts of a path that choose a country.

    Returns:
        (n,) ids: of the address without the country in front; or of the host with the page's number: six digits or
        more that are no date, alone at the start or end of the last part of the path. Null where neither is there.
    """
    _check_strings(keys)
    countries = "|".join(map(re.escape, rules.countries)) or r"\0"
    prefix = rf"^([^/?#]*/)(?:{countries})/"
    chosen = pc.fill_null(pc.match_substring_regex(keys, rf"{prefix}|\d{{6}}"), False)
    if not pc.any(chosen, min_count=0).as_py():
        return pa.nulls(len(keys), pa.string())
    own = keys.filter(chosen)
    bare = pc.replace_substring_regex(own, prefix, r"\1")
    found = pc.extract_regex(bare, _NUMBERED)
    host, first, last = (pc.struct_field(found, name) for name in ("host", "first", "last"))
    number = pc.if_else(pc.equal(first, ""), last, first)
    number = pc.if_else(pc.match_substring_regex(number, _DATE), None, number)
    page = pc.coalesce(pc.binary_join_element_wise(host, number, "#"), bare)
    return pc.replace_with_mask(
        pa.nulls(len(keys), pa.string()), chosen, pc.if_else(pc.equal(page, own), None, article_ids(page))
    )


def is_home_page(keys: pa.StringArray) -> pa.BooleanArray:
    """Whether each key is a bare host: then it names no article.

    Args:
        keys: (n,) URL keys from `canonical_urls`.

    Returns:
        (n,) booleans, true where the key has no path, no query and no route; null stays null.

    Raises:
        pa.ArrowTypeError: `keys` is not a string array.
    """
    _check_strings(keys)
    return pc.invert(pc.match_substring_regex(keys, "[/?#]"))


def _check_strings(texts: pa.StringArray) -> None:
    if texts.type != pa.string():
        raise pa.ArrowTypeError(f"expected an array of strings, not of {texts.type}")


@lru_cache(maxsize=4)
def _identifier(rules: UrlRules) -> Callable[[str], Forms]:
    return lru_cache(maxsize=_CACHE_SIZE)(partial(url_forms, rules=rules))


def _article_id(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:ARTICLE_ID_DIGITS]


_cached_article_id = lru_cache(maxsize=_CACHE_SIZE)(_article_id)
