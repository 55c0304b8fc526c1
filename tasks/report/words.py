"""How numbers, times, sizes and text from files are written for people: one form each, without colour.

Belongs here: single values, and text that must be made safe first (`printable`, `redacted`). Does not
belong here: what is shown and in which order (`terminal`, `markdown`, `html_sections`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tasks.report.outcome import Example

_SIZES: Final = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_AGES: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
_HIDDEN: Final = "***"
#: `user:password@` (or a token alone) in an address; the host after it stays.
_CREDENTIALS: Final = re.compile(r"(?<=://)[^/\s@?#]+@")
#: Query parameters and settings whose names say that the value opens something.
_PARAMETER: Final = re.compile(
    r"(?i)([\w.-]*(?:token|secret|password|passwd|api[_-]?key|access[_-]?key|signature|credential)[\w.-]*=|[?&](?:sig|key)=)"
    r"[^&\s'\"]+"
)


def printable(text: str, longest: int | None = None) -> str:
    """Text from a file as one safe line: characters that do not print are written as escapes.

    That covers line breaks, terminal escapes, and characters that reverse or hide text.

    Args:
        text: anything.
        longest: characters to cut the result to, an ellipsis included; None cuts nothing.
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return text if longest is None or len(text) <= longest else text[: longest - 1] + "…"


def redacted(text: str) -> str:
    """A text whose addresses show no credentials; idempotent.

    Args:
        text: anything; `s3://key:secret@bucket/a?token=x` becomes `s3://***@bucket/a?token=***`.
    """
    if "://" in text:
        text = _CREDENTIALS.sub(f"{_HIDDEN}@", text)
    return _PARAMETER.sub(rf"\1{_HIDDEN}", text) if "=" in text else text


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 file`, `2,277 files`; `plural` where an s does not make it."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def join_counts(counts: Mapping[str, int], separator: str = ", ") -> str:
    """The counts that are not 0: `412 new, 9 changed`; empty where all are."""
    return separator.join(f"{number:,} {name}" for name, number in counts.items() if number)


def format_size(size: float) -> str:
    """Bytes in decimal units: `512 bytes`, `9.6 MB`."""
    for factor, unit in _SIZES:
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return counted(int(size), "byte")


def format_seconds(seconds: float) -> str:
    """A duration: `0.42 s`, `12.3 s`, `4 min 05 s`, `2 h 07 min`."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def format_age(seconds: float) -> str:
    """How long ago, in the largest unit that fits: `just now`, `3 hours ago`."""
    for factor, unit in _AGES:
        if seconds >= factor:
            return f"{counted(int(seconds // factor), unit)} ago"
    return "just now"


def format_speed(size: int, seconds: float) -> str:
    """Megabytes (10⁶ bytes) a second; empty below 0.05 MB/s and where no time passed."""
    return f"{size / 1e6 / seconds:.1f} MB/s" if seconds and size / 1e6 / seconds >= 0.05 else ""


def near(path: str) -> str:
    """A path relative to the working folder if it lies inside, else as it is."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path


def format_location(example: Example, sources: Mapping[str, str]) -> str:
    """`path:line:column` of an example; editors can open it where the folder of the source is known.

    Args:
        example: a finding; one without a line gives the path alone.
        sources: source name to folder.
    """
    root = sources.get(example.source)
    path = near(f"{root}/{example.source_path}") if root else f"{example.source}:{example.source_path}"
    numbers = [number for number in (example.line, example.column) if number]
    return ":".join([printable(path), *map(str, numbers)])


def finding_location(source: str, path: str, line: int | None, column: int | None) -> str:
    """`source/path:line:column` of a finding, not escaped; a finding of a whole file is at its beginning."""
    return f"{source}/{path}:{line or 1}:{column or 1}"


def with_field(field: str, message: str) -> str:
    """Field and message of a finding, not escaped; a finding of a whole file has no field."""
    return f"{field}: {message}" if field else message


def format_message(field: str, message: str, value: str) -> str:
    """A finding in one safe line: field, message, and the value if the message does not show it."""
    about = f"{printable(field, 60)}: " if field else ""
    found = f' (found "{printable(value, 60)}")' if value and value not in message else ""
    return f"{about}{printable(message)}{found}"
