"""Is a snapshot on disk what its `snapshot.json` says?

Belongs here: checks of files against the list of files.
Does not belong here: checks of what the rows say (the audit of a run), and mending.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.warehouse.snapshots import INFO_NAME, DataFile, Snapshot

#: A file that was read, by device, inode and digest: snapshots share files.
Known = tuple[int, int, str]


def verify_files(snapshot: Snapshot, digests: bool = True, known: set[Known] | None = None) -> list[str]:
    """Compare a snapshot's files with its list of them.

    Args:
        snapshot: published or still staged.
        digests: read every byte too; without, sizes and Parquet footers have to do.
        known: files whose bytes need not be read again; takes those that were read.

    Returns:
        One sentence a finding, naming the file; empty where all is well.
    """
    findings = [finding for file in snapshot.info.files for finding in _check(snapshot.path, file, digests, known)]
    if not findings:
        findings.extend(_schema_drift(snapshot))
    return [*findings, *_strays(snapshot)]


def _check(root: Path, file: DataFile, digests: bool, known: set[Known] | None) -> Iterator[str]:
    """What is wrong with one file; the first finding ends it, since the rest would follow from it."""
    path = root / file.path
    try:
        status = path.lstat()
    except OSError as error:
        yield f"{file.path} is listed but cannot be found: {error.strerror}."
        return
    if not stat.S_ISREG(status.st_mode):
        yield f"{file.path} is not a plain file."
    elif status.st_size != file.bytes:
        yield f"{file.path} has {status.st_size:,} bytes, {file.bytes:,} are listed."
    else:
        key = (status.st_dev, status.st_ino, file.digest)
        if finding := _check_content(path, file, digests and not (known and key in known)):
            yield finding
        elif digests and known is not None:
            known.add(key)


def _check_content(path: Path, file: DataFile, digests: bool) -> str:
    try:
        if digests and (found := _digest(path)) != file.digest:
            return f"{file.path} was changed: its digest is {found}, {file.digest} is listed."
        rows = pq.read_metadata(path).num_rows
    except (pa.ArrowException, OSError) as error:
        return f"{file.path} cannot be read: {' '.join(str(error).split())}."
    return "" if rows == file.rows else f"{file.path} has {rows:,} rows, {file.rows:,} are listed."


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"


def _schema_drift(snapshot: Snapshot) -> Iterator[str]:
    """Files that do not have the columns and types of their table's first file: readers go wrong there."""
    for table in snapshot.tables():
        first, *others = snapshot.files(table)
        expected = pq.read_schema(snapshot.path / first.path)
        for file in others:
            if not pq.read_schema(snapshot.path / file.path).equals(expected):
                yield f"{file.path} does not have the columns and types of {first.path}."


def _strays(snapshot: Snapshot) -> Iterator[str]:
    """What readers that glob would read along, or that takes space for nothing."""
    listed = {file.path for file in snapshot.info.files} | {INFO_NAME}
    for folder, _, names in os.walk(snapshot.path):
        for name in sorted(names):
            path = Path(folder, name).relative_to(snapshot.path).as_posix()
            if path not in listed:
                yield f"{path} is not listed."
