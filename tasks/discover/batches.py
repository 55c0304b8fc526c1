"""Cutting a list of files into batches of about equal bytes, the unit of work of the parse stage.

Belongs here: where a batch ends, and the fingerprint by which a restarted run finds the batches it
has already finished. Does not belong here: which files need work, and what is done with a batch.

A batch ends where the files say so, not where a counter does. Within the second half of its
allowance it ends after the file whose key hash is smallest. So when one file is added or
removed, the ends around it move, but soon the old and the new windows overlap, both find the same
smallest hash, and from there on all batches (and their fingerprints) are those of the earlier run.
This is content-defined chunking with local minima (Bjørner, Blass, Gurevich, "Content-dependent
chunking for differential compression, the local maximum approach", 2010), on files instead of bytes.
"""

from __future__ import annotations

import hashlib
import zlib
from bisect import bisect_right
from itertools import accumulate
from typing import Final

import pyarrow as pa

#: Bytes of source files in a batch.
BATCH_BYTES: Final = 12 * 1024 * 1024

#: Files in a batch at most: each costs time however small it is.
BATCH_FILES: Final = 5_000

_TIMES: Final = ("modified_at", "changed_at")
_COLUMNS: Final = ("source", "source_path", "size", *_TIMES, "inode", "etag")


def make_batches(files: pa.Table, batch_bytes: int = BATCH_BYTES, batch_files: int = BATCH_FILES) -> list[pa.Table]:
    """Cut files into batches, in their order; each file is in exactly one.

    Args:
        files: (n,) with `source`, `source_path`, `size` (bytes); sorted, for stable batches.
        batch_bytes: the most bytes in a batch, at least 1. A larger file has a batch to itself.
        batch_files: the most files in a batch, at least 1.

    Returns:
        Slices of `files`, none empty; no batch at all where there are no files.
    """
    ends_at = list(accumulate(files["size"].to_pylist()))
    batches, start, done = [], 0, 0
    while start < len(ends_at):
        longest = min(bisect_right(ends_at, done + batch_bytes), start + batch_files)
        shortest = min(bisect_right(ends_at, done + batch_bytes // 2), start + batch_files // 2)
        end = _best_end(files, max(shortest, start + 1), max(longest, start + 1))
        batches.append(files.slice(start, end - start))
        start, done = end, ends_at[end - 1]
    return batches


def fingerprint(batch: pa.Table, salt: str) -> str:
    """Names a batch by its input: equal for equal files in equal order, on every machine.

    It is the SHA-256 of a canonical text, a JSON array in ASCII: the salt, then the columns source,
    source_path, size, modified_at and changed_at (microseconds since 1970), inode and etag. How Arrow
    lays the table out in memory, which differs by slicing and by version, does not come into it.

    Args:
        batch: (n,) with these columns; others do not count.
        salt: what else the work depends on, such as the contract's and the code's fingerprint.

    Returns:
        64 hexadecimal digits.
    """
    import json  # noqa: PLC0415  (a check of a few files has no use for it)

    values = [batch[name].cast(pa.int64()) if name in _TIMES else batch[name] for name in _COLUMNS]
    text = json.dumps([salt, *(column.to_pylist() for column in values)], separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _best_end(files: pa.Table, first: int, last: int) -> int:
    """The end between `first` and `last` whose file before it has the smallest key hash.

    Where all that is left fits, that is the end: the last batch is not cut for its own sake.
    """
    if last in (files.num_rows, first):
        return last
    window = files.slice(first - 1, last - first + 1)
    keys = zip(window["source"].to_pylist(), window["source_path"].to_pylist(), strict=True)
    hashes = [zlib.crc32(f"{source}\0{path}".encode()) for source, path in keys]
    return first + hashes.index(min(hashes))
