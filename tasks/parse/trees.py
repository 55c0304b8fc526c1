"""From raw trees to Arrow columns by the contract: one pass a field, columns from there on.

Belongs here: walking the trees of a batch along the contract's paths. Does not belong here: what
a text means (`casts`), what is left over (`leftovers`), texts that need repair (`repair`).

All functions work on *levels*: the front matters of a batch are one level, the items of all
their `images` another, the items of all `related` a third. A level holds each distinct item
once. The fast YAML reader gives equal items as the same object, so "distinct" is a look at
`id()`, and an entry that a thousand files repeat is typed and repaired a single time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate, chain, islice
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import Column, Severity
from tasks.front_matter.problems import Path, excerpt
from tasks.parse.casts import convert
from tasks.parse.leftovers import Step, leftovers, merged, paths_tree
from tasks.parse.repair import repair_names, repair_texts, repair_urls

_REPAIRS: Final = {
    "line": partial(repair_texts, single_line=True),
    "text": repair_texts,
    "name": repair_names,
    "url": repair_urls,
}
_KINDS: Final = {str: "a text", list: "a list", dict: "a mapping", type(None): "nothing"}


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
    """

    columns: dict[str, pa.Array]
    findings: list[Finding]
    extra: dict[int, Any]
    repaired: list[tuple[int, Path, str]]


def build_level(columns: Sequence[Column], nodes: list[Any]) -> Level:
    """Read the contract's columns from n raw mappings.

    Args:
        columns: columns with `sources`; others are left out.
        nodes: (n,) raw mappings; None counts as an empty one.

    Returns:
        The level; lists are never null in it.
    """
    level = Level({}, [], {}, [])
    root = paths_tree(columns)
    _read(root, nodes, (), level)
    for node, rest in leftovers(root, columns, nodes, level.findings).items():
        level.extra[node] = merged(rest, level.extra[node]) if node in level.extra else rest
    return level


def _read(step: Step, nodes: list[Any], path: Path, level: Level) -> None:
    """Read every column at and below one step of the contract's tree of paths."""
    if step.column is not None:
        _read_column(step.column, nodes, path, level)
    if step.children:
        _expect(step.kind, nodes, path, step.severity, level)
    for key, child in step.children.items():
        if isinstance(key, int):
            values = [node[key] if type(node) is list and len(node) > key else None for node in nodes]
        else:
            values = [node.get(key) if type(node) is dict else None for node in nodes]
        _read(child, values, (*path, key), level)


def _expect(kind: type, nodes: list[Any], path: Path, severity: Severity, level: Level) -> None:
    """Report nodes that are neither of `kind` nor null, once for all the columns below them."""
    if set(map(type, nodes)) <= {kind, type(None)}:
        return
    for i, node in enumerate(nodes):
        if node is not None and type(node) is not kind:
            level.findings.append(_wrong_kind(i, path, severity, kind, node))


def _wrong_kind(node: int, path: Path, severity: Severity, expected: type, value: Any) -> Finding:
    text = value if isinstance(value, str) else ""
    message = f"expected {_KINDS[expected]}, found {_KINDS[type(value)]}"
    return Finding(node, path, "field/type", severity, message, excerpt(text))


def _read_column(column: Column, nodes: list[Any], path: Path, level: Level) -> None:
    earlier = level.columns.get(column.name)
    if column.item is None:
        values = _scalars(column, nodes, path, level)
    elif column.item.logical == "object":
        values = _structs(column, nodes, path, level)
    else:
        values = _texts(column, nodes, path, level)
    # Several sources for one column: the first that is present counts.
    if earlier is not None and column.item is not None:
        values = pc.if_else(pc.greater(pc.list_value_length(earlier), 0), earlier, values)
    elif earlier is not None:
        values = pc.coalesce(earlier, values)
    level.columns[column.name] = values


def _of_kind(kind: type, column: Column, nodes: list[Any], path: Path, level: Level) -> list[Any]:
    """The nodes with null for those that are not of `kind`, which are reported."""
    if set(map(type, nodes)) <= {kind, type(None)}:
        return nodes
    _expect(kind, nodes, path, column.type_severity, level)
    return [node if type(node) is kind else None for node in nodes]


def _scalars(column: Column, nodes: list[Any], path: Path, level: Level) -> pa.Array:
    texts = pa.array(_of_kind(str, column, nodes, path, level), pa.string())
    texts = _repair(column, texts, level, lambda i: (i, path))
    values, misfits = convert(column, texts)
    for misfit in misfits:
        severity: Severity = "warning" if misfit.code == "time/no-zone" else column.type_severity
        value = excerpt(misfit.value)
        level.findings.append(Finding(misfit.index, path, misfit.code, severity, misfit.message, value))
    return values


def _repair(column: Column, texts: pa.StringArray, level: Level, place: Any) -> pa.StringArray:
    """Repair a column of texts; `place(i)` is the node and path of text i."""
    if column.repair is None:
        return texts
    mended = _REPAIRS[column.repair](texts)
    rows = pc.indices_nonzero(pc.fill_null(pc.not_equal(mended, texts), False))
    for i, original in zip(rows.to_pylist(), texts.take(rows).to_pylist(), strict=True):
        level.repaired.append((*place(i), original))
    return mended


def _offsets(lists: list[list[Any]]) -> pa.Int32Array:
    return pa.array(accumulate(map(len, lists), initial=0), pa.int32())


def _texts(column: Column, nodes: list[Any], path: Path, level: Level) -> pa.Array:
    """A list column of scalars; empty items are reported and left out."""
    assert column.item is not None
    lists = whole = [node or [] for node in _of_kind(list, column, nodes, path, level)]
    if not set(map(type, chain.from_iterable(lists))) <= {str}:
        lists = [_clean_items(column, items, i, path, level) for i, items in enumerate(lists)]

    def place(index: int) -> tuple[int, Path]:
        return next(islice(_places_of_texts(whole, path), index, None))

    texts = pa.array(list(chain.from_iterable(lists)), pa.string())
    texts = _repair(column.item, texts, level, place)
    values, misfits = convert(column.item, texts)
    for misfit in misfits:
        value = excerpt(misfit.value)
        finding = Finding(*place(misfit.index), misfit.code, column.type_severity, misfit.message, value)
        level.findings.append(finding)
    return pa.ListArray.from_arrays(_offsets(lists), values)


def _places_of_texts(lists: list[list[Any]], path: Path) -> Iterator[tuple[int, Path]]:
    """Node and path of every text in the lists, in order."""
    for node, items in enumerate(lists):
        for k, item in enumerate(items):
            if type(item) is str:
                yield node, (*path, k)


def _clean_items(column: Column, items: list[Any], node: int, path: Path, level: Level) -> list[Any]:
    kind = dict if column.item and column.item.logical == "object" else str
    for k, item in enumerate(items):
        if item is None:
            message = "the list holds an empty item, which is left out; remove the line or fill it"
            level.findings.append(Finding(node, (*path, k), "field/null-item", "warning", message, ""))
        elif type(item) is not kind:
            level.findings.append(_wrong_kind(node, (*path, k), column.type_severity, kind, item))
    return [item for item in items if type(item) is kind]


def _structs(column: Column, nodes: list[Any], path: Path, level: Level) -> pa.Array:
    """A list column of mappings: each distinct item is read once, as a level of its own."""
    assert column.item is not None
    whole = lists = [node or [] for node in _of_kind(list, column, nodes, path, level)]
    if not set(map(type, chain.from_iterable(lists))) <= {dict}:
        lists = [_clean_items(column, items, i, path, level) for i, items in enumerate(lists)]
    numbers: dict[int, int] = {}
    flat = [numbers.setdefault(id(item), len(numbers)) for item in chain.from_iterable(lists)]
    distinct = list({id(item): item for item in chain.from_iterable(lists)}.values())
    inner = build_level(column.item.fields, distinct)
    _carry_up(inner, whole, numbers, path, level)
    items = struct_array(column.item, inner.columns, len(distinct))
    return pa.ListArray.from_arrays(_offsets(lists), items.take(pa.array(flat, pa.int32())))


def struct_array(item: Column, columns: dict[str, pa.Array], length: int) -> pa.StructArray:
    """A struct array of the item's type; fields without a column (computed ones) are null."""
    arrays = [columns[f.name] if f.name in columns else pa.nulls(length, f.type) for f in item.fields]
    return pa.StructArray.from_arrays(arrays, fields=list(item.type))


def _carry_up(inner: Level, lists: list[list[Any]], numbers: dict[int, int], path: Path, level: Level) -> None:
    """Say of every node that has an item what was noticed about the item."""
    noticed = {f.node for f in inner.findings} | inner.extra.keys() | {node for node, _, _ in inner.repaired}
    if not noticed:
        return
    places: dict[int, list[tuple[int, int]]] = {number: [] for number in noticed}
    for node, items in enumerate(lists):
        for k, item in enumerate(items):
            if (number := numbers.get(id(item), -1)) in noticed:
                places[number].append((node, k))
    for finding in inner.findings:
        for node, k in places[finding.node]:
            level.findings.append(finding._replace(node=node, path=(*path, k, *finding.path)))
    for number, below, original in inner.repaired:
        level.repaired.extend((node, (*path, k, *below), original) for node, k in places[number])
    for number, rest in inner.extra.items():
        for node, k in places[number]:
            _put(level.extra.setdefault(node, {}), path, k, rest)


def _put(extra: dict[str, Any], path: Path, k: int, rest: Any) -> None:
    """Store what is left of item `k` of the list at `path`, empty mappings before it."""
    for key in path[:-1]:
        extra = extra.setdefault(key, {})
    items = extra.setdefault(path[-1], [])
    items.extend({} for _ in range(len(items), k + 1))
    items[k] = rest
