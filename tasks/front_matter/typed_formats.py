"""Read TOML and JSON front matter into the same raw tree that YAML gives.

Belongs here: undoing the types that `tomllib` and `json` insist on. Numbers keep their text (TOML
integers and times come out in their standard form, which is all that `tomllib` tells), booleans are
"true" and "false".
Does not belong here: YAML, and any typing.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time
from typing import Any, Final

from tasks.front_matter.findings import Findings, Node, StopReadingError
from tasks.front_matter.json_places import json_places
from tasks.front_matter.problems import Path
from tasks.front_matter.toml_places import has_long_keys, toml_places

_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_TOML_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_BLANK_REST: Final = re.compile(r"[ \t]*+\r?+(?:\n|\Z)")


def read_toml(findings: Findings, places: dict[Path, int] | None = None) -> dict[str, Node]:
    """The raw tree of TOML front matter.

    Args:
        findings: holds the text, takes the findings, knows the policy.
        places: takes the offsets of the nodes that a scan of the lines can tell.

    Raises:
        StopReadingError: it is not valid TOML or exceeds a limit; `findings` says why.
    """
    text = _without_controls(findings)
    if places is not None:
        places.update(toml_places(text))
    if has_long_keys(text, findings.policy.max_depth):  # tomllib's time grows with the square of their length
        _report_depth(findings)
        raise StopReadingError
    import tomllib  # noqa: PLC0415  (few files are TOML)

    try:
        tree, _ = _Untyper(findings).mapping(tomllib.loads(text, parse_float=str), ())
    except RecursionError as error:
        _report_depth(findings)
        raise StopReadingError from error
    except ValueError as error:
        _report_toml_syntax(error, findings)
        raise StopReadingError from error
    return tree


def read_json(findings: Findings, places: dict[Path, int] | None = None) -> tuple[dict[str, Node], str]:
    """The raw tree of the JSON object at the start of the text, and the body after its line.

    Args:
        findings: holds the text, takes the findings, knows the policy.
        places: takes the offset of every node.

    Raises:
        StopReadingError: it is not valid JSON or exceeds a limit; `findings` says why.
    """
    text = _without_controls(findings)
    repeated: list[str] = []
    typed, stop = _decode_json(text, findings, repeated)
    known: dict[Path, int] = {} if places is None else places
    tree, surrogates = _Untyper(findings).mapping(typed, ())
    if places is not None or repeated or surrogates:
        _walk_json(text, stop, known, findings)
    for path in surrogates:
        message = "An escape stands for half a character (a lone surrogate): write the character itself."
        findings.add("text/surrogate", known.get(path, 0), message, path)
    rest = _BLANK_REST.match(text, stop)
    if rest is None:
        message = "Text follows the closing brace: start the body on the next line."
        findings.add("json/syntax", stop, message)
    return tree, findings.text[rest.end() if rest else stop :]


def _decode_json(text: str, findings: Findings, repeated: list[str]) -> tuple[dict[str, Any], int]:
    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        tree = dict(pairs)
        if len(tree) != len(pairs):
            repeated.append("")
        return tree

    decoder = json.JSONDecoder(object_pairs_hook=mapping, parse_int=str, parse_float=str, parse_constant=str)
    try:
        return decoder.raw_decode(text)
    except RecursionError as error:
        _report_depth(findings)
        raise StopReadingError from error
    except json.JSONDecodeError as error:
        message = f"The JSON cannot be read ({error.msg}): correct this place."
        findings.add("json/syntax", error.pos, message)
        raise StopReadingError from error


def _walk_json(text: str, stop: int, places: dict[Path, int], findings: Findings) -> None:
    for path, offset, repeated_key in json_places(text, stop):
        places[path] = offset
        if repeated_key is not None:
            message = f"The key `{path[-1]}` stands a second time in one object: keep one of them."
            findings.add("json/duplicate-key", repeated_key, message, path, str(path[-1]))


def _without_controls(findings: Findings) -> str:
    first = _CONTROL.search(findings.text)
    if first is None:
        return findings.text
    name = f"U+{ord(first.group()):04X}"
    message = f"The front matter holds the control character {name}, which nobody can see: delete it."
    findings.add("text/control-character", first.start(), message, value=name)
    return _CONTROL.sub("\ufffd", findings.text)


def _report_depth(findings: Findings) -> None:
    message = f"The front matter is nested deeper than {findings.policy.max_depth} levels: flatten it."
    findings.add("limit/depth", 0, message)


def _report_toml_syntax(error: ValueError, findings: Findings) -> None:
    said = str(error)
    place = _TOML_PLACE.search(said)
    offset = len(findings.text) if place else 0
    if place and place[1]:
        offset = _toml_offset(findings.text, int(place[1]), int(place[2]))
    if "Unicode scalar value" in said:
        message = "An escape stands for half a character (a lone surrogate): write the character itself."
        findings.add("text/surrogate", offset, message)
        return
    reason = _TOML_PLACE.sub("", said)
    findings.add("toml/syntax", offset, f"The TOML cannot be read ({reason}): correct the line.")


def _toml_offset(text: str, line: int, column: int) -> int:
    """Offset of tomllib's place: it counts lines by LF, after making LF of CR LF."""
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return min(start + column - 1, len(text))


class _Untyper:
    """Turns typed values into raw ones, within the policy's limits."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._nodes = 0
        self._surrogates: list[Path] = []

    def mapping(self, typed: dict[str, Any], path: Path) -> tuple[dict[str, Node], list[Path]]:
        """The raw tree, and the paths of texts that held lone surrogates."""
        tree = self._node(typed, path)
        assert isinstance(tree, dict)
        return tree, self._surrogates

    def _node(self, typed: Any, path: Path) -> Node:
        self._nodes += 1
        if self._nodes > self._findings.policy.max_nodes:
            limit = self._findings.policy.max_nodes
            message = f"The front matter has more than {limit} values: split or shorten it."
            self._findings.add("limit/nodes", 0, message, path)
            raise StopReadingError
        if isinstance(typed, dict | list):
            return self._collection(typed, path)
        if typed is None or isinstance(typed, str):
            return None if typed is None else self._text(typed, path)
        if isinstance(typed, bool):
            return "true" if typed else "false"
        return typed.isoformat() if isinstance(typed, date | datetime | time) else str(typed)

    def _collection(self, typed: dict[str, Any] | list[Any], path: Path) -> Node:
        if len(path) >= self._findings.policy.max_depth:
            _report_depth(self._findings)
            raise StopReadingError
        if isinstance(typed, dict):
            return {self._text(key, path): self._node(value, (*path, key)) for key, value in typed.items()}
        return [self._node(value, (*path, position)) for position, value in enumerate(typed)]

    def _text(self, text: str, path: Path) -> str:
        if text.isascii() or not _SURROGATE.search(text):
            return text
        self._surrogates.append(path)
        return _SURROGATE.sub("\ufffd", text)
