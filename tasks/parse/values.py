"""Raw nodes of one field as an array of the contract's type: scalars, lists and mappings.

Belongs here: reading the nodes of one column at any depth, with the place of each for what is
found. Does not belong here: finding the nodes (`trees`), what a text means (`casts`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import accumulate, chain
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from config.contract_types import Column, Severity
from tasks.arrow.nested import plain_lists
from tasks.front_matter.findings import MAX_FINDINGS
from tasks.front_matter.problems import excerpt
from tasks.parse.casts import convert, without_sentinels
from tasks.parse.known_items import known_items
from tasks.parse.levels import Finding, Level, Place, carry_up, noticed_nodes
from tasks.parse.paths import kind_of
from tasks.parse.repair import repair_names, repair_texts, repair_urls

Locate = Callable[[int], Place]
Build = Callable[[Sequence[Column], list[Any]], Level]

_REPAIRS: Final[dict[str, Callable[[pa.StringArray], pa.StringArray]]] = {
    "line": partial(repair_texts, single_line=True),
    "text": repair_texts,
    "name": repair_names,
    "url": repair_urls,
}
_KINDS: Final = {str: "a text", list: "a list", dict: "a mapping", type(None): "nothing"}


def read_values(column: Column, nodes: list[Any], place: Locate, level: Level, build: Build) -> pa.Array:
    """The nodes of a column, typed.

    Args:
        column: the column, or a list's item.
        nodes: (n,) raw nodes of the column's kind, or None.
        place: node and path in `level` of the i-th of `nodes`.
        level: takes findings, leftovers and repairs.
        build: `trees.build_level`, for mappings.

    Returns:
        (n,) values of `column.type`, but dictionary-encoded where mappings recur, also as items of lists; a list for
        every node of a list column, never null.
    """
    if column.item is not None:
        return _lists(column, column.item, nodes, place, level, build)
    if column.logical == "object":
        return _structs(column, nodes, place, level, build)
    return _scalars(column, nodes, place, level)


def has_value(values: pa.Array) -> pa.BooleanArray:
    """(n,) whether there is a value; for lists, an item that is not null."""
    if not pa.types.is_list(values.type):
        return pc.is_valid(values)
    if values.flatten().null_count == 0:
        return pc.fill_null(pc.greater(pc.list_value_length(values), 0), False)
    parents = pc.unique(pc.list_parent_indices(values).filter(pc.is_valid(values.flatten())))
    return pc.is_in(pa.array(range(len(values)), parents.type), parents)


def wrong_kind(place: Place, severity: Severity, expected: Iterable[type], value: Any) -> Finding:
    """The finding that a node is a list where a text should be, or the like."""
    wanted = " or ".join(sorted(_KINDS[kind] for kind in expected))
    text = excerpt(value) if isinstance(value, str) else ""
    return Finding(*place, "field/type", severity, f"expected {wanted}, found {_KINDS[type(value)]}", text)


def _scalars(column: Column, nodes: list[Any], place: Locate, level: Level) -> pa.Array:
    given = pa.array(nodes, pa.string())
    if given.null_count == len(given):
        return pa.nulls(len(given), column.type)
    texts = _repaired(column, without_sentinels(column, given), place, level)
    values, misfits = convert(column, texts)
    for misfit in misfits:
        severity: Severity = "warning" if misfit.code == "time/no-zone" else column.type_severity
        finding = Finding(*place(misfit.row), misfit.code, severity, misfit.message, excerpt(misfit.value))
        level.findings.append(finding)
    return values


def _repaired(column: Column, texts: pa.StringArray, place: Locate, level: Level) -> pa.StringArray:
    if column.repair is None:
        return texts
    mended = _REPAIRS[column.repair](texts)
    if mended is texts:
        return texts
    rows = pc.indices_nonzero(pc.fill_null(pc.not_equal(mended, texts), False))
    for i, original in zip(rows.to_pylist(), texts.take(rows).to_pylist(), strict=True):
        level.repaired.append((*place(i), original))
    return mended


def _lists(column: Column, item: Column, nodes: list[Any], place: Locate, level: Level, build: Build) -> pa.ListArray:
    """A list for every node; items that are empty or of a wrong kind are reported and null."""
    if column.type_severity == "warning":
        item = replace(item, type_severity="warning")
    lists = [node or () for node in nodes]
    offsets = list(accumulate(map(len, lists), initial=0))
    items = list(chain.from_iterable(lists))

    def place_of_item(index: int) -> Place:
        parent = bisect_right(offsets, index) - 1
        node, path = place(parent)
        return node, (*path, index - offsets[parent])

    items = _clean_items(item, items, place_of_item, level)
    values = read_values(item, items, place_of_item, level, build)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)


def _clean_items(item: Column, items: list[Any], place: Locate, level: Level) -> list[Any]:
    kind = kind_of(item)
    blank = {text for text in set(items) if not text.strip()} if set(map(type, items)) == {str} else set()
    if set(map(type, items)) <= {kind} and not blank:
        return items
    clean: list[Any] = []
    reported: dict[int, int] = {}
    for i, node in enumerate(items):
        is_empty = node is None or (kind is str and type(node) is str and not node.strip())
        clean.append(node if type(node) is kind and not is_empty else None)
        if clean[-1] is None:
            _report_item(is_empty, kind, node, place(i), item.type_severity, reported, level)
    return clean


def _report_item(
    is_empty: bool, kind: type, node: Any, place: Place, severity: Severity, reported: dict[int, int], level: Level
) -> None:
    """Report an item without a value; one that goes to `extra` always, others up to a limit a file."""
    count = reported[place[0]] = reported.get(place[0], 0) + 1
    if count > MAX_FINDINGS and (is_empty or severity == "error"):
        return
    if is_empty:
        message = "the list holds an empty item, which is left out; remove the line or fill it"
        level.findings.append(Finding(*place, "field/null-item", "warning", message, ""))
    else:
        level.findings.append(wrong_kind(place, severity, (kind,), node))


def _structs(column: Column, nodes: list[Any], place: Locate, level: Level, build: Build) -> pa.Array:
    """A struct for every mapping, null for None: each distinct one is read once, in a level of its own."""
    ids = list(map(id, nodes))
    by_id = dict(zip(ids, nodes, strict=True))
    by_id.pop(id(None), None)
    known = known_items(column)
    fresh = [node for key, node in by_id.items() if key not in known.rows]
    inner = build(column.fields, fresh)
    noticed = noticed_nodes(inner)
    if noticed:
        numbers = {id(fresh[number]): number for number in noticed}
        places: dict[int, list[Place]] = {number: [] for number in noticed}
        for i, key in enumerate(ids):
            if key in numbers:
                places[numbers[key]].append(place(i))
        carry_up(inner, places, level)
    return known.take(ids, fresh, struct_array(column, inner.columns, len(fresh)), noticed)


def struct_array(column: Column, columns: dict[str, pa.Array], length: int) -> pa.StructArray:
    """(length,) structs of an object column's type; fields without a column (computed ones) are null."""
    arrays = [plain_lists(columns[f.name]) if f.name in columns else pa.nulls(length, f.type) for f in column.fields]
    return pa.StructArray.from_arrays(arrays, fields=list(column.type))
