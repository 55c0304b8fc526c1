"""Collect the findings of one file while its front matter is read.

Belongs here: sorting findings into problems and warnings by policy, and turning an offset in the
front matter into a line and column of the file. Also what a raw tree is.
Does not belong here: looking for findings.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final, TypeAlias

from tasks.front_matter.policy import ReadPolicy
from tasks.front_matter.problems import Path, Problem, excerpt, spell_path

#: One value of a raw tree: text exactly as the scalar says it, null, or a collection. Never changed.
Node: TypeAlias = "str | list[Node] | dict[str, Node] | None"

#: Most findings kept of one file: a hostile file must not fill the quarantine table by itself.
MAX_FINDINGS: Final = 100


class StopReadingError(Exception):
    """A finding makes the rest of the front matter unreadable; it is in `Findings` already."""


class Findings:
    """The findings of one file, in the order in which they were met.

    Args:
        policy: says which findings reject the file.
        text: the front matter, without fences, in which offsets count.
        first_line: 1-based line of the file on which `text` starts (at its first column).
    """

    def __init__(self, policy: ReadPolicy, text: str = "", first_line: int = 1) -> None:
        self.policy = policy
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.open(text, first_line)

    def open(self, text: str, first_line: int) -> None:
        """Set the front matter in which offsets count from now on."""
        self.text = text
        self._first_line = first_line
        self._line_starts: list[int] | None = None

    def place(self, offset: int) -> tuple[int, int]:
        """1-based line and column in the file, in characters, of an offset in the front matter."""
        if self._line_starts is None:
            self._line_starts = _line_starts(self.text)
        line = bisect_right(self._line_starts, offset) - 1
        return self._first_line + line, offset - self._line_starts[line] + 1

    def add(self, code: str, offset: int, message: str, path: Path = (), value: str = "") -> None:
        """Note a finding at an offset in the front matter."""
        self.add_at(code, self.place(offset), message, path, value)

    def add_at(self, code: str, place: tuple[int, int], message: str, path: Path = (), value: str = "") -> None:
        """Note a finding at a line and column of the file, unless the policy accepts it."""
        action = self.policy.action(code)
        found = self.problems if action == "reject" else self.warnings
        if action != "accept" and len(found) < MAX_FINDINGS:
            found.append(Problem(code, spell_path(path), *place, message, excerpt(value)))


def _line_starts(text: str) -> list[int]:
    starts = [0]
    end = text.find("\n")
    while end >= 0:
        starts.append(end + 1)
        end = text.find("\n", end + 1)
    return starts
