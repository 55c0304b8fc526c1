"""From raw trees to Arrow columns by the contract: one pass a field, columns from there on.

Belongs here: walking the trees of a batch along the contract's paths, and scalars, lists and mappings at
any depth as arrays, with the position of each for findings. Does not belong here: the meaning of a text
(`casts`), unmapped fields (`unmapped`).

All functions work on *levels*: the front matters of a batch are one level, the items of all
their `images` another, the items of all `related` a third. A level holds each distinct item
once. The fast YAML reader gives equal items as the same object, so "distinct" is a look at
`id()`, and an entry that a thousand files repeat is typed and repaired a single time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import accumulate, chain
from operator import methodcaller
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from config.contract_types import Column, Severity
from tasks.arrow.nested import plain_items, plain_lists
from tasks.front_matter.findings import MAX_FINDINGS, Path, excerpt
from tasks.parse.casts import convert, without_sentinels
from tasks.parse.item_cache import item_cache
from tasks.parse.levels import (
    Finding,
    Level,
    Position,
    Step,
    carry_up,
    kind_of,
    limited,
    merged,
    paths_tree,
    spelt_paths,
)
from tasks.parse.repair import repair
from tasks.parse.shapes import list_nodes
from tasks.parse.sources import Reading, stated
from tasks.parse.unmapped import unmapped_fields

#: Node and path of the i-th of some nodes.
PositionOf = Callable[[int], Position]

_KINDS: Final = {str: "a text", list: "a list", dict: "a mapping", type(None): "nothing"}


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
    sources = [column for column in columns if column.sources]
    paths = spelt_paths(sources, nodes)
    root = paths_tree(sources, paths)
    found: dict[Path, list[Any]] = {}
    below: dict[int, set[Path]] = {}
    _find(root, nodes, (), found, level, below)
    untaken = Reading(level, found, paths, _read_source).read_columns(sources)
    for node, leaves in below.items():
        untaken.setdefault(node, set()).update(leaves)
    level.findings[:] = limited(level.findings)
    for node, unmapped in unmapped_fields(root, nodes, untaken).items():
        level.extra[node] = merged(unmapped, level.extra[node]) if node in level.extra else unmapped
    return level


def _find(
    step: Step,
    nodes: list[Any],
    path: Path,
    found: dict[Path, list[Any]],
    level: Level,
    untaken: dict[int, set[Path]],
) -> None:
    """Put the nodes at every path that ends in a column into `found`, those without the steps below into `untaken`."""
    kinds = set(map(type, nodes))
    if step.columns:
        found[path] = nodes
    elif not kinds - {type(None)} <= step.kinds:
        for i, node in enumerate(nodes):
            if node is not None and type(node) not in step.kinds:
                untaken.setdefault(i, set()).add(path)
                if step.severity:
                    level.findings.append(_wrong_kind((i, path), step.severity, step.kinds, node))
    for key, child in step.children.items():
        _find(child, _children(nodes, key, kinds), (*path, key), found, level, untaken)


def _children(nodes: list[Any], key: str | int, kinds: set[type]) -> list[Any]:
    if kinds <= {type(None)}:
        return nodes
    if isinstance(key, int):
        return [node[key] if type(node) is list and len(node) > key else None for node in nodes]
    if kinds == {dict}:
        return list(map(methodcaller("get", key), nodes))
    return [node.get(key) if type(node) is dict else None for node in nodes]


def _wrong_kind(position: Position, severity: Severity, expected: Iterable[type], value: Any) -> Finding:
    """The finding that a node is a list where a text should be, or the like."""
    wanted = " or ".join(sorted(_KINDS[kind] for kind in expected))
    text = excerpt(value) if isinstance(value, str) else ""
    return Finding(*position, "field/type", severity, f"expected {wanted}, found {_KINDS[type(value)]}", text)


def _read_source(column: Column, path: Path, nodes: list[Any], level: Level) -> pa.Array:
    """The (n,) nodes at one path of a column, typed; a list column also takes one item without a list around it."""
    if column.item is not None:
        nodes, single = list_nodes(column, path, nodes, level)
        return plain_items(_lists(column, column.item, nodes, lambda i: (i, path), level, single))
    kind = kind_of(column)
    if not set(map(type, nodes)) <= {kind, type(None)}:
        for i, node in enumerate(nodes):
            if node is not None and type(node) is not kind:
                level.findings.append(_wrong_kind((i, path), column.type_severity, (kind,), node))
        nodes = [node if type(node) is kind else None for node in nodes]
    if column.states:
        nodes = stated(column, path, nodes)
    return plain_items(_read_values(column, nodes, lambda i: (i, path), level))


def _read_values(column: Column, nodes: list[Any], position: PositionOf, level: Level) -> pa.Array:
    """The nodes of a column, typed.

    Args:
        column: the column, or a list's item.
        nodes: (n,) raw nodes of the column's kind, or None.
        position: node and path in `level` of the i-th of `nodes`.
        level: takes findings, unmapped fields and repairs.

    Returns:
        (n,) values of `column.type`, but dictionary-encoded where mappings recur, also as items of lists; a list for
        every node of a list column, never null.
    """
    if column.item is not None:
        return _lists(column, column.item, nodes, position, level)
    if column.logical == "object":
        return _structs(column, nodes, position, level)
    return _scalars(column, nodes, position, level)


def _scalars(column: Column, nodes: list[Any], position: PositionOf, level: Level) -> pa.Array:
    given = pa.array(nodes, pa.string())
    if given.null_count == len(given):
        return pa.nulls(len(given), column.type)
    texts = _repaired(column, without_sentinels(column, given), position, level)
    values, misfits = convert(column, texts)
    for misfit in misfits:
        severity: Severity = "warning" if misfit.code == "time/no-zone" else column.type_severity
        finding = Finding(*position(misfit.row), misfit.code, severity, misfit.message, excerpt(misfit.value))
        level.findings.append(finding)
    return values


def _repaired(column: Column, texts: pa.StringArray, position: PositionOf, level: Level) -> pa.StringArray:
    if column.repair is None:
        return texts
    repaired = repair(texts, column.repair)
    if repaired is not texts:
        rows = pc.indices_nonzero(pc.fill_null(pc.not_equal(repaired, texts), False))
        for i, original in zip(rows.to_pylist(), texts.take(rows).to_pylist(), strict=True):
            level.repaired.append((*position(i), original))
    return repaired


def _lists(
    column: Column,
    item: Column,
    nodes: list[Any],
    position: PositionOf,
    level: Level,
    single: Collection[int] = (),
) -> pa.ListArray:
    """A list for every node; items that are empty or of a wrong kind are reported and null.

    Args:
        column: the column.
        item: what its items are.
        nodes: (n,) lists or None.
        position: node and path in `level` of the i-th of `nodes`.
        level: takes findings, unmapped fields and repairs.
        single: numbers of the nodes that are no lists in the file: their items stand where the node does.
    """
    if column.type_severity == "warning":
        item = replace(item, type_severity="warning")
    lists = [node or () for node in nodes]
    offsets = list(accumulate(map(len, lists), initial=0))

    def item_position(index: int) -> Position:
        parent = bisect_right(offsets, index) - 1
        node, path = position(parent)
        return (node, path) if parent in single else (node, (*path, index - offsets[parent]))

    items = _clean_items(item, list(chain.from_iterable(lists)), item_position, level)
    values = _read_values(item, items, item_position, level)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)


def _clean_items(item: Column, items: list[Any], position: PositionOf, level: Level) -> list[Any]:
    kind, kinds = kind_of(item), set(map(type, items))
    if kinds <= {kind} and not (kind is str and any(not text.strip() for text in set(items))):
        return items
    clean: list[Any] = []
    reported: dict[int, int] = {}
    for i, node in enumerate(items):
        is_empty = node is None or (kind is str and type(node) is str and not node.strip())
        clean.append(node if type(node) is kind and not is_empty else None)
        if clean[-1] is None:
            found = _without_value(item, is_empty, node, position(i))
            reported[found.node] = reported.get(found.node, 0) + 1
            # An item that goes to `extra` is always reported, others up to a limit a file.
            if reported[found.node] <= MAX_FINDINGS or not (is_empty or item.type_severity == "error"):
                level.findings.append(found)
    return clean


def _without_value(item: Column, is_empty: bool, node: Any, position: Position) -> Finding:
    if is_empty:
        message = "the list holds an empty item, which is left out; remove the line or fill it"
        return Finding(*position, "field/null-item", "warning", message, "")
    return _wrong_kind(position, item.type_severity, (kind_of(item),), node)


def _structs(column: Column, nodes: list[Any], position: PositionOf, level: Level) -> pa.Array:
    """A struct for every mapping, null for None: each distinct one is read once, in a level of its own."""
    ids = list(map(id, nodes))
    by_id = dict(zip(ids, nodes, strict=True))
    by_id.pop(id(None), None)
    cache = item_cache(column)
    fresh = [node for key, node in by_id.items() if key not in cache.rows]
    inner = build_level(column.fields, fresh)
    noted = inner.nodes_with_notes()
    if noted:
        numbers = {id(fresh[number]): number for number in noted}
        positions: dict[int, list[Position]] = {number: [] for number in noted}
        for i, key in enumerate(ids):
            if key in numbers:
                positions[numbers[key]].append(position(i))
        carry_up(inner, positions, level)
    return cache.take(ids, fresh, _struct_array(column, inner.columns, len(fresh)), noted)


def _struct_array(column: Column, columns: dict[str, pa.Array], length: int) -> pa.StructArray:
    """(length,) structs of an object column's type; fields without a column (computed ones) are null."""
    arrays = [plain_lists(columns[f.name]) if f.name in columns else pa.nulls(length, f.type) for f in column.fields]
    return pa.StructArray.from_arrays(arrays, fields=list(column.type))
