"""Scan the lines of TOML front matter to tell where its values stand.

Belongs here: table headers and assignments, one a line, which is how front matter is written.
Does not belong here: checking TOML. What the scan does not see (values inside inline tables and
multi-line arrays) is missing, and callers fall back to the enclosing value's place.
"""

from __future__ import annotations

import re
from typing import Final

from tasks.front_matter.problems import Path

_PART: Final = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
_DOTTED: Final = rf"{_PART}(?:[ \t]*+\.[ \t]*+{_PART})*+"
_LINE: Final = re.compile(
    rf"^[ \t]*+(?:(\[\[?)[ \t]*+({_DOTTED})[ \t]*+\]|({_DOTTED})[ \t]*+=[ \t]*+(?=(\"\"\"|\'\'\')?))", re.M
)
_PART_OF_KEY: Final = re.compile(_PART)


def toml_places(text: str) -> dict[Path, int]:
    """Path to offset: of the value for assignments, of the line's header for tables.

    Args:
        text: the front matter without its fences.
    """
    places: dict[Path, int] = {}
    table: Path = ()
    lengths: dict[Path, int] = {}
    at = 0
    while (line := _LINE.search(text, at)) is not None:
        at = line.end()
        brackets, header, key, quotes = line.groups()
        if header:
            table = _resolve(_steps(header), lengths, appends=brackets == "[[")
            places.setdefault(table, line.start(1))
        else:
            places[table + _steps(key)] = line.end()
        if quotes:  # lines inside a multi-line text assign nothing
            closing = text.find(quotes, at + 3)
            at = closing + 3 if closing >= 0 else len(text)
    return places


def has_long_keys(text: str, parts: int) -> bool:
    """Whether anything in the text looks like a dotted key of more than `parts` parts."""
    return re.search(rf"(?<![A-Za-z0-9_-])(?:{_PART}[ \t]*+\.[ \t]*+){{{parts}}}", text) is not None


def _steps(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in _PART_OF_KEY.findall(dotted))


def _resolve(header: Path, lengths: dict[Path, int], appends: bool) -> Path:
    """The path of a table: steps into arrays of tables get the position of their last element."""
    path: Path = ()
    for depth, step in enumerate(header, start=1):
        path += (step,)
        if appends and depth == len(header):
            lengths[path] = lengths.get(path, 0) + 1
        if path in lengths:
            path += (lengths[path] - 1,)
    return path
