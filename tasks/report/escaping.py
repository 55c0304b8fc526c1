"""Markdown that shows other people's text as it is.

Belongs here: escaping, and the few forms that reports are made of. Titles and paths are whatever
somebody wrote into a file; the Prefect UI renders Markdown, with HTML in it.
"""

from __future__ import annotations

import html
import re
from typing import Final

from tasks.report.words import printable, redacted

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|~>:@/=^$%])")
#: The same for a cell of a table artifact: only what could be markup inside a line, or make a link.
_IN_CELL: Final = re.compile(r"[\\`*_\[\]|~@]|:(?=//)|(?<=www)\.|^[#+=-]|(?<=^\d)[.)]", re.I)
_SPACES: Final = re.compile(r"\s+")
#: A name in a message of ours.
_NAMES: Final = re.compile(r"`([\w.,:/ -]*\w)`")
#: Longest run of backticks in a text: a fence around it must be longer.
_TICKS: Final = re.compile(r"`+")


def escaped(text: str, *, whole: bool = True) -> str:
    """A text from a file so that Markdown shows it as it is: no markup, no link, no HTML, no line break.

    Characters that do not print (control characters, those that reverse text) are shown as their escapes.

    Args:
        text: anything.
        whole: drop white space at both ends, too.
    """
    flat = _SPACES.sub(" ", redacted(text))
    flat = printable(flat.strip() if whole else flat)
    return _SPECIAL.sub(r"\\\1", html.escape(flat, quote=False))


def cell(text: str) -> str:
    """A text from a file for a cell of a table artifact.

    Prefect's first UI renders cells as Markdown, its second does not; so that both show them well, no
    more is escaped than could be markup, a link or HTML.
    """
    flat = printable(_SPACES.sub(" ", redacted(text)).strip())
    return _IN_CELL.sub(r"\\\g<0>", html.escape(flat, quote=False))


def code(text: str) -> str:
    """A text as inline code; backticks in it are shown as quotes, as a fence would need padding."""
    flat = printable(" ".join(redacted(text).split())).replace("`", "'").replace("|", "¦")
    return f"`{flat}`" if flat else ""


def prose(text: str) -> str:
    """A message as Markdown: names between backticks become code, everything else is escaped.

    Only what cannot be markup becomes code: letters, digits, spaces and `. , : / _ -`.
    """
    parts = _NAMES.split(text)
    return "".join(code(part) if i % 2 else escaped(part, whole=False) for i, part in enumerate(parts))


def block(text: str, language: str = "") -> str:
    """A block of code, with a fence that nothing in the text can end."""
    safe = "\n".join(printable(line) for line in text.split("\n"))
    fence = "`" * max(3, 1 + max((len(run) for run in _TICKS.findall(safe)), default=0))
    return f"{fence}{language}\n{safe}\n{fence}"
