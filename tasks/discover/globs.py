"""Patterns that choose a source's files.

Belongs here: what the patterns mean. Does not belong here: where files are found (`tasks.discover.local` and
the other kinds of sources).

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

from config.errors import UsageError

DEFAULT_INCLUDE: Final = ("**/*.md", "**/*.markdown", "**/*.html")

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
