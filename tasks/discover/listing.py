"""Which files of a source count, and the table that a listing of them is, whatever kind of source it is of.

Belongs here: what the patterns mean, names that are hidden or lead out, paths that are not UTF-8, and logging what was
left alone. Does not belong here: how a kind of source lists.

Patterns are Git's globs. `include` is matched against the path of the *file*: `*.md` in any folder,
`/news/*.md` directly below `news`, `news/` or `news/**` everything below it. `exclude` is a
.gitignore: a folder that it matches is not entered. With a `!pattern` in it all folders are entered
and each file is decided alone, the last match counting. A suffix alone (`*.md`) is matched in any case of letters.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.errors import UsageError
from tasks.arrow.schemas import LISTING
from tasks.runs.logs import log_of
from tasks.runs.source import VERSION

DEFAULT_INCLUDE: Final = ("**/*.md", "**/*.markdown", "**/*.mdx", "**/*.html", "**/*.txt")
#: Folders of generators and packages that hold no articles: templates, and what was built from the articles.
DEFAULT_EXCLUDE: Final = ("node_modules/", "archetypes/", "scaffolds/", "_site/", "_layouts/", "_includes/")

_FOLDER_PATTERN: Final = re.compile(r"[A-Za-z0-9_-]+/")
_SUFFIX_PATTERN: Final = re.compile(r"(?:\*\*/)?\*(?P<suffix>\.[A-Za-z0-9._-]+)")

_Rule = tuple[re.Pattern[str], bool]
#: What a path that is not UTF-8 starts with; no other path does.
NOT_UTF8: Final = "./"

logger = log_of("discover")


class Globs(msgspec.Struct, frozen=True):
    """Compiled patterns: which files are taken and which folders are entered.

    Attributes:
        suffixes: ends of file names that are taken, in small letters; `("",)` where only `include` can tell.
        include: rules a path must match; empty where `suffixes` alone decide.
        exclude: rules of files and folders to leave out.
        folders: names of folders to leave out wherever they are.
    """

    suffixes: tuple[str, ...]
    include: tuple[_Rule, ...]
    exclude: tuple[_Rule, ...]
    folders: frozenset[str] = frozenset()

    @classmethod
    def compile(cls, include: Sequence[str], exclude: Sequence[str] = ()) -> Globs:
        """Compile patterns; plain suffixes (`**/*.md`) become one `str.endswith`, plain folders (`drafts/`) a set.

        Raises:
            UsageError: a pattern is not valid, or `include` holds none.
        """
        # A pattern that gives back (`!`) makes their order count.
        in_order = any(pattern.startswith("!") for pattern in exclude)
        folders = frozenset() if in_order else frozenset(filter(_FOLDER_PATTERN.fullmatch, exclude))
        others = [pattern for pattern in exclude if pattern not in folders]
        left_out = tuple((re.compile(regex), takes) for regex, takes in _translate(others))
        names = frozenset(pattern[:-1] for pattern in folders)
        suffixes = [_SUFFIX_PATTERN.fullmatch(pattern) for pattern in include]
        plain = tuple(match["suffix"].lower() for match in suffixes if match)
        if plain and len(plain) == len(include):
            return cls(plain, (), left_out, names)
        rules = [
            (_of_file(regex, re.IGNORECASE if _SUFFIX_PATTERN.fullmatch(pattern) else 0), takes)
            for pattern in include
            for regex, takes in _translate([pattern])
        ]
        if not rules:
            raise UsageError("No include pattern is given.", "Write at least one, such as **/*.md.")
        return cls(("",), tuple(rules), left_out, names)

    def names(self, path: str) -> bool:
        """Whether the path ends in one of `suffixes`, in any case of letters."""
        return path.endswith(self.suffixes) or path.lower().endswith(self.suffixes)

    def takes(self, path: str) -> bool:
        """Whether the patterns take the file at this path; its name ends in one of `suffixes`."""
        if self.folders and "/" in path and not self.folders.isdisjoint(path.split("/")[:-1]):
            return False
        included = not self.include or _last_match(self.include, path, whole=True)
        return included and not _last_match(self.exclude, path, whole=False)

    def enters(self, folder: str) -> bool:
        """Whether the folder (written with a `/` at its end) can hold files that are taken."""
        if self.folders and folder[:-1].rpartition("/")[2] in self.folders:
            return False
        if not self.exclude or not all(takes for _, takes in self.exclude):
            return True
        return not _last_match(self.exclude, folder, whole=False)


def _translate(patterns: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Each glob as a regular expression and whether it takes (True) or gives back (`!`)."""
    if not patterns:
        return
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern  # noqa: PLC0415  (the default needs none)

    for pattern in patterns:
        try:
            regex, takes = GitIgnoreSpecPattern.pattern_to_regex(pattern)
        except ValueError as error:
            raise UsageError(f"The pattern {pattern!r} is not valid: {error}", "Repair or remove it.") from error
        if isinstance(regex, str) and takes is not None:
            yield regex, takes


def _of_file(regex: str, flags: int = 0) -> re.Pattern[str]:
    """The expression for a whole file path; one of a folder's contents takes what is below it."""
    return re.compile(regex + ".*" if regex.endswith(("/", "/)")) or regex == "." else regex, flags)


def _last_match(rules: tuple[_Rule, ...], path: str, *, whole: bool) -> bool:
    """What the last rule that matches says; False where none does."""
    path = path.replace("\n", "\0")  # `.` and `$` would treat a line break in a name specially
    for regex, takes in reversed(rules):
        if (regex.fullmatch if whole else regex.match)(path):
            return takes
    return False


class Gathered(msgspec.Struct):
    """Columns of a listing in the making.

    Attributes:
        name: the source's name.
        globs: which files count.
        skipped: what was left alone, by reason.
    """

    name: str
    globs: Globs
    paths: list[str] = msgspec.field(default_factory=list)
    sizes: list[int] = msgspec.field(default_factory=list)
    etags: list[str | None] = msgspec.field(default_factory=list)
    skipped: dict[str, list[str]] = msgspec.field(default_factory=dict)

    def wants(self, path: str) -> bool:
        """Whether the source takes the file at this path."""
        return wants(self.globs, path)

    def wants_outside(self, path: str) -> bool:
        """Whether the name of a path that leads out is one that counts; such paths are logged."""
        return self.globs.names(path)

    def note(self, path: str, size: int, etag: str | None) -> None:
        """Add a file; without an etag its time of modification must show a change."""
        self.paths.append(path)
        self.sizes.append(size)
        self.etags.append(etag)

    def skip(self, reason: str, path: str) -> None:
        """Leave a path alone; `table` logs it."""
        self.skipped.setdefault(reason, []).append(path)

    def table(self, version: str = "", **columns: Sequence[object] | pa.Array) -> pa.Table:
        """What was gathered, as a `LISTING` sorted bytewise by path; logs what was left alone.

        Args:
            version: what the files are a version of, such as a commit.
            columns: (files,) values of further columns in the order noted, such as times.
        """
        for reason, paths in self.skipped.items():
            logger.warning("Source %r: left alone %d %s, such as %r.", self.name, len(paths), reason, min(paths))
        table = listing_table(self.name, self.paths, size=self.sizes, etag=self.etags or None, **columns)
        table = table.take(pc.sort_indices(table["source_path"]))
        return table.replace_schema_metadata({VERSION: version.encode()} if version else None)


def listing_table(name: str, paths: Iterable[str], **columns: Sequence[object] | pa.Array | None) -> pa.Table:
    """A `LISTING` in the order given.

    Args:
        name: the source's name.
        paths: (n,) of the files.
        columns: (n,) values of its further columns, by their names; one that is not there is null.
    """
    source_path = format_paths(paths)
    given = {"source": pa.repeat(pa.scalar(name), len(source_path)), "source_path": source_path, **columns}
    nothing = [None] * len(source_path)
    values = [given.get(field.name) for field in LISTING]
    return pa.table([nothing if column is None else column for column in values], schema=LISTING)


def wants(globs: Globs, path: str) -> bool:
    """Whether a source with these patterns takes the file at a path: not hidden, and chosen by them."""
    return globs.names(path) and not is_hidden(path) and globs.takes(path)


def is_hidden(path: str) -> bool:
    """Whether a name on the path starts with a dot."""
    return path.startswith(".") or "/." in path


def format_paths(paths: Iterable[str]) -> pa.StringArray:
    """Paths as Arrow strings; those that are not UTF-8 percent-encoded behind `./` (RFC 3986)."""
    paths = list(paths)
    try:
        return pa.array(paths, pa.string())
    except UnicodeEncodeError:
        return pa.array([format_path(path) for path in paths], pa.string())


def parse_path(path: str) -> str:
    """The path that a `source_path` stands for, bytes that are not UTF-8 as surrogates."""
    if path.startswith(NOT_UTF8):
        return os.fsdecode(unquote_to_bytes(path.removeprefix(NOT_UTF8)))
    return path


def format_path(path: str) -> str:
    """A path as a `source_path`: itself, or where it is not UTF-8 `./` and its percent-encoded bytes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return NOT_UTF8 + quote_from_bytes(os.fsencode(path))
    return path


def inside(path: str) -> str | None:
    """The path without `./` at its start, or None where it is absolute or leads out (`..`).

    Nothing is ever unpacked to where a path says. But paths end up in the tables, where other people's programs
    take them for paths.

    Args:
        path: parts with `/` between them, as Git, tar and zip write them.
    """
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    if "\0" in path or any(part in {"", ".", ".."} for part in path.split("/")):
        return None
    return path
