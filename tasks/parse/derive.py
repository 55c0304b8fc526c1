"""What a file's path and body say where its front matter does not: time, title, language, state and permalink.

Belongs here: the usual rules of site generators for one file. Does not belong here: the generators' settings, which a
batch of files does not show, and identity: nothing derived ever names an article.

The rules, of which each holds for one file alone; a key beats all of them:

- time: `2021-04-15-x.md` (also as a folder, `2021-04-15-x/index.md`), `2021/04/15/x.md`, the first `2021-04-15`
  elsewhere in the path, `20210415-x.md`, or a `permalink` such as `/2021/04/15/x/`. Two numbers are no day.
- title: the first heading of the first level, not in code; else the label of menus; for a dated file its name, as
  Jekyll does, and for a note (a name with blanks, `[[links]]` in the text, keys of Obsidian).
- language: `x.fr.md`, or a folder `fr/` at the top of the content or of a collection (`docs/fr/`, `_posts/fr/`),
  `fr-CA/` anywhere; `it.md` and `v1.2.md` say none.
- state: a folder `_drafts/` or `drafts/` holds drafts.
- permalink: the path below the content's root without suffix, `index` and `README` being their folder, without the
  numbers that only sort (`1.guide/2.start.md`, Nuxt); `slug` is its last part. Dated files have `/2021/04/15/x/`, below
  `blog/` where they lie there (a slug replaces the day, Docusaurus), below the folders above a `_posts/`. Where the
  contract knows the site's pattern, by that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import Column, folded, time_zone
from tasks.front_matter.document import Document
from tasks.front_matter.findings import Problem

#: Folders that hold content and are no part of an address, in a path's first run of such.
_ROOTS: Final = frozenset({"content", "src", "pages", "source"})
#: Such folders at the top of a repository, or behind one of those.
_SITES: Final = frozenset({"website", "site", "data"})
_TRANSLATIONS: Final = frozenset({"i18n", "_i18n", "translations", "locales"})
#: Folders in which each language may have one, beside Jekyll's collections (`_posts`).
_COLLECTIONS: Final = frozenset({"docs", "blog", "posts", "articles", "news"})
_INDEXES: Final = frozenset({"index", "readme"})
#: What menus call a page: its title where nothing else is (Docusaurus, Hugo, Mintlify).
_LABELS: Final = ("sidebar_label", "linkTitle", "linktitle", "sidebarTitle")
_DRAFTS: Final = frozenset({"_drafts", "drafts"})
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
_NUMBERED: Final = re.compile(r"\d+\.(?=\D|\d+[A-Za-z])", re.ASCII)
_FOLDERS_OF_DAY: Final = re.compile(r"(?:^|/)(\d{4})/(\d\d?)/(\d\d?)(?=/|$)", re.ASCII)
_FENCED: Final = re.compile(r"^ {0,3}(`{3,}|~{3,}).*?(?:^ {0,3}\1|\Z)", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(
    r"^ {0,3}#[ \t]+(?P<atx>.+?)[ \t]*#*[ \t]*$|^(?P<setext>[^\s#>|-].*)\n=+[ \t]*$|<h1\b[^>]*>(?P<html>.*?)</h1>",
    re.MULTILINE | re.IGNORECASE,
)
_OF_NOTES: Final = frozenset({"cssclass", "cssclasses", "dgpublish", "publish"})
_NOTE: Final = re.compile(r"\[\[[^\s\[\]][^\[\]\n]*\]\]")
_MARKS: Final = re.compile(r"<[^>]+>|[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}|\s*\{#[^}]*\}\s*$|!?\[([^\]]*)\]\([^)]*\)")
_UNUSUAL: Final = re.compile(r"[\s:{}%\\]")
_NO_ADDRESS: Final = re.compile(r"[:{}%\\]")
_TOKEN: Final = re.compile(r":(\w+)")
#: Parts of a pattern that a file need not have.
_MAY_LACK: Final = ("categories", "section", "sections")
_EARLIEST, _LATEST = 1900, 2199
#: Keys of a page that sends its reader elsewhere.
_REDIRECTS: Final = frozenset({"redirectto", "redirect", "redirecturl"})
_STUB: Final = frozenset({"aliases", "redirectfrom", "layout", "url", "permalink", "slug", "id"})
#: Keys of home pages, lists and templates, that say nothing of an article.
_TECHNICAL: Final = _STUB | frozenset(
    "actions aside cascade comments eleventyexcludefromcollections eleventynavigation features footer head hero "
    "hide home lang language layoutclass locale menu nav navbar navigation navorder noindex order outline "
    "pageclass paginate pagination robots search sidebar sitemap template toc type weight".split()
)


#: Hexo's address of a post.
_HEXO: Final = "/:year/:month/:day/:path/"


class _Place(NamedTuple):
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


class _File(NamedTuple):
    """A file: its path, what it holds, and what its front matter states."""

    place: _Place
    document: Document
    permalink: str | None
    title: str | None
    day: date | None


def ignored_reason(path: str, document: Document) -> Problem | None:
    """Why a file with front matter is no article: a section, or a redirect or bare page without a title; else None."""
    if path.rpartition("/")[2].lower().startswith("_index."):
        return Problem("front-matter/section", "", 0, 0, "the page describes a section of the site, and is no article")
    tree = document.tree or {}
    keys = {folded((key,))[0] for key in tree}
    if keys & {"title", "headline", "name"}:
        return None
    layout = tree.get("layout")
    is_stub = "aliases" in keys and keys <= _STUB
    if keys & _REDIRECTS or (isinstance(layout, str) and layout.lower().startswith("redirect")) or is_stub:
        message = "the page only sends its reader to another one, and is no article"
        return Problem("front-matter/redirect", "", 0, 0, message)
    if keys <= _TECHNICAL and not document.problems and next(_titles(_place(path), document), None) is None:
        message = "the page has no title, only what its site needs to build it, and is no article"
        return Problem("front-matter/section", "", 0, 0, message)
    return None


def derive(
    columns: Mapping[str, pa.Array], documents: Sequence[Document], paths: Sequence[str], contract: Sequence[Column]
) -> dict[str, pa.Array]:
    """The columns that paths and bodies fill where the front matter does not.

    Args:
        columns: the (n,) columns by the front matter.
        documents: (n,) documents.
        paths: (n,) paths within the source.
        contract: the columns; they say where they may be derived from, and the zone of days.

    Returns:
        (n,) arrays: those of the columns with a rule here of which some value was derived, and `derived`.
    """
    of_contract = {column.name: column for column in contract}
    nothing = [None] * len(paths)
    permalinks, titles = (columns[name].to_pylist() if name in columns else nothing for name in ("permalink", "title"))
    days = _days(columns, of_contract) if "published_at" in of_contract else nothing
    files = [_File(*facts) for facts in zip(map(_place, paths), documents, permalinks, titles, days, strict=True)]
    sources: list[list[str]] = [[] for _ in paths]
    filled: dict[str, pa.Array] = {}
    for name in [name for name in _RULES if name in of_contract]:
        column, rule, values = of_contract[name], _RULES[name], columns[name]
        # A blank title is none.
        empty = pc.equal(pc.utf8_trim_whitespace(values), "") if name == "title" else pc.is_null(values)
        found: dict[int, Any] = {}
        for row in pc.indices_nonzero(pc.fill_null(empty, True)).to_pylist():
            derived = rule(files[row], column)
            if derived is not None and _may_come_from(column, derived[1]):
                found[row] = derived[0]
                sources[row].append(f"{name}: {derived[1]}")
        if found:
            filled[name] = pc.coalesce(pa.array([found.get(row) for row in range(len(values))], values.type), values)
    for column in contract:
        if column.default and (
            missing := pc.indices_nonzero(pc.is_null(filled.get(column.name, columns[column.name])))
        ):
            filled[column.name] = pc.fill_null(filled.get(column.name, columns[column.name]), column.default)
            for row in missing.to_pylist():
                sources[row].append(f"{column.name}: contract")
    filled["derived"] = pa.array([sorted(names) for names in sources], pa.list_(pa.string()))
    return filled


def _days(columns: Mapping[str, pa.Array], contract: Mapping[str, Column]) -> list[date | None]:
    """The days of publication that the front matter states, in the zone of the site."""
    zone = contract["published_at"].zone
    local = pc.local_timestamp(columns["published_at"].cast(pa.timestamp("us", zone)))
    days: list[date | None] = local.cast(pa.date32()).to_pylist()
    return days


def _may_come_from(column: Column, where: str) -> bool:
    """Whether the contract lets a column be derived from a place."""
    return column.derive is None or _KINDS.get(where, "path") in column.derive


def _place(path: str) -> _Place:
    *folders, stem = (_NUMBERED.sub("", part, count=1) for part in _SUFFIX.sub("", path).split("/"))
    base, _, suffix = stem.rpartition(".")
    in_source = folders[:1] == ["source"]
    folders, in_collection = _below_root(folders)
    language = next(((folder, "folder") for folder in _language_folders(folders, in_collection)), None)
    # A name with more dots is a host or a version.
    if base and "." not in base and _is_language(suffix):
        stem, language = base, (suffix, "file name")
    where = "file name"
    if stem.lower() in _INDEXES and folders:
        *folders, stem = folders
        where = "folder"
    match = _DATED.fullmatch(stem)
    if match and (day := _moment(match)):
        return _Place(folders, stem, language, (day, where), match[4] or None, in_source)
    above = _FOLDERS_OF_DAY.search("/".join(folders)) or _DAY.search("/".join(folders))
    match = above or _DAY.search(stem) or _DIGITS.match(stem)
    moment = _moment(match) if match else None
    return _Place(folders, stem, language, (moment, "folder" if above else where) if moment else None, None, in_source)


def _language_folders(folders: list[str], in_collection: bool) -> list[str]:
    """The folders that may name a language, and do."""
    found = [place for place, folder in enumerate(folders) if _is_language(folder)]
    return [
        folders[place] for place in found if place < 1 + in_collection or _is_below(folders[place - 1], folders[place])
    ]


def _is_below(above: str, folder: str) -> bool:
    """Whether a folder that is called like a language names one below the folder `above`."""
    if above in _TRANSLATIONS or _WITH_REGION.fullmatch(folder):
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


def _is_language(text: str) -> bool:
    match = _LANGUAGE.fullmatch(text)
    return match is not None and match[1] in _LANGUAGES


def _moment(match: re.Match[str]) -> datetime | None:
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    if not _EARLIEST <= year <= _LATEST:
        return None
    try:
        return datetime(year, month, day)
    except ValueError:
        return None


def _title(file: _File, column: Column) -> tuple[str, str] | None:
    found = (title for title in _titles(file.place, file.document) if _may_come_from(column, title[1]))
    by_name = (_words(file.place.stem), "file name") if "file_name" in (column.derive or ()) else None
    return next(found, by_name)


def _titles(place: _Place, document: Document) -> Iterator[tuple[str, str]]:
    """What may be the title of a file whose front matter has none, the best first."""
    if heading := _first_heading(document.body):
        yield heading, "heading"
    labels = ((document.tree or {}).get(key) for key in _LABELS)
    if label := next((text.strip() for text in labels if isinstance(text, str)), ""):
        yield label, "label"
    if place.rest:
        yield _words(place.rest), "file name"
    elif " " in place.stem or _is_note(document):
        yield place.stem, "file name"


def _is_note(document: Document) -> bool:
    """Whether a file is a note of Obsidian, whose name is its title."""
    keys = {folded((key,))[0] for key in document.tree or {}}
    return not keys.isdisjoint(_OF_NOTES) or _NOTE.search(_without_code(document.body)) is not None


def _words(name: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in re.split(r"[-_\s]+", name))


def _without_code(body: str) -> str:
    return _FENCED.sub("", body) if "```" in body or "~~~" in body else body


def _first_heading(body: str) -> str | None:
    """The text of the first heading of the first level, outside of code, without marks and links."""
    match = _HEADING.search(_without_code(body))
    return _MARKS.sub(r"\1", match["atx"] or match["setext"] or match["html"] or "").strip() if match else None


def _published_at(file: _File, column: Column) -> tuple[datetime, str] | None:
    found = file.place.day
    if found is None and file.permalink and (match := _FOLDERS_OF_DAY.search(file.permalink)):
        day = _moment(match)
        found = (day, "permalink") if day else None
    return (found[0].replace(tzinfo=time_zone(column.zone)).astimezone(UTC), found[1]) if found else None


def _language(file: _File, _: Column) -> tuple[str, str] | None:
    return file.place.language


def _is_published(file: _File, _: Column) -> tuple[bool, str] | None:
    return (False, "folder") if _DRAFTS.intersection(map(str.lower, file.place.folders)) else None


def _permalink(file: _File, column: Column) -> tuple[str, str] | None:
    place, tree = file.place, file.document.tree or {}
    # `permalink: false` makes no page, and `redirect_to` (jekyll-redirect-from) one that only sends readers elsewhere.
    if tree.get("permalink") == "false" or "redirect_to" in tree:
        return None
    slug = _slug(tree)
    pattern = _pattern(file, column)
    if pattern and ((filled := _by_pattern(pattern[0], file, pattern[1])) or column.patterns):
        return filled
    if slug and slug.startswith("/"):
        return slug, "slug"
    if "_drafts" in place.folders or "i18n" in place.folders:
        return None
    folders, last = [folder.removeprefix("_") for folder in place.folders], slug or place.stem
    if place.day and place.rest:
        # Zola cuts the day off, and in the blog of Docusaurus a slug replaces it.
        is_zola = isinstance(tree.get("taxonomies"), dict) or isinstance(tree.get("extra"), dict)
        is_undated = is_zola or (slug and place.folders[:1] == ["blog"] and "_posts" not in place.folders)
        folders = folders if is_undated else [*_above_day(place.folders), f"{place.day[0]:%Y/%m/%d}"]
        last = slug or place.rest
    if folders and folders[0] in _TRANSLATIONS:
        folders = folders[1:]
    if place.language and place.language[1] == "file name":
        folders = [place.language[0].lower(), *folders]
    address = "/".join([part for part in (*folders, last) if part not in ("", "index")])
    if _UNUSUAL.search(address):
        address = re.sub(r"\s+", "-", address)
        if _NO_ADDRESS.search(address):
            return None
    return f"/{address}/" if address else "/", "path and slug" if slug else "path"


def _pattern(file: _File, column: Column) -> tuple[str, int] | None:
    """The pattern of a file's address, by contract, front matter or place, and how many folders precede it."""
    place, stated = file.place, (file.document.tree or {}).get("permalink")
    folder = next((folder for folder in (*place.folders, "") if folder in column.patterns), None)
    if folder is not None:
        return column.patterns[folder], place.folders.index(folder) + 1 if folder else 0
    posts = place.folders.index("_posts") + 1 if "_posts" in place.folders else 0
    if isinstance(stated, str) and stated.startswith("/") and ":" in stated:
        return stated.replace(":title", ":slug"), posts  # as Jekyll fills `permalink`, by the file's name
    return (_HEXO, posts) if place.in_source and posts == 1 and not place.day else None


def _by_pattern(pattern: str, file: _File, at: int) -> tuple[str, str] | None:
    """The address of a file by its site's pattern; None where the file does not say a part of it."""
    place, tree = file.place, file.document.tree or {}
    name, slug = place.rest or place.stem, _slug(tree)
    title = _slugified(file.title or "")
    day = file.day or (place.day[0] if place.day else None)
    parts = {
        "year": f"{day:%Y}" if day else "",
        "month": f"{day:%m}" if day else "",
        "day": f"{day:%d}" if day else "",
        "slug": slug or name,
        "name": name,
        "title": title,
        "slug_or_title": slug or title,
        "section": place.folders[0] if place.folders else "",
        "sections": "/".join(place.folders),
        "categories": "/".join(map(_slugified, [*place.folders[: max(at - 1, 0)], *_categories(tree)])),
        "path": "/".join([*place.folders[at:], name]),
    }
    if any(not parts.get(part) for part in _TOKEN.findall(pattern) if part not in _MAY_LACK):
        return None
    address = _TOKEN.sub(lambda found: parts[found[1]], pattern)
    if _NO_ADDRESS.search(address):
        return None
    if place.language and place.language[1] == "file name":
        address = f"{place.language[0].lower()}/{address}"
    return re.sub(r"/{2,}", "/", f"/{address}"), "pattern"


def _categories(tree: dict[str, Any]) -> list[str]:
    """The categories of a post as its address has them: a text is divided at blanks under the plural alone."""
    one, several = tree.get("category"), tree.get("categories")
    if isinstance(one, str):
        return [one]
    found = several.split() if isinstance(several, str) else several if isinstance(several, list) else []
    return [text for text in found if isinstance(text, str)]


def _slugified(text: str) -> str:
    return re.sub(r"[^\w]+", "-", text.lower()).strip("-")


def _above_day(folders: list[str]) -> list[str]:
    """The folders that stand before the day in the address of a dated file."""
    if "_posts" in folders:
        return folders[: folders.index("_posts")]
    languages = [folder for folder in folders[:1] if _is_language(folder)]
    return [*languages, *(folder for folder in folders[len(languages) : len(languages) + 1] if folder == "blog")]


def _slug(tree: dict[str, Any]) -> str | None:
    slug = tree.get("slug", tree.get("Slug"))
    return slug.strip() or None if isinstance(slug, str) and not _UNUSUAL.search(slug.strip()) else None


#: What an overlay calls the places that values come from; all others are `path`.
_KINDS: Final = {"file name": "file_name", "heading": "heading"}
#: Column to the rule that fills it: its value and the place.
_RULES: Final[Mapping[str, Callable[[_File, Column], tuple[Any, str] | None]]] = {
    "title": _title,
    "published_at": _published_at,
    "language": _language,
    "is_published": _is_published,
    "permalink": _permalink,
}
