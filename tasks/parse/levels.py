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

from config.contract_types import Column, Severity
from tasks.front_matter.findings import MAX_FINDINGS, Path

#: A node and a path below it.
Position = tuple[int, Path]


class Step(msgspec.Struct, dict=True):
    """One step of the contract's source paths: the columns that end here, the steps below."""

    columns: list[Column] = msgspec.field(default_factory=list)
    children: dict[str | int, Step] = msgspec.field(default_factory=dict)

    @cached_property
    def kinds(self) -> frozenset[type]:
        """The types that a node may have here: those of its columns, and those that have the steps below."""
        below = {list if isinstance(key, int) else dict for key in self.children}
        alone = {str for column in self.columns if takes_texts(column)}
        return frozenset(below | alone | {kind_of(column) for column in self.columns})

    @cached_property
    def severity(self) -> Severity:
        """The severity of a wrong type of node here: an error if it is one for any column at or below."""
        severities = {column.type_severity for column in self.columns}
        severities |= {child.severity for child in self.children.values()}
        return "error" if "error" in severities else "warning"

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


def takes_texts(column: Column) -> bool:
    """Whether a text may stand in the place of a list: where the items are read from texts."""
    return column.item is not None and kind_of(column.item) is str


def paths_tree(columns: Sequence[Column]) -> Step:
    """The source paths of all columns as one tree, `provider.name` below `provider`."""
    root = Step()
    for column in columns:
        for path in column.sources:
            step = root
            for key in path:
                step = step.children.setdefault(key, Step())
            step.columns.append(column)
    return root


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
