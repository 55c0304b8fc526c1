"""The interface of a source of files: all that parsing knows of where bytes come from.

Belongs here: the protocol. The kinds of source, and how a user names one, are `tasks.discover`'s.
"""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa


class Source(Protocol):
    """A named set of files that can be listed and read; workers get it pickled."""

    @property
    def name(self) -> str:
        """The name that the tables know this source by."""
        ...

    def list(self) -> pa.Table:
        """All files now: the columns of `staging.LISTING_FIELDS`, sorted bytewise by `source_path`.

        `size` is in bytes, `etag` is null where the storage has none, and a null `modified_at` means
        that the time is not known, so that the file counts as changed.

        Raises:
            SourceError: any part of the source could not be listed. A partial listing is never
                returned: files missing from it would be taken for deleted ones.
        """
        ...

    def read(self, path: str, limit: int) -> bytes:
        """The file at a `source_path`; `limit + 1` bytes mean that it is longer than `limit`.

        Raises:
            OSError: the file is gone, is not a regular file any more, or cannot be read.
        """
        ...
