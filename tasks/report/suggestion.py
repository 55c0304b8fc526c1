"""Lines of a contract (ODCS) for fields that it does not know yet: `presslake contract suggest`.

Belongs here: the shapes of the values in the column `extra`, the type that takes all values seen, and the YAML
of the property. Does not belong here: what a contract means (`config.contract`).

A suggestion never puts a file into quarantine: a value that is not of the guessed type stays in `extra`
(`typeSeverity: warning`), and a field that is not in every file is not required.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec

from config.contract import Contract
from config.contract_types import Column, SourcePath
from config.yaml_files import format_yaml
from tasks.report.words import counted, printable

#: How many values of a field are shown, and how much of each, in characters.
_MAX_EXAMPLES: Final = 3
_MAX_EXAMPLE: Final = 40
#: A leading zero is an id or a code, not a number: `007` stays a text.
_INTEGER: Final = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9:.]{5,15}(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?", re.ASCII)
_LARGEST_I32: Final = 2**31 - 1
#: Where the properties of `articles` stand in a contract, and those of the items of its lists.
_INDENT: Final = 6
_ITEM_INDENT: Final = 12
#: Characters that a path in `transformSourceObjects` cannot have.
_NO_STEP: Final = re.compile(r"[.\[\]]")
_OF_TYPE: Final = {"property": "typeSeverity", "value": "warning"}


@dataclass
class Shape:
    """All values of one field of the front matter, over all rows.

    Attributes:
        count: number of values; of a field, of rows that have it.
        kinds: ODCS types that fit its texts, each with how many; `""` stands for no value.
        largest: the largest whole number, without its sign.
        examples: the first different texts.
        fields: the shapes in its mappings.
        item: the shape of items of its lists; None where there was no list.
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


@dataclass
class Suggestion:
    """What could be added to a contract.

    Attributes:
        properties: YAML lines for the table `articles`, each property behind its comment.
        items: the same for the items of lists that the contract has, by the list's column.
        left: why other unknown fields are not among them, a sentence each.
    """

    properties: list[str] = field(default_factory=list)
    items: dict[str, list[str]] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to add."""
        return not self.properties and not self.items

    def text(self) -> str:
        """YAML to be pasted: what goes into `articles`, then what goes into its lists."""
        parts = []
        if self.properties:
            head = "# Under `schema`, table `articles`, at the end of its `properties`:"
            parts.append("\n".join([head, *self.properties]))
        for column, lines in self.items.items():
            head = f"# Under the column `{column}` of `duplicates`, at the end of `properties` of its `items`:"
            parts.append("\n".join([head, *lines]))
        if self.left:
            parts.append("\n".join(["# Not suggested:", *(f"#   {printable(reason)}" for reason in self.left)]))
        return "\n\n".join(parts) + "\n"


def suggest(seen: Shape, contract: Contract) -> Suggestion:
    """Properties for the fields seen in `extra`.

    Args:
        seen: their shape, see `shapes`.
        contract: what is known already.
    """
    found = Suggestion()
    taken = {column.name for column in contract["duplicates"].columns}
    _walk(seen, (), contract.source_columns, taken, found)
    return found


def _walk(shape: Shape, path: SourcePath, known: Iterable[Column], taken: set[str], found: Suggestion) -> None:
    """Go through the fields of a mapping, and of mappings in it: each of their values is a column of its own."""
    for name, below in sorted(shape.fields.items()):
        here = (*path, name)
        owners = [column for column in known if here in column.sources]
        if owners:
            _known_field(owners[0], below, here, found)
        elif (why := _unfit(below, here, known)) is not None:
            found.left.append(f"`{_format_path(here)}` ({counted(below.count, 'row')}): {why}")
        elif below.forms == {"mapping"}:
            _walk(below, here, known, taken, found)
        else:
            found.properties += _lines(_property(below, here, taken), below, _INDENT)


def _known_field(column: Column, shape: Shape, path: SourcePath, found: Suggestion) -> None:
    """A field that a column names: what is left of its items, or values that the column could not take."""
    item = column.item
    if item is not None and item.fields and shape.item is not None and shape.item.fields:
        inner = Suggestion()
        _walk(shape.item, (), item.fields, {child.name for child in item.fields}, inner)
        if inner.properties:
            moved = [" " * (_ITEM_INDENT - _INDENT) + line for line in inner.properties]
            found.items.setdefault(column.name, []).extend(moved)
        found.left += [reason.replace("`", f"`{_format_path(path)}[].", 1) for reason in inner.left]
        return
    reason = f"the column `{column.name}` is read from it; these are values that it could not take or did not need"
    found.left.append(f"`{_format_path(path)}` ({counted(shape.count, 'row')}): {reason}{_such_as(shape)}.")


def _unfit(shape: Shape, path: SourcePath, known: Iterable[Column]) -> str | None:
    """Why a field cannot be a column; None where it can."""
    if any(_NO_STEP.search(str(step)) for step in path):
        return "a contract cannot spell a name with `.`, `[` or `]`."
    if not shape.forms or (shape.item is not None and shape.forms == {"list"} and not shape.item.forms):
        return "it never has a value."
    if len(shape.forms) > 1:
        return f"it is a {' in some files and a '.join(sorted(shape.forms))} in others."
    if shape.item is not None:
        if any(source[: len(path)] == path for column in known for source in column.sources):
            return "single items of the list are columns already."
        return _unfit(shape.item, ("item",), ())
    return None


def _property(shape: Shape, path: SourcePath, taken: set[str]) -> dict[str, Any]:
    """One ODCS property; its name is added to `taken`."""
    name = column_name(path, taken)
    taken.add(name)
    kind = _type(shape)
    return {"name": name, **kind, "transformSourceObjects": [_format_path(path)], **_lenient(kind)}


def _type(shape: Shape) -> dict[str, Any]:
    """The keys of a property that say its type."""
    if shape.item is not None:
        items = _type(shape.item)
        if shape.item.fields:
            items = {"logicalType": "object", "properties": list(_item_properties(shape.item))}
        return {"logicalType": "array", "required": False, "items": {**items, **_lenient(items)}}
    kind: dict[str, Any] = {"logicalType": shape.logical, "required": False}
    if shape.logical == "integer":
        kind["logicalTypeOptions"] = {"format": "i64" if shape.largest > _LARGEST_I32 else "i32"}
    elif shape.logical == "timestamp":
        kind["logicalTypeOptions"] = {"timezone": True, "defaultTimezone": "Etc/UTC"}
    return kind


def _lenient(kind: dict[str, Any]) -> dict[str, Any]:
    return {} if kind["logicalType"] in ("string", "object") else {"customProperties": [_OF_TYPE]}


def _item_properties(shape: Shape) -> Iterator[dict[str, Any]]:
    """The properties of a list's mappings; a mapping within is spread over several, named by its path."""
    taken: set[str] = set()

    def below(inner: Shape, path: SourcePath) -> Iterator[dict[str, Any]]:
        for name, child in sorted(inner.fields.items()):
            here = (*path, name)
            if _unfit(child, here, ()) is not None:
                continue
            if child.forms == {"mapping"}:
                yield from below(child, here)
            else:
                yield _property(child, here, taken)

    yield from below(shape, ())


def column_name(path: SourcePath, taken: set[str]) -> str:
    """A name in snake case that every engine takes unquoted and no other column has."""
    words = "_".join(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(step)) for step in path)
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    if not name or name[0].isdigit():
        name = f"field_{name}".rstrip("_")
    numbered = (f"{name}_{n}" for n in range(2, len(taken) + 3))
    return name if name not in taken else next(other for other in numbered if other not in taken)


def _lines(prop: dict[str, Any], shape: Shape, indent: int) -> list[str]:
    """A property as YAML behind a comment that says what was seen."""
    comment = f"# `{prop['transformSourceObjects'][0]}` is in {counted(shape.count, 'row')}{_such_as(shape)}"
    body = format_yaml([prop], width=1_000, flow=None)
    return textwrap.indent(f"{printable(comment)}\n{body}", " " * indent).rstrip("\n").split("\n")


def _such_as(shape: Shape) -> str:
    while shape.item is not None:
        shape = shape.item
    examples = [json.dumps(text, ensure_ascii=not text.isprintable()) for text in shape.examples]
    return f", such as {', '.join(examples)}" if examples else ""


def _format_path(path: SourcePath) -> str:
    return ".".join(map(str, path))
