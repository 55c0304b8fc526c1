"""Fields under another name: which unknown field can fill which column of the contract.

Belongs here: the choice by names and values. Does not belong here: the values that were seen (`field_shapes`), and
the lines of a contract (`suggestion`).

A field can fill a column if its values are of the column's type and most of its files lack the column. Times need no
name that is like the column's, unless it says another time; other fields do.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from config.contract_types import Column, SourcePath
from tasks.report.field_shapes import Shape

#: Names are alike from this ratio on (`difflib`).
ALIKE: Final = 0.75
#: Times of something else than the publication or the last change of the article.
_OTHER_TIME: Final = re.compile(
    r"(?i)expir|end|until|event|start|begin|deadline|due|remind|birth|death|review|valid|archiv|next|close|open"
)
_LAST_CHANGE: Final = re.compile(r"(?i)upd|mod|edit|chang|revis|maj|aktual|actual|aggiorn|geänd|geaend|bijgewerkt")
_WORD: Final = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![a-z])")
#: Mappings whose fields are those of the page itself.
_CONTAINERS: Final = frozenset({"extra", "params", "meta", "metadata", "seo", "taxonomies", "data", "attributes"})
#: Names of columns that are the last word of names of anything.
_VAGUE: Final = frozenset({"url", "path", "name", "by", "type", "image", "label", "file", "status"})
#: Longest title, in characters.
_MAX_TITLE: Final = 150


class Rename(NamedTuple):
    """A field that can fill a column.

    Attributes:
        path: of the field; `shape` its values.
        column: that it can fill.
        likeness: of the names, 0 to 1.
    """

    path: SourcePath
    shape: Shape
    column: Column
    likeness: float

    @property
    def lacking(self) -> int:
        """The files that have the field and lack the column."""
        return self.shape.lacking[self.column.name]


def renames(seen: Shape, columns: Sequence[Column]) -> list[Rename]:
    """The best field for each column that files lack, in the order of the columns; no field stands for two.

    Args:
        seen: the unknown fields, with the columns that their files lack.
        columns: those that are read from files.
    """
    known = {source for column in columns for source in column.sources}
    found = [
        rename
        for path, shape in _fields(seen, ())
        if path not in known
        for column in columns
        if seen.lacking[column.name] and _can_fill(rename := Rename(path, shape, column, likeness(path, column)), seen)
    ]
    chosen: dict[str, Rename] = {}
    taken: set[SourcePath] = set()
    for rename in sorted(found, key=lambda one: (one.likeness < ALIKE, -one.lacking, -one.likeness, one.path)):
        if rename.column.name not in chosen and rename.path not in taken:
            chosen[rename.column.name] = rename
            taken.add(rename.path)
    return [chosen[column.name] for column in columns if column.name in chosen]


def _fields(shape: Shape, path: SourcePath) -> Iterator[tuple[SourcePath, Shape]]:
    for name, below in shape.fields.items():
        yield (*path, name), below
        if below.forms == {"mapping"}:
            yield from _fields(below, (*path, name))


def _can_fill(rename: Rename, seen: Shape) -> bool:
    shape, column = rename.shape, rename.column
    if rename.lacking * 2 < shape.count or not _fits(shape, column):
        return False
    name = str(rename.path[-1])
    if column.logical == "timestamp":
        is_change = _LAST_CHANGE.search(name) is not None
        return not _OTHER_TIME.search(name) and is_change == (column.name == "updated_at")
    return rename.likeness >= ALIKE or (column.name == "title" and _may_be_title(shape, seen))


def _may_be_title(shape: Shape, seen: Shape) -> bool:
    """Whether a field looks like titles whatever its name: in most files without one, short, and never the same."""
    texts = list(shape.examples)
    is_usual = shape.lacking["title"] * 2 > seen.lacking["title"]
    return is_usual and len(texts) > 1 and any(" " in text for text in texts) and shape.longest <= _MAX_TITLE


def _fits(shape: Shape, column: Column) -> bool:
    """Whether values can be of a column's type."""
    if column.item is not None:
        items = shape.item if shape.forms == {"list"} else shape
        return not column.item.fields and items is not None and items.forms == {"text"}
    if shape.forms != {"text"} or column.logical == "object" or column.name.endswith("url"):
        return False  # An address may be that of anything, and one of the article's own would be its identity.
    return column.logical in ({"integer": "number"}.get(shape.logical, ""), shape.logical)


def likeness(path: SourcePath, column: Column) -> float:
    """How alike a field's name is to the names that a column is known by, 0 to 1."""
    if path[0] in _CONTAINERS:
        path = path[1:] or path
    name = _plain("".join(map(str, path)))
    last = (_WORD.findall(str(path[-1])) or [""])[-1].lower()
    known = {column.name, *(str(source[0]) for source in column.sources if len(source) == 1)}
    # `post_title` ends in a name of the column.
    if len(path) == 1 and last in known and last not in _VAGUE:
        return 1.0
    return max(_ratio(name, _plain(other)) for other in known)


@lru_cache(maxsize=65_536)
def _ratio(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", without_marks(name)).lower()


def without_marks(text: str) -> str:
    """A text without accents and the like: `résumé` as `resume`."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
