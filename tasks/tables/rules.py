"""The contract's rules as Arrow kernels: which rows break which rule.

Belongs here: one kernel a rule, over a whole column or over the items of a list column. Does not
belong here: types (a value that has the wrong one is found by `tasks.parse`) and what becomes of
a row that breaks a rule (`batch`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import Column
from tasks.front_matter.problems import excerpt, spell_path
from tasks.tables.staging import FINDINGS


class _Broken(NamedTuple):
    """Where a rule is broken, and what to say of it."""

    mask: pa.BooleanArray
    code: str
    message: str


class _Place(NamedTuple):
    """What turns an index in a column into a row and a path."""

    column: Column
    lists: tuple[Column, pa.ListArray] | None


def check_rules(columns: tuple[Column, ...], records: pa.Table) -> pa.Table:
    """Hold every column against its rules.

    Args:
        columns: the contract's columns that are read from files.
        records: (n,) typed records.

    Returns:
        A `FINDINGS` table; rows count from 0 in `records`, lines are not known yet.
    """
    found: list[dict[str, Any]] = []
    for column in columns:
        values = _flat(records[column.name])
        _collect(found, _Place(column, None), values)
        if column.item is not None:
            _check_items(found, column, values)
    return pa.Table.from_pylist(found, FINDINGS)


def _flat(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks()


def _check_items(found: list[dict[str, Any]], column: Column, lists: pa.ListArray) -> None:
    assert column.item is not None
    items = lists.flatten()
    if not column.item.fields:
        _collect(found, _Place(column.item, (column, lists)), items)
    for inner in column.item.fields:
        if inner.sources and inner.item is None:
            _collect(found, _Place(inner, (column, lists)), items.field(inner.name))


def _collect(found: list[dict[str, Any]], place: _Place, values: pa.Array) -> None:
    for broken in _broken_rules(place.column, values):
        for index in pc.indices_nonzero(pc.fill_null(broken.mask, False)).to_pylist():
            found.append(_finding(place, index, broken, values[index].as_py()))


def _broken_rules(column: Column, values: pa.Array) -> Iterator[_Broken]:
    if column.required and not pa.types.is_nested(values.type):
        yield _Broken(_missing(values), "field/missing", "a required field is missing or empty; add it")
    if values.null_count == len(values):
        return
    yield from _broken_bounds(column, values)
    yield from _broken_lengths(column, values)
    rules = column.rules
    if rules.pattern is not None:
        mask = pc.invert(pc.match_substring_regex(values, rules.pattern))
        yield _Broken(mask, "field/pattern", f"the text does not match {rules.pattern}")
    if rules.enum:
        mask = pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, pa.array(rules.enum))))
        yield _Broken(mask, "field/enum", f"expected one of: {', '.join(rules.enum)}")


def _missing(values: pa.Array) -> pa.BooleanArray:
    if not pa.types.is_string(values.type):
        return pc.is_null(values)
    return pc.or_(pc.is_null(values), pc.equal(pc.fill_null(pc.utf8_trim_whitespace(values), ""), ""))


def _broken_bounds(column: Column, values: pa.Array) -> Iterator[_Broken]:
    low, high = column.rules.minimum, column.rules.maximum
    if low is not None:
        mask = pc.less(values, pa.scalar(low, values.type))
        yield _Broken(mask, "field/range", f"expected at least {low}")
    if high is not None:
        mask = pc.greater(values, pa.scalar(high, values.type))
        yield _Broken(mask, "field/range", f"expected at most {high}")


def _broken_lengths(column: Column, values: pa.Array) -> Iterator[_Broken]:
    rules = column.rules
    if pa.types.is_list(values.type):
        lengths, low, high, what = pc.list_value_length(values), rules.min_items, rules.max_items, "items"
    elif pa.types.is_string(values.type) and (rules.min_length or rules.max_length):
        lengths, low, high, what = pc.utf8_length(values), rules.min_length, rules.max_length, "characters"
    else:
        return
    # A required text that is empty is missing; to call it too short as well would say it twice.
    if low is not None and not (column.required and what == "characters" and low <= 1):
        yield _Broken(pc.less(lengths, low), "field/length", f"expected at least {low} {what}")
    if high is not None:
        yield _Broken(pc.greater(lengths, high), "field/length", f"expected at most {high:,} {what}")


def _finding(place: _Place, index: int, broken: _Broken, value: Any) -> dict[str, Any]:
    row, path = _row_and_path(place, index)
    text = "" if value is None or isinstance(value, list) else str(value)
    values = (
        row,
        msgspec.json.encode(path).decode(),
        broken.code,
        spell_path(path),
        place.column.severity,
        broken.message,
        excerpt(text),
        None,
        None,
    )
    return dict(zip(FINDINGS.names, values, strict=True))


def _row_and_path(place: _Place, index: int) -> tuple[int, tuple[str | int, ...]]:
    own = place.column.sources[0] if place.column.sources else ()
    if place.lists is None:
        return index, own
    column, lists = place.lists
    row = pc.list_parent_indices(lists)[index].as_py()
    first = pc.sum(pc.list_value_length(lists.slice(0, row))).as_py() or 0
    return row, (*column.sources[0], index - first, *own)
