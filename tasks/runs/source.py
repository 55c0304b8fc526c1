"""The interface of a source of files: all that parsing knows of where bytes come from.

Belongs here: the protocols, and reading the files of a batch through them. The kinds of source, and
how a user names one, are `tasks.discover`'s.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

import pyarrow as pa


class Content(NamedTuple):
    """A file's bytes, and the etag of just these bytes: the file may have changed since it was listed."""

    raw: bytes
    etag: str | None


class Source(Protocol):
    """A named set of files that can be listed and read; workers get it pickled."""

    @property
    def name(self) -> str:
        """The name that the tables know this source by."""
        ...

    def list(self) -> pa.Table:
        """All files now: the columns of `staging.LISTING_FIELDS`, sorted bytewise by `source_path`.

        `size` is in bytes; times, inode and etag are null where the storage has none. A file with
        neither a `modified_at` nor an etag counts as changed. What the files are a version of, such as
        a commit, may stand in the schema's metadata, under `VERSION`.

        Raises:
            SourceError: any part of the source could not be listed. A partial listing is never
                returned: files missing from it would be taken for deleted ones.
        """
        ...

    def read_many(self, files: Sequence[tuple[str, str]], limit: int) -> Iterator[Content | OSError]:
        """The content of each file, in their order; of one that is gone or unreadable, the error.

        Args:
            files: (n,) path and listed etag of each.
            limit: bytes; `limit + 1` mean that the file is longer.

        Raises:
            SourceError: the storage failed; worth another try.
        """
        ...


#: Where a listing's schema metadata says what its files are a version of.
VERSION = b"version"


class UnreadableFile(OSError):
    """One file cannot be read, whatever becomes of the others: it goes to quarantine.

    Args:
        reason: what is wrong with it.
        remedy: what to do, to be put after a colon.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(errno.EINVAL, reason)
        self.remedy = remedy


def read_files(
    rows: Sequence[Mapping[str, Any]], sources: Mapping[str, Source], limit: int
) -> Iterator[Content | OSError]:
    """The content of each file of a batch, in their order.

    Args:
        rows: (n,) with `source`, `source_path` and `etag`; those of one source follow one another.
        sources: source name to source.
        limit: bytes; `limit + 1` mean that the file is longer.

    Raises:
        SourceError: the storage failed; worth another try.
    """
    for name, files in groupby(rows, itemgetter("source")):
        yield from sources[name].read_many([(row["source_path"], row["etag"]) for row in files], limit)
