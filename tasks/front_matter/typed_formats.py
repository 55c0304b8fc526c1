"""Read TOML and JSON front matter into the same raw tree that YAML gives.

Belongs here: undoing the types that `tomllib` and `json` insist on (numbers keep their text; TOML
integers and times come out in their standard form, which is all that `tomllib` gives; booleans are
"true" and "false"), and finding the offsets of values, which neither library gives.
Does not belong here: YAML, and any typing.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time
from typing import Any, Final

from tasks.front_matter.findings import CONTROL, Findings, Node, Path, StopReadingError

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_BLANK_REST: Final = re.compile(r"[ \t]*+\r?+(?:\n|\Z)")
_JSON_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\],:]|[^\s{}\[\],:"]+')

_TOML_LOCATION: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_TOML_PART: Final = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
_TOML_KEY: Final = rf"{_TOML_PART}(?:[ \t]*+\.[ \t]*+{_TOML_PART})*+"
_TOML_LINE: Final = re.compile(
    rf"^[ \t]*+(?:(\[\[?)[ \t]*+({_TOML_KEY})[ \t]*+\]|({_TOML_KEY})[ \t]*+=[ \t]*+(?=(\"\"\"|\'\'\')?))", re.M
)


def read_toml(findings: Findings, offsets: dict[Path, int] | None = None) -> dict[str, Node]:
    """The raw tree of TOML front matter.

    Args:
        findings: holds the text, takes the findings, knows the policy.
        offsets: takes the offsets of the nodes that a scan of the lines sees, see `_toml_offsets`.

    Raises:
        StopReadingError: it is not valid TOML or exceeds a limit; `findings` says why.
    """
    text = findings.text_without(CONTROL)
    if offsets is not None:
        offsets.update(_toml_offsets(text))
    # Dotted keys of more parts than the depth: tomllib's time grows with the square of their length.
    parts = findings.policy.max_depth
    if re.search(rf"(?<![A-Za-z0-9_-])(?:{_TOML_PART}[ \t]*+\.[ \t]*+){{{parts}}}", text):
        findings.stop_at_depth()
    import tomllib  # noqa: PLC0415  (few files are TOML)

    try:
        untyper = _Untyper(findings)
        tree = untyper.mapping(tomllib.loads(text, parse_float=str))
        for path, control in untyper.controls:
            findings.add_control(control, _toml_offsets(text).get(path, 0), path)
        return tree
    except RecursionError:
        findings.stop_at_depth()
    except ValueError as error:
        _add_toml_syntax(error, findings)
        raise StopReadingError from error


def read_json(findings: Findings, offsets: dict[Path, int] | None = None) -> tuple[dict[str, Node], str]:
    """The raw tree of the JSON object at the start of the text, and the body after its line.

    Args:
        findings: holds the text, takes the findings, knows the policy.
        offsets: takes the offset of every node.

    Raises:
        StopReadingError: it is not valid JSON or exceeds a limit; `findings` says why.
    """
    text = findings.text_without(CONTROL)
    typed, stop, repeats_keys = _decode_json(text, len(text) - len(text.lstrip()), findings)
    untyper = _Untyper(findings)
    tree = untyper.mapping(typed)
    if offsets is not None or repeats_keys or untyper.surrogates or untyper.controls:
        offsets = {} if offsets is None else offsets
        _scan_json(text, stop, offsets, findings)
        for path in untyper.surrogates:
            findings.add_surrogate(offsets.get(path, 0), path)
        for path, control in untyper.controls:
            findings.add_control(control, offsets.get(path, 0), path)
    rest = _BLANK_REST.match(text, stop)
    if rest is None:
        message = "Text follows the closing brace: start the body on the next line."
        findings.add("json/syntax", stop, message)
    return tree, findings.text[rest.end() if rest else stop :]


def _decode_json(text: str, start: int, findings: Findings) -> tuple[dict[str, Any], int, bool]:
    """The typed object, the offset after it, and whether a key stands twice in an object."""
    repeats_keys = False

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeats_keys
        tree = dict(pairs)
        repeats_keys = repeats_keys or len(tree) != len(pairs)
        return tree

    decoder = json.JSONDecoder(object_pairs_hook=mapping, parse_int=str, parse_float=str, parse_constant=str)
    try:
        return *decoder.raw_decode(text, start), repeats_keys
    except RecursionError:
        findings.stop_at_depth()
    except json.JSONDecodeError as error:
        findings.add_syntax("json/syntax", error.pos, f"The JSON cannot be read ({error.msg}): correct this place.")
        raise StopReadingError from error


def _scan_json(text: str, stop: int, offsets: dict[Path, int], findings: Findings) -> None:
    """Walk the tokens of a valid object: the offsets of its nodes, and a finding for every repeated key.

    Args:
        text: starts with the object.
        stop: offset after it.
        offsets: takes the offset of each scalar, of the key of each object and array in an object, and
            of the bracket of each one in an array.
        findings: takes the findings.
    """
    path: list[str | int] = []
    open_keys: list[set[str] | None] = []  # keys so far of every open object; None for arrays
    key_offset: int | None = None
    expects_key = False
    for token in _JSON_TOKEN.finditer(text, 0, stop):
        mark, offset = token.group(), token.start()
        keys = open_keys[-1] if open_keys else None
        if mark in ("}", "]"):
            open_keys.pop()
            path.pop()
            expects_key = False
        elif mark == ",":
            expects_key, key_offset = keys is not None, None
            path[-1] = path[-1] + 1 if isinstance(path[-1], int) else path[-1]
        elif expects_key and keys is not None:
            key: str = json.loads(mark, strict=False)
            path[-1], key_offset, expects_key = key, offset, False
            if key in keys:
                message = f"The key `{key}` stands a second time, and the last one counts: keep one of them."
                findings.add("json/duplicate-key", offset, message, tuple(path), key)
            keys.add(key)
        elif mark != ":":
            opens = mark in ("{", "[")
            if path:
                offsets[tuple(path)] = offset if key_offset is None or not opens else key_offset
            if opens:
                open_keys.append(set() if mark == "{" else None)
                path.append("" if mark == "{" else 0)
                expects_key, key_offset = mark == "{", None


def _toml_offsets(text: str) -> dict[Path, int]:
    """Path to offset: of the value for assignments, of the line's header for tables.

    Front matter has table headers and assignments, one a line. Values inside inline tables and multi-line
    arrays are missing; callers fall back to the offset of the enclosing value.
    """
    offsets: dict[Path, int] = {}
    table: Path = ()
    lengths: dict[Path, int] = {}
    at = 0
    while (line := _TOML_LINE.search(text, at)) is not None:
        at = line.end()
        brackets, header, key, quotes = line.groups()
        if header:
            table = _toml_table(_toml_steps(header), lengths, appends=brackets == "[[")
            offsets.setdefault(table, line.start(1))
        else:
            offsets[table + _toml_steps(key)] = line.end()
        if quotes:  # lines inside a multi-line text assign nothing
            closing = text.find(quotes, at + 3)
            at = closing + 3 if closing >= 0 else len(text)
    return offsets


def _toml_steps(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in re.findall(_TOML_PART, dotted))


def _toml_table(header: Path, lengths: dict[Path, int], appends: bool) -> Path:
    """The path of a table: steps into arrays of tables get the position of their last element."""
    path: Path = ()
    for depth, step in enumerate(header, start=1):
        path += (step,)
        if appends and depth == len(header):
            lengths[path] = lengths.get(path, 0) + 1
        if path in lengths:
            path += (lengths[path] - 1,)
    return path


def _add_toml_syntax(error: ValueError, findings: Findings) -> None:
    """Turn tomllib's error into a finding at its location; tomllib counts lines by LF, after making LF of CR LF."""
    location = _TOML_LOCATION.search(str(error))
    offset = len(findings.text) if location else 0
    if location and location[1]:
        start = 0
        for _ in range(int(location[1]) - 1):
            start = findings.text.find("\n", start) + 1
        offset = min(start + int(location[2]) - 1, offset)
    if "Unicode scalar value" in str(error):
        findings.add_surrogate(offset)
        return
    reason = _TOML_LOCATION.sub("", str(error))
    findings.add_syntax("toml/syntax", offset, f"The TOML cannot be read ({reason}): correct the line.")


class _Untyper:
    """Turns typed values into raw ones, within the policy's limits.

    Attributes:
        surrogates: paths of texts that held lone surrogates; `controls` of those with control characters, with one.
    """

    def __init__(self, findings: Findings) -> None:
        self.surrogates: list[Path] = []
        self.controls: list[tuple[Path, str]] = []
        self._findings = findings
        self._nodes = 0

    def mapping(self, typed: dict[str, Any], path: Path = ()) -> dict[str, Node]:
        """The raw tree of a mapping."""
        self._count(path)
        self._check_depth(path)
        return {self._key(key, path): self._node(value, (*path, key)) for key, value in typed.items()}

    def _key(self, key: str, path: Path) -> str:
        text = self._text(key, path)
        return text if text.isascii() else self._findings.key(text, max(self._findings.text.find(key), 0), path)

    def _node(self, typed: Any, path: Path) -> Node:
        if isinstance(typed, dict):
            return self.mapping(typed, path)
        self._count(path)
        if isinstance(typed, list):
            self._check_depth(path)
            return [self._node(value, (*path, position)) for position, value in enumerate(typed)]
        if typed is None or isinstance(typed, str):
            return None if typed is None else self._text(typed, path)
        if isinstance(typed, bool):
            return "true" if typed else "false"
        return typed.isoformat() if isinstance(typed, date | datetime | time) else str(typed)

    def _count(self, path: Path) -> None:
        self._nodes += 1
        if self._nodes > self._findings.policy.max_nodes:
            self._findings.stop_at_nodes(path=path)

    def _check_depth(self, path: Path) -> None:
        if len(path) >= self._findings.policy.max_depth:
            self._findings.stop_at_depth()

    def _text(self, text: str, path: Path) -> str:
        if not text.isprintable() and (control := CONTROL.search(text)):
            self.controls.append((path, control[0]))
        if text.isascii() or not _SURROGATE.search(text):
            return text
        self.surrogates.append(path)
        return _SURROGATE.sub("\ufffd", text)
