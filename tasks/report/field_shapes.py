"""The fields of the front matter that no column takes: the forms and types of their values over all files.

Belongs here: what was seen. Does not belong here: what becomes of a field (`renames`, `suggestion`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.contract import Contract

#: How many values of a field are shown, and how much of each, in characters.
_MAX_EXAMPLES: Final = 3
_MAX_EXAMPLE: Final = 40
#: A leading zero is an id or a code, not a number: `007` stays a text.
_INTEGER: Final = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9:.]{5,15}(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?", re.ASCII)
#: `13/04/2021` and the like, whose first numbers are day and month in either order.
_TWO_NUMBERS: Final = re.compile(r"([0-9]{1,2})[/-]([0-9]{1,2})[/-][0-9]{4}", re.ASCII)
_MONTHS: Final = 12


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


@dataclass
class Shape:
    """All values of one field of the front matter, over all rows.

    Attributes:
        count: number of values; of a field, of rows that have it.
        kinds: ODCS types that fit its texts, each with how many; `""` stands for no value.
        largest: the largest whole number, without its sign; `longest` text in characters.
        examples: the first different texts.
        fields: the shapes in its mappings.
        item: the shape of items of its lists; None where there was no list.
        lacking: columns to the number of its files in which they have no value.
        orders: of dates such as `13/04/2021` how many have the day first, `dmy`, and the month, `mdy`; `""` has either.
        is_time: whether a text reads as a time.
    """

    count: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    largest: int = 0
    longest: int = 0
    examples: dict[str, None] = field(default_factory=dict)
    fields: dict[str, Shape] = field(default_factory=dict)
    item: Shape | None = None
    lacking: Counter[str] = field(default_factory=Counter)
    orders: Counter[str] = field(default_factory=Counter)
    is_time: Callable[[str], bool] = _is_time

    def add(self, node: Any, lacking: Iterable[str] = ()) -> None:
        """Take in a value, of a file in which columns are `lacking`."""
        self.count += 1
        self.lacking.update(lacking)
        if isinstance(node, dict):
            for name, value in node.items():
                self.fields.setdefault(name, Shape(is_time=self.is_time)).add(value, lacking)
        elif isinstance(node, list):
            self.item = self.item or Shape(is_time=self.is_time)
            for entry in node:
                # `{}` stands for an item of which nothing is left.
                if entry != {}:
                    self.item.add(entry, lacking)
        else:
            self._add_text(None if node is None else node if isinstance(node, str) else str(node))

    def _add_text(self, text: str | None) -> None:
        kind = self._kind(text)
        self.kinds[kind] += 1
        if kind == "timestamp" and text and (numbers := _TWO_NUMBERS.match(text.strip())):
            first, second = int(numbers[1]), int(numbers[2])
            self.orders["dmy" if first > _MONTHS else "mdy" if second > _MONTHS else ""] += first != second
        if kind == "integer" and text:
            self.largest = max(self.largest, abs(int(text)))
        self.longest = max(self.longest, len(text or ""))
        if text and len(self.examples) < _MAX_EXAMPLES:
            self.examples.setdefault(text[:_MAX_EXAMPLE])

    @property
    def forms(self) -> set[str]:
        """The forms that were seen: `text`, `mapping`, `list`; a column can take one of them."""
        kinds = self.kinds.keys() - {""}
        seen = {"text": bool(kinds), "mapping": bool(self.fields), "list": self.item is not None}
        return {name for name, is_seen in seen.items() if is_seen}

    @property
    def logical(self) -> str:
        """The narrowest ODCS type that takes all texts seen."""
        kinds = self.kinds.keys() - {""}
        if kinds == {"integer", "number"}:
            return "number"
        return kinds.pop() if len(kinds) == 1 else "string"

    def _kind(self, text: str | None) -> str:
        if text is None or not text.strip():
            return ""
        text = text.strip()
        if text.lower() in ("true", "false"):
            return "boolean"
        if _INTEGER.fullmatch(text):
            return "integer"
        if _NUMBER.fullmatch(text):
            return "number"
        return "timestamp" if self.is_time(text) else "string"


def shapes(rows: Iterable[tuple[str | None, Iterable[str]]], is_time: Callable[[str], bool] = _is_time) -> Shape:
    """The shape of all unknown fields.

    Args:
        rows: a file each: its value of the column `extra` (a JSON object or null), and the columns without a value.
        is_time: whether a text reads as a time.
    """
    whole = Shape(is_time=is_time)
    for extra, lacking in rows:
        whole.add({} if extra is None else msgspec.json.decode(extra), lacking)
    return whole


def observed(table: pa.Table, contract: Contract) -> Iterator[tuple[str | None, list[str]]]:
    """The rows for `shapes` of records, also of such as have only some of the contract's columns."""
    names = [column.name for column in contract.source_columns if column.name in table.column_names]
    empty = {name: _is_empty(table[name]).to_pylist() for name in names}
    for row, extra in enumerate(table["extra"].to_pylist()):
        yield extra, [name for name in names if empty[name][row]]


def _is_empty(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_list(values.type):
        return pc.fill_null(pc.equal(pc.list_value_length(values), 0), True)
    if pa.types.is_string(values.type):
        return pc.fill_null(pc.equal(pc.utf8_trim_whitespace(values), ""), True)
    return pc.is_null(values)
