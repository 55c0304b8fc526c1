"""What a file's path and body say where its front matter does not: time, title, language, state and permalink.

Belongs here: the usual rules of site generators for one file, and pages that are no articles. Does not belong here:
paths (`places`), addresses (`permalinks`), the generators' settings, which a batch does not show, and identity: nothing
derived ever names an article.

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
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import Column, folded, time_zone
from tasks.front_matter.document import Document
from tasks.front_matter.findings import Problem
from tasks.parse.permalinks import permalink_of
from tasks.parse.places import FOLDERS_OF_DAY, File, Place, moment_of, place_of

#: What menus call a page: its title where nothing else is (Docusaurus, Hugo, Mintlify).
_LABELS: Final = ("sidebar_label", "linkTitle", "linktitle", "sidebarTitle")
_DRAFTS: Final = frozenset({"_drafts", "drafts"})
_FENCED: Final = re.compile(r"^ {0,3}(`{3,}|~{3,}).*?(?:^ {0,3}\1|\Z)", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(
    r"^ {0,3}#[ \t]+(?P<atx>.+?)[ \t]*#*[ \t]*$|^(?P<setext>[^\s#>|-].*)\n=+[ \t]*$|<h1\b[^>]*>(?P<html>.*?)</h1>",
    re.MULTILINE | re.IGNORECASE,
)
_OF_NOTES: Final = frozenset({"cssclass", "cssclasses", "dgpublish", "publish"})
_NOTE: Final = re.compile(r"\[\[[^\s\[\]][^\[\]\n]*\]\]")
_MARKS: Final = re.compile(r"<[^>]+>|[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}|\s*\{#[^}]*\}\s*$|!?\[([^\]]*)\]\([^)]*\)")
#: Keys of a page that sends its reader elsewhere.
_REDIRECTS: Final = frozenset({"redirectto", "redirect", "redirecturl"})
_STUB: Final = frozenset({"aliases", "redirectfrom", "layout", "url", "permalink", "slug", "id"})
#: Keys of home pages, lists and templates, that say nothing of an article.
_TECHNICAL: Final = _STUB | frozenset(
    "actions aside cascade comments eleventyexcludefromcollections eleventynavigation features footer head hero "
    "hide home lang language layoutclass locale menu nav navbar navigation navorder noindex order outline "
    "pageclass paginate pagination robots search sidebar sitemap template toc type weight".split()
)


def ignored_reason(path: str, document: Document) -> Problem | None:
    """Why a file with front matter is no article: a section, or a redirect or bare page without a title; else None."""
    if path.rpartition("/")[2].lower().startswith("_index."):
        return Problem("front-matter/section", "", 0, 0, "the page describes a section of the site, and is no article")
    tree = document.tree or {}
    if "title" in tree:
        return None
    keys = {folded((key,))[0] for key in tree}
    if keys & {"title", "headline", "name"}:
        return None
    layout = tree.get("layout")
    is_stub = "aliases" in keys and keys <= _STUB
    if keys & _REDIRECTS or (isinstance(layout, str) and layout.lower().startswith("redirect")) or is_stub:
        message = "the page only sends its reader to another one, and is no article"
        return Problem("front-matter/redirect", "", 0, 0, message)
    if keys <= _TECHNICAL and not document.problems and next(_titles(place_of(path), document), None) is None:
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
    places = list(map(place_of, paths))
    # Only patterns ask for days, the contract's and that of Hexo.
    needs_days = any(column.patterns for column in contract) or any(place.in_source for place in places)
    days = _days(columns, of_contract) if needs_days else nothing
    files = [File(*facts) for facts in zip(places, documents, permalinks, titles, days, strict=True)]
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
        if column.default:
            values = filled.get(column.name, columns[column.name])
            filled[column.name] = pc.fill_null(values, column.default)
            for row in pc.indices_nonzero(pc.is_null(values)).to_pylist():
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


def _title(file: File, column: Column) -> tuple[str, str] | None:
    found = (title for title in _titles(file.place, file.document) if _may_come_from(column, title[1]))
    by_name = (_words(file.place.stem), "file name") if "file_name" in (column.derive or ()) else None
    return next(found, by_name)


def _titles(place: Place, document: Document) -> Iterator[tuple[str, str]]:
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


def _published_at(file: File, column: Column) -> tuple[datetime, str] | None:
    found = file.place.day
    if found is None and file.permalink and (match := FOLDERS_OF_DAY.search(file.permalink)):
        day = moment_of(match)
        found = (day, "permalink") if day else None
    return (found[0].replace(tzinfo=time_zone(column.zone)).astimezone(UTC), found[1]) if found else None


def _language(file: File, _: Column) -> tuple[str, str] | None:
    return file.place.language


def _is_published(file: File, _: Column) -> tuple[bool, str] | None:
    return (False, "folder") if _DRAFTS.intersection(map(str.lower, file.place.folders)) else None


#: What an overlay calls the places that values come from; all others are `path`.
_KINDS: Final = {"file name": "file_name", "heading": "heading"}
#: Column to the rule that fills it: its value and the place.
_RULES: Final[Mapping[str, Callable[[File, Column], tuple[Any, str] | None]]] = {
    "title": _title,
    "published_at": _published_at,
    "language": _language,
    "is_published": _is_published,
    "permalink": permalink_of,
}
