"""From raw trees to Arrow columns by the contract: one pass a field, columns from there on.

Belongs here: walking the trees of a batch along the contract's paths. Does not belong here: what
a text means (`casts`), lists and mappings as values (`values`), what is left over (`leftovers`).

All functions work on *levels*: the front matters of a batch are one level, the items of all
their `images` another, the items of all `related` a third. A level holds each distinct item
once. The fast YAML reader gives equal items as the same object, so "distinct" is a look at
`id()`, and an entry that a thousand files repeat is typed and repaired a single time.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import methodcaller
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import Column
from tasks.arrow.nested import plain_items, plain_lists
from tasks.front_matter.problems import Path
from tasks.parse.leftovers import leftovers
from tasks.parse.levels import Level, merged
from tasks.parse.paths import Step, kind_of, paths_tree
from tasks.parse.values import has_value, read_values, wrong_kind

#: Findings of values that no column holds.
_UNTYPED: Final = ("field/type", "time/invalid")


def build_level(columns: Sequence[Column], nodes: list[Any]) -> Level:
    """Read the contract's columns from n raw mappings.

    Args:
        columns: columns with `sources`; others are left out.
        nodes: (n,) raw mappings; None counts as an empty one.

    Returns:
        The level. Lists are never null in it; their items are where the file has them, null where
        they are empty or of a wrong kind (`tasks.arrow.nested.without_null_items` drops those).
        Items that are mappings and recur are dictionary-encoded (`tasks.arrow.nested.plain_lists`).
    """
    level = Level({}, [], {}, [], {})
    root = paths_tree(columns)
    found: dict[Path, list[Any]] = {}
    _find(root, nodes, (), found, level)
    untaken: dict[int, set[Path]] = {}
    for column in columns:
        if column.sources:
            _read_column(column, found, level, untaken)
    for finding in level.findings:
        if finding.code in _UNTYPED:
            untaken.setdefault(finding.node, set()).add(finding.path)
    for node, rest in leftovers(root, nodes, untaken).items():
        level.extra[node] = merged(rest, level.extra[node]) if node in level.extra else rest
    return level


def _find(step: Step, nodes: list[Any], path: Path, found: dict[Path, list[Any]], level: Level) -> None:
    """Put the nodes at every path that ends in a column into `found`; report nodes of a wrong kind."""
    kinds = set(map(type, nodes))
    if not kinds - {type(None)} <= step.kinds:
        for i, node in enumerate(nodes):
            if node is not None and type(node) not in step.kinds:
                level.findings.append(wrong_kind((i, path), step.severity, step.kinds, node))
    if step.columns:
        found[path] = nodes
    for key, child in step.children.items():
        _find(child, _children(nodes, key, kinds), (*path, key), found, level)


def _children(nodes: list[Any], key: str | int, kinds: set[type]) -> list[Any]:
    if kinds <= {type(None)}:
        return nodes
    if isinstance(key, int):
        return [node[key] if type(node) is list and len(node) > key else None for node in nodes]
    if kinds == {dict}:
        return list(map(methodcaller("get", key), nodes))
    return [node.get(key) if type(node) is dict else None for node in nodes]


def _read_column(column: Column, found: dict[Path, list[Any]], level: Level, untaken: dict[int, set[Path]]) -> None:
    """Read a column; of several sources the first that has a value counts, row by row."""
    arrays = [_read_source(column, path, found[path], level) for path in column.sources]
    values = arrays[0]
    for other in arrays[1:]:
        values = pc.if_else(has_value(values), plain_lists(values), plain_lists(other))
    level.columns[column.name] = values
    rows = {i for path in column.sources[1:] for i, node in enumerate(found[path]) if node is not None}
    for row in sorted(rows):
        _choose(column, row, [found[path][row] for path in column.sources], arrays, level, untaken)


def _read_source(column: Column, path: Path, nodes: list[Any], level: Level) -> pa.Array:
    kind = kind_of(column)
    if not set(map(type, nodes)) <= {kind, type(None)}:
        nodes = [node if type(node) is kind else None for node in nodes]
    return plain_items(read_values(column, nodes, lambda i: (i, path), level, build_level))


def _choose(
    column: Column, row: int, raw: list[Any], arrays: list[pa.Array], level: Level, untaken: dict[int, set[Path]]
) -> None:
    """Note which source of a row was read, and that what stands in later ones was not."""
    present = [k for k, node in enumerate(raw) if node is not None]
    with_value = (k for k in present if has_value(arrays[k].slice(row, 1))[0].as_py())
    read = next(with_value, present[0])
    if read > 0:
        level.chosen.setdefault(row, {})[column.sources[0]] = column.sources[read]
    if unread := {column.sources[k] for k in present if k > read}:
        untaken.setdefault(row, set()).update(unread)
