"""What the text a user writes for a source means: its name, its kind, and where it is.

Belongs here: reading `name=place` specifications, and refusing those that mean nothing, hold a secret
or overlap. Does not belong here: reaching the place (`tasks.discover.local` and the other kinds).

    content, news=~/site/content      a folder
    news=articles.zip                 an archive: .zip, .tar, .tar.gz, .tgz, .tar.zst
    git+file:///srv/news@main         a Git repository at a branch, tag or commit; also git+https://
    s3://bucket/news                  objects below a prefix; also gs:// and az://
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

import msgspec

from config.errors import SourceError, UsageError

Kind = Literal["folder", "archive", "git", "objects"]

#: Ends of names of archives; the longer ones first, since they name the source without them.
ARCHIVES: Final = (".tar.gz", ".tar.zst", ".tar", ".tgz", ".zip")
OBJECT_STORES: Final = ("s3", "gs", "az")
REMOTE_GIT: Final = ("git+https", "git+http")

_NAMED: Final = re.compile(r"(?P<name>[^/=]+)=(?P<place>.+)", re.DOTALL)
_SCHEME: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://")
#: What Git allows in the name of a branch or tag, and nothing that it reads as an option or an expression.
#: Source: git-check-ref-format(1).
_REF: Final = re.compile(r"(?!-)(?!.*(?:\.\.|@\{|//))[^\x00-\x20\x7f~^:?*\[\\]+(?<![/.])")


class Place(msgspec.Struct, frozen=True):
    """Where a source is.

    Attributes:
        name: the source's name in the tables.
        kind: how it is reached.
        root: a real path, or a URL without `@ref`.
        ref: branch, tag or commit of a Git repository; empty for its head.
    """

    name: str
    kind: Kind
    root: str
    ref: str = ""


def place_of(spec: str, name: str | None = None) -> Place:
    """The place that a specification means.

    Args:
        spec: a place, or `name=place` where `name` is not given. A relative path with `=` in its first
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
    scheme = _SCHEME.match(spec)
    kind, root, ref, usual = _remote(spec, scheme["scheme"].lower()) if scheme else _local(spec)
    name = name or usual
    # A table must be able to hold it (UTF-8, so no surrogates) and a person to read it.
    if not name or not name.isprintable():
        raise UsageError(f"The source {spec!r} gives no usable name.", "Name it yourself: write name=place.")
    return Place(name, kind, root, ref)


def split_name(spec: str) -> tuple[str, str]:
    """Name and place of a specification; the name is empty where it has none, as in `./year=2021`."""
    named = _NAMED.fullmatch(spec)
    return (named["name"], named["place"]) if named else ("", spec)


def is_local_path(spec: str) -> bool:
    """Whether a specification without its name is a path of this machine that is no archive."""
    return not _SCHEME.match(spec) and not spec.lower().endswith(ARCHIVES)


def refuse_overlap(places: Sequence[Place]) -> None:
    """Refuse sources of one name, and those of which one holds another: files would be read twice.

    Raises:
        UsageError: naming the two.
    """
    for at, inner in enumerate(places):
        for before, outer in enumerate(places):
            if at == before:
                continue
            if inner.name == outer.name:
                raise UsageError(f"Two sources are called {inner.name!r}.", "Tell them apart: write name=place.")
            if inner.kind == outer.kind and inner.ref == outer.ref and _lies_in(inner.root, outer.root):
                raise UsageError(
                    f"Source {inner.name!r} lies inside source {outer.name!r}: {inner.root!r} in {outer.root!r}.",
                    "Drop one of them, or name places that do not hold each other.",
                )


def _lies_in(inner: str, outer: str) -> bool:
    return inner == outer or inner.startswith(outer.rstrip("/") + "/")


def _local(spec: str) -> tuple[Kind, str, str, str]:
    """Kind, root, ref and usual name of a path."""
    try:
        path = Path(spec).expanduser()
    except RuntimeError as error:
        raise UsageError(f"The source {spec!r} cannot be understood: {error}", "Write the whole path.") from error
    root = _existing(path)
    if root.is_dir():
        return "folder", str(root), "", path.name or root.name
    if end := next((end for end in ARCHIVES if path.name.lower().endswith(end)), ""):
        return "archive", str(root), "", path.name[: -len(end)]
    raise SourceError(
        f"The source {str(path)!r} is not a folder, nor an archive ({', '.join(ARCHIVES)}).",
        f"Name the folder it is in: {str(path.parent)!r}",
    )


def _remote(spec: str, scheme: str) -> tuple[Kind, str, str, str]:
    """Kind, root, ref and usual name of a URL."""
    rest = spec.split("://", 1)[1]
    host, slash, path = rest.partition("/")
    if "@" in host:
        raise UsageError(
            f"A source's URL ({scheme}://…) holds a user name or password, and sources are written to the tables.",
            "Leave it out; docs/sources.md says where credentials belong.",
        )
    if scheme in OBJECT_STORES:
        root = f"{scheme}://{rest.rstrip('/')}"
        if not host or urlsplit(spec).query or urlsplit(spec).fragment:
            raise UsageError(f"The source {spec!r} is no bucket.", f"Write {scheme}://bucket/prefix.")
        return "objects", root, "", root.rsplit("/", 1)[-1]
    if scheme == "git+file" and not host:
        return _repository(scheme, "", *_split_ref(unquote(slash + path)))
    if scheme in REMOTE_GIT and host and path:
        return _repository(scheme, host, *_at_last(slash + path))
    raise UsageError(
        f"Sources of the kind {scheme}:// are not supported: {spec!r}."
        if scheme not in {"git+file", *REMOTE_GIT}
        else f"The source {spec!r} names no repository.",
        "Supported: folders, archives (" + ", ".join(ARCHIVES) + "), git+file:///path@ref, git+https://host/path@ref, "
        "s3://bucket/prefix, gs:// and az://.",
    )


def _repository(scheme: str, host: str, path: str, ref: str) -> tuple[Kind, str, str, str]:
    if ref and not _REF.fullmatch(ref):
        raise UsageError(f"{ref!r} is not the name of a branch, tag or commit.", "Write it as `git branch` shows it.")
    if not host:
        path = str(_existing(Path(path)))
    return "git", f"{scheme}://{host}{path.rstrip('/')}", ref, path.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git")


def _split_ref(path: str) -> tuple[str, str]:
    """Path and ref; an `@` in the name of a folder that exists is part of it."""
    ends = [at for at, character in enumerate(path) if character == "@"]
    for end in (len(path), *reversed(ends)):
        if Path(path[:end]).is_dir():
            return path[:end], path[end + 1 :]
    return _at_last(path)


def _at_last(path: str) -> tuple[str, str]:
    before, at, after = path.rpartition("@")
    return (before, after) if at and before else (path, "")


def _existing(path: Path) -> Path:
    """The real path; links on the way to a source's root are the user's own choice."""
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
