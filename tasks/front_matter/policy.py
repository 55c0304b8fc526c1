"""The policy of reading front matter: limits, encodings, and the action for each code.

Belongs here: the settings of reading, as one value that can be pickled to worker processes.
Does not belong here: the meaning of the codes (`findings`) and the contract's rules on fields.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Final

import msgspec

from config.errors import SettingsError
from config.settings import Read

ACTIONS: Final = ("accept", "warn", "reject")

#: The action for each finding that leaves the front matter readable. All others reject the file.
DEFAULT_ACTIONS: Final[dict[str, str]] = {
    "file/empty": "warn",
    "text/byte-order-mark": "accept",
    "text/windows-1252": "warn",
    "text/byte-order-marks": "warn",
    "text/utf-16": "warn",
    "text/cr-line-ends": "warn",
    "text/hidden-character": "warn",
    "front-matter/blank-first": "warn",
    "front-matter/comment-first": "warn",
    "front-matter/long-fence": "warn",
    "front-matter/no-opening-fence": "warn",
    "front-matter/no-fence": "warn",
    "front-matter/early-end": "warn",
    "front-matter/unclosed-fence": "reject",
    "yaml/duplicate-key": "warn",
    "yaml/anchor": "reject",
    "yaml/alias": "reject",
    "yaml/tag": "reject",
    "yaml/placeholder": "warn",
    "json/duplicate-key": "warn",
}

#: Readers recurse once a level, so the limit stays far below the interpreter's.
HIGHEST_DEPTH: Final = 200


class ReadPolicy(msgspec.Struct, frozen=True):
    """How front matter is read; equal policies read equal files equally.

    Attributes:
        max_depth: most mappings and lists inside one another, the outermost counted, 1 to 200.
        max_nodes: most values in one front matter, with aliases counted as what they stand for.
        fallback_encoding: encoding of files that are not UTF-8, such as "windows-1252"; None rejects them.
        actions: code to "accept", "warn" or "reject", laid over `DEFAULT_ACTIONS`.

    Raises:
        SettingsError: an unknown code, action or encoding, or a limit out of range.
    """

    max_depth: int = 32
    max_nodes: int = 100_000
    fallback_encoding: str | None = None
    actions: Mapping[str, str] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        for code, action in self.actions.items():
            _check_known("policy code", code, tuple(DEFAULT_ACTIONS))
            _check_known(f"action for {code}", action, ACTIONS)
        _check_range("max_depth", self.max_depth, HIGHEST_DEPTH)
        _check_range("max_nodes", self.max_nodes, 100_000_000)
        try:
            codecs.lookup("utf-8" if self.fallback_encoding is None else self.fallback_encoding)
        except LookupError as error:
            wrong = f"Unknown read.fallback_encoding: {self.fallback_encoding!r}."
            raise SettingsError(wrong, "Use a name such as 'windows-1252'.") from error
        msgspec.structs.force_setattr(self, "actions", {**DEFAULT_ACTIONS, **self.actions})

    @classmethod
    def of(cls, read: Read) -> ReadPolicy:
        """The policy of the section `read` of the settings; raises as the class."""
        actions = {str(code): str(action) for code, action in read.on.items()}
        return cls(read.max_depth, read.max_nodes, read.fallback_encoding, actions)

    def action(self, code: str) -> str:
        """The action for a finding: "reject" for every code that has no choice."""
        return self.actions.get(code, "reject")


def _check_known(what: str, name: str, known: tuple[str, ...]) -> None:
    if name in known:
        return
    from difflib import get_close_matches  # noqa: PLC0415  (only errors need it)

    nearest = get_close_matches(str(name), known, n=1, cutoff=0.0)[0]
    raise SettingsError(f"Unknown {what}: {name!r}; did you mean {nearest!r}?", f"Use one of: {', '.join(known)}.")


def _check_range(name: str, value: int, highest: int) -> None:
    if not 1 <= value <= highest:
        raise SettingsError(f"read.{name} is {value}.", f"Set it to a number from 1 to {highest}.")
