"""Walk a JSON object's tokens to tell where its values stand and which keys stand twice.

Belongs here: offsets in text that the `json` module has read already, since it does not give them.
Does not belong here: checking JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from tasks.front_matter.problems import Path

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\],:]|[^\s{}\[\],:"]+')


class JsonPlace(NamedTuple):
    """Where one node stands.

    Attributes:
        path: of the node.
        offset: of a scalar itself, of the key of an object or array, or its bracket's in an array.
        repeated_key: offset of its key where that stands in its object already; None otherwise.
    """

    path: Path
    offset: int
    repeated_key: int | None


def json_places(text: str, stop: int) -> Iterator[JsonPlace]:
    """Every node below the outermost object, in the order of the text.

    Args:
        text: starts with a valid JSON object.
        stop: offset after that object.
    """
    path: list[str | int] = []
    open_keys: list[set[str] | None] = []  # keys so far of every open object; None for arrays
    key_offset = repeated = None
    expects_key = False
    for token in _TOKEN.finditer(text, 0, stop):
        mark, offset = token.group(), token.start()
        keys = open_keys[-1] if open_keys else None
        if mark in ("}", "]"):
            open_keys.pop()
            path.pop()
            expects_key = False
        elif mark == ",":
            expects_key, key_offset, repeated = keys is not None, None, None
            path[-1] = _next_step(path[-1])
        elif expects_key and keys is not None:
            path[-1], key_offset, expects_key = json.loads(mark, strict=False), offset, False
            repeated = offset if path[-1] in keys else None
            keys.add(str(path[-1]))
        elif mark != ":":
            opens = mark in ("{", "[")
            if path:
                yield JsonPlace(tuple(path), offset if key_offset is None or not opens else key_offset, repeated)
            if opens:
                open_keys.append(set() if mark == "{" else None)
                path.append("" if mark == "{" else 0)
                expects_key, key_offset, repeated = mark == "{", None, None


def _next_step(step: str | int) -> str | int:
    return step + 1 if isinstance(step, int) else step
