"""How numbers, times, sizes and other people's text are spelt in a terminal.

Belongs here: one spelling each, without colour. Does not belong here: what is shown and where it
stands (`terminal`, `terminal_status`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tasks.report.outcome import Example

_SIZES: Final = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_AGES: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def printable(text: str, longest: int | None = None) -> str:
    """Text from a file as one safe line: whatever does not print is written as its escape.

    That covers line breaks, terminal escapes, and characters that reverse or hide text.

    Args:
        text: anything.
        longest: characters to cut the result to, an ellipsis included; None cuts nothing.
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return text if longest is None or len(text) <= longest else text[: longest - 1] + "…"


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 file`, `2,277 files`; `plural` where an s does not make it."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def spell_size(size: float) -> str:
    """Bytes in decimal units: `512 bytes`, `9.6 MB`."""
    for factor, unit in _SIZES:
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return counted(int(size), "byte")


def spell_seconds(seconds: float) -> str:
    """A duration: `0.42 s`, `12.3 s`, `4 min 05 s`, `2 h 07 min`."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def spell_age(seconds: float) -> str:
    """How long ago, in the largest unit that fits: `just now`, `3 hours ago`."""
    for factor, unit in _AGES:
        if seconds >= factor:
            return f"{counted(int(seconds // factor), unit)} ago"
    return "just now"


def spell_speed(size: int, seconds: float) -> str:
    """Megabytes (10⁶ bytes) a second; empty where next to nothing was moved or no time passed."""
    return f"{size / 1e6 / seconds:.1f} MB/s" if seconds and size / 1e6 / seconds >= 0.05 else ""


def near(path: str) -> str:
    """A path relative to the working folder if it lies inside, else as it is."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path


def spell_place(example: Example, sources: Mapping[str, str]) -> str:
    """`path:line:column` of an example, openable where the source's folder is known.

    Args:
        example: a finding; without a line only the path is spelt.
        sources: source name to folder.
    """
    root = sources.get(example.source)
    path = near(f"{root}/{example.source_path}") if root else f"{example.source}:{example.source_path}"
    numbers = [number for number in (example.line, example.column) if number]
    return ":".join([printable(path), *map(str, numbers)])


def source_place(source: str, path: str, line: int | None, column: int | None) -> str:
    """`source/path:line:column` of a finding, as it is; one of a whole file is at its beginning."""
    return f"{source}/{path}:{line or 1}:{column or 1}"


def with_field(field: str, message: str) -> str:
    """A finding's message after its field, as they are; one of a whole file has no field."""
    return f"{field}: {message}" if field else message


def spell_message(field: str, message: str, value: str) -> str:
    """A finding in one line: field, what is wrong, and the value if the message does not show it."""
    about = f"{printable(field, 60)}: " if field else ""
    found = f' (found "{printable(value, 60)}")' if value and value not in message else ""
    return f"{about}{printable(message)}{found}"
