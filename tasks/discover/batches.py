"""Cutting a list of files into batches of about equal bytes, the unit of work of the parse stage.

Belongs here: where a batch ends, and the fingerprint by which a restarted run finds the batches it
has already finished. Does not belong here: which files need work, and what is done with a batch.

A batch ends by the rule of `tasks.arrow.cuts`, on the hash of a file's key. So when one file is added or
removed, the ends around it move, and all other batches (and their fingerprints) are those of the earlier run.
"""

from __future__ import annotations

import hashlib
import zlib
from itertools import pairwise
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.cuts import part_starts
from tasks.arrow.keys import file_keys

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

    def hashes(first: int, end: int) -> list[int]:
        keys = file_keys(files.slice(first, end - first)).to_pylist()
        return [zlib.crc32(key.encode()) for key in keys]

    least = -(-batch_bytes // batch_files)
    starts = part_starts(pc.max_element_wise(files["size"], least), batch_bytes, hashes)
    return [files.slice(start, end - start) for start, end in pairwise([*starts, len(files)])]


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
