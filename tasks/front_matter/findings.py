"""What can be wrong with a source file: stable codes, the shape of a finding, and the findings of one file.

Belongs here: the codes, how a field's path is written, and collecting findings while front matter is read.
Does not belong here: looking for findings, the actions by code (`policy`), and how findings are shown.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final, NamedTuple, NoReturn, TypeAlias

from tasks.front_matter.policy import ReadPolicy

#: Keys and 0-based positions from the outermost mapping to a value.
Path = tuple[str | int, ...]

#: One value of a raw tree: text exactly as the scalar says it, null, or a collection. Never changed.
Node: TypeAlias = "str | list[Node] | dict[str, Node] | None"

#: What ends a line in editors.
LINE_BREAK: Final = "\r\n|\r|\n"

#: Longest excerpt of an offending value that is kept with a finding, in characters.
MAX_VALUE: Final = 200

#: Most findings kept of one file: a hostile file must not fill the quarantine table by itself.
MAX_FINDINGS: Final = 100

#: Every code that presslake can report, with its meaning. Codes are stable: tables hold them.
CODES: Final[dict[str, str]] = {
    "file/unreadable": "the file could not be opened or read",
    "file/unprocessable": "the file could not be processed: it takes too much memory, or meets a fault of presslake",
    "file/empty": "the file is empty",
    "limit/file-size": "the file is larger than `read.max_file_bytes`",
    "limit/depth": "the front matter is nested deeper than `read.max_depth`",
    "limit/nodes": "the front matter has more values than `read.max_nodes`",
    "limit/aliases": "the aliases of the front matter stand for far more text than it has",
    "text/invalid-utf8": "the file is not UTF-8",
    "text/windows-1252": "the file is not UTF-8 and was read as Windows-1252",
    "text/byte-order-mark": "the file starts with a UTF-8 byte-order mark",
    "text/byte-order-marks": "the file starts with more than one byte-order mark",
    "text/utf-16": "the file is UTF-16",
    "text/cr-line-ends": "the lines of the file end with CR alone",
    "text/control-character": "the front matter holds a control character, such as NUL",
    "text/hidden-character": "a key hides a character that nobody can see, such as a no-break space",
    "text/conflict-marker": "a conflict marker of Git was left in the front matter",
    "text/surrogate": "an escape stands for half a character (a lone surrogate)",
    "front-matter/blank-first": "a blank line or space stands before the front matter",
    "front-matter/comment-first": "a comment stands before the front matter",
    "front-matter/long-fence": "a fence of the front matter has more than three dashes",
    "front-matter/no-opening-fence": "the fence that closes the front matter was never opened",
    "front-matter/no-fence": "the file starts with metadata that have no fences, and is not read",
    "front-matter/early-end": "the front matter ends at `...`, and more of it follows",
    "front-matter/unclosed-fence": "the fence that opens the front matter is never closed",
    "front-matter/not-a-mapping": "the front matter is not a list of `key: value` pairs",
    "front-matter/section": "the page describes a section of the site (`_index.md`), and is no article",
    "front-matter/redirect": "the page without a title only sends its reader to another one",
    "yaml/syntax": "the front matter is not valid YAML",
    "yaml/duplicate-key": "a key stands twice in one mapping; the last one counts",
    "yaml/anchor": "an anchor (`&name`) is used",
    "yaml/alias": "an alias (`*name`) is used",
    "yaml/tag": "a tag (`!name`) is used",
    "yaml/placeholder": "a template's `{{ … }}` stands without quotes, and is read as text",
    "yaml/complex-key": "a key is not a plain text",
    "yaml/multiple-documents": "the front matter holds more than one YAML document",
    "toml/syntax": "the front matter is not valid TOML",
    "json/syntax": "the front matter is not valid JSON",
    "json/duplicate-key": "a key stands twice in one object; the last one counts",
    "field/missing": "a required field is missing or empty",
    "field/type": "a value is not of the type that the contract gives the field",
    "field/null-item": "a list holds an empty item",
    "field/range": "a number or time is outside the contract's range",
    "field/pattern": "a text does not match the contract's pattern",
    "field/enum": "a value is not one of those the contract lists",
    "field/length": "a text or list is shorter or longer than the contract allows",
    "url/invalid": "a URL is not an absolute http(s) address",
    "time/invalid": "a text is no time that exists",
    "time/ambiguous": "a date may be read day first or month first",
    "time/no-zone": "a time has no zone and was taken in the contract's default zone",
}

#: Characters that a text cannot hold, raw or by an escape.
CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
#: Characters that look like a space, or like nothing; not those that join letters in some scripts.
_HIDDEN: Final = re.compile("[\xa0\xad\u1680\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff]")
_SPACES: Final = re.compile("[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_CONFLICT: Final = re.compile(r"^(?:<{7}|>{7})(?=[ \t\r]|$)", re.MULTILINE)
_HALF_CHARACTER: Final = "An escape stands for half a character (a lone surrogate): write the character itself."


class Problem(NamedTuple):
    """One finding in one file.

    Attributes:
        code: one of `CODES`.
        field: the field's path as `format_path` writes it; empty for the file as a whole.
        line: 1-based line in the file; 0 where no line applies.
        column: 1-based column in characters; 0 where none applies.
        message: the fault and its remedy in one sentence, without the location.
        value: the offending text, at most `MAX_VALUE` characters; empty where there is none.
    """

    code: str
    field: str
    line: int
    column: int
    message: str
    value: str = ""


class StopReadingError(Exception):
    """A finding makes the rest of the front matter unreadable; it is in `Findings` already."""


class Findings:
    """The findings of one file, in the order in which they were met.

    Args:
        policy: says which findings reject the file.
        text: the front matter, without fences, in which offsets count.
        first_line: 1-based line of the file on which `text` starts (at its first column).
    """

    def __init__(self, policy: ReadPolicy, text: str = "", first_line: int = 1) -> None:
        self.policy = policy
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.open(text, first_line)

    def open(self, text: str, first_line: int) -> None:
        """Set the front matter in which offsets count from now on."""
        self.text = text
        self._first_line = first_line
        self._line_starts: list[int] | None = None

    def location(self, offset: int) -> tuple[int, int]:
        """1-based line and column in the file, in characters, of an offset in the front matter."""
        if self._line_starts is None:
            self._line_starts = [0, *(line_break.end() for line_break in re.finditer(LINE_BREAK, self.text))]
        line = bisect_right(self._line_starts, offset) - 1
        return self._first_line + line, offset - self._line_starts[line] + 1

    def add(self, code: str, offset: int, message: str, path: Path = (), value: str = "") -> None:
        """Add a finding at an offset in the front matter."""
        self.add_at(code, self.location(offset), message, path, value)

    def add_at(self, code: str, location: tuple[int, int], message: str, path: Path = (), value: str = "") -> None:
        """Add a finding at a line and column of the file, unless the policy accepts it."""
        action = self.policy.action(code)
        found = self.problems if action == "reject" else self.warnings
        if action != "accept" and len(found) < MAX_FINDINGS:
            found.append(Problem(code, format_path(path), *location, message, excerpt(value)))

    def add_syntax(self, code: str, offset: int, message: str, path: Path = (), value: str = "") -> None:
        """Add the finding that the text is not in its format, or what is the cause of that."""
        if marker := _CONFLICT.search(self.text):
            message = "A conflict marker of Git was left in: keep one of the versions, and delete the markers."
            self.add("text/conflict-marker", marker.start(), message, value=marker.group())
            return
        start = self.text.rfind("\n", 0, offset) + 1
        line = self.text[start:].partition("\n")[0]
        if hidden := _HIDDEN.search(line.partition(":")[0]):
            message = f"The line hides the character {_name(hidden[0])}, which nobody can see: delete it."
            offset = start + hidden.start()
        self.add(code, offset, message, path, value)

    def key(self, key: str, offset: int, path: Path = ()) -> str:
        """A key without characters that nobody can see, which are a finding."""
        if key.isascii() or not (hidden := _HIDDEN.search(key)):
            return key
        clean = _HIDDEN.sub("", _SPACES.sub(" ", key)).strip()
        message = f"The key `{clean}` hides the character {_name(hidden[0])}, which nobody can see: delete it."
        self.add("text/hidden-character", offset, message, (*path, clean), key)
        return clean

    def add_control(self, character: str, offset: int, path: Path = ()) -> None:
        """Add the finding that an escape stands for a control character."""
        message = f"An escape stands for the control character {_name(character)}, which nobody can see: delete it."
        self.add("text/control-character", offset, message, path, _name(character))

    def add_surrogate(self, offset: int, path: Path = ()) -> None:
        """Add the finding that an escape stands for half a character."""
        self.add("text/surrogate", offset, _HALF_CHARACTER, path)

    def text_without(self, characters: re.Pattern[str]) -> str:
        """The front matter with U+FFFD for forbidden characters, so that its other findings come out too.

        The first of these characters is a finding.
        """
        first = characters.search(self.text)
        if first is None:
            return self.text
        name = _name(first.group())
        message = f"The front matter holds the control character {name}, which nobody can see: delete it."
        self.add("text/control-character", first.start(), message, value=name)
        return characters.sub("\ufffd", self.text)

    def stop_at_depth(self, offset: int = 0, path: Path = ()) -> NoReturn:
        """Add the finding that a collection is nested too deep, and raise `StopReadingError`."""
        message = f"The front matter is nested deeper than {self.policy.max_depth} levels: flatten it."
        self.add("limit/depth", offset, message, path)
        raise StopReadingError

    def stop_at_nodes(self, offset: int = 0, path: Path = ()) -> NoReturn:
        """Add the finding that there are too many values, and raise `StopReadingError`."""
        message = f"The front matter has more than {self.policy.max_nodes} values: split or shorten it."
        self.add("limit/nodes", offset, message, path)
        raise StopReadingError

    def stop_at_aliases(self, offset: int, path: Path = ()) -> NoReturn:
        """Add the finding that aliases stand for too much text, and raise `StopReadingError`."""
        message = "The aliases stand for far more text than the front matter has: write the values out."
        self.add("limit/aliases", offset, message, path)
        raise StopReadingError


def _name(character: str) -> str:
    return f"U+{ord(character):04X}"


def format_path(path: Path) -> str:
    """A path as people write it: `("related", 3, "webUrl")` is `related[3].webUrl`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def excerpt(value: str) -> str:
    """The start of an offending value, cut to `MAX_VALUE` characters."""
    return value if len(value) <= MAX_VALUE else value[: MAX_VALUE - 1] + "…"
