"""What a file's path and body say where its front matter does not: time, title, language, state and permalink.

Belongs here: the usual rules of site generators for one file. Does not belong here: the generators' settings, which a
batch of files does not show, and identity: nothing derived ever names an article.

The rules, of which each holds for one file alone; a key beats all of them:

- time: `2021-04-15-x.md` (also as a folder, `2021-04-15-x/index.md`), `2021/04/15/x.md`, the first `2021-04-15`
  elsewhere in the path, or a `permalink` such as `/2021/04/15/x/`. Two numbers are no day.
- title: the first heading of the first level, not in code; for a dated file its name, as Jekyll does.
- language: `x.fr.md`, or a folder `fr/` at the top of the content; `it.md` and `v1.2.md` say none.
- state: a folder `_drafts/` or `drafts/` holds drafts.
- permalink: the path below the content's root without suffix, `index` being its folder; `slug` is its last part. Dated
  files have `/2021/04/15/x/`, below `blog/` where they lie there, below the folders above a `_posts/`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import TIMESTAMP, time_zone
from tasks.front_matter.document import Document
from tasks.front_matter.findings import Problem

#: Folders that hold content and are no part of an address, in a path's first run of such.
_ROOTS: Final = frozenset({"content", "src", "pages", "source"})
_DRAFTS: Final = frozenset({"_drafts", "drafts"})
#: ISO 639-1, but for codes that are words or suffixes more often than languages: as, bi, io, is, ml, os, so, to, ts.
_LANGUAGES: Final = frozenset(
    "aa ab ae af ak am an ar av ay az ba be bg bh bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et "
    "eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik it iu ja jv ka kg ki kj kk kl "
    "km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc "
    "oj om or pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn sq sr ss st su sv sw ta te tg th ti tk tl tn "
    "tr tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu".split()
)
_LANGUAGE: Final = re.compile(r"([a-z]{2})(?:[-_](?:[A-Za-z]{2}|[A-Za-z]{4}|\d{3}))?", re.ASCII)
_SUFFIX: Final = re.compile(r"\.[A-Za-z]{2,8}$", re.ASCII)
_DATED: Final = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:T\d\d[-:]?\d\d[-:]?\d\d(?:Z|[+-]\d\d:?\d\d)?)?(?:[-_. ]+(.*))?", re.ASCII
)
_DAY: Final = re.compile(r"(?:^|[^\d])(\d{4})-(\d\d)-(\d\d)(?!\d)", re.ASCII)
_FOLDERS_OF_DAY: Final = re.compile(r"(?:^|/)(\d{4})/(\d\d?)/(\d\d?)(?=/|$)", re.ASCII)
_FENCED: Final = re.compile(r"^ {0,3}(`{3,}|~{3,}).*?(?:^ {0,3}\1|\Z)", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(
    r"^ {0,3}#[ \t]+(?P<atx>.+?)[ \t]*#*[ \t]*$|^(?P<setext>[^\s#>|-].*)\n=+[ \t]*$|<h1\b[^>]*>(?P<html>.*?)</h1>",
    re.MULTILINE | re.IGNORECASE,
)
_MARKS: Final = re.compile(r"<[^>]+>|[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}|\s*\{#[^}]*\}\s*$|!?\[([^\]]*)\]\([^)]*\)")
_EARLIEST, _LATEST = 1900, 2199
#: Keys of a page that sends its reader elsewhere.
_REDIRECTS: Final = frozenset({"redirect_to", "redirectto", "redirect", "redirect_url", "redirecturl"})
_STUB: Final = frozenset({"aliases", "redirect_from", "layout", "url", "permalink", "slug", "id"})


class _Place(NamedTuple):
    """A path as its generator reads it.

    Attributes:
        folders: below the content's root.
        stem: file name without suffixes; of `x/index.md` it is `x`.
        language: by suffix or folder, with that word.
        day: by the name, else by the path, with that word.
        rest: the stem after its day, or None.
    """

    folders: list[str]
    stem: str
    language: tuple[str, str] | None
    day: tuple[datetime, str] | None
    rest: str | None


def ignored_reason(path: str, tree: dict[str, Any]) -> Problem | None:
    """Why a file with front matter is no article: a section page, or a redirect without a title; None if it may be one."""
    if path.rpartition("/")[2].lower().startswith("_index."):
        return Problem("front-matter/section", "", 0, 0, "the page describes a section of the site, and is no article")
    keys = {key.lower() for key in tree}
    if keys & {"title", "headline", "name"}:
        return None
    layout = tree.get("layout")
    is_stub = "aliases" in keys and keys <= _STUB
    if keys & _REDIRECTS or (isinstance(layout, str) and layout.lower().startswith("redirect")) or is_stub:
        message = "the page only sends its reader to another one, and is no article"
        return Problem("front-matter/redirect", "", 0, 0, message)
    return None


def derive(columns: dict[str, pa.Array], documents: list[Document], paths: list[str], zone: str) -> dict[str, pa.Array]:
    """The columns that paths and bodies fill where the front matter does not, and the column `derived`.

    Args:
        columns: the (n,) columns by the front matter.
        documents: (n,) documents.
        paths: (n,) paths within the source.
        zone: IANA name of the zone of days.

    Returns:
        (n,) `title`, `published_at`, `language`, `is_published` and `permalink`, of those that `columns` has, and `derived`.
    """
    places = [_place(path) for path in paths]
    sources: list[list[str]] = [[] for _ in paths]
    known = {name: columns[name].to_pylist() for name in _RULES if name in columns}
    stated = known.get("permalink", [None] * len(paths))
    filled: dict[str, pa.Array] = {}
    for name in known:
        rule, values, found = _RULES[name], known[name], {}
        for row, value in enumerate(values):
            if value is None or (name == "title" and not value.strip()):
                if got := rule(places[row], documents[row], stated[row], known, row):
                    found[row], where = got
                    sources[row].append(f"{name}: {where}")
        if found:
            if name == "published_at":
                local = time_zone(zone)
                found = {row: day.replace(tzinfo=local).astimezone(UTC) for row, day in found.items()}
            new = pa.array([found.get(row) for row in range(len(values))], columns[name].type)
            # A blank title is none.
            filled[name] = pc.if_else(pc.is_valid(new), new, columns[name])
            known[name] = [found.get(row, value) for row, value in enumerate(values)]
    return filled | {"derived": pa.array([sorted(names) for names in sources], pa.list_(pa.string()))}


def _place(path: str) -> _Place:
    *folders, name = path.split("/")
    stem = _SUFFIX.sub("", name)
    language = None
    base, _, suffix = stem.rpartition(".")
    if base and _is_language(suffix):
        stem, language = base, (suffix, "file name")
    folders, in_collection = _below_root(folders)
    for folder in folders[: 2 if in_collection else 1] if language is None else ():
        if _is_language(folder):
            language = folder, "folder"
            break
    if "i18n" in folders[:-1] and language is None:
        folder = folders[folders.index("i18n") + 1]
        language = (folder, "folder") if _is_language(folder) else None
    where = "file name"
    if stem.lower() == "index" and folders:
        *folders, stem = folders
        where = "folder"
    day, rest = None, None
    if match := _DATED.fullmatch(stem):
        moment = _moment(match)
        if moment:
            day, rest = (moment, where), match[4] or None
    if day is None:
        found = _FOLDERS_OF_DAY.search("/".join([*folders, stem])) or _DAY.search(path)
        moment = _moment(found) if found else None
        day = (moment, "folder" if found and found.end() <= len(path) - len(name) else "file name") if moment else None
    return _Place(folders, stem, language, day, rest)


def _below_root(folders: list[str]) -> tuple[list[str], bool]:
    """The folders below the content's root, and whether the first of them is a collection of `src/content/`."""
    start = next((k for k, folder in enumerate(folders) if folder in _ROOTS), None)
    if start is None:
        return folders, False
    stop = start
    while stop < len(folders) and folders[stop] in _ROOTS:
        stop += 1
    if folders[start:stop] == ["src", "content"]:
        # Starlight serves its collection `docs` at the top.
        return folders[stop + (folders[stop : stop + 1] == ["docs"]) :], folders[stop : stop + 1] != ["docs"]
    return folders[stop:], False


def _is_language(text: str) -> bool:
    match = _LANGUAGE.fullmatch(text)
    return bool(match) and match[1] in _LANGUAGES if match else False


def _moment(match: re.Match[str]) -> datetime | None:
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    if not _EARLIEST <= year <= _LATEST:
        return None
    try:
        return datetime(year, month, day)  # noqa: DTZ001 - the zone comes later
    except ValueError:
        return None


def _title(place: _Place, document: Document, *_: Any) -> tuple[str, str] | None:
    body = document.body
    if "#" in body or "=\n" in body or "<h1" in body.lower():
        match = _HEADING.search(_FENCED.sub("", body) if "```" in body or "~~~" in body else body)
        if match:
            text = match["atx"] or match["setext"] or match["html"] or ""
            text = _MARKS.sub(r"\1", text).strip()
            if text:
                return text, "heading"
    if place.rest:
        return " ".join(word[:1].upper() + word[1:] for word in re.split(r"[-_\s]+", place.rest)), "file name"
    return None


def _published_at(place: _Place, document: Document, permalink: str | None, *_: Any) -> tuple[datetime, str] | None:
    if place.day:
        return place.day
    match = _FOLDERS_OF_DAY.search(permalink) if permalink else None
    moment = _moment(match) if match else None
    return (moment, "permalink") if moment else None


def _language(place: _Place, *_: Any) -> tuple[str, str] | None:
    return place.language


def _is_published(place: _Place, *_: Any) -> tuple[bool, str] | None:
    return (False, "folder") if _DRAFTS.intersection(place.folders) else None


def _permalink(
    place: _Place, document: Document, stated: str | None, known: dict[str, list[Any]], row: int
) -> tuple[str, str] | None:
    slug = _slug(document.tree or {})
    where = "path and slug" if slug else "path"
    if slug and slug.startswith("/"):
        return slug, "slug"
    folders, last = place.folders, slug or place.stem
    if "_drafts" in folders or "i18n" in folders:
        return None
    if place.rest and place.day:
        last = slug or place.rest
        parts = [*_above_day(folders), f"{place.day[0]:%Y/%m/%d}", last]
    elif folders[:1] == ["_posts"] and (date := known.get("published_at", {row: None})[row]) and "_posts" in folders:
        parts = [f"{date:%Y/%m/%d}", *folders[1:], last]
    else:
        last = "" if last == "index" else last
        parts = [*(folder.removeprefix("_") for folder in folders), last]
    if place.language and place.language[1] == "file name":
        parts = [place.language[0].lower(), *parts]
    address = re.sub(r"\s+", "-", "/".join(part for part in parts if part))
    if re.search(r"[:{}%\\]", address):
        return None
    return (f"/{address}/" if address else "/"), where


def _above_day(folders: list[str]) -> list[str]:
    """The folders that stand before the day in the address of a dated file."""
    if "_posts" in folders:
        return folders[: folders.index("_posts")]
    languages = [folder for folder in folders[:1] if _is_language(folder)]
    return [*languages, *(folder for folder in folders[len(languages) : len(languages) + 1] if folder == "blog")]


def _slug(tree: dict[str, Any]) -> str | None:
    slug = tree.get("slug")
    if slug is None:
        slug = next((value for key, value in tree.items() if key.lower() == "slug"), None)
    return slug.strip() or None if isinstance(slug, str) and not re.search(r"[\s:{}]", slug.strip()) else None


#: Column to the rule that fills it; a permalink may take its day from `published_at`, so it comes last.
_RULES: Final = {
    "title": _title,
    "published_at": _published_at,
    "language": _language,
    "is_published": _is_published,
    "permalink": _permalink,
}
