"""The configuration of a site's generator: the facts in it that its articles do not repeat.

Belongs here: finding the configuration beside the content, and language, time zone, base URL and forms of addresses as
far as a plain parser reads them. Does not belong here: what becomes of them (`flows.init`). Nothing is executed: of a
configuration that is a program only the name is known.

A kind of generator is an entry in `GENERATORS`; its documentation says what the keys mean.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import yaml

#: Folders above the content that are looked at; of a monorepo the configuration of the site, not of all.
_ABOVE: Final = 4
#: Hosts that configurations have before a site has one.
_NO_HOSTS: Final = re.compile(r"(^|\.)(localhost|example\.(com|org|net)|yoursite\.com|127\.0\.0\.1|0\.0\.0\.0)(:|$)")


class SiteConfig(NamedTuple):
    """What a site's configuration says.

    Attributes:
        generator: its name.
        file: the configuration.
        language: of pages that name none.
        zone: of times without one, IANA name.
        base_url: the site's address.
        patterns: folder to the form of addresses below it, in the words of `config.contract_types.TOKENS`; the empty
            one stands for all.
        notes: facts that presslake cannot use, a sentence each.
    """

    generator: str
    file: Path
    language: str | None = None
    zone: str | None = None
    base_url: str | None = None
    patterns: Mapping[str, str] = {}
    notes: tuple[str, ...] = ()


class _Generator(NamedTuple):
    """A kind of generator.

    Attributes:
        name: as its makers write it.
        files: its configurations, the first that is there counts; patterns of paths.
        read: the facts of the parsed file; None where that is a program.
        is_it: whether a parsed file is this generator's, where others have a file of that name.
    """

    name: str
    files: tuple[str, ...]
    read: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None
    is_it: Callable[[Mapping[str, Any], Path], bool] = lambda _tree, _file: True


def find_site_config(content: Path) -> SiteConfig | None:
    """The configuration of the site that a folder of content belongs to, in it or in a folder above.

    Raises:
        OSError: a configuration is there and cannot be read.
    """
    resolved = content.resolve()
    for folder in [resolved, *resolved.parents][: _ABOVE + 1]:
        for generator in GENERATORS:
            for pattern in generator.files:
                for file in sorted(folder.glob(pattern)):
                    if (found := _read(generator, file)) is not None:
                        return found
        if (folder / ".git").exists():
            return None
    return None


def _read(generator: _Generator, file: Path) -> SiteConfig | None:
    """The facts of a file; None where it is another generator's."""
    if generator.read is None:
        note = f"{file.name} is a program, which presslake does not run: what only it says is not known."
        return SiteConfig(generator.name, file, notes=(note,))
    try:
        tree = _parsed(file)
    except (yaml.YAMLError, ValueError) as error:
        reason = str(error).splitlines()[0]
        return SiteConfig(generator.name, file, notes=(f"{file.name} cannot be read: {reason}.",))
    if not isinstance(tree, dict) or not generator.is_it(tree, file):
        return None
    facts = generator.read(tree)
    facts["base_url"] = _site_address(facts.get("base_url"))
    return SiteConfig(generator.name, file, **facts)


class _Loader(yaml.SafeLoader):
    """Reads what generators add with tags (`!ENV`, `!!python/name:…`) as nothing."""


_Loader.add_multi_constructor("", lambda _loader, _suffix, _node: None)


def _parsed(file: Path) -> Any:
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    if file.suffix == ".toml":
        return tomllib.loads(text)
    return json.loads(text) if file.suffix == ".json" else yaml.load(text, _Loader)  # noqa: S506


def _site_address(given: Any) -> str | None:
    """An absolute address that is not one of a template."""
    if not isinstance(given, str) or not given.startswith(("http://", "https://")):
        return None
    host = urlsplit(given).netloc.lower()
    return given if host and not _NO_HOSTS.search(host) else None


def _text(tree: Mapping[str, Any], *names: str) -> str | None:
    """The first of some keys that has a text, in any case of letters; of a list of texts the first."""
    lower = {str(key).lower(): value for key, value in tree.items()}
    for name in names:
        value = lower.get(name.lower())
        value = value[0] if isinstance(value, list) and value else value
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


#: The words of generators for the parts of an address, in ours; others have none.
_DAY: Final = {part: part for part in ("year", "month", "i_month", "day", "i_day")}
_JEKYLL: Final = {part: part for part in (*_DAY, "short_year", "categories", "path", "name")} | {
    "title": "slug",
    "slug": "slug",
}
_JEKYLL_STYLES: Final = {
    "date": "/:categories/:year/:month/:day/:title.html",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "none": "/:categories/:title.html",
}
_HEXO: Final = _DAY | {"category": "categories", "title": "path", "name": "name", "post_title": "title"}
_HUGO: Final = {part: part for part in ("year", "month", "day", "section", "sections", "title")} | {
    "slug": "slug_or_title",
    "slugorfilename": "slug",
    "slugorcontentbasename": "slug",
    "filename": "name",
    "contentbasename": "name",
}


def _translated(pattern: str, words: Mapping[str, str]) -> str | None:
    """A pattern in our words; None where it has a part that we have no word for."""
    pattern = pattern.replace(":output_ext", ".html")
    tokens = re.findall(r":([a-z_]+)", pattern)
    if not tokens or not all(token in words for token in tokens):
        return None
    return re.sub(r":([a-z_]+)", lambda token: ":" + words[token[1]], pattern)


def _with_patterns(given: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    """Patterns by folder, and notes on those that are not understood."""
    patterns: dict[str, str] = {}
    notes = []
    for folder, pattern in given.items():
        translated = _translated(pattern, words) if isinstance(pattern, str) else None
        if translated:
            patterns[folder.strip("/")] = translated
        elif isinstance(pattern, str):
            notes.append(f"The permalink `{pattern}` has parts that presslake does not know; it is left out.")
    return {"patterns": patterns, "notes": tuple(notes)}


def _jekyll(tree: Mapping[str, Any]) -> dict[str, Any]:
    permalink = str(tree.get("permalink") or "date")
    address, below = tree.get("url"), tree.get("baseurl")
    return {
        "language": _text(tree, "lang", "locale"),
        "zone": _text(tree, "timezone"),
        "base_url": f"{address.rstrip('/')}/{str(below or '').strip('/')}" if isinstance(address, str) else None,
        **_with_patterns({"_posts": _JEKYLL_STYLES.get(permalink, permalink)}, _JEKYLL),
    }


def _hexo(tree: Mapping[str, Any]) -> dict[str, Any]:
    patterns = _with_patterns({"_posts": str(tree.get("permalink") or ":year/:month/:day/:title/")}, _HEXO)
    return {
        "language": _text(tree, "language"),
        "zone": _text(tree, "timezone"),
        "base_url": _text(tree, "url"),
        **patterns,
    }


def _hugo(tree: Mapping[str, Any]) -> dict[str, Any]:
    permalinks = tree.get("permalinks")
    permalinks = permalinks if isinstance(permalinks, dict) else {}
    of_pages = permalinks.get("page")
    return {
        "language": _text(tree, "defaultContentLanguage", "languageCode", "locale"),
        "zone": _text(tree, "timeZone"),
        "base_url": _text(tree, "baseURL"),
        **_with_patterns({**permalinks, **(of_pages if isinstance(of_pages, dict) else {})}, _HUGO),
    }


def _zola(tree: Mapping[str, Any]) -> dict[str, Any]:
    address = {"language": _text(tree, "default_language"), "base_url": _text(tree, "base_url")}
    return {**address, "patterns": {"": "/:sections/:slug/"}}


def _mkdocs(tree: Mapping[str, Any]) -> dict[str, Any]:
    theme = tree.get("theme")
    return {
        "language": _text(theme, "language") if isinstance(theme, dict) else None,
        "base_url": _text(tree, "site_url"),
    }


def _is_hexo(tree: Mapping[str, Any], file: Path) -> bool:
    return (
        bool(tree.keys() & {"new_post_name", "source_dir", "post_asset_folder"})
        or (file.parent / "source" / "_posts").is_dir()
    )


#: The generators that are known, in the order in which they are looked for.
GENERATORS: Final = (
    _Generator("Hexo", ("_config.yml",), _hexo, _is_hexo),
    _Generator("Jekyll", ("_config.yml", "_config.yaml", "_config.toml"), _jekyll),
    _Generator(
        "Zola", ("zola.toml", "config.toml"), _zola, lambda tree, _file: "base_url" in tree and "baseURL" not in tree
    ),
    _Generator(
        "Hugo",
        (
            *(f"hugo.{end}" for end in ("toml", "yaml", "yml", "json")),
            *(
                f"config/_default/{name}.{end}"
                for name in ("hugo", "config")
                for end in ("toml", "yaml", "yml", "json")
            ),
            *(f"config.{end}" for end in ("toml", "yaml", "yml", "json")),
        ),
        _hugo,
        lambda tree, _file: bool({str(key).lower() for key in tree} & {"baseurl", "languagecode", "theme", "module"}),
    ),
    _Generator("MkDocs", ("mkdocs.yml", "mkdocs.yaml"), _mkdocs),
    _Generator("Eleventy", ("eleventy.config.*", ".eleventy.js")),
    _Generator("Astro", ("astro.config.*",)),
    _Generator("Docusaurus", ("docusaurus.config.*",)),
    _Generator("VitePress", (".vitepress/config.*", ".vuepress/config.*")),
    _Generator("Gatsby", ("gatsby-config.*",)),
    _Generator("Next.js", ("next.config.*",)),
    _Generator("Nuxt", ("nuxt.config.*",)),
    _Generator("Pelican", ("pelicanconf.py",)),
    _Generator("Quartz", ("quartz.config.*",)),
    _Generator("Obsidian", (".obsidian",)),
)
