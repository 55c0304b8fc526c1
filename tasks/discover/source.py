"""Opening the sources that a user names.

Belongs here: which kind of source opens a place. Does not belong here:
what a specification means (`tasks.discover.places`), which files count (`tasks.discover.globs`), how one
kind of source lists and reads (`tasks.discover.local`, `git`, `archive`, `objects`), and what changed
(`tasks.discover.changes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from config.errors import UsageError
from config.settings import Access
from tasks.discover.globs import DEFAULT_INCLUDE, Globs
from tasks.discover.places import Place, place_of, refuse_overlap
from tasks.runs.source import Source

_DEFAULT_ACCESS: Final = Access()


def open_source(
    spec: str,
    name: str | None = None,
    include: Sequence[str] = DEFAULT_INCLUDE,
    exclude: Sequence[str] = (),
    access: Access = _DEFAULT_ACCESS,
) -> Source:
    """Open one source.

    Args:
        spec: a place, or `name=place` where `name` is not given; see `tasks.discover.places`.
        name: the source's name; by default the last part of the place's path.
        include: patterns of the files to take.
        exclude: patterns of files and folders to leave out.
        access: how places that are no folders are reached.

    Raises:
        UsageError: the specification or a pattern cannot be understood, or an extra is missing.
        SourceError: the folder or archive does not exist.
    """
    return _open(place_of(spec, name), Globs.compile(include, exclude), access)


def open_sources(
    specs: Sequence[str],
    include: Sequence[str] = DEFAULT_INCLUDE,
    exclude: Sequence[str] = (),
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
    places = [place_of(spec) for spec in specs]
    refuse_overlap(places)
    return [_open(place, globs, access) for place in places]


# Each kind of source is imported when one is opened: no run pays for clients it does not use.
def _open(place: Place, globs: Globs, access: Access) -> Source:
    if place.kind == "git":
        from tasks.discover.git import GitSource  # noqa: PLC0415

        return GitSource(place.name, place.root, place.ref, globs, access)
    if place.kind == "archive":
        from tasks.discover.archive import open_archive  # noqa: PLC0415

        return open_archive(place.name, place.root, globs, access)
    if place.kind == "objects":
        from tasks.discover.objects import open_objects  # noqa: PLC0415

        return open_objects(place.name, place.root, globs, access)
    from tasks.discover.local import LocalSource  # noqa: PLC0415

    return LocalSource(place.name, place.root, globs)
