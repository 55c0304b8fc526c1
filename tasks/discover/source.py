"""Opening the sources that a user names.

Belongs here: the list of the kinds of source, and which of them a specification means. Does not belong here: how one
kind reads its specifications, lists and reads (its module, with its `KIND`), and what changed
(`tasks.discover.changes`). A new kind is one such module and one entry in `KINDS`.

    content, news=~/site/content      a folder
    news=articles.zip                 an archive: .zip, .tar, .tar.gz, .tgz, .tar.zst
    git+file:///srv/news@main         a Git repository at a branch, tag or commit; also git+https://
    s3://bucket/news                  objects below a prefix; also gs:// and az://
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from config.errors import UsageError
from config.settings import Access
from tasks.discover import git, local, objects, tars, zips
from tasks.discover.listing import DEFAULT_EXCLUDE, DEFAULT_INCLUDE, Globs
from tasks.discover.location import SourceKind, SourceLocation, refuse_overlap, scheme_of, split_name
from tasks.runs.source import Source

#: All kinds; of a path the first that recognises it, and a folder is what no other kind does.
KINDS: Final[tuple[SourceKind, ...]] = (zips.KIND, tars.KIND, local.KIND, git.KIND, objects.KIND)

_DEFAULT_ACCESS: Final = Access()


def open_source(
    spec: str,
    name: str | None = None,
    include: Sequence[str] = DEFAULT_INCLUDE,
    exclude: Sequence[str] = DEFAULT_EXCLUDE,
    access: Access = _DEFAULT_ACCESS,
) -> Source:
    """Open one source.

    Args:
        spec: a location, or `name=location` where `name` is not given.
        name: the source's name; by default the last part of the location's path.
        include: patterns of the files to take.
        exclude: patterns of files and folders to leave out.
        access: how locations that are no folders are reached.

    Raises:
        UsageError: the specification or a pattern cannot be understood, or an extra is missing.
        SourceError: the folder or archive does not exist.
    """
    return _open(parse_location(spec, name), Globs.compile(include, exclude), access)


def open_sources(
    specs: Sequence[str],
    include: Sequence[str] = DEFAULT_INCLUDE,
    exclude: Sequence[str] = DEFAULT_EXCLUDE,
    access: Access = _DEFAULT_ACCESS,
) -> list[Source]:
    """Open several sources, in the order given, that must not overlap.

    Raises:
        UsageError: there is none, two have one name, or one lies inside another; as `open_source`.
        SourceError: as `open_source`.
    """
    if not specs:
        raise UsageError("No source is given.", "Name at least one folder of articles.")
    globs = Globs.compile(include, exclude)
    locations = [parse_location(spec) for spec in specs]
    refuse_overlap(locations)
    return [_open(location, globs, access) for location in locations]


def parse_location(spec: str, name: str | None = None) -> SourceLocation:
    """The location that a specification means.

    Args:
        spec: a location, or `name=location` where `name` is not given. A relative path with `=` in its first
            part is written with `./` before it (`./year=2021`).
        name: the source's name; by default the last part of the path, before links are resolved, so
            that it stays when `current -> releases/42` moves on.

    Raises:
        UsageError: the specification cannot be understood, or holds a password.
        SourceError: the folder or archive does not exist.
    """
    if name is None:
        name, spec = split_name(spec)
    if not spec.strip():
        raise UsageError("A source is empty.", "Name a folder of articles, such as content or news=content.")
    location = kind_of(spec).parse(spec)
    name = name or location.name
    # A table must be able to hold it (UTF-8, so no surrogates) and a person to read it.
    if not name or not name.isprintable():
        raise UsageError(f"The source {spec!r} gives no usable name.", "Name it yourself: write name=location.")
    return msgspec.structs.replace(location, name=name)


def kind_of(spec: str) -> SourceKind:
    """The kind of the source that a specification without its name means.

    Raises:
        UsageError: no kind has such URLs, or the URL holds a password.
    """
    scheme = scheme_of(spec)
    if not scheme:
        return next(kind for kind in KINDS if kind.recognises(spec))
    if "@" in spec.split("://", 1)[1].partition("/")[0]:
        raise UsageError(
            f"A source's URL ({scheme}://…) holds a user name or password, and sources are written to the tables.",
            "Leave it out; docs/sources.md says where credentials belong.",
        )
    for kind in KINDS:
        if scheme in kind.schemes:
            return kind
    forms = ", ".join(kind.form for kind in KINDS)
    raise UsageError(f"Sources of the kind {scheme}:// are not supported: {spec!r}.", f"Supported: {forms}.")


def _open(location: SourceLocation, globs: Globs, access: Access) -> Source:
    kind = next(kind for kind in KINDS if kind.name == location.kind)
    return kind.open(location, globs, access)
