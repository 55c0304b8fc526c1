"""The canonical form and the key of one URL.

Belongs here: the mechanics of normalising a URL and of applying identity rules to it. Does not belong
here: the rules themselves (`config/url_rules.yaml`, explained in docs/identity.md), and columns of URLs
(`tasks.parse.urls`).
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import unquote

import can_ada

from config.url_rules import UrlRules

# A wrapper inside a wrapper occurs; a deeper nest is an attack on our time.
_MAX_WRAPPERS: Final = 3

_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# An escape, or a character that RFC 3986 allows in neither path nor query.
_TO_NORMALISE: Final = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~!$&'()*+,;=:@/?]")
#: A fragment that a page's script reads as an address; others only name a place on the page.
_ROUTE: Final = re.compile(r"#[/!]/*[^/]")
#: What some servers write before a path, which is the same without it.
_NOISE: Final = "/index.php/"
_DOT_SEGMENT: Final = re.compile(r"/\.\.?(?:/|$)")

#: A canonical URL and its key.
Forms = tuple[str | None, str | None]


class _Parts(NamedTuple):
    """A normalised URL in ASCII: `port` like `:8080`, `query` sorted by name, `route` like `#/news`."""

    scheme: str
    host: str
    port: str
    path: str
    query: tuple[str, ...]
    route: str


def url_forms(text: str, rules: UrlRules) -> Forms:
    """The canonical URL and the key of one URL, see `tasks.parse.urls.canonical_urls`.

    Args:
        text: the URL as the source has it.
        rules: the identity rules.

    Returns:
        Both, or None twice where the text is not an absolute http(s) URL.
    """
    parts = _read(text.strip(), rules)
    if parts is None:
        return None, None
    if not f".{parts.host}".endswith(rules.special_hosts):
        return _url(parts), _key(parts)
    parts = _unwrapped(parts, rules)
    return _url(parts), _site_key(parts, rules) or _key(parts)


def _read(text: str, rules: UrlRules) -> _Parts | None:
    try:
        parsed = can_ada.parse(text)
    except ValueError:
        return None
    host = parsed.hostname.removesuffix(".")
    if parsed.protocol not in {"http:", "https:"} or not all(host.split(".")):
        return None
    path = _without_dot_segments(_normal_escapes(parsed.pathname))
    query = _identifying(_normal_escapes(parsed.search[1:]), rules)
    port = f":{parsed.port}" if parsed.port else ""
    return _Parts(parsed.protocol, host, port, path, query, _route(parsed.hash, rules))


def _route(fragment: str, rules: UrlRules) -> str:
    """A fragment that tells pages apart, its own query as that of an address; empty where it only names a place."""
    if not _ROUTE.match(fragment):
        return ""
    place, _, query = _normal_escapes(fragment[1:]).partition("?")
    kept = "&".join(_identifying(query, rules))
    route = f"#{place}?{kept}" if kept else f"#{place}"
    return route if _ROUTE.match(route) else ""


def _without_dot_segments(path: str) -> str:
    """RFC 3986, section 5.2.4, for the few that can_ada 3.0 misses, such as `/a;/.b/..`."""
    if not _DOT_SEGMENT.search(path):
        return path
    segments, kept = path[1:].split("/"), list[str]()
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept if segments[-1] not in {".", ".."} else [*kept, ""])


def _normal_escapes(text: str) -> str:
    return _TO_NORMALISE.sub(_normal_escape, text) if _TO_NORMALISE.search(text) else text


def _normal_escape(match: re.Match[str]) -> str:
    found = match[0]
    if len(found) == 1:
        return f"%{ord(found):02X}"
    character = chr(int(found[1:], 16))
    return character if character in _UNRESERVED else found.upper()


def _identifying(query: str, rules: UrlRules) -> tuple[str, ...]:
    """The parameters that may identify the page, by name; equal names keep their order."""
    if not query:
        return ()
    kept = [pair for pair in query.split("&") if pair and not _is_tracking(_name(pair), rules)]
    return tuple(sorted(kept, key=_name) if len(kept) > 1 else kept)


def _name(pair: str) -> str:
    return pair.partition("=")[0]


def _is_tracking(name: str, rules: UrlRules) -> bool:
    name = name.lower()
    return name in rules.tracking_names or name.startswith(rules.tracking_prefixes)


def _unwrapped(parts: _Parts, rules: UrlRules) -> _Parts:
    """The page inside; a nest deeper than `_MAX_WRAPPERS` stays as it is."""
    page = parts
    for _ in range(_MAX_WRAPPERS + 1):
        inner = _wrapped_page(page, rules)
        if inner is None:
            return page
        page = inner
    return parts


def _wrapped_page(parts: _Parts, rules: UrlRules) -> _Parts | None:
    host = "." + parts.host
    for wrapper in rules.wrappers:
        if host.endswith(wrapper.hosts) and (match := wrapper.path.search(parts.path)):
            return _read(wrapper.page.format(page=match["page"]) + _search(parts), rules)
    return None


def _site_key(parts: _Parts, rules: UrlRules) -> str | None:
    host = "." + parts.host
    for site in rules.sites:
        if host.endswith(site.hosts) and (match := site.path.search(parts.path)):
            found = _value(parts, site.parameter) if site.parameter else match["id"]
            if not site.parameter or site.value.fullmatch(found):
                return site.key.format(id=found)
    return None


def _value(parts: _Parts, parameter: str) -> str:
    values = (pair.partition("=")[2] for pair in parts.query if _name(pair) == parameter)
    return unquote(next(values, ""))


def _url(parts: _Parts) -> str:
    return f"{parts.scheme}//{parts.host}{parts.port}{parts.path}{_search(parts)}{parts.route}"


def _key(parts: _Parts) -> str:
    bare = parts.host.removeprefix("www.")
    host = bare if "." in bare else parts.host
    path = parts.path.removeprefix(_NOISE.rstrip("/")) if parts.path.startswith(_NOISE) else parts.path
    return f"{host}{parts.port}{path.rstrip('/')}{_search(parts)}{parts.route.rstrip('/')}"


def _search(parts: _Parts) -> str:
    return "?" + "&".join(parts.query) if parts.query else ""
