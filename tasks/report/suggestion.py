"""Lines of a contract for fields that it does not know yet: `presslake contract suggest`.

Belongs here: the lines, of an overlay or of a whole contract (ODCS), with the type that takes all values seen. Does not
belong here: what a contract means (`config`), what was seen (`field_shapes`), and other names of columns (`renames`).

A suggestion never puts a file into quarantine: a value that is not of the guessed type stays in `extra`
(`typeSeverity: warning`), and a field that is not in every file is not required.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from config.contract import Contract
from config.contract_types import Column, SourcePath
from config.overlay import column_line, key_origin
from config.yaml_files import format_yaml
from tasks.report.field_shapes import Shape
from tasks.report.renames import Rename, renames, without_marks
from tasks.report.words import counted, printable

_LARGEST_I32: Final = 2**31 - 1
#: Where the properties of `articles` stand in a contract, and those of the items of its lists.
_INDENT: Final = 6
_ITEM_INDENT: Final = 12
#: Characters that a path in `transformSourceObjects` cannot have.
_NO_STEP: Final = re.compile(r"[.\[\]]")
_OF_TYPE: Final = {"property": "typeSeverity", "value": "warning"}
#: A field in no more than one of so many files is rare.
_RARE: Final = 100
#: Types of properties as overlays call them.
_OF_LIST: Final = "strings"
_ONLY_WHOLE: Final = (
    "an overlay has no type for it; `presslake contract suggest --full` has lines for a whole contract."
)
_TYPE_WORDS: Final = {"timestamp": "a time", "string": "a text", "array": "a list of texts", "boolean": "true or false"}


@dataclass
class Suggestion:
    """What could be added to a contract.

    Attributes:
        columns: what an overlay says of each column, and the reason.
        properties: YAML lines for the table `articles` of a whole contract, each property behind its comment.
        items: the same for the items of lists that the contract has, by the list's column.
        left: why other unknown fields are not among them, a sentence each.
    """

    columns: dict[str, tuple[Mapping[str, Any], str]] = field(default_factory=dict)
    properties: list[str] = field(default_factory=list)
    items: dict[str, list[str]] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to add."""
        return not self.columns and not self.properties and not self.items

    def overlay(self, known: Mapping[str, Any] | None = None) -> str:
        """Lines of an overlay, to be pasted as they are.

        Args:
            known: the columns of the overlay into which they go; None makes a whole new file of them.
        """
        parts = []
        if self.columns:
            lines = ["overlay: 1", "columns:"] if known is None else ["# Below `columns:` of the overlay:"]
            for name, (says, reason) in self.columns.items():
                before = (known or {}).get(name)
                note, line = ("", says) if before is None else ("Instead of its line: ", _joined(before, says))
                lines += [f"  # {note}{printable(reason)}", f"  {column_line(name, line)}"]
            parts.append("\n".join(lines))
        return "\n\n".join([*parts, *self._left()]) + "\n"

    def whole(self) -> str:
        """YAML for a whole contract: what goes into `articles`, then what goes into its lists."""
        parts = []
        if self.properties:
            head = "# Under `schema`, table `articles`, at the end of its `properties`:"
            parts.append("\n".join([head, *self.properties]))
        for column, lines in self.items.items():
            head = f"# Under the column `{column}` of `duplicates`, at the end of `properties` of its `items`:"
            parts.append("\n".join([head, *lines]))
        return "\n\n".join([*parts, *self._left()]) + "\n"

    def _left(self) -> list[str]:
        lines = [f"#   {printable(reason)}" for reason in self.left]
        return ["\n".join(["# Not suggested:", *lines])] if lines else []


def suggest(seen: Shape, contract: Contract, *, whole: bool = False, least: int | None = None) -> Suggestion:
    """Lines for the unknown fields: first those that can fill a column that files lack, then new columns.

    Args:
        seen: their shape, see `field_shapes.shapes`.
        contract: what is known already.
        whole: whether the lines are for a whole contract, not for an overlay.
        least: files that must have a field for a column of its own; None leaves out rare ones of an overlay.
    """
    found = Suggestion()
    columns = contract.source_columns
    taken = {column.name for column in contract["duplicates"].columns}
    filling = {rename.path: rename for rename in renames(seen, columns)}
    for rename in filling.values():
        if whole:
            field_name, column = _format_path(rename.path), rename.column.name
            found.left.append(f"{fills(rename)}: add it to `transformSourceObjects` of `{column}`, as `{field_name}`.")
        else:
            found.columns[rename.column.name] = (filled_from(rename), f"{fills(rename)}.")
    rare = 0 if whole else seen.count // _RARE if least is None else least - 1
    form = _Form(whole, frozenset(filling), rare)
    _walk(seen, (), columns, taken, found, form)
    return found


def fills(rename: Rename) -> str:
    """`` `datum` is in 1,484 files and reads as a time: it can fill `published_at`, which they lack ``."""
    shape, column = rename.shape, rename.column
    kind = _TYPE_WORDS.get(column.logical, "a number")
    lack = "they lack" if rename.lacking == shape.count else f"{rename.lacking:,} of them lack"
    files = f"is in {counted(shape.count, 'file')} and reads as {kind}{_such_as(shape)}"
    return f"`{_format_path(rename.path)}` {files}: it can fill `{column.name}`, which {lack}{_order_hint(shape)}"


def _order_hint(shape: Shape) -> str:
    is_open = shape.orders[""] and not (shape.orders["dmy"] or shape.orders["mdy"])
    return "; `order: dmy` or `mdy` would say which of its numbers is the day" if is_open else ""


def filled_from(rename: Rename) -> dict[str, Any]:
    """What an overlay says of a column that a field can fill."""
    says = {"from": key_origin(_format_path(rename.path))}
    orders = {order for order in ("dmy", "mdy") if rename.shape.orders[order]}
    return says | {"order": orders.pop()} if len(orders) == 1 else says


def _joined(known: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """What an overlay says of a column, and a field more."""
    before = known.get("from", [])
    origins = [*(before if isinstance(before, list) else [before]), new["from"]]
    return {**known, **new, "from": [origin for origin in origins if origin != "not"]}


@dataclass(frozen=True)
class _Form:
    """What is written: for a whole contract or an overlay.

    `done` are fields that have their lines already; fields of no more than `rare` files get none.
    """

    whole: bool
    done: frozenset[SourcePath] = frozenset()
    rare: int = 0


def _walk(
    shape: Shape, path: SourcePath, known: Iterable[Column], taken: set[str], found: Suggestion, form: _Form
) -> None:
    """Go through the fields of a mapping, and of mappings in it: each of their values is a column of its own."""
    for name, below in sorted(shape.fields.items(), key=lambda item: (0 if form.whole else -item[1].count, item[0])):
        here = (*path, name)
        if here in form.done:
            continue
        owners = [column for column in known if here in column.sources]
        if owners:
            _known_field(owners[0], below, here, found, form)
        elif (why := _unfit(below, here, known)) is not None:
            found.left.append(f"`{_format_path(here)}` ({counted(below.count, 'file')}): {why}")
        elif below.forms == {"mapping"}:
            _walk(below, here, known, taken, found, form)
        elif form.whole:
            found.properties += _lines(_property(below, here, taken), below, _INDENT)
        elif below.count <= form.rare:
            found.left.append(f"`{_format_path(here)}` ({counted(below.count, 'file')}): it is rare.")
        else:
            _new_column(below, here, taken, found)


def _new_column(shape: Shape, path: SourcePath, taken: set[str], found: Suggestion) -> None:
    """A new column of an overlay, whose lists are of texts."""
    if shape.item is not None and shape.item.forms != {"text"}:
        found.left.append(f"`{_format_path(path)}` ({counted(shape.count, 'file')}): {_ONLY_WHOLE}")
        return
    prop = _property(shape, path, taken)
    kind = _OF_LIST if shape.item is not None else prop["logicalType"]
    found.columns[prop["name"]] = ({"from": key_origin(_format_path(path)), "type": kind}, _seen(shape, path))


def _known_field(column: Column, shape: Shape, path: SourcePath, found: Suggestion, form: _Form) -> None:
    """A field that a column names: what is left of its items, or values that the column could not take."""
    item = column.item
    if item is not None and item.fields and shape.item is not None and shape.item.fields:
        inner = Suggestion()
        _walk(shape.item, (), item.fields, {child.name for child in item.fields}, inner, _Form(whole=True))
        if inner.properties and not form.whole:
            found.left.append(f"`{_format_path(path)}[]` ({counted(shape.count, 'file')}): {_ONLY_WHOLE}")
            inner.properties = []
        if inner.properties:
            moved = [" " * (_ITEM_INDENT - _INDENT) + line for line in inner.properties]
            found.items.setdefault(column.name, []).extend(moved)
        found.left += [reason.replace("`", f"`{_format_path(path)}[].", 1) for reason in inner.left]
        return
    reason = f"the column `{column.name}` is read from it; these are values that it could not take or did not need"
    if column.logical == "timestamp" and shape.orders[""]:
        reason = f"either number can be the day: `{column.name}: {{order: dmy}}` or `{{order: mdy}}` says which"
    found.left.append(f"`{_format_path(path)}` ({counted(shape.count, 'file')}): {reason}{_such_as(shape)}.")


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
    name = re.sub(r"[^a-z0-9]+", "_", without_marks(words.lower())).strip("_")
    if not name or name[0].isdigit():
        name = f"field_{name}".rstrip("_")
    numbered = (f"{name}_{n}" for n in range(2, len(taken) + 3))
    return name if name not in taken else next(other for other in numbered if other not in taken)


def _lines(prop: dict[str, Any], shape: Shape, indent: int) -> list[str]:
    """A property as YAML behind a comment that says what was seen."""
    comment = f"# {_seen(shape, prop['transformSourceObjects'])}"
    body = format_yaml([prop], width=1_000, flow=None)
    return textwrap.indent(f"{printable(comment)}\n{body}", " " * indent).rstrip("\n").split("\n")


def _seen(shape: Shape, path: Iterable[str | int]) -> str:
    return f"`{_format_path(tuple(path))}` is in {counted(shape.count, 'file')}{_such_as(shape)}"


def _such_as(shape: Shape) -> str:
    while shape.item is not None:
        shape = shape.item
    examples = [json.dumps(text, ensure_ascii=not text.isprintable()) for text in shape.examples]
    return f", such as {', '.join(examples)}" if examples else ""


def _format_path(path: SourcePath) -> str:
    return ".".join(map(str, path))
