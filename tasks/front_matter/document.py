"""Read one source file: decode it, split it, and turn its front matter into a raw tree.

Belongs here: the order of those steps, and the choice of a reader for each format.
Does not belong here: the formats themselves, and types (the parse stage casts raw text by contract).
"""

from __future__ import annotations

import codecs
from contextlib import suppress
from typing import NamedTuple

from tasks.front_matter.fences import BYTE_ORDER_MARK, FrontMatter, find_front_matter, guess_front_matter
from tasks.front_matter.findings import Findings, Node, StopReadingError
from tasks.front_matter.policy import ReadPolicy
from tasks.front_matter.problems import Path, Problem
from tasks.front_matter.yaml_subset import SubsetReader


class Document(NamedTuple):
    """One file that has front matter.

    Attributes:
        tree: the front matter, every scalar as its text; None when it could not be read to its end.
            A tree does not mean that the file is good: see `problems`. Trees share parts with those
            of other documents, so they are never changed.
        body: all that follows the line of the closing fence, exactly; empty when not decodable.
        problems: findings that reject the file.
        warnings: findings that the policy lets pass.
    """

    tree: dict[str, Node] | None
    body: str
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


class Reader:
    """Reads files by one policy; keeps a memo, so one reader per process serves all files best.

    Args:
        policy: limits, encoding and actions.
        fast: try the strict subset before the reference; both give the same trees. With it, equal
            list items of different documents are the same object, for as long as anyone holds it.
    """

    def __init__(self, policy: ReadPolicy, fast: bool = True) -> None:
        self._policy = policy
        self._subset = SubsetReader(policy) if fast else None

    def read(self, data: bytes) -> Document | None:
        """The document in a file; None for a file without front matter, which is not an article.

        Args:
            data: the whole file.
        """
        guess = guess_front_matter(data)
        if guess is not None and (read := self._read_fast(data, guess)) is not None:
            return Document(*read, (), ())
        region = find_front_matter(data)
        if region is None:
            return None
        findings = Findings(self._policy)
        _check_start(data, region, findings)
        tree: Node = None
        body = ""
        with suppress(StopReadingError):  # the findings say why
            read = None if region == guess else self._read_fast(data, region)
            tree, body = read or self._read_slow(data, region, findings)
        return Document(_mapping(tree), body, tuple(findings.problems), tuple(findings.warnings))

    def _read_fast(self, data: bytes, region: FrontMatter) -> tuple[dict[str, Node], str] | None:
        if self._subset is None or region.format != "yaml" or not region.closed:
            return None
        tree = self._subset.read(data[region.start : region.stop])
        try:
            return None if tree is None else (tree, data[region.body :].decode())
        except UnicodeDecodeError:
            return None

    def _read_slow(self, data: bytes, region: FrontMatter, findings: Findings) -> tuple[Node, str]:
        body = open_front_matter(data, region, findings)
        if not region.closed and self._policy.action("front-matter/unclosed-fence") == "reject":
            return None, body
        try:
            return read_tree(region, findings, body)
        except StopReadingError:
            return None, body


def read_tree(
    region: FrontMatter, findings: Findings, body: str, places: dict[Path, int] | None = None
) -> tuple[Node, str]:
    """The tree by the reference reader of the front matter's format, and the body.

    Args:
        region: where the front matter is.
        findings: holds the front matter's text and takes the findings.
        body: the body, as far as it is known; only a JSON object shows where its own body starts.
        places: takes the offset of every node that can be told.

    Raises:
        StopReadingError: the front matter cannot be read; `findings` says why.
    """
    tree: Node
    # Most files are in the subset, and a check of a few by hand need not import what reads the others.
    if region.format == "json":
        from tasks.front_matter.typed_formats import read_json  # noqa: PLC0415

        tree, body = read_json(findings, places)
    elif region.format == "toml":
        from tasks.front_matter.typed_formats import read_toml  # noqa: PLC0415

        tree = read_toml(findings, places)
    else:
        from tasks.front_matter.yaml_events import read_yaml  # noqa: PLC0415

        tree = read_yaml(findings, places)
    if not isinstance(tree, dict):
        message = "The front matter is not a list of `key: value` pairs: write it so."
        findings.add("front-matter/not-a-mapping", 0, message)
    return tree, body


def open_front_matter(data: bytes, region: FrontMatter, findings: Findings) -> str:
    """Decode front matter and body; `findings` gets the front matter's text.

    Returns:
        The body.

    Raises:
        StopReadingError: the file is not in an encoding that the policy knows.
    """
    front_matter, body = data[region.start : region.stop], data[region.body :]
    try:
        texts = front_matter.decode(), body.decode()
    except UnicodeDecodeError:
        texts = _decode_otherwise(data, front_matter, body, findings)
    findings.open(texts[0], 1 if region.format == "json" else 2)
    return texts[1]


def _decode_otherwise(data: bytes, front_matter: bytes, body: bytes, findings: Findings) -> tuple[str, str]:
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
        line_start = data.rfind(b"\n", 0, error.start) + 1
        column = len(data[line_start : error.start].decode()) + 1
        return data.count(b"\n", 0, error.start) + 1, column, data[error.start]
    raise AssertionError("called for a file that is UTF-8")


def _check_start(data: bytes, region: FrontMatter, findings: Findings) -> None:
    if data.startswith(BYTE_ORDER_MARK):
        message = "The file starts with a byte-order mark: save it as UTF-8 without one."
        findings.add_at("text/byte-order-mark", (1, 1), message)
    if not region.closed:
        fence = "+++" if region.format == "toml" else "---"
        message = f"The front matter is never closed: put a line `{fence}` after its last line."
        findings.add_at("front-matter/unclosed-fence", (1, 1), message)


def _mapping(tree: Node) -> dict[str, Node] | None:
    return tree if isinstance(tree, dict) else None
