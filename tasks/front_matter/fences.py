"""Find the front matter of a file: where it starts and stops, and where the body starts.

Belongs here: byte offsets and the format that the first line announces.
Does not belong here: decoding, and the contents of the front matter.

A file has front matter when its first line (after an optional byte-order mark) is
- `---`: YAML, closed by a line `---` or, as in YAML itself, `...`;
- `+++`: TOML, closed by a line `+++`;
- `{`, or starts with `{` and a quoted key: a JSON object, closed by its own last brace.
Fences may be followed by spaces or tabs, and lines end with LF or CRLF. A fence stands alone on its
line: `----`, `--- text` and an indented `---` are none.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

Format = Literal["yaml", "toml", "json"]

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

_BLANK_REST: Final = re.compile(rb"[ \t]*+\r?+(?:\n|\Z)")
_JSON_START: Final = re.compile(rb'\{[ \t]*+(?:\r?\n|"(?:[^"\\\r\n]|\\.)*+"[ \t]*+:)')
_OPENING: Final[dict[bytes, Format]] = {b"---": "yaml", b"+++": "toml"}


class FrontMatter(NamedTuple):
    """Byte offsets of one file's front matter.

    Attributes:
        format: the language that the front matter is written in.
        start: offset of its first byte, after the opening fence's line; at the brace for JSON.
        stop: offset after its last byte, which is the line break before the closing fence.
        body: offset of the body; for JSON the end of the file, since only a parser knows it.
        closed: False when no closing fence was found; the front matter is then all the rest.
    """

    format: Format
    start: int
    stop: int
    body: int
    closed: bool


def find_front_matter(data: bytes) -> FrontMatter | None:
    """The front matter of a file; None for a file that has none.

    Args:
        data: the whole file.
    """
    origin = len(BYTE_ORDER_MARK) if data.startswith(BYTE_ORDER_MARK) else 0
    fence = data[origin : origin + 3]
    language = _OPENING.get(fence)
    if language is None:
        is_json = _JSON_START.match(data, origin)
        return FrontMatter("json", origin, len(data), len(data), closed=True) if is_json else None
    opening = _BLANK_REST.match(data, origin + 3)
    if opening is None:
        return None
    return _close(data, language, fence, opening.end())


def guess_front_matter(data: bytes) -> FrontMatter | None:
    """The YAML front matter of a file, if no line inside it looks like a fence; None where that search is no help.

    Most files have no body, so a search from the end stops at once. The subset reader refuses front matter
    with a line that starts with `---` or `...`; all other guesses equal the answer of `find_front_matter`.

    Args:
        data: the whole file.
    """
    if not data.startswith(b"---\n") or (line_break := data.rfind(b"\n---\n")) < 0:
        return None
    return FrontMatter("yaml", 4, max(line_break + 1, 4), line_break + 5, closed=True)


def _close(data: bytes, language: Format, fence: bytes, start: int) -> FrontMatter:
    # The search starts at the opening line's own break, so that empty front matter is found too.
    before = max(start - 1, 0)
    closing = _find_fence(data, fence, before, len(data))
    if language == "yaml":
        until = closing[0] if closing else len(data)
        closing = _find_fence(data, b"...", before, until) or closing
    if closing is None:
        return FrontMatter(language, start, len(data), len(data), closed=False)
    return FrontMatter(language, start, max(closing[0], start), closing[1], closed=True)


def _find_fence(data: bytes, fence: bytes, start: int, stop: int) -> tuple[int, int] | None:
    """Offsets of a fence's line and of the line after it."""
    line_break = data.find(b"\n" + fence, start, stop)
    while line_break >= 0:
        rest = _BLANK_REST.match(data, line_break + 4)
        if rest is not None:
            return line_break + 1, rest.end()
        line_break = data.find(b"\n" + fence, line_break + 4, stop)
    return None
