"""Bytes of a file as UTF-8 text with lines, and what is unusual about them.

Belongs here: byte-order marks, UTF-16, line ends, and bytes that are not UTF-8. Does not belong here: where the front
matter is (`fences`), and what it says.
"""

from __future__ import annotations

import codecs
import re
from typing import Final, NamedTuple

from tasks.front_matter.fences import BYTE_ORDER_MARK
from tasks.front_matter.findings import LINE_BREAK, Findings, StopReadingError

_MARKS: Final = re.compile(b"(?:" + BYTE_ORDER_MARK + b"){2,}")
_LINE_BREAK: Final = re.compile(LINE_BREAK.encode())
_LONE_RETURN: Final = re.compile(rb"\r(?!\n)")
#: ASCII text in UTF-16 without a mark has a NUL in every second byte.
_UTF16: Final = re.compile(rb"(?s)(?:(\xff\xfe|\xfe\xff)|([^\0]\0){2}|(\0[^\0]){2})")


class Text(NamedTuple):
    """A file in UTF-8.

    Attributes:
        data: the whole file; its body is cut from here, so that it stays exact.
        lines: the same bytes at the same offsets, with LF where lines end with CR alone.
        unusual: code and message of what an editor should know.
    """

    data: bytes
    lines: bytes
    unusual: tuple[tuple[str, str], ...]


def open_text(data: bytes) -> Text:
    """A file as UTF-8, as far as that can be told from how it starts.

    Args:
        data: the whole file.
    """
    unusual: list[tuple[str, str]] = []
    if (wide := _UTF16.match(data)) is not None:
        encoding = "utf-16" if wide[1] else "utf-16-le" if wide[2] else "utf-16-be"
        data = _from_utf16(data, encoding, unusual)
    if (marks := _MARKS.match(data)) is not None:
        data = data[marks.end() :]
        message = "The file starts with more than one byte-order mark: save it as UTF-8 without any."
        unusual.append(("text/byte-order-marks", message))
    elif data.startswith(BYTE_ORDER_MARK):
        message = "The file starts with a byte-order mark: save it as UTF-8 without one."
        unusual.append(("text/byte-order-mark", message))
    lines = data
    if b"\r" in data and (first := _LINE_BREAK.search(data)) and first.group() == b"\r":
        lines = _LONE_RETURN.sub(b"\n", data)
        message = "The lines end with CR alone, as on very old computers: save the file with LF."
        unusual.append(("text/cr-line-ends", message))
    return Text(data, lines, tuple(unusual))


def _from_utf16(data: bytes, encoding: str, unusual: list[tuple[str, str]]) -> bytes:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
        unusual.append(("text/invalid-utf8", "The file is UTF-16 that is cut off or damaged: save it as UTF-8."))
    unusual.append(("text/utf-16", "The file is UTF-16: save it as UTF-8."))
    return text.encode()


def decode_otherwise(data: bytes, front_matter: bytes, body: bytes, findings: Findings) -> tuple[str, str]:
    """Front matter and body of a file that is not UTF-8, in the encoding that the policy falls back to.

    Raises:
        StopReadingError: the file is not in it either.
    """
    line, column, byte = _first_bad_byte(data)
    encoding = findings.policy.fallback_encoding
    if encoding is not None:
        try:
            texts = front_matter.decode(encoding), body.decode(encoding)
        except ValueError:
            encoding = None
    if encoding is None:
        message = f"The byte 0x{byte:02X} is not UTF-8 text: save the file as UTF-8."
        findings.add_at("text/invalid-utf8", (line, column), message)
        raise StopReadingError
    message = f"The file is not UTF-8 and was read as {encoding}: save it as UTF-8."
    findings.add_at("text/windows-1252", (line, column), message)
    return texts


def _first_bad_byte(data: bytes) -> tuple[int, int, int]:
    """Line, column and value of the first byte that is not UTF-8."""
    data = data.removeprefix(BYTE_ORDER_MARK)
    try:
        codecs.utf_8_decode(data, "strict", True)
    except UnicodeDecodeError as error:
        starts = [0, *(line_break.end() for line_break in _LINE_BREAK.finditer(data, 0, error.start))]
        column = len(data[starts[-1] : error.start].decode()) + 1
        return len(starts), column, data[error.start]
    raise AssertionError("called for a file that is UTF-8")
