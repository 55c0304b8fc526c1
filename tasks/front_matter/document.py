"""Read one source file: decode it, split it, and turn its front matter into a raw tree.

Belongs here: the order of those steps, the choice of a reader for each format, and the second reading that
finds the line and column of every value, which only files with findings pay for.
Does not belong here: the formats themselves, and types (the parse stage casts raw text by contract).
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Final, NamedTuple

from tasks.front_matter.encodings import Text, decode_otherwise, open_text
from tasks.front_matter.fences import (
    BLANK_FIRST,
    COMMENT_FIRST,
    LONG_FENCE,
    NO_OPENING_FENCE,
    FrontMatter,
    ends_early,
    find_front_matter,
    guess_front_matter,
    has_bare_metadata,
    starts_with_conflict,
)
from tasks.front_matter.findings import Findings, Node, Path, Problem, StopReadingError
from tasks.front_matter.policy import ReadPolicy
from tasks.front_matter.yaml_subset import SubsetReader

#: Path to 1-based line and column in the file, columns in characters.
Locations = dict[Path, tuple[int, int]]

_UNUSUAL: Final = {
    BLANK_FIRST: "A blank line or space stands before the front matter: start the file with its first fence.",
    COMMENT_FIRST: "A comment stands before the front matter: start the file with its first fence.",
    LONG_FENCE: "A fence of the front matter has more than three dashes: write `---`.",
    NO_OPENING_FENCE: "The front matter is closed and never opened: put a line `---` before it.",
}
_NO_FENCE: Final = (
    "The file starts with metadata that have no fences, so it is not read: put a line `---` before and after them."
)


class Document(NamedTuple):
    """One file that has front matter.

    Attributes:
        tree: the front matter, every scalar as its text; None when it could not be read to its end.
            A file with a tree may still have `problems`; one with neither has metadata that are not read.
            Trees share parts with those of other documents, so they are never changed.
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
        text = open_text(data)
        region = find_front_matter(text.lines)
        findings = Findings(self._policy)
        if region is None:
            return _without_front_matter(text, findings)
        _check_start(text, region, findings)
        tree: Node = None
        body = ""
        with suppress(StopReadingError):  # the findings say why
            read = None if region == guess else self._read_fast(text.data, region)
            tree, body = read or self._read_slow(text, region, findings)
        # What aliases stand for may be far more than the file: of one that is rejected for them nothing is kept.
        is_rejected = any(problem.code == "yaml/alias" for problem in findings.problems)
        mapping = tree if isinstance(tree, dict) and not is_rejected else None
        return Document(mapping, body, tuple(findings.problems), tuple(findings.warnings))

    def _read_fast(self, data: bytes, region: FrontMatter) -> tuple[dict[str, Node], str] | None:
        if self._subset is None or region.format != "yaml" or not region.closed:
            return None
        tree = self._subset.read(data[region.start : region.stop])
        try:
            return None if tree is None else (tree, data[region.body :].decode())
        except UnicodeDecodeError:
            return None

    def _read_slow(self, text: Text, region: FrontMatter, findings: Findings) -> tuple[Node, str]:
        body = _open(text, region, findings)
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
    text = open_text(data)
    region = find_front_matter(text.lines)
    if region is None:
        return {(): (1, 1)}
    findings = Findings(policy)
    offsets: dict[Path, int] = {}
    with suppress(StopReadingError):  # the offsets before the fault are there already
        _open(text, region, findings)
        _read_tree(region, findings, "", offsets)
    locations = {path: findings.location(offset) for path, offset in offsets.items()}
    locations[()] = max(findings.location(0), (1, 1))
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
    if region.format == "yaml" and not _is_json(findings.text):
        from tasks.front_matter.yaml_events import read_yaml  # noqa: PLC0415

        tree = read_yaml(findings, offsets)
    else:
        from tasks.front_matter.typed_formats import read_json, read_toml  # noqa: PLC0415

        if region.format == "toml":
            tree = read_toml(findings, offsets)
        else:
            tree, rest = read_json(findings, offsets)
            body = body if region.fence else rest
            if region.fence and rest.strip():
                message = "Text follows the closing brace: put it after the closing fence."
                findings.add("json/syntax", findings.text.rfind(rest.strip()), message)
    if not isinstance(tree, dict):
        message = "The front matter is not a list of `key: value` pairs: write it so."
        findings.add("front-matter/not-a-mapping", 0, message)
    return tree, body


def _is_json(text: str) -> bool:
    """Whether YAML front matter is a JSON object; not all of JSON is YAML."""
    if not text.lstrip().startswith("{"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _open(file: Text, region: FrontMatter, findings: Findings) -> str:
    """Decode front matter and body; `findings` gets the front matter's text.

    Returns:
        The body.

    Raises:
        StopReadingError: the file is not in an encoding that the policy knows.
    """
    front_matter, body = file.lines[region.start : region.stop], file.data[region.body :]
    try:
        texts = front_matter.decode(), body.decode()
    except UnicodeDecodeError:
        texts = decode_otherwise(file.data, front_matter, body, findings)
    if region.fence == b";;;":  # the braces are left out
        findings.open(f"{{\n{texts[0]}\n}}", region.line - 1)
    else:
        findings.open(texts[0], region.line)
    return texts[1]


def _without_front_matter(text: Text, findings: Findings) -> Document | None:
    if starts_with_conflict(text.lines):
        message = "A conflict marker of Git stands before the front matter: keep one version, and delete the markers."
        findings.add_at("text/conflict-marker", (1, 1), message)
        return Document(None, "", tuple(findings.problems), ())
    if not text.lines.strip():
        findings.add_at("file/empty", (1, 1), "The file is empty: write it again, or delete it.")
    elif has_bare_metadata(text.lines):
        findings.add_at("front-matter/no-fence", (1, 1), _NO_FENCE)
    found = findings.problems or findings.warnings
    return Document(None, "", tuple(findings.problems), tuple(findings.warnings)) if found else None


def _check_start(text: Text, region: FrontMatter, findings: Findings) -> None:
    for code, message in text.unusual:
        findings.add_at(code, (1, 1), message)
    if region.unusual:
        findings.add_at(region.unusual, (1, 1), _UNUSUAL[region.unusual])
    if ends_early(text.lines, region):
        line = region.line + text.lines[region.start : region.stop].count(b"\n")
        message = "The front matter ends at this `...`, and the fields below it are not read: delete the line."
        findings.add_at("front-matter/early-end", (line, 1), message)
    if not region.closed:
        fence = region.fence.decode()
        message = f"The front matter is never closed: put a line `{fence}` after its last line."
        findings.add_at("front-matter/unclosed-fence", (1, 1), message)
