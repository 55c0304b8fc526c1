"""A level: the columns of n nodes, with all that was found while they were read, and the contract's source paths.

Belongs here: the shape of a level, the paths as one tree, in which a batch is walked once for all columns,
and how the findings of a list's item reach the records that have it. Does not belong here: reading
(`trees`), and unmapped fields (`unmapped`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise, zip_longest
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from config.contract_types import Column, Severity, folded
from tasks.front_matter.findings import MAX_FINDINGS, Path

#: A node and a path below it.
Position = tuple[int, Path]


class Step(msgspec.Struct, dict=True):
    """One step of the contract's source paths: the columns that end here, the steps below.

    Attributes:
        severity: what a node does that has neither a value nor steps below: the severity of a wrong type of the columns
            that have their first source at or below; None where there are none.
    """

    columns: list[Column] = msgspec.field(default_factory=list)
    children: dict[str | int, Step] = msgspec.field(default_factory=dict)
    severity: Severity | None = None

    @cached_property
    def kinds(self) -> frozenset[type]:
        """The types that a node has if it has the steps below."""
        return frozenset(list if isinstance(key, int) else dict for key in self.children)

    @cached_property
    def leaves(self) -> frozenset[str | int]:
        """The keys of children without children."""
        return frozenset(key for key, child in self.children.items() if not child.children)

    @cached_property
    def branches(self) -> list[tuple[str | int, Step]]:
        """The children that have children."""
        return [(key, child) for key, child in self.children.items() if child.children]


def kind_of(column: Column) -> type:
    """The type of the raw nodes that a column is read from."""
    if column.item is not None:
        return list
    return dict if column.logical == "object" else str


def paths_tree(columns: Sequence[Column], paths: Mapping[str, Sequence[Path]]) -> Step:
    """The paths of all columns as one tree, `provider.name` below `provider`.

    Args:
        columns: columns with sources.
        paths: column name to its paths, see `spelt_paths`.
    """
    root = Step()
    for column in columns:
        for path in paths[column.name]:
            step = root
            for key in path:
                step = step.children.setdefault(key, Step())
                if path == column.sources[0] and step.severity != "error":
                    step.severity = column.type_severity
            step.columns.append(column)
    return root


def spelt_paths(columns: Iterable[Column], nodes: Sequence[Any]) -> dict[str, list[Path]]:
    """The source paths of each column as the nodes spell them, in order of trust.

    Keys are taken exactly first, else as `folded` has them.

    Args:
        columns: columns with sources.
        nodes: (n,) raw mappings or None.

    Returns:
        Column name to paths that occur in some node; what no node has costs nothing from here on. The first source is
        there even so, if no other is.
    """
    below: dict[Path, list[Any]] = {(): [node for node in nodes if node is not None]}
    spellings: dict[Path, dict[Path, list[str]]] = {}
    found: dict[str, list[Path]] = {}
    for column in columns:
        paths = [path for source in column.sources for path in _spelt(source, below, spellings)]
        found[column.name] = list(dict.fromkeys(paths)) or [column.sources[0]]
    return found


def _spelt(source: Path, below: dict[Path, list[Any]], spellings: dict[Path, dict[Path, list[str]]]) -> Iterable[Path]:
    paths: list[Path] = [()]
    for key in source:
        paths = [
            (*path, spelling)
            for path in paths
            for spelling in ([key] if isinstance(key, int) else _spellings(key, path, below, spellings))
        ]
    return paths


def _spellings(
    key: str, path: Path, below: dict[Path, list[Any]], spellings: dict[Path, dict[Path, list[str]]]
) -> list[str]:
    """The keys below a path that are folded alike, the exact one first."""
    if path not in spellings:
        keys: set[str] = set().union(*(node for node in _nodes(path, below) if type(node) is dict))
        spellings[path] = {}
        for spelling in sorted(keys):
            spellings[path].setdefault(folded((spelling,)), []).append(spelling)
    same = spellings[path].get(folded((key,)), [])
    return same if len(same) < 2 else sorted(same, key=lambda spelling: spelling != key)


def _nodes(path: Path, below: dict[Path, list[Any]]) -> list[Any]:
    """The nodes at a path that are lists or mappings."""
    if path not in below:
        last = path[-1]
        found = []
        for node in _nodes(path[:-1], below):
            if isinstance(last, int):
                child = node[last] if type(node) is list and len(node) > last else None
            else:
                child = node.get(last) if type(node) is dict else None
            if type(child) in (dict, list):
                found.append(child)
        below[path] = found
    return below[path]


class Finding(NamedTuple):
    """One fault at one path of one node; an error rejects the file."""

    node: int
    path: Path
    code: str
    severity: Severity
    message: str
    value: str


class Level(NamedTuple):
    """The columns of n nodes, and what was found while they were read.

    Attributes:
        columns: name to (n,) array, for every column that has a source.
        findings: values that do not fit.
        extra: node to its unmapped fields and those that could not be typed, at their own paths.
        repaired: (node, path, original text) of every text that was repaired.
        chosen: node to, for columns with several sources, the first of them and the one that was
            read, where that is another.
    """

    columns: dict[str, pa.Array]
    findings: list[Finding]
    extra: dict[int, dict[str, Any]]
    repaired: list[tuple[int, Path, str]]
    chosen: dict[int, dict[Path, Path]]

    def nodes_with_notes(self) -> set[int]:
        """The nodes that have findings, unmapped fields, repairs or choices."""
        found, repaired = {f.node for f in self.findings}, {node for node, _, _ in self.repaired}
        return found | repaired | self.extra.keys() | self.chosen.keys()


def limited(findings: list[Finding]) -> list[Finding]:
    """The findings without warnings beyond `MAX_FINDINGS` of a node and key: no list fills the tables by itself."""
    if len(findings) <= MAX_FINDINGS:
        return findings
    counts: Counter[tuple[int, Path]] = Counter()
    kept = []
    for finding in findings:
        place = finding.node, finding.path[:1]
        counts[place] += 1
        if finding.severity == "error" or counts[place] <= MAX_FINDINGS:
            kept.append(finding)
    return kept


def carry_up(inner: Level, positions: Mapping[int, list[Position]], level: Level) -> None:
    """Give the findings, repairs, unmapped fields and choices of items to every node that has the item.

    Args:
        inner: the level of the items.
        positions: for every one of its `nodes_with_notes`, all positions in `level` at which it stands.
        level: the level to add to.
    """
    for found in inner.findings:
        for node, path in positions[found.node]:
            level.findings.append(found._replace(node=node, path=(*path, *found.path)))
    for number, below, original in inner.repaired:
        level.repaired.extend((node, (*path, *below), original) for node, path in positions[number])
    for number, unmapped in inner.extra.items():
        for node, path in positions[number]:
            put(level.extra.setdefault(node, {}), path, unmapped)
    for number, choices in inner.chosen.items():
        for node, path in positions[number]:
            own = level.chosen.setdefault(node, {})
            own |= {(*path, *first): (*path, *read) for first, read in choices.items()}


def put(tree: dict[str, Any], path: Path, value: Any) -> None:
    """Store a value in a tree of unmapped fields; list items before it that are not there become `{}`."""
    node: Any = tree
    for key, following in pairwise(path):
        node = _opened(node, key, [] if isinstance(following, int) else {})
    _opened(node, path[-1], value)


def _opened(node: Any, key: str | int, empty: Any) -> Any:
    """The value at a key, which is set to `empty` if nothing is there yet."""
    if isinstance(key, int):
        node.extend({} for _ in range(len(node), key + 1))
        node[key] = node[key] or empty
    else:
        node.setdefault(key, empty)
    return node[key]


def merged(one: Any, other: Any) -> Any:
    """Two trees of unmapped fields of the same node as one; neither is changed."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one | other | {key: merged(one[key], other[key]) for key in one.keys() & other.keys()}
    if isinstance(one, list) and isinstance(other, list):
        pairs: Iterable[tuple[Any, Any]] = zip_longest(one, other, fillvalue={})
        return [merged(a, b) for a, b in pairs]
    return one if other == {} else other
