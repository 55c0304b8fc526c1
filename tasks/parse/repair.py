"""Text repair: takes damage out of columns of text that someone else's tools have put in.

Belongs here: damage with one certain remedy: mojibake, HTML entities, odd spaces, stray line
breaks, and escapes in names and URLs.
Does not belong here: what is done to one text (`tasks.parse.mending`), taste (quotes, dashes, and letter
case stay as they are) and the identity of URLs (`tasks.parse.urls`). A false repair is worse than a missed
one: in doubt, nothing changes.

One regular expression in Arrow selects the damaged rows; only their distinct texts reach Python.
Which rows changed: `pc.not_equal(repaired, texts)`.
"""

from __future__ import annotations

from typing import Final, Literal

import pyarrow as pa
import pyarrow.compute as pc

ENTITY: Final = r"&#?[0-9A-Za-z]{1,32};"
# UTF-8 read as Windows-1252 or Latin-1: what a lead byte became, then what a continuation byte did.
_LEAD: Final = "[\u00c2-\u00f4]"
_CONTINUATION: Final = "[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
MOJIBAKE: Final = _LEAD + _CONTINUATION
BYTE_ORDER_MARK: Final = "\ufeff"
NON_BREAKING_SPACE: Final = "[\u00a0\u2007\u202f]"
LINE_BREAK: Final = "[\n\v\f\r\u0085\u2028\u2029]"
_EDGE_SPACE: Final = r"^[\t-\r\x1c-\x20\x{85}\pZ]|[\t-\r\x1c-\x20\x{85}\pZ]$"
ESCAPE: Final = r"%[0-9A-Fa-f]{2}"
_URL_AMPERSAND: Final = r"&((?i:amp)|#0*38|#[xX]0*26);"

_SUSPECT: Final = "|".join([ENTITY, MOJIBAKE, BYTE_ORDER_MARK, NON_BREAKING_SPACE, _EDGE_SPACE])
_SUSPECT_TEXT: Final = f"{_SUSPECT}|\r"
_SUSPECT_LINE: Final = f"{_SUSPECT}|{LINE_BREAK}"
_SUSPECT_NAME: Final = f"{_SUSPECT_LINE}|{ESCAPE}"
_SUSPECT_URL: Final = "|".join([_URL_AMPERSAND, BYTE_ORDER_MARK, _EDGE_SPACE])

Kind = Literal["text", "line", "name", "url"]


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
        return _repaired(texts, _SUSPECT_LINE, "line")
    return _repaired(texts, _SUSPECT_TEXT, "text")


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
    return _repaired(names, _SUSPECT_NAME, "name")


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
    return _repaired(urls, _SUSPECT_URL, "url")


def _repaired(texts: pa.StringArray, suspect: str, kind: Kind) -> pa.StringArray:
    if texts.type != pa.string():
        raise pa.ArrowTypeError(f"expected an array of strings, not of {texts.type}")
    damaged = pc.fill_null(pc.match_substring_regex(texts, suspect), False)
    if not pc.any(damaged).as_py():
        return texts
    from tasks.parse.mending import mended  # noqa: PLC0415

    suspects = texts.filter(damaged).dictionary_encode()
    repaired = pa.array([mended(text, kind) for text in suspects.dictionary.to_pylist()], pa.string())
    return pc.replace_with_mask(texts, damaged, repaired.take(suspects.indices))
