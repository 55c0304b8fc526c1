"""The URL identity rules: reads `url_rules.yaml`, checks it, and compiles its patterns.

Belongs here: the shape of the rules file and what a usable rule is.
Does not belong here: applying the rules to URLs (`tasks.parse.url_forms`).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from config.yaml_files import read_rules

#: The rules that presslake comes with.
DEFAULT_URL_RULES: Final = Path(__file__).with_name("url_rules.yaml")

_HINT: Final = "See docs/identity.md for what a rule looks like."
_DOMAIN: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
#: A prefix of one or two letters would take parameters with it that identify pages.
_PARAMETER: Final = re.compile(r"[a-z0-9_.~-]+|[a-z0-9_.~-]{3,}\*")


class HostSuffix(str):
    """The end of the hosts that a rule is for: `.example.com`, where the file has `example.com`."""

    __slots__ = ()


Hosts = Annotated[tuple[HostSuffix, ...], msgspec.Meta(min_length=1)]


class Wrapper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address that shows another page: `path` finds that page, `page` writes its URL.

    Attributes:
        site: the service's name, for people.
        path: pattern with a group `page`, searched in the path.
        page: template of the page's URL, with `{page}`.
    """

    site: str
    hosts: Hosts
    path: re.Pattern[str]
    page: str

    def __post_init__(self) -> None:
        _check_group(self.path, self.site, "page")
        _check_template(self.page, self.site, "{page}")


class Site(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A site's own identity: `path` and `parameter` find an id, `key` writes the URL key.

    Attributes:
        site: the site's name, for people.
        path: pattern searched in the path; has a group `id` unless `parameter` is given.
        parameter: the query parameter that holds the id; empty where the path does.
        value: pattern of the parameter's whole value.
        key: template of the URL key, with `{id}`.
    """

    site: str
    hosts: Hosts
    path: re.Pattern[str]
    parameter: str = ""
    value: re.Pattern[str] = re.compile("")
    key: str

    def __post_init__(self) -> None:
        if not self.parameter:
            _check_group(self.path, self.site, "id")
        if bool(self.parameter) != bool(self.value.pattern):
            raise ValueError(f"the rule for {self.site} needs both `parameter` and `value`, or neither")
        _check_template(self.key, self.site, "{id}")


class _RulesFile(msgspec.Struct, forbid_unknown_fields=True):
    version: Annotated[int, msgspec.Meta(ge=1)]
    tracking_parameters: dict[str, list[str]]
    wrappers: tuple[Wrapper, ...] = ()
    sites: tuple[Site, ...] = ()
    countries: str = ""


class UrlRules(msgspec.Struct, frozen=True):
    """What makes two URLs one page. Immutable, hashable, and picklable.

    Attributes:
        version: rises with every change of the rules, as it re-keys all articles.
        tracking_names: lower-case names of parameters that never identify a page.
        tracking_prefixes: lower-case starts of such names.
        wrappers: addresses that hold another page's address.
        sites: sites with an identity of their own, in order of precedence.
        countries: first parts of paths that choose a country's edition of a site.
        special_hosts: the host suffixes of all `wrappers` and `sites`: others need no look.
    """

    version: int
    tracking_names: frozenset[str]
    tracking_prefixes: tuple[str, ...]
    wrappers: tuple[Wrapper, ...]
    sites: tuple[Site, ...]
    countries: tuple[str, ...]
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
    path = Path(path or DEFAULT_URL_RULES)
    return read_rules(path, _RulesFile, _compiled, _decoded, called="URL rules", hint=_HINT)


def _decoded(kind: type, text: str) -> Any:
    """A text of the file as a host or a pattern."""
    if kind is not HostSuffix:
        return re.compile(text)
    if not _DOMAIN.fullmatch(text):
        raise ValueError(f"host {text!r} is not a lower-case domain name")
    return HostSuffix(f".{text}")


def _compiled(entries: _RulesFile) -> UrlRules:
    names = [name.lower() for group in entries.tracking_parameters.values() for name in group]
    if wrong := [name for name in names if not _PARAMETER.fullmatch(name)]:
        raise ValueError(f"tracking parameter {wrong[0]!r} is neither a name nor a prefix like `utm_*`")
    rules: tuple[Wrapper | Site, ...] = (*entries.wrappers, *entries.sites)
    return UrlRules(
        version=entries.version,
        tracking_names=frozenset(name for name in names if not name.endswith("*")),
        tracking_prefixes=tuple(sorted(name[:-1] for name in names if name.endswith("*"))),
        wrappers=entries.wrappers,
        sites=entries.sites,
        countries=tuple(sorted(entries.countries.split())),
        special_hosts=tuple(sorted({host for rule in rules for host in rule.hosts})),
    )


def _check_group(pattern: re.Pattern[str], site: str, group: str) -> None:
    if group not in pattern.groupindex:
        raise ValueError(f"`path` of the rule for {site} has no group `(?P<{group}>…)`")


def _check_template(template: str, site: str, placeholder: str) -> None:
    rest = template.replace(placeholder, "", 1)
    if rest == template or "{" in rest or "}" in rest:
        raise ValueError(f"the rule for {site} must have {placeholder} once in {template!r}")
