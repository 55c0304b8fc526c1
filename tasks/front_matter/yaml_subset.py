"""Read the YAML that producers of front matter really write, fast: the same tree as the reference, or nothing.

Belongs here: a strict subset of YAML, one line a node: block mappings with plain keys, block lists,
plain and one-line quoted scalars, blank lines between them. Everything else (comments, flow style,
block scalars, tabs, anchors, tags, quoted keys, duplicate keys, anything unusual or wrong) gives None
and is left to `yaml_events`, so this module reports no problems and must never guess.
Does not belong here: any leniency. A differential fuzz test holds the two readers together.

Most bytes of real collections are list items that recur in thousands of files (`related`, `images`).
So the items of a top-level list, and top-level mappings, are looked up by their exact text before
they are parsed. The subset makes that sound: every line stands for itself, so a block's meaning
depends on its own lines and its indentation only. A block that is new still has a well-known shape
(`subset_shapes`), so parsing it is one regular expression and one filled-in template.
"""

from __future__ import annotations

import re
from typing import Final

from tasks.front_matter.findings import CONTROL, Node
from tasks.front_matter.policy import ReadPolicy
from tasks.front_matter.subset_shapes import KEY, OutsideSubsetError, ShapeMemo, fill

#: Bytes of source after which a memo is emptied. Trees that callers still hold stay alive.
MEMO_BYTES: Final = 32 * 1024 * 1024

#: Bounds of the memo of scalars: characters of one, and how many.
_MAX_SCALAR: Final = 64
_MAX_SCALARS: Final = 20_000

# The expressions take more than the subset wherever that is faster (a loop over "anything but one
# character" runs several times faster than one over a class); `_scalar` and `_lines` refuse the rest.
_DOUBLE: Final = r'"[^"]*+"|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
_SINGLE: Final = r"'[^']*+(?:''[^']*+)*+'"
_PLAIN: Final = r"(?:[^ \n\-?:,\[\]{}#&*!|>'\"%@`]|-(?=[^ \n\-])).*+"  # starts with no indicator
_LINE: Final = re.compile(
    rf"^( *+(?:- )?+(?:{KEY}:(?: ++(?=[^ \n])|(?= *+$)))?+)({_DOUBLE}|{_SINGLE}|{_PLAIN}|(?<=:)) *+$", re.M
)
#: An item that is one plain scalar, in whose characters nothing has a second meaning.
_PLAIN_ITEM: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9 &'()./_-]*+(?<! )")
_ENTRY_START: Final = re.compile(rb"\n(?=[A-Za-z_])")
_BLANK_LINES: Final = re.compile(r"\n\n+")

#: Characters that YAML forbids or takes for a line break, and the tab; in ASCII, and in UTF-8.
_CONTROLS: Final = bytes(code for code in (*range(0x20), 0x7F) if code != 0x0A)
_FOREIGN: Final = re.compile(rb"\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]|\xef\xbb\xbf|\xef\xbf[\xbe\xbf]")

_ESCAPES: Final = re.compile(
    r'"[^"\\\n]*+(?:\\(?:["\\nrt]|u(?![dD][89a-fA-F])[0-9A-Fa-f]{4})[^"\\\n]*+)*+"'  # no surrogates
)
_ESCAPE: Final = re.compile(r"\\(?:u(....)|(.))")
_ESCAPED: Final = {'"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}
_NULLS: Final = frozenset(("~", "null", "Null", "NULL"))


class SubsetReader:
    """Reads documents of the subset; keeps a memo, so equal items of all documents are one object.

    Args:
        policy: documents that may exceed its limits are left to the reference.
    """

    def __init__(self, policy: ReadPolicy) -> None:
        self._max_nodes = policy.max_nodes
        # Depth: the outermost mapping is 1, its collections are 2, items that are mappings are 3.
        self._items = tuple((b" " * n + b"- ", BlockMemo(n + 2, policy.max_depth - 2)) for n in (2, 0, 4))
        self._mappings = BlockMemo(0, policy.max_depth - 1)
        self._heads = ShapeMemo(1)
        self._too_flat = policy.max_depth < 3

    def read(self, source: bytes) -> dict[str, Node] | None:
        """The raw tree of a front matter, equal to the reference's; None for a document that is left to the reference.

        Args:
            source: the front matter without its fences. Bytes, because known items need no decoding.
        """
        if b"\r" in source:
            source = source.replace(b"\r\n", b"\n")
        # A line makes two nodes at most (an item that is a mapping, and its first value).
        if self._too_flat or (len(source) >= self._max_nodes and 2 * source.count(b"\n") + 3 > self._max_nodes):
            return None
        source = source.strip(b"\n")
        if not source:
            return {}
        try:
            return self._document(source)
        except OutsideSubsetError:
            return None

    def _document(self, source: bytes) -> dict[str, Node]:
        entries = [entry.partition(b"\n") for entry in _ENTRY_START.split(source)]
        shape, values = _lines(b"\n".join([head for head, _, _ in entries]))
        keys = self._heads[shape]
        if not isinstance(keys, dict) or source.startswith(b" "):
            raise OutsideSubsetError
        tree: dict[str, Node] = dict(zip(keys, values, strict=True))
        for (_, _, block), key, prefix in zip(entries, keys, shape, strict=True):
            if block and (block := block.strip(b"\n")):
                if prefix[-1] != ":":
                    raise OutsideSubsetError
                tree[key] = self._collection(block)
        return tree

    def _collection(self, block: bytes) -> Node:
        for dash, memo in self._items:
            if block.startswith(dash):
                return [memo[item] for item in block[len(dash) :].split(b"\n" + dash)]
        if not block.startswith(b" "):
            raise OutsideSubsetError
        return self._mappings[block]


class BlockMemo(dict[bytes, Node]):
    """Source of a block to its tree; it parses a missing source, and is emptied when it is full.

    Args:
        indent: spaces that belong before the source's first line.
        depth_left: levels of collections that a block may have.
    """

    def __init__(self, indent: int, depth_left: int) -> None:
        super().__init__()
        self._indent = b" " * indent
        self._shapes = ShapeMemo(depth_left)
        self._size = 0

    def __missing__(self, source: bytes) -> Node:
        node: Node
        if _PLAIN_ITEM.fullmatch(source):
            text = source.decode()
            node = None if text in _NULLS else text
        else:
            shape, values = _lines(self._indent + source.rstrip(b"\n"))
            node = fill(self._shapes[shape], values)
        self._size += len(source)
        if self._size > MEMO_BYTES:
            self.clear()
            self._size = len(source)
        self[source] = node
        return node


def _lines(source: bytes) -> tuple[tuple[str, ...], list[str | None]]:
    """The prefix of each line (indentation, dash, key), and the value after it."""
    text = _decode(source)
    if "\n\n" in text:
        text = _BLANK_LINES.sub("\n", text)
    lines = _LINE.findall(text)
    if len(lines) != text.count("\n") + 1:
        raise OutsideSubsetError
    prefixes, sources = zip(*lines, strict=True)
    return prefixes, [
        source[1:-1] if source[:1] == '"' and "\\" not in source else _SCALARS[source] for source in sources
    ]


class _ScalarMemo(dict[str, str | None]):
    """Source of a scalar to its text: numbers, types and names recur far more often than not."""

    def __missing__(self, source: str) -> str | None:
        text = _scalar(source)
        if len(source) <= _MAX_SCALAR:
            if len(self) >= _MAX_SCALARS:
                self.clear()
            self[source] = text
        return text


_SCALARS: Final = _ScalarMemo()


def _scalar(source: str) -> str | None:
    """The text of a scalar's source, None for null."""
    first = source[:1]
    if first == '"':
        return _unescaped(source)
    if first == "'":
        return source[1:-1].replace("''", "'")
    plain = source.rstrip(" ")
    if not plain:
        return None
    if ": " in plain or " #" in plain or plain[-1] == ":":
        raise OutsideSubsetError
    return None if len(plain) <= 4 and plain in _NULLS else plain


def _unescaped(source: str) -> str:
    if not _ESCAPES.fullmatch(source):
        raise OutsideSubsetError
    text = _ESCAPE.sub(_unescape, source[1:-1])
    if CONTROL.search(text):
        raise OutsideSubsetError
    return text


def _unescape(match: re.Match[str]) -> str:
    code, letter = match.groups()
    return chr(int(code, 16)) if code else _ESCAPED[letter]


def _decode(source: bytes) -> str:
    """The source as text; characters that YAML forbids, or takes for line breaks, are left to the reference."""
    if len(source.translate(None, _CONTROLS)) != len(source) or (not source.isascii() and _FOREIGN.search(source)):
        raise OutsideSubsetError
    try:
        return source.decode()
    except UnicodeDecodeError:
        raise OutsideSubsetError from None
