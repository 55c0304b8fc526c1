"""Making the table that a listing is, whatever kind of source it is of.

Belongs here: the spelling of paths that are not UTF-8, which names are hidden, and telling of what was
left alone. Does not belong here: how a kind of source lists.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.schemas import LISTING
from tasks.discover.globs import Globs
from tasks.discover.members import inside
from tasks.runs.logs import log_of
from tasks.runs.source import VERSION

#: What a path that is not UTF-8 starts with; no other path does.
NOT_UTF8: Final = "./"

logger = log_of("discover")


class Gathered(msgspec.Struct):
    """Columns of a listing in the making, for sources whose files have an etag.

    Attributes:
        name: the source's name.
        globs: which files count.
        skipped: what was left alone, by reason.
    """

    name: str
    globs: Globs
    paths: list[str] = msgspec.field(default_factory=list)
    sizes: list[int] = msgspec.field(default_factory=list)
    etags: list[str | None] = msgspec.field(default_factory=list)
    skipped: dict[str, list[str]] = msgspec.field(default_factory=dict)

    def wants(self, path: str) -> bool:
        """Whether the source takes the file at this path."""
        return wants(self.globs, path)

    def wants_outside(self, path: str) -> bool:
        """Whether a path that leads out would count if it did not; such ones are told of."""
        return path.endswith(self.globs.suffixes)

    def counted_path(self, name: str, outside: str) -> str | None:
        """The path of a member of an archive that counts, None of others.

        Args:
            name: the member's name, which is no folder's: folders do not count, wherever they lead.
            outside: what a name that leads out of the archive is told of as.
        """
        path = inside(name)
        if path is None and self.wants_outside(name):
            self.skip(outside, name)
        return path if path is not None and self.wants(path) else None

    def note(self, path: str, size: int, etag: str | None) -> None:
        """Add a file; without an etag its time of modification must tell a change."""
        self.paths.append(path)
        self.sizes.append(size)
        self.etags.append(etag)

    def skip(self, reason: str, path: str) -> None:
        """Leave something alone, to be told of by `table`."""
        self.skipped.setdefault(reason, []).append(path)

    def table(self, modified_at: Sequence[object] | None = None, version: str = "") -> pa.Table:
        """What was gathered, as a `LISTING` sorted bytewise by path; logs what was left alone.

        Args:
            modified_at: (files,) times in the order noted; None where the storage has none.
            version: what the files are a version of, such as a commit.
        """
        self._log_skipped()
        rows = len(self.paths)
        columns = [
            pa.repeat(pa.scalar(self.name), rows),
            spelled(self.paths),
            pa.array(self.sizes, pa.int64()),
            pa.array([None] * rows if modified_at is None else modified_at, LISTING.field("modified_at").type),
            *(pa.nulls(rows, LISTING.field(name).type) for name in ("changed_at", "inode")),
            pa.array(self.etags, pa.string()),
        ]
        table = pa.table(columns, schema=LISTING).take(pc.sort_indices(columns[1]))
        return table.replace_schema_metadata({VERSION: version.encode()} if version else None)

    def _log_skipped(self) -> None:
        for reason, paths in self.skipped.items():
            logger.warning("Source %r: left alone %d %s, such as %r.", self.name, len(paths), reason, min(paths))


def wants(globs: Globs, path: str) -> bool:
    """Whether a source with these patterns takes the file at a path: not hidden, and chosen by them."""
    return path.endswith(globs.suffixes) and not is_hidden(path) and globs.takes(path)


def is_hidden(path: str) -> bool:
    """Whether a name on the path starts with a dot."""
    return path.startswith(".") or "/." in path


def spelled(paths: Iterable[str]) -> pa.StringArray:
    """Paths as Arrow strings; those that are not UTF-8 percent-encoded behind `./` (RFC 3986)."""
    paths = list(paths)
    try:
        return pa.array(paths, pa.string())
    except UnicodeEncodeError:
        return pa.array([spell(path) for path in paths], pa.string())


def unspelled(path: str) -> str:
    """The path that a `source_path` stands for, bytes that are not UTF-8 as surrogates."""
    if path.startswith(NOT_UTF8):
        return os.fsdecode(unquote_to_bytes(path.removeprefix(NOT_UTF8)))
    return path


def spell(path: str) -> str:
    """A path as a `source_path`: itself, or where it is not UTF-8 `./` and its percent-encoded bytes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return NOT_UTF8 + quote_from_bytes(os.fsencode(path))
    return path
