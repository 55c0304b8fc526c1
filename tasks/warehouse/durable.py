"""How bytes get onto the disk for good, folders off it, and what to say when the disk refuses.

Belongs here: writing a whole new file, fsync of files and folders, removing trees, and turning the
operating system's refusals into a `WarehouseError` that says what to do.
Does not belong here: what the bytes mean, and where in the warehouse they go.

A file is durable once it *and the folder that names it* are fsynced (Linux, fsync(2)); a rename is
durable once both folders are. `durable=False` skips every fsync: for tests and benchmarks only.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from config.errors import WarehouseError
from tasks.warehouse.faults import reach

_CHUNK: Final = 1 << 20
_READ_ONLY: Final = 0o444
#: Some file systems (network and FUSE ones) have no fsync for folders; their renames need none.
_NO_FOLDER_SYNC: Final = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}

_FREE_SPACE = "Free some space, or keep fewer snapshots, and run again."
_MAKE_WRITABLE = "Make the folder writable for this user, or name another one, and run again."
_HINTS: Final[dict[int, tuple[str, str]]] = {
    errno.ENOSPC: ("the disk is full", _FREE_SPACE),
    errno.EDQUOT: ("the disk quota is used up", _FREE_SPACE),
    errno.EROFS: ("the file system is read-only", _MAKE_WRITABLE),
    errno.EACCES: ("permission denied", _MAKE_WRITABLE),
    errno.EPERM: ("permission denied", _MAKE_WRITABLE),
    errno.ENOENT: ("no such file", "`presslake verify` lists what is missing."),
    errno.EXDEV: (
        "`staging` and `snapshots` are on different file systems",
        "Put the whole warehouse on one and run again.",
    ),
}
_ANY_OTHER = "Nothing was published by this step; see to the disk and run again."


@contextmanager
def storage_errors(doing: str) -> Iterator[None]:
    """Turn an OSError of the block into a WarehouseError: what was being done, why not, what now.

    Args:
        doing: what the block does, as it goes after "Could not": "write articles/part-0.parquet".

    Raises:
        WarehouseError: in place of any OSError.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        reason, hint = _HINTS.get(error.errno or 0, (reason, _ANY_OTHER))
        raise WarehouseError(f"Could not {doing}: {reason}.", hint) from error


def write_new_file(path: Path, content: bytes | Sequence[memoryview], durable: bool = True) -> None:
    """Write a whole read-only file (0444) under a name of its own, from its bytes or pieces of them.

    What `path` named before is unlinked, never opened: it may be a hard link that older snapshots
    share. The folder is not synced: `sync_tree` does that once for many files.

    Raises:
        OSError: it could not be written; nothing is left at `path`.
    """
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _READ_ONLY)
    try:
        _fill(descriptor, [memoryview(content)] if isinstance(content, bytes) else content, durable)
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise
    finally:
        os.close(descriptor)


def _fill(descriptor: int, pieces: Sequence[memoryview], durable: bool) -> None:
    """Write all pieces, which a single `os.write` each need not do."""
    reach("file.before-write")
    for piece in pieces:
        written = 0
        while written < len(piece):
            written += os.write(descriptor, piece[written : written + _CHUNK])
            reach("file.part-written")
    reach("file.before-sync")
    if durable:
        os.fsync(descriptor)
    reach("file.after-sync")


def sync_folder(folder: Path, durable: bool = True) -> None:
    """Make the names in `folder` durable: files created, renamed and removed there.

    Raises:
        OSError: the disk failed to.
    """
    if not durable:
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def sync_tree(root: Path, durable: bool = True) -> None:
    """Make the names in `root` and in every folder below it durable, the deepest first.

    Raises:
        OSError: the disk failed to.
    """
    for folder, _, _ in os.walk(root, topdown=False):
        sync_folder(Path(folder), durable)


def remove_tree(path: Path) -> None:
    """Remove a file, link or folder with all that is in it, read-only or not; links are not followed.

    Raises:
        OSError: something could not be removed.
    """
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    try:
        shutil.rmtree(path)
    except PermissionError:
        _make_folders_writable(path)
        shutil.rmtree(path)


def _make_folders_writable(root: Path) -> None:
    """Unlinking needs a writable folder; the modes of the files do not matter."""
    root.chmod(0o700)
    for folder, names, _ in os.walk(root):
        for name in names:
            inner = Path(folder, name)
            if not inner.is_symlink():
                inner.chmod(0o700)
