"""The shapes of blocks: the prefixes of the lines decide the structure, whatever the values are.

Belongs here: the structure rules of the strict YAML subset (indentation, dashes, keys), applied to
the prefixes of a block's lines and giving a template; and filling a template with values.
Does not belong here: values, and finding the lines (`yaml_subset`).

Thousands of blocks share a few shapes, so a shape is worked out once and then looked up.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from tasks.front_matter.findings import Node

#: A plain key that no rule of YAML gives a second meaning; libyaml allows a key 1,024 characters.
KEY: Final = r"[A-Za-z_][A-Za-z0-9_-]{0,99}+"

#: A tree with the number of a line where that line's value belongs, None where there is none.
Template: TypeAlias = "int | list[Template] | dict[str, Template] | None"

#: Bounds of a memo, so that hostile files cannot fill it: lines of one shape, and shapes.
_MAX_LINES: Final = 500
_MAX_SHAPES: Final = 5_000

_PREFIX: Final = re.compile(rf"( *+)(- )?+(?:({KEY}):( *+))?+")

_Lines = list[tuple[int, bool, str, int | None]]  # indentation, dash, key, line of the value


class OutsideSubsetError(Exception):
    """The text is not of the subset: the reference reader has to decide."""


class ShapeMemo(dict[tuple[str, ...], Template]):
    """Prefixes of a block's lines to its template.

    Args:
        depth_left: levels of collections that a block may have.
    """

    def __init__(self, depth_left: int) -> None:
        super().__init__()
        self._depth_left = depth_left

    def __missing__(self, prefixes: tuple[str, ...]) -> Template:
        template = _template(prefixes, self._depth_left)
        if len(prefixes) <= _MAX_LINES:
            if len(self) >= _MAX_SHAPES:
                self.clear()
            self[prefixes] = template
        return template


def fill(template: Template, values: list[str | None]) -> Node:
    """The tree of a block: a template with the values of the block's lines."""
    if type(template) is int:
        return values[template]
    if isinstance(template, dict):
        return {key: values[part] if type(part) is int else fill(part, values) for key, part in template.items()}
    if isinstance(template, list):
        return [fill(part, values) for part in template]
    return None


def _template(prefixes: tuple[str, ...], depth_left: int) -> Template:
    lines: _Lines = []
    for number, prefix in enumerate(prefixes):
        match = _PREFIX.fullmatch(prefix)
        if match is None:
            raise OutsideSubsetError
        spaces, dash, key, _ = match.groups()
        lines.append((len(spaces), bool(dash), key or "", None if prefix.endswith(":") else number))
    indent, dash, key, value = lines[0]
    if len(lines) == 1 and not dash and not key:
        return value
    tree, end = _mapping(lines, 0, indent, depth_left)
    if end != len(lines) or not tree:
        raise OutsideSubsetError
    return tree


def _mapping(lines: _Lines, at: int, indent: int, depth_left: int) -> tuple[dict[str, Template], int]:
    """The mapping whose keys stand at `indent`, and the line after it."""
    if depth_left < 1:
        raise OutsideSubsetError
    tree: dict[str, Template] = {}
    while at < len(lines):
        spaces, dash, key, value = lines[at]
        if spaces != indent or dash:
            break
        if not key or key in tree:
            raise OutsideSubsetError
        at += 1
        if value is None:
            tree[key], at = _block(lines, at, indent, depth_left - 1)
        else:
            tree[key] = value
    return tree, at


def _block(lines: _Lines, at: int, indent: int, depth_left: int) -> tuple[Template, int]:
    """The node below a key without a value: a list, a mapping, or nothing (null)."""
    if at == len(lines):
        return None, at
    spaces, dash, _, _ = lines[at]
    if dash and spaces >= indent:
        return _list(lines, at, spaces, depth_left)
    if spaces > indent:
        return _mapping(lines, at, spaces, depth_left)
    return None, at


def _list(lines: _Lines, at: int, indent: int, depth_left: int) -> tuple[list[Template], int]:
    """The list whose dashes stand at `indent`, and the line after it."""
    if depth_left < 1:
        raise OutsideSubsetError
    items: list[Template] = []
    while at < len(lines):
        spaces, dash, key, value = lines[at]
        if spaces != indent or not dash:
            break
        item: Template = value
        at += 1
        if key:
            lines[at - 1] = (indent + 2, False, key, value)
            item, at = _mapping(lines, at - 1, indent + 2, depth_left - 1)
        items.append(item)
    return items, at
