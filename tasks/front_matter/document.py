"""Read one source file: decode it, split it, and turn its front matter into a raw tree.

Belongs here: the order of those steps, the choice of a reader for each format, and the second reading that
finds the line and column of every value, which only files with findings pay for.
Does not belong here: the formats themselves, and types (the parse stage casts raw text by contract).
"""

from __future__ import annotations

import codecs
from contextlib import suppress
from typing import NamedTuple

from tasks.front_matter.fences import BYTE_ORDER_MARK, FrontMatter, find_front_matter, guess_front_matter
from tasks.front_matter.findings import Findings, Node, Path, Problem, StopReadingError
from tasks.front_matter.policy import ReadPolicy
from tasks.front_matter.yaml_subset import SubsetReader

#: Path to 1-based line and column in the file, columns in characters.
Locations = dict[Path, tuple[int, int]]


class Document(NamedTuple):
    """One file that has front matter.

    Attributes:
        tree: the front matter, every scalar as its text; None when it could not be read to its end.
            A file with a tree may still have `problems`. Trees share parts with those of other
            documents, so they are never changed.
        body: the exact text after the line of the closing fence; empty when not decodable.
        problems: findings that reject the file.
        warnings: findings that the policy lets pass.
    """

    tree: dict[str, Node] | None
    body: str
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


class Reader:
    """Reads files by one policy; it keeps a memo, so one reader should serve all files of a process.

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
        mapping = tree if isinstance(tree, dict) else None
        return Document(mapping, body, tuple(findings.problems), tuple(findings.warnings))

    def _read_fast(self, data: bytes, region: FrontMatter) -> tuple[dict[str, Node], str] | None:
        if self._subset is None or region.format != "yaml" or not region.closed:
            return None
        tree = self._subset.read(data[region.start : region.stop])
        try:
            return None if tree is None else (tree, data[region.body :].decode())
        except UnicodeDecodeError:
            return None

    def _read_slow(self, data: bytes, region: FrontMatter, findings: Findings) -> tuple[Node, str]:
        body = _open(data, region, findings)
        if not region.closed and self._policy.action("front-matter/unclosed-fence") == "reject":
            return None, body
        try:
            return _read_tree(region, findings, body)
        except StopReadingError:
            return None, body


def locate(data: bytes, policy: ReadPolicy) -> Locations:
    """The location of every node of a file's front matter.

    Args:
        data: the whole file.
        policy: the policy by which it was read.

    Returns:
        A scalar's location is its value's; a mapping's or list's is its key's, or in a list its first
        character's. In TOML, where only lines are looked at, it is the value's for assignments and the
        header's for tables. The empty path, the front matter itself, is always there; what could not be
        read is missing.
    """
    region = find_front_matter(data)
    if region is None:
        return {(): (1, 1)}
    findings = Findings(policy)
    offsets: dict[Path, int] = {}
    with suppress(StopReadingError):  # the offsets before the fault are there already
        _open(data, region, findings)
        _read_tree(region, findings, "", offsets)
    locations = {path: findings.location(offset) for path, offset in offsets.items()}
    locations[()] = findings.location(0)
    return locations


def location_of(locations: Locations, path: Path) -> tuple[int, int]:
    """The location of a node, or of the nearest enclosing one that has a location.

    Args:
        locations: the result of `locate`.
        path: keys and 0-based positions from the outermost mapping.
    """
    while path and path not in locations:
        path = path[:-1]
    return locations.get(path, (1, 1))


def _read_tree(
    region: FrontMatter, findings: Findings, body: str, offsets: dict[Path, int] | None = None
) -> tuple[Node, str]:
    """The tree by the reference reader of the front matter's format, and the body.

    Args:
        region: the front matter's bytes.
        findings: holds the front matter's text and takes the findings.
        body: the body, as far as it is known; only a JSON object shows where its own body starts.
        offsets: takes the offset of every node that the reader sees.

    Raises:
        StopReadingError: the front matter cannot be read; `findings` says why.
    """
    tree: Node
    # Most files are in the subset, and a check of a few by hand need not import the other readers.
    if region.format == "yaml":
        from tasks.front_matter.yaml_events import read_yaml  # noqa: PLC0415

        tree = read_yaml(findings, offsets)
    else:
        from tasks.front_matter.typed_formats import read_json, read_toml  # noqa: PLC0415

        if region.format == "toml":
            tree = read_toml(findings, offsets)
        else:
            tree, body = read_json(findings, offsets)
    if not isinstance(tree, dict):
        message = "The front matter is not a list of `key: value` pairs: write it so."
        findings.add("front-matter/not-a-mapping", 0, message)
    return tree, body


def _open(data: bytes, region: FrontMatter, findings: Findings) -> str:
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
