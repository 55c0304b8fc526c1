"""Text repair: takes damage out of columns of text that other people's tools have put in.

Belongs here: damage with one certain remedy: mojibake, HTML entities, odd spaces, stray line
breaks, and escapes in names and URLs.
Does not belong here: taste (quotes, dashes, and letter case stay as they are) and the identity of URLs
(`tasks.parse.urls`). A false repair is worse than a missed one: in doubt, nothing changes.

One regular expression in Arrow selects the damaged rows; only their distinct texts reach Python.
The rows that changed: `pc.not_equal(repaired, texts)`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from functools import partial
from html.entities import html5
from typing import Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

_ENTITY: Final = r"&#?[0-9A-Za-z]{1,32};"
# UTF-8 read as Windows-1252 or Latin-1: the characters of a lead byte, then those of a continuation byte.
_MOJIBAKE: Final = "[\u00c2-\u00f4][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
_BYTE_ORDER_MARK: Final = "\ufeff"
_NON_BREAKING_SPACE: Final = "[\u00a0\u2007\u202f]"
_LINE_BREAK: Final = "[\n\v\f\r\u0085\u2028\u2029]"
_EDGE_SPACE: Final = r"^[\t-\r\x1c-\x20\x{85}\pZ]|[\t-\r\x1c-\x20\x{85}\pZ]$"
_ESCAPE: Final = r"%[0-9A-Fa-f]{2}"
_NOTE: Final = r"^\[\[(?:[^\[\]|]*\|)?([^\[\]|]+)\]\]$"
_URL_AMPERSAND: Final = r"&((?i:amp)|#0*38|#[xX]0*26);"

_DAMAGE: Final = "|".join([_ENTITY, _MOJIBAKE, _BYTE_ORDER_MARK, _NON_BREAKING_SPACE, _EDGE_SPACE])
#: What selects the damaged rows of each kind.
_DAMAGED: Final[Mapping[str, str]] = {
    "text": f"{_DAMAGE}|\r",
    "line": f"{_DAMAGE}|{_LINE_BREAK}",
    "name": f"{_DAMAGE}|{_LINE_BREAK}|{_ESCAPE}|{_NOTE}",
    "url": "|".join([_URL_AMPERSAND, _BYTE_ORDER_MARK, _EDGE_SPACE]),
}

#: Entities are unescaped until none is left; a text nested deeper than this is left as it is.
_MAX_ROUNDS: Final = 3

_find_entity: Final = re.compile(_ENTITY)
_find_mojibake: Final = re.compile(_MOJIBAKE)
_find_space: Final = re.compile(_NON_BREAKING_SPACE)
_find_line_break: Final = re.compile(_LINE_BREAK)
_find_white_space: Final = re.compile(r"\s+")
_find_note: Final = re.compile(_NOTE)
_find_escape: Final = re.compile(_ESCAPE)
# Nested ampersands (`&amp;amp;`) go in one step, so that a second repair finds nothing.
_find_url_ampersand: Final = re.compile(r"&(?:(?:amp|#0*38|#x0*26);)+", re.IGNORECASE)


def repair(texts: pa.StringArray, kind: str) -> pa.StringArray:
    """Repair a column of texts.

    Args:
        texts: (n,) strings as the source has them.
        kind: one of these kinds of text:
            `text`: prose. Mojibake, HTML entities, non-breaking spaces and edges are repaired; paragraphs
                stay, and CR LF becomes LF.
            `line`: as `text`, and a line break, with the white space around it, becomes one space.
            `name`: as `line`, plus percent-encoding: `Smith%2c Jones` is `Smith, Jones`. An escape is
                decoded only if the result is printable, has no escape left, and no letter or digit came
                out of one: encoders leave those alone. A link to a note (`[[Ann]]`, Obsidian) is its text.
            `url`: `&amp;` and `&#038;` become `&`, edges are trimmed. Other entities stay, as does
                `&copy=1`: without a semicolon that is a parameter.

    Returns:
        (n,) repaired strings, `texts` itself if none is damaged; null stays null. Idempotent.

    Raises:
        pa.ArrowTypeError: `texts` is not a string array.
    """
    if texts.type != pa.string():
        raise pa.ArrowTypeError(f"expected an array of strings, not of {texts.type}")
    damaged = pc.fill_null(pc.match_substring_regex(texts, _DAMAGED[kind]), False)
    if not pc.any(damaged).as_py():
        return texts
    distinct = texts.filter(damaged).dictionary_encode()
    repaired = pa.array(map(partial(_repair_one, kind=kind), distinct.dictionary.to_pylist()), pa.string())
    return pc.replace_with_mask(texts, damaged, repaired.take(distinct.indices))


def _repair_one(text: str, kind: str) -> str:
    """The text repaired until nothing changes; as it was if that takes too many rounds."""
    repaired = text
    for _ in range(_MAX_ROUNDS + 1):
        before, repaired = repaired, _REPAIRS[kind](repaired)
        if repaired == before:
            return repaired
    return text


def _text(text: str) -> str:
    return _trimmed(_plain(text).replace("\r\n", "\n").replace("\r", "\n"))


def _line(text: str) -> str:
    return _find_white_space.sub(_in_one_line, _trimmed(_plain(text)))


def _in_one_line(white_space: re.Match[str]) -> str:
    return " " if _find_line_break.search(white_space[0]) else white_space[0]


def _name(name: str) -> str:
    return _find_note.sub(r"\1", _line(_percent_decoded(name) if "%" in name else name))


def _url(url: str) -> str:
    return _trimmed(_find_url_ampersand.sub("&", url))


_REPAIRS: Final[Mapping[str, Callable[[str], str]]] = {"text": _text, "line": _line, "name": _name, "url": _url}


def _plain(text: str) -> str:
    text = _find_entity.sub(_character, text) if "&" in text else text
    text = _without_mojibake(text) if _find_mojibake.search(text) else text
    return _find_space.sub(" ", text.replace(_BYTE_ORDER_MARK, ""))


def _trimmed(text: str) -> str:
    # A byte-order mark may hide the white space beside it, and the other way round.
    return text.replace(_BYTE_ORDER_MARK, "").strip()


def _character(entity: re.Match[str]) -> str:
    """The character of an HTML entity; the entity itself if its character is no text.

    Unlike in browsers the semicolon is needed: `R&copy` may be anything.
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
