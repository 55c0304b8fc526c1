"""Permalinks: the address of a page within its site, by its path and the usual rule of its generator.

Belongs here: those rules, and patterns that the contract or the front matter states. Does not belong here: what a path
says otherwise (`places`), and identity: a permalink never names an article.
"""

from __future__ import annotations

import re
from typing import Any, Final

from config.contract_types import Column
from tasks.parse.places import TRANSLATIONS, File, is_language

_UNUSUAL: Final = re.compile(r"[\s:{}%\\]")
_NO_ADDRESS: Final = re.compile(r"[:{}%\\]")
_TOKEN: Final = re.compile(r":(\w+)")
#: Parts of a pattern that a file need not have.
_MAY_LACK: Final = ("categories", "section", "sections")
#: Hexo's address of a post.
_HEXO: Final = "/:year/:month/:day/:path/"


def permalink_of(file: File, column: Column) -> tuple[str, str] | None:
    """The address of a file that states none, and where it comes from; None where the file does not say it."""
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
    if folders and folders[0] in TRANSLATIONS:
        folders = folders[1:]
    if place.language and place.language[1] == "file name":
        folders = [place.language[0].lower(), *folders]
    address = "/".join([part for part in (*folders, last) if part not in ("", "index")])
    if _UNUSUAL.search(address):
        address = re.sub(r"\s+", "-", address)
        if _NO_ADDRESS.search(address):
            return None
    return f"/{address}/" if address else "/", "path and slug" if slug else "path"


def _pattern(file: File, column: Column) -> tuple[str, int] | None:
    """The pattern of a file's address, by contract, front matter or place, and how many folders precede it."""
    place, stated = file.place, (file.document.tree or {}).get("permalink")
    folder = next((folder for folder in (*place.folders, "") if folder in column.patterns), None)
    if folder is not None:
        return column.patterns[folder], place.folders.index(folder) + 1 if folder else 0
    posts = place.folders.index("_posts") + 1 if "_posts" in place.folders else 0
    if isinstance(stated, str) and stated.startswith("/") and ":" in stated:
        return stated.replace(":title", ":slug"), posts  # as Jekyll fills `permalink`, by the file's name
    return (_HEXO, posts) if place.in_source and posts == 1 and not place.day else None


def _by_pattern(pattern: str, file: File, at: int) -> tuple[str, str] | None:
    """The address of a file by its site's pattern; None where the file does not say a part of it."""
    place, tree = file.place, file.document.tree or {}
    name, slug = place.rest or place.stem, _slug(tree)
    title = _slugified(file.title or "")
    day = file.day or (place.day[0] if place.day else None)
    parts = {
        "year": f"{day:%Y}" if day else "",
        "month": f"{day:%m}" if day else "",
        "day": f"{day:%d}" if day else "",
        "short_year": f"{day:%y}" if day else "",
        "i_month": f"{day.month}" if day else "",
        "i_day": f"{day.day}" if day else "",
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
    languages = [folder for folder in folders[:1] if is_language(folder)]
    return [*languages, *(folder for folder in folders[len(languages) : len(languages) + 1] if folder == "blog")]


def _slug(tree: dict[str, Any]) -> str | None:
    slug = tree.get("slug", tree.get("Slug"))
    return slug.strip() or None if isinstance(slug, str) and not _UNUSUAL.search(slug.strip()) else None
