"""What stands in front-matter fields that the contract does not know: shapes, counts and examples.

Belongs here: walking the JSON of the column `extra`, and guessing the type that takes every value seen.
Does not belong here: how a contract spells that (`suggestion`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec

#: How many values of a field are shown, and how much of each, in characters.
_EXAMPLES: Final = 3
_EXAMPLE: Final = 40
#: A leading zero is an id or a code, not a number: `007` stays a text.
_INTEGER: Final = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9:.]{5,15}(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?", re.ASCII)
_LARGEST_I32: Final = 2**31 - 1


@dataclass
class Shape:
    """All that was seen at one place of the front matter, over all rows.

    Attributes:
        count: how often something was there; for a field, in how many rows.
        kinds: ODCS types that fit its texts, each with how many; `""` stands for no value.
        largest: the largest whole number, without its sign.
        examples: the first different texts.
        fields: what stands in mappings at this place.
        item: what stands in lists at this place; None where there was no list.
    """

    count: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    largest: int = 0
    examples: dict[str, None] = field(default_factory=dict)
    fields: dict[str, Shape] = field(default_factory=dict)
    item: Shape | None = None

    def add(self, node: Any) -> None:
        """Take in a value."""
        self.count += 1
        if isinstance(node, dict):
            for name, value in node.items():
                self.fields.setdefault(name, Shape()).add(value)
        elif isinstance(node, list):
            self.item = self.item or Shape()
            for entry in node:
                # `{}` stands for an item of which nothing is left.
                if entry != {}:
                    self.item.add(entry)
        else:
            self._add_text(None if node is None else node if isinstance(node, str) else str(node))

    def _add_text(self, text: str | None) -> None:
        kind = _kind(text)
        self.kinds[kind] += 1
        if kind == "integer" and text:
            self.largest = max(self.largest, abs(int(text)))
        if text and len(self.examples) < _EXAMPLES:
            self.examples.setdefault(text[:_EXAMPLE])

    @property
    def forms(self) -> set[str]:
        """Which of `text`, `mapping` and `list` were seen; a column can take one of them."""
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

    @property
    def is_wide(self) -> bool:
        """Whether 32 bits are not enough for its whole numbers."""
        return self.largest > _LARGEST_I32


def shapes(extra: Iterable[str]) -> Shape:
    """The shape of all unknown fields.

    Args:
        extra: values of the column `extra`: a JSON object each.
    """
    whole = Shape()
    for text in extra:
        whole.add(msgspec.json.decode(text))
    return whole


def _kind(text: str | None) -> str:
    if text is None or not text.strip():
        return ""
    text = text.strip()
    if text.lower() in ("true", "false"):
        return "boolean"
    if _INTEGER.fullmatch(text):
        return "integer"
    if _NUMBER.fullmatch(text):
        return "number"
    return "timestamp" if _is_time(text) else "string"


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
