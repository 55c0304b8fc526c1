"""The URL identity rules: reads `url_rules.yaml`, checks it, and compiles its patterns.

Belongs here: the shape of the rules file and what a usable rule is.
Does not belong here: applying the rules to URLs (`tasks.parse.url_forms`).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec

from config.yaml_files import read_rules

#: The rules that presslake comes with.
DEFAULT_URL_RULES: Final = Path(__file__).with_name("url_rules.yaml")

_HINT: Final = "See docs/identity.md for what a rule looks like."


class _WrapperEntry(msgspec.Struct, forbid_unknown_fields=True):
    site: str
    hosts: list[str]
    path: str
    page: str


class _SiteEntry(msgspec.Struct, forbid_unknown_fields=True):
    site: str
    hosts: list[str]
    path: str
    key: str
    parameter: str = ""
    value: str = ""


class _RulesFile(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    tracking_parameters: dict[str, list[str]]
    wrappers: list[_WrapperEntry] = []
    sites: list[_SiteEntry] = []


class Wrapper(msgspec.Struct, frozen=True):
    """An address that shows another page: `path` finds that page, `page` writes its URL.

    Attributes:
        site: the service's name, for people.
        hosts: host suffixes, each starting with a dot: `.example.com`.
        path: pattern with a group `page`, searched in the path.
        page: template of the page's URL, with `{page}`.
    """

    site: str
    hosts: tuple[str, ...]
    path: re.Pattern[str]
    page: str


class Site(msgspec.Struct, frozen=True):
    """A site's own identity: `path` and `parameter` find an id, `key` writes the URL key.

    Attributes:
        site: the site's name, for people.
        hosts: host suffixes, each starting with a dot: `.example.com`.
        path: pattern searched in the path; has a group `id` unless `parameter` is given.
        parameter: the query parameter that holds the id; empty where the path does.
        value: pattern of the parameter's whole value.
        key: template of the URL key, with `{id}`.
    """

    site: str
    hosts: tuple[str, ...]
    path: re.Pattern[str]
    parameter: str
    value: re.Pattern[str]
    key: str


class UrlRules(msgspec.Struct, frozen=True):
    """What makes two URLs one page. Immutable, hashable, and picklable.

    Attributes:
        version: rises with every change of the rules, as it re-keys all articles.
        tracking_names: lower-case names of parameters that never identify a page.
        tracking_prefixes: lower-case starts of such names.
        wrappers: addresses that hold another page's address.
        sites: sites with an identity of their own, in order of precedence.
        special_hosts: the host suffixes of all `wrappers` and `sites`: others need no look.
    """

    version: int
    tracking_names: frozenset[str]
    tracking_prefixes: tuple[str, ...]
    wrappers: tuple[Wrapper, ...]
    sites: tuple[Site, ...]
    special_hosts: tuple[str, ...]


def load_url_rules(path: Path | str | None = None) -> UrlRules:
    """Read and check the URL identity rules.

    Args:
        path: a YAML file shaped like `config/url_rules.yaml`; without one, that file.

    Returns:
        The rules, patterns compiled.

    Raises:
        SettingsError: the file cannot be read, is not YAML, or holds a rule that cannot work.
    """
    return read_rules(Path(path or DEFAULT_URL_RULES), _RulesFile, _compiled, called="URL rules", hint=_HINT)


def _compiled(entries: _RulesFile) -> UrlRules:
    if entries.version < 1:
        raise ValueError("`version` must be 1 or more")
    names = [name.lower() for group in entries.tracking_parameters.values() for name in group]
    for name in names:
        _check_parameter_name(name)
    wrappers = tuple(_wrapper(entry) for entry in entries.wrappers)
    sites = tuple(_site(entry) for entry in entries.sites)
    suffixes = [rule.hosts for rule in wrappers] + [rule.hosts for rule in sites]
    return UrlRules(
        version=entries.version,
        tracking_names=frozenset(name for name in names if not name.endswith("*")),
        tracking_prefixes=tuple(sorted(name[:-1] for name in names if name.endswith("*"))),
        wrappers=wrappers,
        sites=sites,
        special_hosts=tuple(sorted({host for hosts in suffixes for host in hosts})),
    )


def _check_parameter_name(name: str) -> None:
    # A prefix of one or two letters would take parameters with it that identify pages.
    if not re.fullmatch(r"[a-z0-9_.~-]+|[a-z0-9_.~-]{3,}\*", name):
        raise ValueError(f"tracking parameter {name!r} is neither a name nor a prefix like `utm_*`")


def _wrapper(entry: _WrapperEntry) -> Wrapper:
    path = _pattern(entry.path, entry.site, group="page")
    _check_template(entry.page, entry.site, "{page}")
    return Wrapper(entry.site, _suffixes(entry.hosts, entry.site), path, entry.page)


def _site(entry: _SiteEntry) -> Site:
    path = _pattern(entry.path, entry.site, group="" if entry.parameter else "id")
    if bool(entry.parameter) != bool(entry.value):
        raise ValueError(f"the rule for {entry.site} needs both `parameter` and `value`, or neither")
    value = _pattern(entry.value, entry.site, group="")
    _check_template(entry.key, entry.site, "{id}")
    hosts = _suffixes(entry.hosts, entry.site)
    return Site(entry.site, hosts, path, entry.parameter, value, entry.key)


def _pattern(pattern: str, site: str, group: str) -> re.Pattern[str]:
    compiled = re.compile(pattern)
    if group and group not in compiled.groupindex:
        raise ValueError(f"`path` of the rule for {site} has no group `(?P<{group}>…)`")
    return compiled


def _check_template(template: str, site: str, placeholder: str) -> None:
    rest = template.replace(placeholder, "", 1)
    if rest == template or "{" in rest or "}" in rest:
        raise ValueError(f"the rule for {site} must have {placeholder} once in {template!r}")


def _suffixes(hosts: list[str], site: str) -> tuple[str, ...]:
    for host in hosts:
        if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host):
            raise ValueError(f"host {host!r} of the rule for {site} is not a lower-case domain name")
    if not hosts:
        raise ValueError(f"the rule for {site} names no host")
    return tuple("." + host for host in hosts)
