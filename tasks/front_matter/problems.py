"""What can be wrong with a source file: one `Problem` a finding, with a stable code and a place.

Belongs here: the shape of a finding, the list of codes, and how a field's path is spelt.
Does not belong here: deciding whether a finding rejects the file (that is the policy's or the
contract's word) and how findings are shown.
"""

from __future__ import annotations

from typing import Final, NamedTuple

Path = tuple[str | int, ...]

#: Longest excerpt of an offending value that is kept with a finding, in characters.
MAX_VALUE: Final = 200

#: Every code that presslake can report, with what it means. Codes are stable: tables hold them.
CODES: Final[dict[str, str]] = {
    "file/unreadable": "the file could not be opened or read",
    "limit/file-size": "the file is larger than `read.max_file_bytes`",
    "limit/depth": "the front matter is nested deeper than `read.max_depth`",
    "limit/nodes": "the front matter has more values than `read.max_nodes`",
    "text/invalid-utf8": "the file is not UTF-8",
    "text/windows-1252": "the file is not UTF-8 and was read as Windows-1252",
    "text/byte-order-mark": "the file starts with a UTF-8 byte-order mark",
    "text/control-character": "the front matter holds a control character, such as NUL",
    "text/surrogate": "an escape stands for half a character (a lone surrogate)",
    "front-matter/unclosed-fence": "the fence that opens the front matter is never closed",
    "front-matter/not-a-mapping": "the front matter is not a list of `key: value` pairs",
    "yaml/syntax": "the front matter is not valid YAML",
    "yaml/duplicate-key": "a key stands twice in one mapping",
    "yaml/anchor": "an anchor (`&name`) is used",
    "yaml/alias": "an alias (`*name`) is used",
    "yaml/tag": "a tag (`!name`) is used",
    "yaml/complex-key": "a key is not a plain text",
    "yaml/multiple-documents": "the front matter holds more than one YAML document",
    "toml/syntax": "the front matter is not valid TOML",
    "json/syntax": "the front matter is not valid JSON",
    "json/duplicate-key": "a key stands twice in one object",
    "field/missing": "a required field is missing or empty",
    "field/type": "a value is not of the type that the contract gives the field",
    "field/null-item": "a list holds an empty item",
    "field/range": "a number or time is outside the contract's range",
    "field/pattern": "a text does not match the contract's pattern",
    "field/enum": "a value is not one of those the contract lists",
    "field/length": "a text or list is shorter or longer than the contract allows",
    "url/invalid": "a URL is not an absolute http(s) address",
    "time/invalid": "a time does not exist or is not written as ISO 8601",
    "time/no-zone": "a time has no zone and was taken as UTC",
}


class Problem(NamedTuple):
    """One finding in one file.

    Attributes:
        code: one of `CODES`.
        field: the field's path as `spell_path` writes it; empty for the file as a whole.
        line: 1-based line in the file; 0 where no line applies.
        column: 1-based column in characters; 0 where none applies.
        message: what is wrong, for a person, in one sentence without the place.
        value: the offending text, at most `MAX_VALUE` characters; empty where there is none.
    """

    code: str
    field: str
    line: int
    column: int
    message: str
    value: str = ""


def spell_path(path: Path) -> str:
    """Write a path as people do: `("related", 3, "webUrl")` is `related[3].webUrl`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def excerpt(value: str) -> str:
    """The start of an offending value, cut to `MAX_VALUE` characters."""
    return value if len(value) <= MAX_VALUE else value[: MAX_VALUE - 1] + "…"
