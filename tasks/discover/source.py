"""What a source of files is, and how the text a user writes becomes one.

Belongs here: the `Source` interface, the table that a listing is, the patterns that choose files,
and opening sources from `name=path` specifications. Does not belong here: how one kind of source
lists and reads (`tasks.discover.local`), and what changed (`tasks.discover.changes`).

Patterns are Git's globs. `include` is matched against the path of the *file*: `*.md` in any folder,
`/news/*.md` directly below `news`, `news/` or `news/**` everything below it. `exclude` is a
.gitignore: a folder that it matches is not entered. With a `!pattern` in it all folders are entered
and each file is decided alone, the last match counting.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import pyarrow as pa

from config.errors import SourceError, UsageError

#: One row a file. `source_path` is relative to the source's root with `/` between the parts,
#: `size` is in bytes, `etag` is null where the storage has none, `modified_at` where it is not known.
LISTING: Final = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_path", pa.string(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("modified_at", pa.timestamp("us", tz="UTC")),
        pa.field("etag", pa.string()),
    ]
)

DEFAULT_INCLUDE: Final = ("**/*.md", "**/*.markdown", "**/*.html")

_NAMED: Final = re.compile(r"(?P<name>[^/=]+)=(?P<path>.+)", re.DOTALL)
_SCHEME: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://")
_SUFFIX_PATTERN: Final = re.compile(r"(?:\*\*/)?\*(?P<suffix>\.[A-Za-z0-9._-]+)")

_Rule = tuple[re.Pattern[str], bool]


class Source(Protocol):
    """A named set of files that can be listed and read; workers get it pickled."""

    @property
    def name(self) -> str:
        """The name that the tables know this source by."""
        ...

    def list(self) -> pa.Table:
        """All files now, as a `LISTING` table sorted bytewise by `source_path`.

        Raises:
            SourceError: any part of the source could not be listed. A partial listing is never
                returned: files missing from it would be taken for deleted ones.
        """
        ...

    def read(self, path: str, limit: int) -> bytes:
        """The file at a `source_path`; `limit + 1` bytes mean that it is longer than `limit`.

        Raises:
            OSError: the file is gone, is not a regular file any more, or cannot be read.
        """
        ...


@dataclass(frozen=True)
class Globs:
    """Compiled patterns: which files are taken and which folders are entered.

    Attributes:
        suffixes: ends of file names that are taken; `("",)` where only `include` can tell.
        include: rules a path must match; empty where `suffixes` alone decide.
        exclude: rules of files and folders to leave out.
    """

    suffixes: tuple[str, ...]
    include: tuple[_Rule, ...]
    exclude: tuple[_Rule, ...]

    @classmethod
    def compile(cls, include: Sequence[str], exclude: Sequence[str] = ()) -> Globs:
        """Compile patterns; plain suffix patterns (`**/*.md`) become one `str.endswith`.

        Raises:
            UsageError: a pattern is not valid, or `include` holds none.
        """
        left_out = tuple((re.compile(regex), takes) for regex, takes in _translate(exclude))
        suffixes = [_SUFFIX_PATTERN.fullmatch(pattern) for pattern in include]
        plain = tuple(match["suffix"] for match in suffixes if match)
        if plain and len(plain) == len(include):
            return cls(plain, (), left_out)
        rules = tuple((_of_file(regex), takes) for regex, takes in _translate(include))
        if not rules:
            raise UsageError("No include pattern is given.", "Write at least one, such as **/*.md.")
        return cls(("",), rules, left_out)

    def takes(self, path: str) -> bool:
        """Whether the patterns take the file at this path; its name ends in one of `suffixes`."""
        included = not self.include or _last_match(self.include, path, whole=True)
        return included and not _last_match(self.exclude, path, whole=False)

    def enters(self, folder: str) -> bool:
        """Whether the folder (written with a `/` at its end) can hold files that are taken."""
        if not self.exclude or not all(takes for _, takes in self.exclude):
            return True
        return not _last_match(self.exclude, folder, whole=False)


def open_source(
    spec: str, name: str | None = None, include: Sequence[str] = DEFAULT_INCLUDE, exclude: Sequence[str] = ()
) -> Source:
    """Open one source.

    Args:
        spec: a folder, or `name=folder` where `name` is not given. A relative folder with `=` in
            its first part is written with `./` before it (`./year=2021`).
        name: the source's name; by default the folder's base name, before links are resolved, so
            that it stays when `current -> releases/42` moves on.
        include: patterns of the files to take.
        exclude: patterns of files and folders to leave out.

    Raises:
        UsageError: the specification or a pattern cannot be understood.
        SourceError: the folder does not exist, or is not a folder.
    """
    return _open_local(*_located(spec, name), Globs.compile(include, exclude))


def open_sources(
    specs: Sequence[str], include: Sequence[str] = DEFAULT_INCLUDE, exclude: Sequence[str] = ()
) -> list[Source]:
    """Open several sources, in the order given, that must not overlap.

    Raises:
        UsageError: there is none, two have one name, or one lies inside another; as `open_source`.
        SourceError: as `open_source`.
    """
    if not specs:
        raise UsageError("No source is given.", "Name at least one folder of articles.")
    globs = Globs.compile(include, exclude)
    roots: dict[str, Path] = {}
    for name, root in (_located(spec, None) for spec in specs):
        if name in roots:
            raise UsageError(f"Two sources are called {name!r}.", "Tell them apart: write name=path.")
        roots[name] = root
    _refuse_overlap(roots)
    return [_open_local(name, root, globs) for name, root in roots.items()]


def _open_local(name: str, root: Path, globs: Globs) -> Source:
    # Each kind of source is imported when one is opened: no run pays for clients it does not use.
    from tasks.discover.local import LocalSource  # noqa: PLC0415

    return LocalSource(name, str(root), globs)


def _located(spec: str, name: str | None) -> tuple[str, Path]:
    """The name and the real folder that a specification means."""
    if name is None and (named := _NAMED.fullmatch(spec)):
        name, spec = named["name"], named["path"]
    root = _existing(folder := _local_folder(spec))
    name = name or folder.name or root.name
    # A table must be able to hold it (UTF-8, so no surrogates) and a person to read it.
    if not name or not name.isprintable():
        raise UsageError(f"The source {spec!r} gives no usable name.", "Name it yourself: write name=path.")
    return name, root


def _local_folder(spec: str) -> Path:
    """The folder that a specification without its name means; `~` is expanded."""
    if not spec.strip():
        raise UsageError("A source is empty.", "Name a folder of articles, such as content or news=content.")
    if scheme := _SCHEME.match(spec):
        raise UsageError(
            f"Sources of the kind {scheme['scheme']}:// are not supported: {spec!r}.",
            "Supported now: folders of this machine, written as a path.",
        )
    try:
        return Path(spec).expanduser()
    except RuntimeError as error:
        raise UsageError(f"The source {spec!r} cannot be understood: {error}", "Write the whole path.") from error


def _existing(folder: Path) -> Path:
    """The folder's real path; links on the way to a source's root are the user's own choice."""
    try:
        root = folder.resolve(strict=True)
    except FileNotFoundError as error:
        raise SourceError(f"The source folder {str(folder)!r} does not exist.", _nearest(folder)) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise SourceError(f"The source folder {str(folder)!r} cannot be opened: {error}.", "Check it.") from error
    if not root.is_dir():
        raise SourceError(
            f"The source {str(folder)!r} is not a folder.", f"Name the folder it is in: {str(folder.parent)!r}"
        )
    return root


def _nearest(missing: Path) -> str:
    """A hint that names the sibling folder most like a missing one."""
    try:
        siblings = sorted(entry.name for entry in missing.parent.iterdir() if entry.is_dir())
    except OSError:
        siblings = []
    for nearest in difflib.get_close_matches(missing.name, siblings, n=1):
        return f"Did you mean {str(missing.parent / nearest)!r}?"
    return "Check the path, and that the disk is mounted."


def _refuse_overlap(roots: dict[str, Path]) -> None:
    """Refuse sources of which one holds another: each of its files would be read twice."""
    for inner, inner_root in roots.items():
        for outer, outer_root in roots.items():
            if inner != outer and inner_root.is_relative_to(outer_root):
                raise UsageError(
                    f"Source {inner!r} lies inside source {outer!r}: {str(inner_root)!r} in {str(outer_root)!r}.",
                    "Drop one of them, or name folders that do not hold each other.",
                )


def _translate(patterns: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Each glob as a regular expression and whether it takes (True) or gives back (`!`)."""
    if not patterns:
        return
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern  # noqa: PLC0415  (the default needs none)

    for pattern in patterns:
        try:
            regex, takes = GitIgnoreSpecPattern.pattern_to_regex(pattern)
        except ValueError as error:
            raise UsageError(f"The pattern {pattern!r} is not valid: {error}", "Mend or remove it.") from error
        if isinstance(regex, str) and takes is not None:
            yield regex, takes


def _of_file(regex: str) -> re.Pattern[str]:
    """The expression for a whole file path; one of a folder's contents takes what is below it."""
    return re.compile(regex + ".*" if regex.endswith(("/", "/)")) or regex == "." else regex)


def _last_match(rules: tuple[_Rule, ...], path: str, *, whole: bool) -> bool:
    """What the last rule that matches says; False where none does."""
    path = path.replace("\n", "\0")  # `.` and `$` would treat a line break in a name specially
    for regex, takes in reversed(rules):
        if (regex.fullmatch if whole else regex.match)(path):
            return takes
    return False
