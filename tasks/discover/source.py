"""Opening the sources that a user names, and which of their files count.

Belongs here: the table that a listing is, and the patterns that choose files. Does not belong here:
what a specification means (`tasks.discover.places`), how one kind of source lists and reads
(`tasks.discover.local`, `git`, `archive`, `objects`), and what changed (`tasks.discover.changes`).

Patterns are Git's globs. `include` is matched against the path of the *file*: `*.md` in any folder,
`/news/*.md` directly below `news`, `news/` or `news/**` everything below it. `exclude` is a
.gitignore: a folder that it matches is not entered. With a `!pattern` in it all folders are entered
and each file is decided alone, the last match counting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import pyarrow as pa

from config.errors import UsageError
from config.settings import Access
from tasks.discover.places import Place, place_of, refuse_overlap
from tasks.tables.source import Source

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

_DEFAULT_ACCESS: Final = Access()
_SUFFIX_PATTERN: Final = re.compile(r"(?:\*\*/)?\*(?P<suffix>\.[A-Za-z0-9._-]+)")

_Rule = tuple[re.Pattern[str], bool]


class Globs(msgspec.Struct, frozen=True):
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
