"""What of a raw tree no column takes: it goes to `extra`, at the path and with the text it has.

Belongs here: the contract's paths as a tree, and the difference between it and a raw tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from config.contract_types import Column, Severity
from tasks.front_matter.problems import Path

if TYPE_CHECKING:
    from tasks.parse.trees import Finding


@dataclass
class Step:
    """One step of the contract's source paths: the column that ends here, the steps below."""

    column: Column | None = None
    children: dict[str | int, Step] = field(default_factory=dict)

    @property
    def kind(self) -> type:
        """What a node must be for the steps below to exist in it."""
        return list if any(isinstance(key, int) for key in self.children) else dict

    @property
    def severity(self) -> Severity:
        """What a wrong kind of node here does: an error if it is one for any column below."""
        below = [child.severity for child in self.children.values()]
        own = [self.column.type_severity] if self.column else []
        return "error" if "error" in (*own, *below) else "warning"


def paths_tree(columns: Sequence[Column]) -> Step:
    """The source paths of all columns as one tree, `provider.name` below `provider`."""
    root = Step()
    for column in columns:
        for path in column.sources:
            step = root
            for key in path:
                step = step.children.setdefault(key, Step())
            step.column = column
    return root


def leftovers(root: Step, columns: Sequence[Column], nodes: Sequence[Any], findings: Iterable[Finding]) -> dict[int, Any]:
    """What no column takes, for the nodes that have such fields.

    A value that a column could not type (a finding of severity `warning`) counts as not taken,
    and so does the second of two fields that one column can be read from.

    Returns:
        Node number to a mapping with the shape of the node: only the paths that are left.
    """
    untyped = _second_choices(columns, nodes)
    for finding in findings:
        if finding.code in ("field/type", "time/invalid"):
            untyped.setdefault(finding.node, set()).add(finding.path)
    rest: dict[int, Any] = {}
    nothing: set[Path] = set()
    for i, node in enumerate(nodes):
        if type(node) is dict:
            left = _left_of_mapping(root, node, (), untyped.get(i, nothing))
            if left:
                rest[i] = left
    return rest


def _second_choices(columns: Sequence[Column], nodes: Sequence[Any]) -> dict[int, set[Path]]:
    """Of fields that one column can be read from: the present ones after the first, by node."""
    second: dict[int, set[Path]] = {}
    for column in columns:
        if len(column.sources) > 1:
            for i, node in enumerate(nodes):
                present = [path for path in column.sources if _value_at(node, path) is not None]
                if len(present) > 1:
                    second.setdefault(i, set()).update(present[1:])
    return second


def _value_at(node: Any, path: Path) -> Any:
    for key in path:
        if isinstance(key, int):
            node = node[key] if type(node) is list and len(node) > key else None
        else:
            node = node.get(key) if type(node) is dict else None
    return node


def _left_of_mapping(step: Step, node: dict[str, Any], path: Path, untyped: set[Path]) -> dict[str, Any]:
    left: dict[str, Any] = {}
    for key, value in node.items():
        child = step.children.get(key)
        if child is None:
            left[key] = value
        elif child.column is not None and not untyped:
            continue
        elif (below := _left_of(child, value, (*path, key), untyped)) is not None:
            left[key] = below
    return left


def _left_of(step: Step, node: Any, path: Path, untyped: set[Path]) -> Any:
    """What is left of the value at `path`; None where columns take all of it."""
    if path in untyped:
        return node
    if step.column is not None:
        return _left_of_items(step.column, node, path, untyped)
    if type(node) is dict:
        return _left_of_mapping(step, node, path, untyped) or None
    if type(node) is list:
        return _left_of_list(step, node, path, untyped)
    return node


def _left_of_list(step: Step, node: list[Any], path: Path, untyped: set[Path]) -> Any:
    """A list of which single items are taken (`images[0].url`): what is left, in its place."""
    items = []
    for k, item in enumerate(node):
        child = step.children.get(k)
        left = item if child is None else _left_of(child, item, (*path, k), untyped)
        items.append({} if left is None else left)
    return items if any(item != {} for item in items) else None


def _left_of_items(column: Column, node: Any, path: Path, untyped: set[Path]) -> Any:
    """Items of a list column that could not be typed; other items say themselves what is left."""
    if column.item is None or type(node) is not list or not any(p[: len(path)] == path for p in untyped):
        return None
    items = [item if (*path, k) in untyped else {} for k, item in enumerate(node)]
    return items if any(item != {} for item in items) else None


def merged(one: Any, other: Any) -> Any:
    """Two trees of leftovers of the same node as one."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one | other | {key: merged(one[key], other[key]) for key in one.keys() & other.keys()}
    if isinstance(one, list) and isinstance(other, list):
        return [merged(a, b) for a, b in zip_longest(one, other, fillvalue={})]
    return one if other == {} else other
