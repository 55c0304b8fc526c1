"""Unmapped fields: the values of a raw tree that no column takes. They go to `extra`, at their paths, as they are.

Belongs here: the difference between a raw tree and the contract's tree of paths. Does not belong
here: unmapped fields of the items of object lists, which are a level of their own (`levels.carry_up`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from config.contract_types import Column
from tasks.front_matter.findings import Path
from tasks.parse.levels import Step

#: The result where columns take everything; None is a value that a file can hold.
_NOTHING: Final = object()
_NO_PATHS: Final[set[Path]] = set()


def unmapped_fields(root: Step, nodes: Sequence[Any], untaken: Mapping[int, set[Path]]) -> dict[int, dict[str, Any]]:
    """The unmapped fields of the nodes that have any.

    Args:
        root: the contract's paths.
        nodes: (n,) raw mappings or None.
        untaken: node to paths that a column names but could not type, or did not need since an
            earlier source of it is there.

    Returns:
        Node number to a mapping with the shape of the node: only the unmapped paths, with
        `{}` for list items before or between them.
    """
    found: dict[int, dict[str, Any]] = {}
    known: dict[tuple[int, str | int], Any] = {}
    for i, node in enumerate(nodes):
        if node is None or (i not in untaken and _is_taken(root, node)):
            continue
        fields = _of_mapping(root, node, (), untaken[i]) if i in untaken else _of_root(root, node, known)
        if fields:
            found[i] = fields
    return found


def _of_root(root: Step, node: dict[str, Any], known: dict[tuple[int, str | int], Any]) -> dict[str, Any]:
    """`_of_mapping` where every value has its type: a value that nodes share is looked at once."""
    found: dict[str, Any] = {}
    for key in node.keys() - root.leaves:
        value = node[key]
        if key not in root.children:
            found[key] = value
            continue
        shared = (id(value), key)
        if shared not in known:
            known[shared] = _of_node(root.children[key], value, (key,), _NO_PATHS)
        if known[shared] is not _NOTHING:
            found[key] = known[shared]
    return {key: found[key] for key in node if key in found} if len(found) > 1 else found


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
        return all(k in step.children and _is_taken(step.children[k], item) for k, item in enumerate(node))
    return node is None or bool(step.columns)


def _of_node(step: Step, node: Any, path: Path, untaken: set[Path]) -> Any:
    if path in untaken:
        return node
    if type(node) is list:
        for column in step.columns:
            if column.item is not None:
                return _of_items(column.item, node, path, untaken)
        # A list of which single items are taken (`images[0].url`).
        return _list_of([_of_child(step, k, item, path, untaken) for k, item in enumerate(node)])
    if type(node) is dict and not any("object" in (c.logical, c.item and c.item.logical) for c in step.columns):
        return _of_mapping(step, node, path, untaken) or _NOTHING
    return _NOTHING


def _of_mapping(step: Step, node: dict[str, Any], path: Path, untaken: set[Path]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.items():
        if not untaken and key in step.leaves:
            continue
        unmapped = _of_child(step, key, value, path, untaken)
        if unmapped is not _NOTHING:
            found[key] = unmapped
    return found


def _of_child(step: Step, key: str | int, value: Any, path: Path, untaken: set[Path]) -> Any:
    child = step.children.get(key)
    return value if child is None else _of_node(child, value, (*path, key), untaken)


def _of_items(column: Column, node: list[Any], path: Path, untaken: set[Path]) -> Any:
    """Items of a list column that could not be typed; items that are mappings are a level of their own."""
    items: list[Any] = []
    for k, item in enumerate(node):
        if (*path, k) in untaken:
            items.append(item)
        elif column.item is not None and type(item) is list:
            items.append(_of_items(column.item, item, (*path, k), untaken))
        else:
            items.append(_NOTHING)
    return _list_of(items)


def _list_of(items: list[Any]) -> Any:
    """A list up to its last unmapped item, with `{}` for those that are taken."""
    while items and items[-1] is _NOTHING:
        items.pop()
    return [{} if item is _NOTHING else item for item in items] or _NOTHING
