"""The small overlay: what a site's contract says differently from the packaged one.

Belongs here: reading an overlay, refusing what it cannot mean, laying it over the packaged contract, and writing one.
Does not belong here: what a contract is (`config.contract`), and finding out what a site needs (`flows.init`).

    overlay: 1
    columns:
      published_at: {from: posted_on, order: dmy, timezone: Europe/Berlin}
      title: {from: [headline, heading]}
      reading_time: {from: readingTime, type: integer}
      excerpt: {from: not}
      language: {default: de}
      permalink: {pattern: {_posts: '/:year/:month/:slug/'}}
    rules:
      - {column: title, not_pattern: '^[A-Z !?]+$', severity: warning, message: The title is all capitals.}

`from` names front-matter keys, or what a value is derived from: `file_name`, `path`, `heading`; `not` fills the column
from nothing. A key that is called like one of these words is written `{key: path}`. What `from` names comes first, the
packaged names stay behind it; with `only: true` they go. `default` is the text of files that say nothing, `pattern` the
form of addresses by the folder that it holds for (`config.contract_types.TOKENS`).
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import yaml

from config.errors import ContractError

#: What a value can be derived from where no key has it.
DERIVATIONS: Final = ("file_name", "path", "heading")
#: The front-matter key of a column that is filled from nothing: no front matter can hold it.
NO_KEY: Final = "\0"
_TYPES: Final[Mapping[str, Mapping[str, Any]]] = {
    "string": {"logicalType": "string"},
    "integer": {"logicalType": "integer", "logicalTypeOptions": {"format": "i64"}},
    "number": {"logicalType": "number"},
    "boolean": {"logicalType": "boolean"},
    "timestamp": {"logicalType": "timestamp", "logicalTypeOptions": {"timezone": True, "defaultTimezone": "Etc/UTC"}},
    "strings": {"logicalType": "array", "items": {"logicalType": "string", "required": True}},
}
_TOP: Final = ("overlay", "columns", "rules")
_OF_COLUMN: Final = ("from", "only", "type", "required", "order", "timezone", "default", "pattern", "description")
_CHECKS: Final = ("pattern", "not_pattern", "min_length", "max_length", "one_of")
_OF_RULE: Final = ("column", *_CHECKS, "severity", "message")
_ORDERS: Final = ("dmy", "mdy")


def is_overlay(document: Any) -> bool:
    """Whether a YAML document is an overlay, not a whole contract."""
    return isinstance(document, dict) and "overlay" in document


def laid_over(packaged: dict[str, Any], overlay: Mapping[str, Any], source: bytes) -> dict[str, Any]:
    """The packaged contract with what an overlay says differently.

    Args:
        packaged: the contract as YAML gives it; it is changed.
        overlay: the overlay as YAML gives it.
        source: its text, for the lines of mistakes.

    Raises:
        ContractError: a key, column or value that an overlay cannot have, with its line.
    """
    places = _Lines(source)
    _require_known(overlay, _TOP, (), places)
    if overlay["overlay"] != 1:
        raise places.error(("overlay",), f"`overlay: {overlay['overlay']}` is not known.", "Write `overlay: 1`.")
    articles = next(table for table in packaged["schema"] if table["name"] == "articles")["properties"]
    known = {entry["name"]: entry for entry in articles}
    for name, says in _mapping(overlay, "columns", places).items():
        if not isinstance(says, dict):
            raise places.error(("columns", name), f"{name} is not a mapping.", f"Write {name}: {{from: key}}.")
        _require_known(says, _OF_COLUMN, ("columns", name), places)
        if name in known:
            _change(known[name], says, ("columns", name), places)
        else:
            articles.insert(_end(articles), _new_column(name, says, known, places))
    packaged["rules"] = [_rule(rule, number, known, places) for number, rule in enumerate(overlay.get("rules") or [])]
    return packaged


def _end(articles: Sequence[Mapping[str, Any]]) -> int:
    """Where a new column stands: behind the last one that is read from the files."""
    return max(i for i, entry in enumerate(articles) if entry.get("transformSourceObjects")) + 1


def _change(entry: dict[str, Any], says: Mapping[str, Any], path: tuple[Any, ...], places: _Lines) -> None:
    if "type" in says:
        raise places.error((*path, "type"), f"{path[-1]} has a type already.", "Only new columns are given one.")
    if not entry.get("transformSourceObjects"):
        raise places.error(path, f"{path[-1]} is computed, not read from files.", "Leave it out.")
    if "from" in says:
        keys, derived = _origins(says["from"], (*path, "from"), places)
        behind = [] if says.get("only") or NO_KEY in keys else entry["transformSourceObjects"]
        entry["transformSourceObjects"] = list(dict.fromkeys([*keys, *behind])) or [NO_KEY]
        if derived or says.get("only") or NO_KEY in keys:
            _set_custom(entry, "derive", derived)
    _options(entry, says, path, places)


def _new_column(name: str, says: Mapping[str, Any], known: Mapping[str, Any], places: _Lines) -> dict[str, Any]:
    path = ("columns", name)
    if "from" not in says:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise places.error(path, f"There is no column {name!r}.", f"{hint}A new one says `from` and `type`.")
    keys, derived = _origins(says["from"], (*path, "from"), places)
    if derived or NO_KEY in keys:
        raise places.error((*path, "from"), f"{name} is a new column.", "New columns are read from keys.")
    kind = _one_of(says.get("type", "string"), tuple(_TYPES), (*path, "type"), places)
    entry = {
        "name": name,
        "required": False,
        "description": f"Front-matter field `{keys[0]}`.",
        "transformSourceObjects": list(keys),
        "customProperties": [{"property": "severity", "value": "warning"}],
        **{key: dict(value) if isinstance(value, dict) else value for key, value in _TYPES[kind].items()},
    }
    _options(entry, says, path, places)
    return entry


def _options(entry: dict[str, Any], says: Mapping[str, Any], path: tuple[Any, ...], places: _Lines) -> None:
    """What an overlay may say of any column besides where it comes from."""
    if "required" in says:
        entry["required"] = bool(says["required"])
    if "description" in says:
        entry["description"] = str(says["description"])
    for key, custom in (("default", "default"), ("pattern", "patterns")):
        if key in says:
            _set_custom(entry, custom, says[key])
    for key in ("order", "timezone"):
        if key in says and entry.get("logicalType") != "timestamp":
            raise places.error((*path, key), f"{path[-1]} is no time.", f"`{key}` is for times.")
    options = entry.setdefault("logicalTypeOptions", {}) if {"order", "timezone"} & says.keys() else {}
    if "order" in says:
        options["order"] = _one_of(says["order"], _ORDERS, (*path, "order"), places)
    if "timezone" in says:
        options["defaultTimezone"] = str(says["timezone"])


def _origins(given: Any, path: tuple[Any, ...], places: _Lines) -> tuple[list[str], list[str]]:
    """The front-matter keys and the derivations that `from` names."""
    keys, derived = list[str](), list[str]()
    for origin in given if isinstance(given, list) else [given]:
        if isinstance(origin, dict) and origin.keys() == {"key"}:
            keys.append(str(origin["key"]))
        elif origin == "not":
            keys.append(NO_KEY)
        elif origin in DERIVATIONS:
            derived.append(str(origin))
        elif isinstance(origin, str) and origin:
            keys.append(origin)
        else:
            raise places.error(
                path, f"`from: {origin}` names no key.", f"Name a key, or {', '.join(DERIVATIONS)}, not."
            )
    return keys, derived


def _set_custom(entry: dict[str, Any], name: str, value: Any) -> None:
    others = [custom for custom in entry.get("customProperties") or [] if custom["property"] != name]
    entry["customProperties"] = [*others, {"property": name, "value": value}]


def _rule(rule: Any, number: int, known: Mapping[str, Any], places: _Lines) -> dict[str, Any]:
    path = ("rules", number)
    if not isinstance(rule, dict):
        raise places.error(path, "A rule is not a mapping.", "Write {column: title, pattern: …, message: …}.")
    _require_known(rule, _OF_RULE, path, places)
    _one_of(rule.get("column"), tuple(known), (*path, "column"), places)
    if len(rule.keys() & set(_CHECKS)) != 1:
        raise places.error(path, "A rule has one check.", f"Give one of {', '.join(_CHECKS)}.")
    _one_of(rule.get("severity", "error"), ("error", "warning"), (*path, "severity"), places)
    return {"severity": "error", "message": "", **rule}


def _mapping(overlay: Mapping[str, Any], key: str, places: _Lines) -> dict[str, Any]:
    found = overlay.get(key) or {}
    if not isinstance(found, dict):
        raise places.error((key,), f"`{key}` is not a mapping.", f"Write {key}: and a line for each column below it.")
    return found


def _require_known(found: Mapping[str, Any], valid: Collection[str], path: tuple[Any, ...], places: _Lines) -> None:
    for name in found:
        if name not in valid:
            near = difflib.get_close_matches(str(name), valid, n=1)
            guess = f"Did you mean {near[0]!r}? " if near else ""
            raise places.error((*path, name), f"Unknown key {name!r}.", f"{guess}Valid here: {', '.join(valid)}.")


def _one_of(value: Any, valid: Sequence[str], path: tuple[Any, ...], places: _Lines) -> str:
    if value not in valid:
        near = difflib.get_close_matches(str(value), valid, n=1)
        guess = f"Did you mean {near[0]!r}? " if near else ""
        raise places.error(path, f"{path[-1]} is {value!r}.", f"{guess}Valid: {', '.join(valid)}.")
    return str(value)


class _Lines:
    """The lines of an overlay's keys, for the places of mistakes."""

    def __init__(self, source: bytes) -> None:
        self._root = yaml.compose(source, Loader=yaml.SafeLoader)

    def error(self, path: tuple[Any, ...], message: str, hint: str) -> ContractError:
        """The error for what stands at a path."""
        return ContractError(f"line {self._line(path)}: {message}", hint)

    def _line(self, path: tuple[Any, ...]) -> int:
        node, line = self._root, 1
        for step in path:
            if isinstance(node, yaml.MappingNode):
                found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                found = (node.value[step], node.value[step])
            else:
                found = None
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        return line


def overlay_text(columns: Mapping[str, tuple[Mapping[str, Any], str]]) -> str:
    """The text of an overlay.

    Args:
        columns: column to what the overlay says of it, and the reason, which becomes a comment.
    """
    lines = [
        "# What this site's contract says differently from the packaged one (`presslake contract show`).",
        "overlay: 1",
    ]
    lines.append("columns:" if columns else "columns: {}")
    for name, (says, reason) in columns.items():
        flow = yaml.safe_dump(dict(says), default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
        lines += [f"  # {reason}", f"  {name}: {flow.strip()}"]
    return "\n".join(lines) + "\n"
