"""One damaged text made whole, in Python.

Belongs here: what is done to a text that `tasks.parse.repair` has selected. Does not belong here:
the selection, which needs none of this: most small inputs have no damage, so this module is imported
with the first damaged text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from html.entities import html5
from typing import Final
from urllib.parse import unquote

from tasks.parse.repair import (
    BYTE_ORDER_MARK,
    ENTITY,
    ESCAPE,
    LINE_BREAK,
    MOJIBAKE,
    NON_BREAKING_SPACE,
    Kind,
)

# Entities are unescaped until none is left; a text nested deeper than this is left as it is.
_MAX_ROUNDS: Final = 3

_find_entity: Final = re.compile(ENTITY)
_find_mojibake: Final = re.compile(MOJIBAKE)
_find_space: Final = re.compile(NON_BREAKING_SPACE)
_find_line_break: Final = re.compile(LINE_BREAK)
_find_white_space: Final = re.compile(r"\s+")
_find_escape: Final = re.compile(ESCAPE)
# Nested ampersands (`&amp;amp;`) go in one step, so that a second repair finds nothing.
_find_url_ampersand: Final = re.compile(r"&(?:(?:amp|#0*38|#x0*26);)+", re.IGNORECASE)


def mended(text: str, kind: Kind) -> str:
    """The text repaired until nothing changes; as it was if that takes too many rounds."""
    repair, repaired = _REPAIRS[kind], text
    for _ in range(_MAX_ROUNDS + 1):
        before, repaired = repaired, repair(repaired)
        if repaired == before:
            return repaired
    return text


def _text(text: str) -> str:
    return _trimmed(_plain(text).replace("\r\n", "\n").replace("\r", "\n"))


def _line(text: str) -> str:
    return _find_white_space.sub(_in_one_line, _trimmed(_plain(text)))


def _in_one_line(white_space: re.Match[str]) -> str:
    return " " if _find_line_break.search(white_space[0]) else white_space[0]


def _person(name: str) -> str:
    return _line(_percent_decoded(name) if "%" in name else name)


def _url(url: str) -> str:
    return _trimmed(_find_url_ampersand.sub("&", url))


def _plain(text: str) -> str:
    text = _find_entity.sub(_character, text) if "&" in text else text
    text = _without_mojibake(text) if _find_mojibake.search(text) else text
    return _find_space.sub(" ", text.replace(BYTE_ORDER_MARK, ""))


def _trimmed(text: str) -> str:
    # A byte-order mark may hide the white space beside it, and the other way round.
    return text.replace(BYTE_ORDER_MARK, "").strip()


def _character(entity: re.Match[str]) -> str:
    """What an HTML entity stands for; the entity itself if that is no text.

    Unlike browsers, needs the semicolon: `R&copy` may be anything.
    """
    found = entity[0]
    if not found.startswith("&#"):
        return html5.get(found[1:], found)
    character = html.unescape(found)
    is_text = character.isprintable() or character.isspace()
    return character if character not in {"", "\ufffd"} and is_text else found


def _without_mojibake(text: str) -> str:
    """The text without mojibake, unless that would take a closing quote from its opening one."""
    import ftfy  # noqa: PLC0415  (40 ms that most small inputs need not pay)

    fixed: str = ftfy.fix_encoding(text)
    was_balanced = text.count("“") == text.count("”")
    is_balanced = fixed.count("“") == fixed.count("”")
    return text if was_balanced and not is_balanced else fixed


def _percent_decoded(name: str) -> str:
    escaped = [int(escape[1:], 16) for escape in _find_escape.findall(name)]
    if any(byte < 128 and chr(byte).isalnum() for byte in escaped):
        return name
    try:
        decoded = unquote(name, errors="strict")
    except UnicodeDecodeError:
        return name
    return decoded if decoded.isprintable() and not _find_escape.search(decoded) else name


_REPAIRS: Final[Mapping[Kind, Callable[[str], str]]] = {"text": _text, "line": _line, "name": _person, "url": _url}
