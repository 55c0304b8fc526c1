"""A level: the columns of n nodes, with all that was noticed while they were read.

Belongs here: the shape of a level and how what was noticed about an item reaches the records
that have it. Does not belong here: reading (`trees`), what is left over (`leftovers`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise, zip_longest
from typing import Any, NamedTuple

import pyarrow as pa

from config.contract_types import Severity
from tasks.front_matter.problems import Path

#: A node and a path below it.
Place = tuple[int, Path]


class Finding(NamedTuple):
    """One thing wrong at one place of one node; `severity` decides what it does to the file."""

    node: int
    path: Path
    code: str
    severity: Severity
    message: str
    value: str


class Level(NamedTuple):
    """The columns of n nodes, and what was noticed on the way.

    Attributes:
        columns: name to (n,) array, for every column that has a source.
        findings: values that do not fit.
        extra: node to what the contract does not name (or could not type), at its own path.
        repaired: (node, path, original text) of every text that was repaired.
        chosen: node to, for columns with several sources, the first of them and the one that was
            read, where that is another.
    """

    columns: dict[str, pa.Array]
    findings: list[Finding]
    extra: dict[int, dict[str, Any]]
    repaired: list[tuple[int, Path, str]]
    chosen: dict[int, dict[Path, Path]]


def noticed_nodes(level: Level) -> set[int]:
    """The nodes of which there is anything to say."""
    return (
        {f.node for f in level.findings} | {n for n, _, _ in level.repaired} | level.extra.keys() | level.chosen.keys()
    )


def carry_up(inner: Level, places: Mapping[int, list[Place]], level: Level) -> None:
    """Say of every node that has an item what was noticed about the item.

    Args:
        inner: the level of the items.
        places: for every one of its `noticed_nodes`, all places of `level` at which it stands.
        level: the level to add to.
    """
    for number, below, code, severity, message, value in inner.findings:
        for node, path in places[number]:
            level.findings.append(Finding(node, (*path, *below), code, severity, message, value))
    for number, below, original in inner.repaired:
        level.repaired.extend((node, (*path, *below), original) for node, path in places[number])
    for number, rest in inner.extra.items():
        for node, path in places[number]:
            put(level.extra.setdefault(node, {}), path, rest)
    for number, choices in inner.chosen.items():
        for node, path in places[number]:
            own = level.chosen.setdefault(node, {})
            own |= {(*path, *first): (*path, *read) for first, read in choices.items()}


def put(tree: dict[str, Any], path: Path, value: Any) -> None:
    """Store a value in a tree of leftovers; list items before it that are not there become `{}`."""
    node: Any = tree
    for key, following in pairwise(path):
        node = _opened(node, key, [] if isinstance(following, int) else {})
    _opened(node, path[-1], value)


def _opened(node: Any, key: str | int, empty: Any) -> Any:
    """What is at a key, which is set to `empty` if nothing is there yet."""
    if isinstance(key, int):
        node.extend({} for _ in range(len(node), key + 1))
        node[key] = node[key] or empty
    else:
        node.setdefault(key, empty)
    return node[key]


def merged(one: Any, other: Any) -> Any:
    """Two trees of leftovers of the same node as one; neither is changed."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one | other | {key: merged(one[key], other[key]) for key in one.keys() & other.keys()}
    if isinstance(one, list) and isinstance(other, list):
        pairs: Iterable[tuple[Any, Any]] = zip_longest(one, other, fillvalue={})
        return [merged(a, b) for a, b in pairs]
    return one if other == {} else other
