"""A file's path as its generator reads it: folders below the content's root, the language and the day that they say.

Belongs here: what holds for one path alone. Does not belong here: which column a part of a path fills (`derive`), and
addresses (`permalinks`).
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final, NamedTuple

from tasks.front_matter.document import Document

#: Folders that hold content and are no part of an address, in a path's first run of such.
_ROOTS: Final = frozenset({"content", "src", "pages", "source"})
#: Such folders at the top of a repository, or behind one of those.
_SITES: Final = frozenset({"website", "site", "data"})
TRANSLATIONS: Final = frozenset({"i18n", "_i18n", "translations", "locales"})
#: Folders in which each language may have one, beside Jekyll's collections (`_posts`).
_COLLECTIONS: Final = frozenset({"docs", "blog", "posts", "articles", "news"})
_INDEXES: Final = frozenset({"index", "readme"})
#: ISO 639-1, but for codes that are words or suffixes more often than languages: as, bi, co, io, is, ml, os, so, to.
_LANGUAGES: Final = frozenset(
    "aa ab ae af ak am an ar av ay az ba be bg bh bm bn bo br bs ca ce ch cr cs cu cv cy da de dv dz ee el en "
    "eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik it iu ja jv "
    "ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk mn mr ms mt my na nb nd "
    "ne ng nl nn no nr nv ny oc oj om or pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn sq sr ss "
    "st su sv sw ta te tg th ti tk tl tn tr tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu".split()
)
#: Codes that no subject has as its folder's name, as `it` and `cs` are.
_COMMON: Final = frozenset("ar de en es fa fr he hu ja ko nl pt ro ru sv th tr uk zh".split())
_WITH_REGION: Final = re.compile(r"[a-z]{2}[-_](?:[A-Z]{2}|Han[st])")
_LANGUAGE: Final = re.compile(r"([a-z]{2})(?:[-_](?:[A-Za-z]{2}|[A-Za-z]{4}|\d{3}))?", re.ASCII)
_SUFFIX: Final = re.compile(r"\.[A-Za-z]{2,8}$", re.ASCII)
_DATED: Final = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:T\d\d[-:]?\d\d[-:]?\d\d(?:Z|[+-]\d\d:?\d\d)?)?(?:[-_. ]+(.*))?", re.ASCII
)
_DAY: Final = re.compile(r"(?:^|[^\d])(\d{4})-(\d\d)-(\d\d)(?!\d)", re.ASCII)
_DIGITS: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?=[-_. ]|$)", re.ASCII)
_NUMBERED: Final = re.compile(r"^\d+\.(?=\D|\d+[A-Za-z])", re.ASCII)
FOLDERS_OF_DAY: Final = re.compile(r"(?:^|/)(\d{4})/(\d\d?)/(\d\d?)(?=/|$)", re.ASCII)
_EARLIEST, _LATEST = 1900, 2199


class Place(NamedTuple):
    """A path as its generator reads it.

    Attributes:
        folders: below the content's root.
        stem: file name without suffixes; of `x/index.md` it is `x`.
        language: by suffix or folder, with that word.
        day: by the name, else by the path, with that word.
        rest: the stem after its day, or None.
        in_source: whether it lies in a folder `source/`, as with Hexo.
    """

    folders: list[str]
    stem: str
    language: tuple[str, str] | None
    day: tuple[datetime, str] | None
    rest: str | None
    in_source: bool


class File(NamedTuple):
    """A file: its path, what it holds, and what its front matter states."""

    place: Place
    document: Document
    permalink: str | None
    title: str | None
    day: date | None


def place_of(path: str) -> Place:
    """What a path says."""
    *folders, stem = (_NUMBERED.sub("", part, count=1) for part in _SUFFIX.sub("", path).split("/"))
    base, _, suffix = stem.rpartition(".")
    in_source = folders[:1] == ["source"]
    folders, in_collection = _below_root(folders)
    language = next(((folder, "folder") for folder in _language_folders(folders, in_collection)), None)
    # A name with more dots is a host or a version.
    if base and "." not in base and is_language(suffix):
        stem, language = base, (suffix, "file name")
    where = "file name"
    if stem.lower() in _INDEXES and folders:
        *folders, stem = folders
        where = "folder"
    match = _DATED.fullmatch(stem)
    if match and (day := moment_of(match)):
        return Place(folders, stem, language, (day, where), match[4] or None, in_source)
    above = FOLDERS_OF_DAY.search("/".join(folders)) or _DAY.search("/".join(folders))
    match = above or _DAY.search(stem) or _DIGITS.match(stem)
    moment = moment_of(match) if match else None
    return Place(folders, stem, language, (moment, "folder" if above else where) if moment else None, None, in_source)


def _language_folders(folders: list[str], in_collection: bool) -> list[str]:
    """The folders that may name a language, and do."""
    found = [place for place, folder in enumerate(folders) if is_language(folder)]
    return [
        folders[place] for place in found if place < 1 + in_collection or _is_below(folders[place - 1], folders[place])
    ]


def _is_below(above: str, folder: str) -> bool:
    """Whether a folder that is called like a language names one below the folder `above`."""
    if above in TRANSLATIONS or _WITH_REGION.fullmatch(folder):
        return True
    return folder[:2] in _COMMON and (above in _COLLECTIONS or above.startswith("_"))


def _below_root(folders: list[str]) -> tuple[list[str], bool]:
    """The folders below the content's root, and whether the first of them is a collection of `src/content/`."""
    start = next((k for k, folder in enumerate(folders) if folder in (_ROOTS if k else _ROOTS | _SITES)), None)
    if start is None:
        return folders, False
    stop = start
    while stop < len(folders) and folders[stop] in _ROOTS | _SITES:
        stop += 1
    if folders[start:stop] == ["src", "content"]:
        # Starlight serves its collection `docs` at the top.
        return folders[stop + (folders[stop : stop + 1] == ["docs"]) :], folders[stop : stop + 1] != ["docs"]
    return folders[stop:], False


def is_language(text: str) -> bool:
    """Whether a text is called like a language: `fr`, `pt-BR`."""
    match = _LANGUAGE.fullmatch(text)
    return match is not None and match[1] in _LANGUAGES


def moment_of(match: re.Match[str]) -> datetime | None:
    """The start of the day of three groups; None for one that does not exist."""
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    if not _EARLIEST <= year <= _LATEST:
        return None
    try:
        return datetime(year, month, day)
    except ValueError:
        return None
