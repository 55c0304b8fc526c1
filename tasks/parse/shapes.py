"""The shapes in which people write a list: a text, a mapping, a list in a list.

Belongs here: raw nodes of list columns as lists of the kind that the column's items are. Does not belong here: the
types of the items (`trees`).

A text is a list of one, and commas divide it, but not a name from its profession (`Ann Ames, editor`). A mapping stands
for its name in a list of texts (`{name: Ada, url: …}` among authors), and is kept whole in `extra` too. A text stands
for the address in a list of mappings (`image: a.png`).
"""

from __future__ import annotations

import re
from typing import Any, Final

from config.contract_types import Column, folded
from tasks.front_matter.findings import Path
from tasks.parse.casts import divided
from tasks.parse.levels import Finding, Level, kind_of, put

#: Keys of the name of a mapping in a list of texts, the best first. An author's `title` is a job.
_NAMES: Final = ("name", "label", "display_name", "displayName", "key", "id", "slug", "login", "username", "github")

#: What people are, in texts such as `Ann Ames, chief editor`.
_ROLES: Final = frozenset(
    "analyst architect ceo cto chair chief consultant coordinator developer director editor engineer fellow founder "
    "head inc institute jr lead leader llc ltd manager officer phd president professor researcher scientist "
    "specialist sr student team university".split()
)


def list_nodes(column: Column, path: Path, nodes: list[Any], level: Level) -> tuple[list[Any], set[int]]:
    """The nodes of a list column as lists.

    Args:
        column: the column, which has items.
        path: where the nodes stand.
        nodes: (n,) raw nodes or None.
        level: takes the findings of nodes that cannot be lists, the texts that were divided, and mappings of which only
            the name is taken.

    Returns:
        (n,) lists or None; the rows whose node is no list in the file.
    """
    item = column.item or column
    single = {i for i, node in enumerate(nodes) if node is not None and type(node) is not list}
    lists = [([node] if node else []) if i in single else node for i, node in enumerate(nodes)]
    if item.logical == "object":
        return (_addresses(item.fields[0], lists), single) if _is_address(item) else (lists, single)
    if kind_of(item) is not str or (not single and not any(map(_is_mixed, nodes))):
        return lists, single
    return [None if node is None else _texts(column, node, path, i, level) for i, node in enumerate(nodes)], single


def _is_address(item: Column) -> bool:
    """Whether the first field of a mapping is an address, for which a text can stand."""
    return bool(item.fields) and item.fields[0].repair == "url" and len(item.fields[0].sources[:1]) == 1


def _is_mixed(node: Any) -> bool:
    return type(node) is list and not set(map(type, node)) <= {str, type(None)}


def _addresses(field: Column, lists: list[Any]) -> list[Any]:
    """Lists of mappings in which a text stands for the address; a blank one is an empty item."""
    key = field.sources[0][0]
    return [
        [_address(key, entry) if type(entry) is str else entry for entry in entries]
        if entries and str in set(map(type, entries))
        else entries
        for entries in lists
    ]


def _address(key: str | int, text: str) -> Any:
    """The mapping for which an address stands; a text that is none (`hero: false`) stays a text, and has no place."""
    return {key: text} if "." in text or "/" in text else text if text.strip() else None


def _texts(column: Column, node: Any, path: Path, row: int, level: Level) -> list[Any] | None:
    if type(node) is str:
        parts = divided(node, at_blanks=folded(path) in column.splits_at_blanks)
        if column.holds_names and not _are_names(parts):
            parts = [node.strip()]
        if parts not in ([], [node.strip()]):
            level.repaired.append((row, path, node))
        return parts
    entries = node if type(node) is list else [node]
    texts = list(_flat(entries))
    if type(node) is dict and type(texts[0]) is dict:
        message = "expected a text or a list, found a mapping without a name"
        level.findings.append(Finding(row, path, "field/type", "warning", message, ""))
        return None
    if type(node) is dict or any(type(entry) is list or _name(entry) is not None for entry in entries):
        put(level.extra.setdefault(row, {}), path, node)
    return texts


def _are_names(parts: list[str]) -> bool:
    """Whether all parts of a text are names: after a full name none has a single word, or says what the person is."""
    rest = parts[1:] if parts and " " in parts[0] else []
    return not any(" " not in part or _ROLES.intersection(re.findall(r"\w+", part.lower())) for part in rest)


def _flat(entries: list[Any]) -> Any:
    """The texts of a list: names of mappings, items of lists; a mapping without a name as it is."""
    for entry in entries:
        if type(entry) is list:
            yield from _flat(entry)
        else:
            yield entry if _name(entry) is None else _name(entry)


def _name(entry: Any) -> str | None:
    """The name of a mapping; None for one without, and for anything else."""
    if type(entry) is not dict:
        return None
    return next((entry[key] for key in _NAMES if type(entry.get(key)) is str and entry[key].strip()), None)
