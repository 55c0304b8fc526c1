"""The contract's rules as Arrow kernels: the rows that break each rule.

Belongs here: the rules as a list, one kernel each, over all values of a column or of a field inside it. Does not
belong here: types (`tasks.parse` finds values of a wrong one) and the rows that break a rule
(`tasks.validate` sorts them out).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import Check, Column, Severity
from tasks.arrow.columns import whole
from tasks.arrow.nested import Values, format_json_path, item_counts, walk
from tasks.arrow.schemas import FINDINGS
from tasks.front_matter.findings import MAX_FINDINGS, excerpt, format_path


class Rule(NamedTuple):
    """One rule on the values of a column, an entry of the list `rules_of`.

    Attributes:
        code: of its findings, see `tasks.front_matter.findings.CODES`.
        breaks: gives (n,) marks of the values that break it; null counts as kept.
        severity: what that does.
        message: what an editor reads, the remedy included.
    """

    code: str
    breaks: Callable[[pa.Array], pa.Array]
    severity: Severity
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
        for rule in rules_of(values.column, is_item=values.is_item):
            # Of values that are all null only one is broken: that there must be one.
            if rule.code == "field/missing" or values.array.null_count < len(values.array):
                found.extend(_findings(values, rule))
    names = FINDINGS.names
    by_name = dict(zip(names, zip(*found, strict=True), strict=True)) if found else dict.fromkeys(names, ())
    return pa.table(by_name, FINDINGS)


def rules_of(column: Column, *, is_item: bool = False) -> list[Rule]:
    """The rules of a column: those that follow from its property in the contract, then the site's own.

    Args:
        column: a column, the item of a list, or a field of a mapping.
        is_item: whether it is the item of a list: an empty one has been reported as such, and is left out.
    """
    limits, severity = column.rules, column.severity
    rules: list[Rule] = []
    if column.required and not is_item:
        rules.append(Rule("field/missing", _missing, severity, "a required field is missing or empty; add it"))
    if limits.minimum is not None:
        message = f"expected at least {_formatted(limits.minimum)}"
        rules.append(Rule("field/range", partial(_compared, pc.less, limits.minimum), severity, message))
    if limits.maximum is not None:
        message = f"expected at most {_formatted(limits.maximum)}"
        rules.append(Rule("field/range", partial(_compared, pc.greater, limits.maximum), severity, message))
    rules += _lengths(column)
    if limits.pattern is not None:
        message = f"the text does not match {limits.pattern}"
        rules.append(Rule("field/pattern", partial(_unlike, limits.pattern), severity, message))
    if limits.enum:
        message = f"expected one of: {', '.join(limits.enum)}"
        rules.append(Rule("field/enum", partial(_outside, limits.enum), severity, message))
    return rules + [_check_rule(check) for check in column.checks]


def _lengths(column: Column) -> Iterator[Rule]:
    limits = column.rules
    low, high, what = limits.min_length, limits.max_length, "characters"
    if column.logical == "array":
        low, high, what = limits.min_items, limits.max_items, "items"
    if low:
        # A required value that is empty has a finding already: it is missing.
        breaks = partial(_shorter, low, but_missing=column.required)
        yield Rule("field/length", breaks, column.severity, f"expected at least {low} {what}")
    if high is not None:
        yield Rule("field/length", partial(_longer, high), column.severity, f"expected at most {high:,} {what}")


def _check_rule(check: Check) -> Rule:
    """The rule of a site's own check."""
    kind, value = check.kind, check.value
    code, breaks, message = {
        "pattern": ("field/pattern", partial(_unlike, value), f"the text does not match {value}"),
        "not_pattern": ("field/pattern", partial(_like, value), f"the text matches {value}"),
        "min_length": ("field/length", partial(_shorter, value), f"expected a length of at least {value}"),
        "max_length": ("field/length", partial(_longer, value), f"expected a length of at most {value}"),
        "one_of": ("field/enum", partial(_outside, value), f"expected one of: {value}"),
    }[kind]
    return Rule(code, breaks, check.severity, check.message or message)


def _compared(kernel: Callable[[pa.Array, pa.Scalar], pa.Array], bound: Any, values: pa.Array) -> pa.Array:
    # For integers the bound is left as it is, since it may be a fraction or beyond the column's width.
    return kernel(values, pa.scalar(bound) if pa.types.is_integer(values.type) else pa.scalar(bound, values.type))


def _unlike(pattern: str, values: pa.Array) -> pa.Array:
    return pc.invert(_like(pattern, values))


def _like(pattern: str, values: pa.Array) -> pa.Array:
    return pc.match_substring_regex(values, pattern)


def _outside(words: Sequence[str], values: pa.Array) -> pa.Array:
    return pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, pa.array(words))))


def _shorter(length: int, values: pa.Array, *, but_missing: bool = False) -> pa.Array:
    short = pc.less(_length(values), length)
    return pc.and_not(short, _missing(values)) if but_missing else short


def _longer(length: int, values: pa.Array) -> pa.Array:
    return pc.greater(_length(values), length)


def _length(values: pa.Array) -> pa.Array:
    """(n,) items of lists, characters of texts."""
    return item_counts(values) if pa.types.is_list(values.type) else pc.utf8_length(values)


def _missing(values: pa.Array) -> pa.BooleanArray:
    if pa.types.is_list(values.type):
        return pc.equal(item_counts(values), 0)
    if not pa.types.is_string(values.type):
        return pc.is_null(values)
    return pc.equal(pc.fill_null(pc.utf8_trim_whitespace(values), ""), "")


def _formatted(value: object) -> str:
    """A value as a person would write it into a file."""
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def _findings(values: Values, rule: Rule) -> Iterator[tuple[Any, ...]]:
    """Rows of `FINDINGS`, at most `MAX_FINDINGS` a record: a hostile file must not fill the tables."""
    broken = rule.breaks(values.array)
    if not broken.true_count:
        return
    indices = values.where(broken)
    counts: Counter[int] = Counter()
    for index, value in zip(indices.to_pylist(), values.take(indices).to_pylist(), strict=True):
        row, path = values.position(index)
        counts[row] += 1
        if counts[row] <= MAX_FINDINGS:
            text = "" if value is None or isinstance(value, list | dict) else excerpt(_formatted(value))
            field = format_path(path)
            yield row, format_json_path(path), rule.code, field, rule.severity, rule.message, text, None, None
