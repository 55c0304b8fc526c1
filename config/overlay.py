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
packaged names stay behind it; with `only: true` they go. A key beats a derivation, in whatever order they stand.
`default` is the text of files that say nothing, `pattern` the form of addresses by the folder that it holds for
(`config.contract_types.TOKENS`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import yaml

from config.contract_types import CHECKS, DERIVATIONS, ORDERS, SEVERITIES, parse_check, parse_column, time_zone
from config.errors import ContractError, nearest
from config.yaml_files import YamlLines

#: The front-matter key of a column that is filled from nothing: no front matter has it.
NO_KEY: Final = "(no key)"
#: What a new column can be, and the ODCS keys of it.
TYPES: Final[Mapping[str, Mapping[str, Any]]] = {
    "string": {"logicalType": "string"},
    "integer": {"logicalType": "integer", "logicalTypeOptions": {"format": "i64"}},
    "number": {"logicalType": "number"},
    "boolean": {"logicalType": "boolean"},
    "timestamp": {"logicalType": "timestamp", "logicalTypeOptions": {"timezone": True, "defaultTimezone": "Etc/UTC"}},
    "strings": {"logicalType": "array", "items": {"logicalType": "string", "required": True}},
}
_TOP: Final = ("overlay", "columns", "rules")
_OF_COLUMN: Final = ("from", "only", "type", "required", "order", "timezone", "default", "pattern", "description")
_OF_RULE: Final = ("column", *CHECKS, "severity", "message")
_WORDS: Final = ("file_name", "path", "heading")
#: Keys of whole contracts, and what an overlay calls them.
_WHOLE: Final = {
    "transformSourceObjects": "from",
    "logicalType": "type",
    "defaultTimezone": "timezone",
    "schema": "columns",
    "properties": "columns",
}
_BELOW: Final = "A column stands below `columns:`, two blanks further in."


def is_overlay(document: Any) -> bool:
    """Whether a YAML document is an overlay, not a whole contract."""
    return (
        isinstance(document, dict) and document.get("kind") is None and bool({"overlay", "columns"} & document.keys())
    )


def laid_over(packaged: dict[str, Any], overlay: Mapping[str, Any], source: bytes) -> dict[str, Any]:
    """The packaged contract with what an overlay says differently.

    Args:
        packaged: the contract as YAML gives it, its tables sharing columns; it is changed.
        overlay: the overlay as YAML gives it.
        source: its text, for the lines of mistakes.

    Raises:
        ContractError: a key, column or value that an overlay cannot have, with its line.
    """
    places = _Places(source)
    tables = {table["name"]: table["properties"] for table in packaged["schema"]}
    articles = tables["articles"]
    known = {entry["name"]: entry for entry in articles}
    _require_known(overlay, _TOP, (), places, known)
    if overlay.get("overlay") != 1:
        raise places.error(("overlay",), "This overlay does not say its form.", "Its first line is `overlay: 1`.")
    new = []
    for name, says in _mapping(overlay, "columns", places).items():
        path = ("columns", name)
        if name in _TOP:
            raise places.error(path, f"`{name}` stands under `columns`.", "Move it to the start of its line.")
        if not isinstance(says, dict):
            raise places.error(path, f"{name} is not a mapping.", f"Write {name}: {{from: key}}.")
        _require_known(says, _OF_COLUMN, path, places, known)
        if name in known:
            _change(known[name], says, path, places)
        else:
            new.append(_new_column(name, says, known, places))
    for table in ("articles", "duplicates"):
        end = _end(tables[table], known)
        tables[table][end:end] = new
    known |= {entry["name"]: entry for entry in new}
    rules = overlay.get("rules") or []
    if not isinstance(rules, list):
        raise places.error(("rules",), "`rules` is not a list.", "Write rules: and below it - {column: title, …}.")
    if rules:
        checked = [_rule(rule, number, known, places) for number, rule in enumerate(rules)]
        _set_custom(packaged, "rules", checked)
    return packaged


def _end(columns: Sequence[Mapping[str, Any]], of_articles: Collection[str]) -> int:
    """Where a new column stands: behind the last one of `articles` that is read from the files."""
    read = (i for i, entry in enumerate(columns) if entry.get("transformSourceObjects"))
    return max(i for i in read if columns[i]["name"] in of_articles) + 1


def _change(entry: dict[str, Any], says: Mapping[str, Any], path: tuple[Any, ...], places: _Places) -> None:
    name = str(path[-1])
    if not entry.get("transformSourceObjects"):
        raise places.error(path, f"{name} is computed, not read from files.", "Leave it out.")
    if "type" in says:
        raise places.error((*path, "type"), f"{name} is a {entry['logicalType']} already.", "Leave `type` out.")
    if "only" in says and "from" not in says:
        raise places.error((*path, "only"), f"{name} has `only` without `from`.", "Say what fills it: {from: key}.")
    if "from" in says:
        keys, derived = _origins(says["from"], (*path, "from"), places)
        only = _boolean(says.get("only", False), (*path, "only"), places) or NO_KEY in keys
        for place in derived:
            if place not in (valid := DERIVATIONS.get(name, ())):
                hint = f"Valid: {', '.join((*valid, 'keys'))}. A key of that name is {{from: {{key: {place}}}}}."
                raise places.error((*path, "from"), f"{name} cannot be derived from {place}.", hint)
        behind = [] if only else entry["transformSourceObjects"]
        entry["transformSourceObjects"] = list(dict.fromkeys([*keys, *behind])) or [NO_KEY]
        if derived or only:
            _set_custom(entry, "derive", derived)
    _options(entry, says, path, places)


def _new_column(name: str, says: Mapping[str, Any], known: Mapping[str, Any], places: _Places) -> dict[str, Any]:
    path = ("columns", name)
    if "from" not in says or "type" not in says:
        hint = f"Did you mean {near!r}? " if (near := nearest(str(name), known)) else ""
        raise places.error(path, f"There is no column {name!r}.", f"{hint}A new one says both `from` and `type`.")
    keys, derived = _origins(says["from"], (*path, "from"), places)
    if derived or NO_KEY in keys:
        raise places.error((*path, "from"), f"{name} is a new column.", "New columns are read from keys.")
    if "only" in says:
        raise places.error((*path, "only"), f"{name} is a new column.", "It has no other keys: leave `only` out.")
    kind = TYPES[_one_of(says["type"], tuple(TYPES), (*path, "type"), places)]
    entry = {
        "name": name,
        "required": False,
        "description": f"Front-matter field `{keys[0]}`.",
        "transformSourceObjects": list(keys),
        **{key: dict(value) if isinstance(value, dict) else value for key, value in kind.items()},
    }
    _options(entry, says, path, places)
    return entry


def _options(entry: dict[str, Any], says: Mapping[str, Any], path: tuple[Any, ...], places: _Places) -> None:
    """What an overlay may say of any column besides where it comes from."""
    if "required" in says:
        entry["required"] = _boolean(says["required"], (*path, "required"), places)
        for name in ("severity", "typeSeverity") if entry["required"] else ():
            _set_custom(entry, name, "error")
    if "description" in says:
        entry["description"] = str(says["description"])
    if "default" in says:
        if entry["logicalType"] != "string" or not isinstance(says["default"], str):
            raise places.error((*path, "default"), f"{path[-1]}: the default is no text.", "`default` is for texts.")
        _set_custom(entry, "default", says["default"])
    if "pattern" in says:
        if path[-1] != "permalink":
            hint = "`pattern` is the form of permalinks; a rule stands in `rules: [{column: title, pattern: …}]`."
            raise places.error((*path, "pattern"), f"{path[-1]} is no address within the site.", hint)
        _set_custom(entry, "patterns", says["pattern"])
    _time_options(entry, says, path, places)
    try:
        parse_column(entry, "")
    except ContractError as error:
        raise places.error(path, error.message, error.hint) from None


def _time_options(entry: dict[str, Any], says: Mapping[str, Any], path: tuple[Any, ...], places: _Places) -> None:
    for key in ("order", "timezone"):
        if key in says and entry.get("logicalType") != "timestamp":
            raise places.error((*path, key), f"{path[-1]} is no time.", f"`{key}` is for times.")
    if "order" in says:
        _set_custom(entry, "order", _one_of(says["order"], ORDERS, (*path, "order"), places))
    if "timezone" in says:
        try:
            time_zone(str(says["timezone"]))
        except ValueError as error:
            hint = "Use an IANA name such as Europe/Berlin."
            raise places.error((*path, "timezone"), f"timezone: {error}.", hint) from None
        entry["logicalTypeOptions"]["defaultTimezone"] = says["timezone"]


def _origins(given: Any, path: tuple[Any, ...], places: _Places) -> tuple[list[str], list[str]]:
    """The front-matter keys and the derivations that `from` names."""
    keys, derived = list[str](), list[str]()
    origins = given if isinstance(given, list) else [given]
    for origin in origins:
        key = origin.get("key") if isinstance(origin, dict) and len(origin) == 1 else origin
        if not isinstance(key, str) or not key.strip("."):
            hint = "Name a key ('on', 'no' and numbers in quotes), or file_name, path, heading, not."
            raise places.error(path, f"`from` has {'nothing' if origin is None else origin}.", hint)
        if key is not origin or key not in (*_WORDS, "not"):
            keys.append(key)
        elif key == "not":
            keys.append(NO_KEY)
        else:
            derived.append(key)
    if not origins or (NO_KEY in keys and len(origins) > 1):
        raise places.error(path, "`from` contradicts itself.", "`not` stands alone; a list names one key at least.")
    return keys, derived


def _set_custom(entry: dict[str, Any], name: str, value: Any) -> None:
    others = [custom for custom in entry.get("customProperties") or [] if custom["property"] != name]
    entry["customProperties"] = [*others, {"property": name, "value": value}]


def _rule(rule: Any, number: int, known: Mapping[str, Any], places: _Places) -> dict[str, Any]:
    path = ("rules", number)
    if not isinstance(rule, dict):
        raise places.error(path, "A rule is not a mapping.", "Write {column: title, pattern: …, message: …}.")
    _require_known(rule, _OF_RULE, path, places, known)
    readable = [name for name, entry in known.items() if entry.get("transformSourceObjects")]
    _one_of(rule.get("column"), readable, (*path, "column"), places)
    _one_of(rule.get("severity", "error"), SEVERITIES, (*path, "severity"), places)
    try:
        parse_check(rule, f"rules: {rule['column']}")
    except ContractError as error:
        raise places.error(path, error.message, error.hint) from None
    return {"severity": "error", "message": "", **rule}


def _mapping(overlay: Mapping[str, Any], key: str, places: _Places) -> dict[str, Any]:
    found = overlay.get(key) or {}
    if not isinstance(found, dict):
        raise places.error((key,), f"`{key}` is not a mapping.", f"Write {key}: and a line for each column below it.")
    return found


def _require_known(
    found: Mapping[str, Any], valid: Collection[str], path: tuple[Any, ...], places: _Places, columns: Collection[str]
) -> None:
    """Refuse keys that mean nothing here, with the place where they do, or the nearest valid one."""
    for name in found:
        if name in valid:
            continue
        if name in _WHOLE:
            hint = f"That is a key of whole contracts; an overlay has `{_WHOLE[name]}`."
        elif not path and name in columns:
            hint = _BELOW
        elif name in _OF_COLUMN:
            hint = "It belongs to a column: `columns: {title: {from: key}}`."
        elif name in _OF_RULE:
            hint = "It belongs to a rule: `rules: [{column: title, pattern: …, message: …}]`."
        elif near := nearest(str(name), valid):
            hint = f"Did you mean {near!r}? Valid here: {', '.join(valid)}."
        elif not path and isinstance(found[name], dict):
            hint = _BELOW
        else:
            hint = f"Valid here: {', '.join(valid)}."
        raise places.error((*path, name), f"Unknown key {name!r}.", hint)


def _one_of(value: Any, valid: Sequence[str], path: tuple[Any, ...], places: _Places) -> str:
    if value not in valid:
        near = nearest(str(value), valid)
        guess = f"Did you mean {near!r}? " if near else ""
        raise places.error(path, f"{path[-1]} is {value!r}.", f"{guess}Valid: {', '.join(valid)}.")
    return str(value)


def _boolean(value: Any, path: tuple[Any, ...], places: _Places) -> bool:
    if not isinstance(value, bool):
        raise places.error(path, f"{path[-1]} is {value!r}.", "Write true or false.")
    return value


class _Places:
    """The places of mistakes in an overlay.

    Raises:
        ContractError: a key stands twice, of which YAML would take the last; pasted lines often do.
    """

    def __init__(self, source: bytes) -> None:
        self._lines = YamlLines(source)
        for key, first, line in self._lines.repeated():
            raise ContractError(f"line {line}: {key!r} stands in line {first} already.", "Make one of the two.")

    def error(self, path: tuple[Any, ...], message: str, hint: str) -> ContractError:
        """The error for what stands at a path."""
        return ContractError(f"line {self._lines.line(path)}: {message}", hint)


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
        lines += [f"  # {reason}", f"  {column_line(name, says)}"]
    return "\n".join(lines) + "\n"


def key_origin(key: str) -> Any:
    """A front-matter key as `from` names it: apart where a word of overlays would mean something else."""
    return {"key": key} if key in (*_WORDS, "not") else key


def column_line(name: str, says: Mapping[str, Any]) -> str:
    """What an overlay says of a column as one line of YAML, not indented."""
    flow = yaml.safe_dump(dict(says), default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
    return f"{name}: {flow.strip()}"
