"""Where a source is, and what a kind of source is to those who only name it.

Belongs here: the two structs, and what the kinds share in reading a specification. Does not belong here: the list
of kinds (`tasks.discover.source`), and one kind's own way to read a specification and to open a source (its module).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from config.errors import SourceError, UsageError
from config.settings import Access
from tasks.discover.listing import Globs
from tasks.runs.source import Source

#: Ends of names of archives; the longer ones first, since they name the source without them.
TARS: Final = (".tar.gz", ".tar.zst", ".tar", ".tgz")
ZIPS: Final = (".zip",)
ARCHIVES: Final = (*TARS, *ZIPS)

_NAMED: Final = re.compile(r"(?P<name>[^/=]+)=(?P<location>.+)", re.DOTALL)
_SCHEME: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://")


class SourceLocation(msgspec.Struct, frozen=True):
    """Where a source is.

    Attributes:
        name: the source's name in the tables.
        kind: name of its `SourceKind`.
        root: a real path, or a URL without `@ref`; what lies below another source's root is part of that.
        ref: branch, tag or commit of a Git repository; empty for its head, and of other kinds.
    """

    name: str
    kind: str
    root: str
    ref: str = ""


class SourceKind(msgspec.Struct, frozen=True):
    """A kind of source, an entry in `tasks.discover.source.KINDS`.

    Attributes:
        name: the kind, such as `git`.
        form: how users write one, for the error that lists what is supported.
        schemes: of its URLs in lower case; empty for a kind that is named by a path.
        recognises: whether a path is one of this kind; URLs are recognised by their scheme.
        parse: the location that a specification without `name=` means; its name is the usual one.
        open: the source at a location.
    """

    name: str
    form: str
    schemes: tuple[str, ...]
    parse: Callable[[str], SourceLocation]
    open: Callable[[SourceLocation, Globs, Access], Source]
    recognises: Callable[[str], bool] = lambda _path: False


def split_name(spec: str) -> tuple[str, str]:
    """Name and location of a specification; the name is empty where it has none, as in `./year=2021`."""
    named = _NAMED.fullmatch(spec)
    return (named["name"], named["location"]) if named else ("", spec)


def scheme_of(spec: str) -> str:
    """The scheme of a URL in lower case; empty for a path."""
    found = _SCHEME.match(spec)
    return found["scheme"].lower() if found else ""


def refuse_overlap(locations: Sequence[SourceLocation]) -> None:
    """Refuse sources of one name, and those of which one holds another: files would be read twice.

    Raises:
        UsageError: naming the two.
    """
    for at, inner in enumerate(locations):
        for outer in (*locations[:at], *locations[at + 1 :]):
            if inner.name == outer.name:
                raise UsageError(
                    f"Two sources are called {inner.name!r}.", "Give them different names: write name=location."
                )
            if inner.kind == outer.kind and inner.ref == outer.ref and _lies_in(inner.root, outer.root):
                raise UsageError(
                    f"Source {inner.name!r} lies inside source {outer.name!r}: {inner.root!r} in {outer.root!r}.",
                    "Drop one of them, or name locations of which none holds another.",
                )


def _lies_in(inner: str, outer: str) -> bool:
    return inner == outer or inner.startswith(outer.rstrip("/") + "/")


def expanded(spec: str) -> Path:
    """The path that a user wrote, `~` replaced.

    Raises:
        UsageError: there is no such user.
    """
    try:
        return Path(spec).expanduser()
    except RuntimeError as error:
        raise UsageError(f"The source {spec!r} cannot be understood: {error}", "Write the whole path.") from error


def existing(path: Path) -> Path:
    """The real path; links on the way to a source's root are the user's own choice.

    Raises:
        SourceError: it does not exist, or cannot be opened.
    """
    try:
        return path.resolve(strict=True)
    except FileNotFoundError as error:
        what = "archive" if path.name.lower().endswith(ARCHIVES) else "folder"
        raise SourceError(f"The source {what} {str(path)!r} does not exist.", _nearest(path)) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise SourceError(f"The source folder {str(path)!r} cannot be opened: {error}.", "Check it.") from error


def _nearest(missing: Path) -> str:
    """A hint that names the sibling most like a missing one."""
    try:
        siblings = sorted(e.name for e in missing.parent.iterdir() if e.is_dir() or e.name.endswith(ARCHIVES))
    except OSError:
        siblings = []
    import difflib  # noqa: PLC0415  (only errors need it)

    for nearest in difflib.get_close_matches(missing.name, siblings, n=1):
        return f"Did you mean {str(missing.parent / nearest)!r}?"
    return "Check the path, and that the disk is mounted."
