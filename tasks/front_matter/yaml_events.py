"""Read YAML front matter into a raw tree from the parser's events: the reference for the meaning of YAML.

Belongs here: everything that YAML allows, with a finding and its location for the limits of the policy.
Does not belong here: types. Every scalar is its exact text; only a plain `~`, `null` or nothing is null.

Working on events, not on PyYAML's loaders, means that no tag is ever resolved, no object is ever
built, and depth and size are checked while reading, before they cost anything.
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from tasks.front_matter.findings import CONTROL, Findings, Node, Path, StopReadingError

_Loader: Final[Any] = getattr(yaml, "CLoader", yaml.Loader)  # without libyaml: the same, slower

#: Tags of the types that every YAML reader knows (`!!str "2020"`): they change no text, and the contract types it.
_CORE_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "timestamp", "seq", "map")
)
_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))

#: Characters that a YAML stream must not hold (YAML 1.1, section 5.1, `c-printable`, and U+FEFF, which libyaml takes).
_UNPRINTABLE: Final = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: An escape of half a character, and half a character.
_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
#: Longest front matter with halves of characters that is read by the slow loader, which puts up with them.
_MAX_SLOW: Final = 1_000_000
#: Aliases may stand for so many times the characters of their front matter, and for so many in any case.
_ALIAS_SHARE: Final = 10
_ALIAS_LEAST: Final = 65_536
#: Parts of libyaml's messages, and the message for the author of the file.
_EXPLANATIONS: Final = {
    "mapping values are not allowed": "A `: ` stands where no key can be: put the value in quotes, "
    "or indent the line like its neighbours.",
    "could not find expected ':'": "This line is not `key: value`: add the colon, or indent or quote the text.",
    "cannot start any token": "A value cannot start with this character: put it in quotes; if it is a tab, use spaces.",
    "found unexpected end of stream": "A quote is opened here and never closed: close it.",
    "found unknown escape": 'An escape is unknown in "…": write `\\\\` for a backslash, or use single quotes.',
    "did not find expected key": "The line does not fit the lines above: check its indentation and quotes.",
    "did not find expected '-'": "A list ends where no key can be: check the indentation.",
    "did not find expected ','": "A `[…]` or `{…}` is not closed or misses a comma: close it.",
}


def read_yaml(findings: Findings, offsets: dict[Path, int] | None = None) -> Node:
    """The raw tree of `findings.text`; an empty one is an empty mapping.

    Args:
        findings: holds the text, takes the findings, knows the policy.
        offsets: takes the offset of every node: of scalars, and of the keys (or dashes' contents, in
            lists) of mappings and lists.

    Raises:
        StopReadingError: the rest cannot be read; `findings` says why.
    """
    text = findings.text_without(_UNPRINTABLE)
    # libyaml refuses half a character even where its other half follows.
    has_halves = len(text) <= _MAX_SLOW and _HALF.search(text) is not None
    loader = (yaml.Loader if has_halves else _Loader)(text)
    try:
        return _EventReader(loader, findings, offsets).document()
    except yaml.YAMLError as error:
        _add_syntax(error, findings)
        raise StopReadingError from error
    finally:
        loader.dispose()


def _add_syntax(error: yaml.YAMLError, findings: Findings) -> None:
    problem = str(getattr(error, "problem", None) or error)
    mark = getattr(error, "problem_mark", None)
    if "end of stream" in problem:
        mark = getattr(error, "context_mark", None) or mark
    offset = min(mark.index, len(findings.text)) if mark is not None else 0
    if "invalid Unicode character escape" in problem:
        findings.add_surrogate(offset)
        return
    for said, explanation in _EXPLANATIONS.items():
        if said in problem:
            findings.add_syntax("yaml/syntax", offset, explanation)
            return
    findings.add_syntax("yaml/syntax", offset, f"The YAML cannot be read ({problem}): correct the line.")


class _EventReader:
    """One pass over the events of one document; recursion is bounded by the policy's depth."""

    __slots__ = (
        "_aliased",
        "_anchors",
        "_characters",
        "_findings",
        "_max_depth",
        "_max_nodes",
        "_next",
        "_nodes",
        "_offsets",
        "_path",
    )

    def __init__(self, loader: Any, findings: Findings, offsets: dict[Path, int] | None) -> None:
        self._next = loader.get_event
        self._findings = findings
        self._offsets = offsets
        self._max_depth = findings.policy.max_depth
        self._max_nodes = findings.policy.max_nodes
        self._nodes = self._characters = self._aliased = 0
        self._path: list[str | int] = []
        self._anchors: dict[str, tuple[Node, int, int]] = {}

    def document(self) -> Node:
        self._next()  # the stream's start
        if type(self._next()) is yaml.StreamEndEvent:
            return {}
        tree = self._node(self._next(), 1)
        self._next()  # the document's end
        following = self._next()
        if type(following) is not yaml.StreamEndEvent:
            message = "A second YAML document starts inside the front matter: keep one, or indent the text."
            self._add("yaml/multiple-documents", following, message)
        return tree

    def _node(self, event: Any, depth: int) -> Node:
        """The node that starts with `event`; `depth` is its own, should it be a collection."""
        kind = type(event)
        self._count(event, 1)
        before = self._nodes, self._characters
        if self._offsets is not None and kind is yaml.ScalarEvent:
            self._offsets[tuple(self._path)] = event.start_mark.index
        if kind is yaml.AliasEvent:
            return self._alias(event, depth)
        if event.tag is not None and event.tag not in _CORE_TAGS:
            self._add("yaml/tag", event, f"The tag `{event.tag}` has no effect here: delete it.", event.tag)
        node: Node
        if kind is yaml.ScalarEvent:
            node = None if event.implicit[0] and event.value in _NULLS else self._text(event)
        else:
            self._check_depth(event, depth)
            if kind is yaml.MappingStartEvent and self._findings.text.startswith("{{", event.start_mark.index):
                return self._placeholder(event)
            node = self._mapping(depth) if kind is yaml.MappingStartEvent else self._list(depth)
        if event.anchor is not None:
            message = f"The anchor `&{event.anchor}` is used: delete it, and write values out."
            self._add("yaml/anchor", event, message, f"&{event.anchor}")
            self._anchors[event.anchor] = (node, self._nodes - before[0] + 1, self._characters - before[1])
        return node

    def _placeholder(self, start: Any) -> str:
        """The text of `{{ … }}`, which templates mean as text and YAML as a mapping whose key is a mapping."""
        depth, event = 1, start
        while depth:
            event = self._next()
            self._count(event, 1)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        text = self._findings.text[start.start_mark.index : event.end_mark.index]
        self._add("yaml/placeholder", start, f"`{text}` is a template's placeholder: put it in quotes.", text)
        return text

    def _mapping(self, depth: int) -> dict[str, Node]:
        tree: dict[str, Node] = {}
        path = self._path
        event = self._next()
        while type(event) is not yaml.MappingEndEvent:
            key = self._key(event, depth)
            path.append(key)
            if key in tree:
                message = f"The key `{key}` stands a second time, and the last one counts: keep one of them."
                self._add("yaml/duplicate-key", event, message, key)
            value = self._next()
            if self._offsets is not None:
                self._offsets[tuple(path)] = event.start_mark.index
            tree[key] = self._node(value, depth + 1)
            path.pop()
            event = self._next()
        return tree

    def _list(self, depth: int) -> list[Node]:
        items: list[Node] = []
        path = self._path
        event = self._next()
        while type(event) is not yaml.SequenceEndEvent:
            path.append(len(items))
            if self._offsets is not None:
                self._offsets[tuple(path)] = event.start_mark.index
            items.append(self._node(event, depth + 1))
            path.pop()
            event = self._next()
        return items

    def _key(self, event: Any, depth: int) -> str:
        """The key's text; a finding and a stand-in for a key that is no text."""
        if type(event) is yaml.ScalarEvent and event.tag is None and event.anchor is None:
            mark: Any = event.start_mark
            return self._findings.key(self._text(event), mark.index, tuple(self._path))
        offsets, self._offsets = self._offsets, None
        key = self._node(event, depth + 1)
        self._offsets = offsets
        if isinstance(key, list | dict):
            message = "A key is a list or a mapping: write it as plain text, or quote it."
            self._add("yaml/complex-key", event, message)
        return key if isinstance(key, str) else getattr(event, "value", "")

    def _text(self, event: Any) -> str:
        """A scalar's text: both halves of a character as one, U+FFFD with a finding for a lone half."""
        text = str(event.value)
        self._characters += len(text)
        if not text.isprintable() and (control := CONTROL.search(text)):
            self._findings.add_control(control[0], event.start_mark.index, tuple(self._path))
        if text.isascii() or _SURROGATE.search(text) is None:
            return text
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if "\ufffd" in text:
            self._findings.add_surrogate(event.start_mark.index, tuple(self._path))
        return text

    def _alias(self, event: Any, depth: int) -> Node:
        name = event.anchor
        if name not in self._anchors:
            message = f"The alias `*{name}` names no anchor: put the value in quotes."
            self._add("yaml/syntax", event, message, f"*{name}")
            return None
        message = f"The alias `*{name}` is used: write the value out, or put it in quotes."
        self._add("yaml/alias", event, message, f"*{name}")
        node, size, characters = self._anchors[name]
        self._count(event, size - 1)
        self._characters += characters
        self._aliased += characters
        if self._aliased > max(_ALIAS_SHARE * len(self._findings.text), _ALIAS_LEAST):
            self._findings.stop_at_aliases(event.start_mark.index, tuple(self._path))
        if isinstance(node, list | dict):
            self._check_depth(event, depth + _height(node) - 1)
        return node

    def _count(self, event: Any, more: int) -> None:
        self._nodes += more
        if self._nodes > self._max_nodes:
            self._findings.stop_at_nodes(event.start_mark.index, tuple(self._path))

    def _check_depth(self, event: Any, depth: int) -> None:
        if depth > self._max_depth:
            self._findings.stop_at_depth(event.start_mark.index, tuple(self._path))

    def _add(self, code: str, event: Any, message: str, value: str = "") -> None:
        self._findings.add(code, event.start_mark.index, message, tuple(self._path), value)


def _height(node: Node) -> int:
    """Levels of collections in a tree that is within the depth limit."""
    if node is None or isinstance(node, str):
        return 0
    return 1 + max(map(_height, node.values() if isinstance(node, dict) else node), default=0)
