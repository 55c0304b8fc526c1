"""What of a raw tree no column takes: it goes to `extra`, at the path and with the text it has.

Belongs here: the difference between a raw tree and the contract's tree of paths. Does not belong
here: what is left of items of object lists, which are a level of their own (`levels.carry_up`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from config.contract_types import Column
from tasks.front_matter.problems import Path
from tasks.parse.paths import Step

#: What is left where columns take everything; None is a value that a file can hold.
_NOTHING: Final = object()
_NO_PATHS: Final[set[Path]] = set()


def leftovers(root: Step, nodes: Sequence[Any], untaken: Mapping[int, set[Path]]) -> dict[int, dict[str, Any]]:
    """What no column takes, for the nodes that have such fields.

    Args:
        root: the contract's paths.
        nodes: (n,) raw mappings or None.
        untaken: node to paths that a column names but could not type, or did not need since an
            earlier source of it is there.

    Returns:
        Node number to a mapping with the shape of the node: only the paths that are left, with
        `{}` for list items before or between them.
    """
    rest: dict[int, dict[str, Any]] = {}
    known: dict[tuple[int, str | int], Any] = {}
    for i, node in enumerate(nodes):
        if node is None or (i not in untaken and _is_taken(root, node)):
            continue
        left = _left_of_mapping(root, node, (), untaken[i]) if i in untaken else _left_of_root(root, node, known)
        if left:
            rest[i] = left
    return rest


def _left_of_root(root: Step, node: dict[str, Any], known: dict[tuple[int, str | int], Any]) -> dict[str, Any]:
    """`_left_of_mapping` where all has its type: what is left of a value that nodes share is worked out once."""
    left: dict[str, Any] = {}
    for key in node.keys() - root.leaves:
        value = node[key]
        if key not in root.children:
            left[key] = value
            continue
        place = (id(value), key)
        if place not in known:
            known[place] = _left_of(root.children[key], value, (key,), _NO_PATHS)
        if known[place] is not _NOTHING:
            left[key] = known[place]
    return {key: left[key] for key in node if key in left} if len(left) > 1 else left


def _is_taken(step: Step, node: Any) -> bool:
    """Whether columns take all of a node: nearly all are like this, and the test is cheap."""
    if type(node) is dict:
        if not node.keys() <= step.children.keys():
            return False
        for key, child in step.branches:  # noqa: SIM110 - a generator would cost a third more, once a node
            if key in node and not _is_taken(child, node[key]):
                return False
        return True
    if type(node) is list:
        places = enumerate(node)
        return all(k in step.children and _is_taken(step.children[k], item) for k, item in places)
    return node is None or bool(step.columns)


def _left_of(step: Step, node: Any, path: Path, untaken: set[Path]) -> Any:
    if path in untaken:
        return node
    for column in step.columns:
        if column.item is not None and type(node) is list:
            return _left_of_items(column, node, path, untaken)
    if type(node) is dict and not any(column.logical == "object" for column in step.columns):
        return _left_of_mapping(step, node, path, untaken) or _NOTHING
    if type(node) is list:
        return _left_of_list(step, node, path, untaken)
    return _NOTHING


def _left_of_mapping(step: Step, node: dict[str, Any], path: Path, untaken: set[Path]) -> dict[str, Any]:
    left: dict[str, Any] = {}
    for key, value in node.items():
        child = step.children.get(key)
        if child is not None and not untaken and not child.children:
            continue
        below = value if child is None else _left_of(child, value, (*path, key), untaken)
        if below is not _NOTHING:
            left[key] = below
    return left


def _left_of_list(step: Step, node: list[Any], path: Path, untaken: set[Path]) -> Any:
    """A list of which single items are taken (`images[0].url`): what is left, in its place."""
    items = []
    for k, item in enumerate(node):
        child = step.children.get(k)
        items.append(item if child is None else _left_of(child, item, (*path, k), untaken))
    return _in_place(items)


def _left_of_items(column: Column, node: list[Any], path: Path, untaken: set[Path]) -> Any:
    """Items of a list column that could not be typed; of those that are mappings, see `levels`."""
    assert column.item is not None
    items: list[Any] = []
    for k, item in enumerate(node):
        if (*path, k) in untaken:
            items.append(item)
        elif column.item.item is not None and type(item) is list:
            items.append(_left_of_items(column.item, item, (*path, k), untaken))
        else:
            items.append(_NOTHING)
    return _in_place(items)


def _in_place(items: list[Any]) -> Any:
    """What is left of a list up to its last item with anything left."""
    while items and items[-1] is _NOTHING:
        items.pop()
    return [{} if item is _NOTHING else item for item in items] or _NOTHING
