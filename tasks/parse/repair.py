"""Text repair: takes damage out of columns of text that someone else's tools have put in.

Belongs here: damage with one certain remedy: mojibake, HTML entities, odd spaces, stray line
breaks, and escapes in names and URLs.
Does not belong here: taste (quotes, dashes, and letter case stay as they are) and the identity
of URLs (`tasks.parse.urls`). A false repair is worse than a missed one: in doubt, nothing changes.

One regular expression in Arrow selects the damaged rows; only their distinct texts reach Python.
Which rows changed: `pc.not_equal(repaired, texts)`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from html.entities import html5
from typing import Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

# Entities are unescaped until none is left; a text nested deeper than this is left as it is.
_MAX_ROUNDS: Final = 3

_ENTITY: Final = r"&#?[0-9A-Za-z]{1,32};"
# UTF-8 read as Windows-1252 or Latin-1: what a lead byte became, then what a continuation byte did.
_LEAD: Final = "[\u00c2-\u00f4]"
_CONTINUATION: Final = "[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
_MOJIBAKE: Final = _LEAD + _CONTINUATION
_BYTE_ORDER_MARK: Final = "\ufeff"
_NON_BREAKING_SPACE: Final = "[\u00a0\u2007\u202f]"
_LINE_BREAK: Final = "[\n\v\f\r\u0085\u2028\u2029]"
_EDGE_SPACE: Final = r"^[\t-\r\x1c-\x20\x{85}\pZ]|[\t-\r\x1c-\x20\x{85}\pZ]$"
_ESCAPE: Final = r"%[0-9A-Fa-f]{2}"
_URL_AMPERSAND: Final = r"&((?i:amp)|#0*38|#[xX]0*26);"

_SUSPECT: Final = "|".join([_ENTITY, _MOJIBAKE, _BYTE_ORDER_MARK, _NON_BREAKING_SPACE, _EDGE_SPACE])
_SUSPECT_TEXT: Final = f"{_SUSPECT}|\r"
_SUSPECT_LINE: Final = f"{_SUSPECT}|{_LINE_BREAK}"
_SUSPECT_NAME: Final = f"{_SUSPECT_LINE}|{_ESCAPE}"
_SUSPECT_URL: Final = "|".join([_URL_AMPERSAND, _BYTE_ORDER_MARK, _EDGE_SPACE])

_find_entity: Final = re.compile(_ENTITY)
_find_mojibake: Final = re.compile(_MOJIBAKE)
_find_space: Final = re.compile(_NON_BREAKING_SPACE)
_find_line_break: Final = re.compile(_LINE_BREAK)
_find_white_space: Final = re.compile(r"\s+")
_find_escape: Final = re.compile(_ESCAPE)
# Nested ampersands (`&amp;amp;`) go in one step, so that a second repair finds nothing.
_find_url_ampersand: Final = re.compile(r"&(?:(?:amp|#0*38|#x0*26);)+", re.IGNORECASE)


def repair_texts(texts: pa.StringArray, *, single_line: bool = False) -> pa.StringArray:
    """Repair prose: mojibake, HTML entities, non-breaking spaces, line breaks, edges.

    Args:
        texts: (n,) strings as the source has them.
        single_line: a line break, with the white space around it, becomes one space, as in a
            title. Otherwise, as in an excerpt, paragraphs stay and only CR LF becomes LF.

    Returns:
        (n,) repaired strings; null stays null. Idempotent.

    Raises:
        pa.ArrowTypeError: `texts` is not a string array.
    """
    if single_line:
        return _repaired(texts, _SUSPECT_LINE, _line)
    return _repaired(texts, _SUSPECT_TEXT, _text)


def repair_names(names: pa.StringArray) -> pa.StringArray:
    """Repair names of people and providers: as single-line texts, plus percent-encoding.

    `Smith%2c Jones` is `Smith, Jones`. An escape is decoded only if the result is printable,
    has no escape left, and no letter or digit came out of one: encoders leave those alone.

    Args:
        names: (n,) strings as the source has them.

    Returns:
        (n,) repaired strings; null stays null. Idempotent.

    Raises:
        pa.ArrowTypeError: `names` is not a string array.
    """
    return _repaired(names, _SUSPECT_NAME, _person)


def repair_urls(urls: pa.StringArray) -> pa.StringArray:
    """Repair URLs: `&amp;` and `&#038;` to `&`, edges trimmed; white space inside stays.

    Other entities stay, as does `&copy=1`: without a semicolon that is a parameter.

    Args:
        urls: (n,) strings as the source has them.

    Returns:
        (n,) repaired strings; null stays null. Idempotent.

    Raises:
        pa.ArrowTypeError: `urls` is not a string array.
    """
    return _repaired(urls, _SUSPECT_URL, _url)


def _repaired(texts: pa.StringArray, suspect: str, repair: Callable[[str], str]) -> pa.StringArray:
    if texts.type != pa.string():
        raise pa.ArrowTypeError(f"expected an array of strings, not of {texts.type}")
    damaged = pc.fill_null(pc.match_substring_regex(texts, suspect), False)
    if not pc.any(damaged).as_py():
        return texts
    suspects = texts.filter(damaged).dictionary_encode()
    repaired = pa.array([_settled(text, repair) for text in suspects.dictionary.to_pylist()], pa.string())
    return pc.replace_with_mask(texts, damaged, repaired.take(suspects.indices))


def _settled(text: str, repair: Callable[[str], str]) -> str:
    """The text repaired until nothing changes; as it was if that takes too many rounds."""
    repaired = text
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
    text = _mended(text) if _find_mojibake.search(text) else text
    return _find_space.sub(" ", text.replace(_BYTE_ORDER_MARK, ""))


def _trimmed(text: str) -> str:
    # A byte-order mark may hide the white space beside it, and the other way round.
    return text.replace(_BYTE_ORDER_MARK, "").strip()


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


def _mended(text: str) -> str:
    """The text without mojibake, unless that would take a closing quote from its opening one."""
    import ftfy  # noqa: PLC0415  (40 ms that most small inputs need not pay)

    mended: str = ftfy.fix_encoding(text)
    was_balanced = text.count("“") == text.count("”")
    is_balanced = mended.count("“") == mended.count("”")
    return text if was_balanced and not is_balanced else mended


def _percent_decoded(name: str) -> str:
    escaped = [int(escape[1:], 16) for escape in _find_escape.findall(name)]
    if any(byte < 128 and chr(byte).isalnum() for byte in escaped):
        return name
    try:
        decoded = unquote(name, errors="strict")
    except UnicodeDecodeError:
        return name
    return decoded if decoded.isprintable() and not _find_escape.search(decoded) else name
