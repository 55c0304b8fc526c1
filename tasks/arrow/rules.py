"""The contract's rules as Arrow kernels: the rows that break each rule.

Belongs here: one kernel a rule, over all values of a column or of a field inside it. Does not
belong here: types (`tasks.parse` finds values of a wrong one) and the rows that break a rule
(`tasks.validate` sorts them out).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import Column
from tasks.arrow.columns import whole
from tasks.arrow.nested import Values, format_json_path, item_counts, walk
from tasks.arrow.schemas import FINDINGS
from tasks.front_matter.findings import MAX_FINDINGS, excerpt, format_path


class _Broken(NamedTuple):
    """The values that break a rule, and the finding's code and message."""

    mask: pa.BooleanArray
    code: str
    message: str


def check_rules(columns: tuple[Column, ...], records: pa.Table) -> pa.Table:
    """Hold every column against its rules, the items of lists and the fields of mappings too.

    Args:
        columns: the contract's columns that are read from files.
        records: (n,) typed records; lists with an item for every item in the file.

    Returns:
        A `FINDINGS` table; rows count from 0 in `records`, lines are not known yet. A rule that
        many items of one list break is reported for the first `MAX_FINDINGS`.
    """
    found: list[tuple[Any, ...]] = []
    arrays = {column.name: whole(records[column.name]) for column in columns}
    for values in walk(columns, arrays):
        for broken in _broken_rules(values):
            found.extend(_findings(values, broken))
    names = FINDINGS.names
    by_name = dict(zip(names, zip(*found, strict=True), strict=True)) if found else dict.fromkeys(names, ())
    return pa.table(by_name, FINDINGS)


def _broken_rules(values: Values) -> Iterator[_Broken]:
    column, array, is_item = values.column, values.array, values.is_item
    # An empty item of a list has been reported as such, and is left out.
    if column.required and not is_item:
        yield _Broken(_missing(array), "field/missing", "a required field is missing or empty; add it")
    if array.null_count == len(array):
        return
    yield from _broken_bounds(column, array)
    yield from _broken_lengths(column, array)
    rules = column.rules
    if rules.pattern is not None:
        mask = pc.invert(pc.match_substring_regex(array, rules.pattern))
        yield _Broken(mask, "field/pattern", f"the text does not match {rules.pattern}")
    if rules.enum:
        mask = pc.and_(pc.is_valid(array), pc.invert(pc.is_in(array, pa.array(rules.enum))))
        yield _Broken(mask, "field/enum", f"expected one of: {', '.join(rules.enum)}")


def _missing(values: pa.Array) -> pa.BooleanArray:
    if pa.types.is_list(values.type):
        return pc.equal(item_counts(values), 0)
    if not pa.types.is_string(values.type):
        return pc.is_null(values)
    return pc.equal(pc.fill_null(pc.utf8_trim_whitespace(values), ""), "")


def _formatted(value: object) -> str:
    """A value as a person would write it into a file."""
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def _broken_bounds(column: Column, values: pa.Array) -> Iterator[_Broken]:
    low, high = column.rules.minimum, column.rules.maximum
    if low is not None:
        yield _Broken(pc.less(values, _bound(low, values.type)), "field/range", f"expected at least {_formatted(low)}")
    if high is not None:
        yield _Broken(
            pc.greater(values, _bound(high, values.type)), "field/range", f"expected at most {_formatted(high)}"
        )


def _bound(bound: Any, kind: pa.DataType) -> pa.Scalar:
    """The bound; for integers left as it is, since it may be a fraction or beyond the column's width."""
    return pa.scalar(bound) if pa.types.is_integer(kind) else pa.scalar(bound, kind)


def _broken_lengths(column: Column, values: pa.Array) -> Iterator[_Broken]:
    rules = column.rules
    if pa.types.is_list(values.type) and (rules.min_items or rules.max_items is not None):
        lengths = item_counts(values)
        low, high, what = rules.min_items, rules.max_items, "items"
    elif pa.types.is_string(values.type) and (rules.min_length or rules.max_length is not None):
        lengths, low, high, what = pc.utf8_length(values), rules.min_length, rules.max_length, "characters"
    else:
        return
    if low is not None:
        mask = pc.less(lengths, low)
        # A required value that is empty has a finding already: it is missing.
        yield _Broken(
            pc.and_not(mask, _missing(values)) if column.required else mask,
            "field/length",
            f"expected at least {low} {what}",
        )
    if high is not None:
        yield _Broken(pc.greater(lengths, high), "field/length", f"expected at most {high:,} {what}")


def _findings(values: Values, broken: _Broken) -> Iterator[tuple[Any, ...]]:
    """Rows of `FINDINGS`, at most `MAX_FINDINGS` a record: a hostile file must not fill the tables."""
    if not broken.mask.true_count:
        return
    indices = values.where(broken.mask)
    counts: Counter[int] = Counter()
    severity, code, message = values.column.severity, broken.code, broken.message
    for index, value in zip(indices.to_pylist(), values.take(indices).to_pylist(), strict=True):
        row, path = values.position(index)
        counts[row] += 1
        if counts[row] <= MAX_FINDINGS:
            text = "" if value is None or isinstance(value, list | dict) else excerpt(_formatted(value))
            yield row, format_json_path(path), code, format_path(path), severity, message, text, None, None
