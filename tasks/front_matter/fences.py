"""Find the front matter of a file: where it starts and stops, and where the body starts.

Belongs here: byte offsets, the format that the first line announces, and fences that are written unusually.
Does not belong here: decoding, and the contents of the front matter.

A file has front matter when its first line (after an optional byte-order mark) is
- `---`: YAML, closed by a line `---` or, as in YAML itself, `...`;
- `+++`: TOML, closed by a line `+++`;
- `{`, or starts with `{` and a quoted key: a JSON object, closed by its own last brace;
- `---yaml`, `---json` or `---toml`: that format, closed by a line `---`; a comment may stand behind it (`--- # meta`);
- `;;;`, or a quoted key and a colon: the inside of a JSON object, closed by a line `;;;` (Hexo).
Fences may be followed by spaces or tabs, and lines end with LF or CRLF. A fence stands alone on its line:
`--- text` is none, and `----` none inside a `---`.

Other spellings are taken only where the lines between look like front matter, because `---` is a rule in Markdown too:
a blank line, up to three spaces or a comment before the opening fence; more dashes; no opening fence, before `---` in
YAML, or in TOML as Bartholomew writes it.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

Format = Literal["yaml", "toml", "json"]

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

BLANK_FIRST: Final = "front-matter/blank-first"
COMMENT_FIRST: Final = "front-matter/comment-first"
LONG_FENCE: Final = "front-matter/long-fence"
NO_OPENING_FENCE: Final = "front-matter/no-opening-fence"

#: Deeper, Markdown takes a line for code.
_MAX_INDENT: Final = 3

_BLANK_REST: Final = re.compile(rb"[ \t]*+\r?+(?:\n|\Z)")
_JSON_KEY: Final = rb'"(?:[^"\\\r\n]|\\.)*+"[ \t]*+:'
_JSON_START: Final = re.compile(rb"\{[ \t]*+(?:\r?\n|" + _JSON_KEY + rb")")
_JSON_OBJECT: Final = re.compile(rb"\{\s*+" + _JSON_KEY)
_JSON_INSIDE: Final = re.compile(rb"\s*+" + _JSON_KEY)
_OPENING: Final[dict[bytes, Format]] = {b"---": "yaml", b"+++": "toml"}
_LANGUAGES: Final[dict[bytes, Format]] = {b"yaml": "yaml", b"yml": "yaml", b"json": "json", b"toml": "toml"}

_BEFORE: Final = re.compile(rb"(?:\s++|<!--(?s:.*?)-->|#[^\n]*+\n)*+")
_UNUSUAL: Final = re.compile(
    rb"(?:(-{3,}+)[ \t]*+(?i:(ya?ml|json|toml)(?![^\s#]))?+|(\+\+\+|;;;))[ \t]*+(?:(?<=[ \t])#[^\n]*+)?+\r?+(?:\n|\Z)"
)
_DASHES: Final = re.compile(rb"\n-{3,}+[ \t]*+\r?+(?:\n|\Z)")
_MORE_DASHES: Final = re.compile(rb"\n-{4,}+[ \t]*+\r?+(?:\n|\Z)")

_KEY_LINE: Final = re.compile(rb"[^\s:#-][^:\n]*+:(?=\s|\Z)|[\w.\"'-]++[ \t]*+=|\[|\{|" + _JSON_KEY)
_HEAD: Final = re.compile(
    rb"(?:(?:[ \t#\[\]{}]|-[ \t]|[^\s:-][^:\n]*+:(?=[ \t\r\n])|[\w.\"'-]++[ \t]*+=)[^\n]*+(?:\n|\Z)|\r?\n)*+"
)
_TOML_HEAD: Final = re.compile(
    rb"[\w.\"'-]++[ \t]*+=[^\n]*+\n(?:(?:[\w.\"'-]++[ \t]*+=|[ \t#\[\]\"'\r])[^\n]*+\n|\n)*+"
)
_NAMES: Final = (
    rb"title|date|authors?|tags|categor(?:y|ies)|slug|layout|summary|description|lang|language|status"
    rb"|published|modified|updated|draft|permalink|keywords|publishedDateTime|pubDate"
)
_KNOWN: Final = re.compile(rb"(?im)^[ \t]*+[\"']?(" + _NAMES + rb")[\"']?[ \t]*+[:=]")
#: A head of Pelican or MultiMarkdown (`Title: …`), reStructuredText (`:title: …`), Nikola (`.. title: …`) or Org.
_BARE_LINE: Final = re.compile(
    rb"(?i)(?:\.\.[ \t]|:|\#\+)?([a-z][\w-]*+)[ \t]*+:(?=[ \t\r\n]|\Z)[^\n]*+(?:\n|\Z)|[ \t]++\S[^\n]*+(?:\n|\Z)"
)
#: What stands before such a head: the start of a comment, of code, or a line that is nearly a fence.
_BARE_START: Final = re.compile(rb"\s*+(?:<!--\s*+|(?:```|~~~)[a-z]*+[ \t]*+\r?\n|[^\w\s{\[<]{2,}+[ \t]*+\r?\n)?")
#: A conflict before the first fence.
_CONFLICT_FIRST: Final = re.compile(rb"\s*+<{7}[^\n]*+\n(?:---|\+\+\+|\{)")
_BARE_NAME: Final = re.compile(rb"(?i)" + _NAMES)


class FrontMatter(NamedTuple):
    """Byte offsets of one file's front matter.

    Attributes:
        format: the language that the front matter is written in.
        start: offset of its first byte, after the opening fence's line; at the brace for JSON without fences.
        stop: offset after its last byte, which is the line break before the closing fence.
        body: offset of the body; for JSON without fences the end of the file, since only a parser knows it.
        closed: False when no closing fence was found; the front matter is then all the rest.
        fence: the fence that closes it; empty for JSON without fences.
        line: 1-based line on which it starts.
        unusual: the code of the finding that its fences are; empty as a rule.
    """

    format: Format
    start: int
    stop: int
    body: int
    closed: bool
    fence: bytes = b"---"
    line: int = 2
    unusual: str = ""


def find_front_matter(data: bytes) -> FrontMatter | None:
    """The front matter of a file; None for a file that has none.

    Args:
        data: the whole file.
    """
    origin = _origin(data)
    fence = data[origin : origin + 3]
    language = _OPENING.get(fence)
    if language is not None and (opening := _BLANK_REST.match(data, origin + 3)):
        return _close(data, FrontMatter(language, opening.end(), 0, 0, closed=False, fence=fence))
    if _JSON_START.match(data, origin):
        return _bare_json(data, origin)
    return _find_unusual(data, origin) or _find_unopened(data, origin)


def guess_front_matter(data: bytes) -> FrontMatter | None:
    """The YAML front matter of a file, if no line inside it looks like a fence; None where that search is no help.

    Most files have no body, so a search from the end stops at once. The subset reader refuses front matter
    with a line that starts with `---` or `...`; all other guesses equal the answer of `find_front_matter`.

    Args:
        data: the whole file.
    """
    if not data.startswith(b"---\n") or (line_break := data.rfind(b"\n---\n")) < 0:
        return None
    return FrontMatter("yaml", 4, max(line_break + 1, 4), line_break + 5, closed=True)


def has_bare_metadata(data: bytes) -> bool:
    """Whether a file without front matter starts with lines `Key: value`, at least two of them with usual keys.

    Args:
        data: the whole file.
    """
    start = _BARE_START.match(data, _origin(data))
    at = start.end() if start else 0
    known: set[bytes] = set()
    while len(known) < 2 and at < len(data) and (line := _BARE_LINE.match(data, at)):
        if line[1] and _BARE_NAME.fullmatch(line[1]):
            known.add(line[1].lower())
        at = line.end()
    return len(known) > 1


def starts_with_conflict(data: bytes) -> bool:
    """Whether a file starts with a conflict marker of Git that hides its first fence."""
    return _CONFLICT_FIRST.match(data, _origin(data)) is not None


def ends_early(data: bytes, region: FrontMatter) -> bool:
    """Whether front matter ends at a line `...`, and lines that look like more of it stand before a fence."""
    if data[region.stop : region.body].strip() != b"...":
        return False
    fence = _find_fence(data, b"---", region.body - 1, len(data))
    if fence is None:
        return False
    between = data[region.body : fence[0]]
    lines = _HEAD.match(between)
    return lines is not None and lines.end() == len(between) and _KEY_LINE.match(between.lstrip()) is not None


def _origin(data: bytes) -> int:
    return len(BYTE_ORDER_MARK) if data.startswith(BYTE_ORDER_MARK) else 0


def _bare_json(data: bytes, start: int, unusual: str = "") -> FrontMatter:
    line = data.count(b"\n", 0, start) + 1
    return FrontMatter("json", start, len(data), len(data), closed=True, fence=b"", line=line, unusual=unusual)


def _find_unusual(data: bytes, origin: int) -> FrontMatter | None:
    """Front matter with something before its opening fence, or something more in its line."""
    before = _BEFORE.match(data, origin)
    at = before.end() if before else origin
    lead = data[origin:at]
    first = COMMENT_FIRST if lead.strip() else BLANK_FIRST if lead else ""
    if at - max(data.rfind(b"\n", origin, at) + 1, origin) > _MAX_INDENT:
        return None
    if _JSON_OBJECT.match(data, at):
        return _bare_json(data, at, first)
    opening = _UNUSUAL.match(data, at)
    if opening is None:
        return None
    dashes, named, other = opening.groups()
    language: Format = _LANGUAGES[named.lower()] if named else _OPENING.get(other or b"---", "json")
    unusual = first or (LONG_FENCE if dashes and len(dashes) > 3 else "")
    line = data.count(b"\n", 0, opening.end()) + 1
    region = FrontMatter(language, opening.end(), 0, 0, False, other or b"---", line, unusual)
    region = _close(data, region, lead.rpartition(b"\n")[2], len(dashes or b""))
    has_heading = any(each.lstrip().startswith(b"#") for each in lead.splitlines())
    return region if not unusual or _is_meant(data, region, needs_name=has_heading) else None


def _is_meant(data: bytes, region: FrontMatter, *, needs_name: bool) -> bool:
    """Whether what an unusual fence opens looks like front matter, not like the text between two rules.

    Args:
        needs_name: a usual key must be there; a heading before it (`# …`) could also be the article's.
    """
    if not region.closed:
        return _KNOWN.match(data, region.start) is not None
    content = data[region.start : region.stop]
    if _KNOWN.search(content):
        return True
    lines = _HEAD.match(content)
    return not needs_name and bool(content.strip()) and lines is not None and lines.end() == len(content)


def _find_unopened(data: bytes, origin: int) -> FrontMatter | None:
    """Front matter that is closed and never opened, as Hexo allows: JSON before `;;;`, YAML before `---`."""
    if (lines := _TOML_HEAD.match(data, origin)) and (closing_line := _DASHES.match(data, lines.end() - 1)):
        known = {*_KNOWN.findall(lines.group().lower())}
        region = FrontMatter("toml", origin, lines.end(), closing_line.end(), True, line=1, unusual=NO_OPENING_FENCE)
        return region if len(known) > 1 else None
    if _JSON_INSIDE.match(data, origin) and (closing := _find_fence(data, b";;;", origin, len(data))):
        return FrontMatter("json", origin, closing[0], closing[1], closed=True, fence=b";;;", line=1)
    lines = _HEAD.match(data, origin)
    closing_line = _DASHES.match(data, lines.end() - 1) if lines and lines.end() > origin else None
    if lines is None or closing_line is None:
        return None
    head = data[origin : lines.end()]
    if not _KNOWN.match(head) or len({*_KNOWN.findall(head.lower())}) < 2 or re.search(rb"\n\r?\n", head):
        return None
    return FrontMatter("yaml", origin, lines.end(), closing_line.end(), True, line=1, unusual=NO_OPENING_FENCE)


def _close(data: bytes, region: FrontMatter, indent: bytes = b"", dashes: int = 3) -> FrontMatter:
    """An opened region with its end.

    Args:
        indent: what stands before the opening fence in its line; it may stand before the closing one.
        dashes: of the opening fence; from four on, any number of them closes.
    """
    # The search starts at the opening line's own break, so that empty front matter is found too.
    start, fence = region.start, region.fence
    before = max(start - 1, 0)
    closing = _find_fence(data, fence, before, len(data))
    unusual = region.unusual
    if indent:
        closing = _find_fence(data, indent + fence, before, closing[0] if closing else len(data)) or closing
    if region.format == "yaml":
        until = closing[0] if closing else len(data)
        closing = _find_fence(data, b"...", before, until) or closing
    if fence == b"---" and (found := _find_dashes(data, start, closing, dashes)):
        closing, unusual = found, unusual or LONG_FENCE
    if closing is None:
        return region._replace(stop=len(data), body=len(data))
    stop = max(closing[0], start)
    return region._replace(stop=stop, body=closing[1], closed=True, unusual=unusual)


def _find_dashes(data: bytes, start: int, closing: tuple[int, int] | None, dashes: int) -> tuple[int, int] | None:
    """A closing fence of more dashes, before the one that was found.

    All lines before it must look like front matter, and those after it must not go on like it: else the
    fence is a slip, or underlines a heading of the body, and the reader says so.
    """
    until = closing[0] if closing else len(data)
    found = _MORE_DASHES.search(data, max(start - 1, 0), until)
    if found is None:
        return None
    lines = _HEAD.match(data, start, found.start() + 1)
    if lines is None or lines.end() < found.start() + 1 or not lines.group().strip():
        return None
    between = data[found.end() : until].strip()
    if dashes > 3 or closing is None or (between and not _KEY_LINE.match(between)):
        return found.start() + 1, found.end()
    return None


def _find_fence(data: bytes, fence: bytes, start: int, stop: int) -> tuple[int, int] | None:
    """Offsets of a fence's line and of the line after it."""
    line_break = data.find(b"\n" + fence, start, stop)
    while line_break >= 0:
        rest = _BLANK_REST.match(data, line_break + 1 + len(fence))
        if rest is not None:
            return line_break + 1, rest.end()
        line_break = data.find(b"\n" + fence, line_break + 1 + len(fence), stop)
    return None
