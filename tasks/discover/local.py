"""Folders of this machine as a source: which files are taken, and how they are read safely.

Belongs here: listing a folder's files, and reading one of them. Does not belong here: what the patterns mean
(`tasks.discover.listing`), what changed since the last run, and what the bytes mean.

The rules:

- Only regular files. FIFOs, devices, sockets and symbolic links (to files or folders, also to
  those inside the root) are never opened or followed; how many there were is logged. What a link
  inside the root points at is listed under its own path; what lies outside is a source of its own.
- Names that start with a dot are hidden, as in a shell: not listed, not entered. So `.git`,
  `.obsidian`, AppleDouble `._x.md` and the temporary files of rsync and editors never count. A
  hidden folder can be a source itself.
- A path that is not UTF-8 cannot stand in an Arrow string. It is listed as `./` and its
  percent-encoded bytes (RFC 3986); no other path starts with `./`, so the two never collide.
- Names that differ in case are different files. Nothing is normalised.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.errors import SourceError
from config.settings import Access
from tasks.discover.listing import Gathered, Globs, parse_path
from tasks.discover.location import ARCHIVES, SourceKind, SourceLocation, existing, expanded
from tasks.runs.source import Content

#: Folders nested deeper are refused: each level holds one file descriptor while it is listed.
MAX_DEPTH: Final = 100
#: How a folder is opened: only as one, and not through a link.
_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: should a FIFO take the file's place after the check, opening it must not wait.
_FILE_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_READ_BYTES: Final = 1 << 16
_INT64: Final = range(-(2**63), 2**63)
_DELETED: Final = (FileNotFoundError, NotADirectoryError)


class LocalSource(msgspec.Struct, frozen=True):
    """A folder as a source; small and picklable. See `tasks.runs.source.Source`.

    Attributes:
        name: the source's name in the tables.
        root: the folder's real, absolute path.
        globs: which of its files count.
    """

    name: str
    root: str
    globs: Globs

    def list(self) -> pa.Table:
        """All files now: a `LISTING` table, sorted bytewise by `source_path`.

        Raises:
            SourceError: the root is deleted, or a folder cannot be listed (no permission, I/O error,
                nested too deep). A sub-folder that is deleted meanwhile is no error.
        """
        walk = _Walk(self.name, self.globs, root=self.root)
        walk.go()
        times = {"modified_at": _times(walk.modified), "changed_at": _times(walk.changed)}
        return walk.table(inode=pa.array(walk.inodes, pa.uint64()), **times)

    def read_many(self, files: Sequence[tuple[str, str]], limit: int) -> Iterator[Content | OSError]:
        """The content of each file, in their order; of one that is missing, not regular or unreadable, the error.

        Each folder on the way is opened by itself without following links, so nothing that was
        swapped for a link or a device after the listing is followed or opened. A folder stays open
        while the files that follow are in it.
        """
        with closing(_OpenFolder(self.root)) as folder:
            for path, etag in files:
                try:
                    inside, slash, name = parse_path(path).rpartition("/")
                    _require_names(name)
                    content = Content(_read_regular(name, folder.at(inside + slash), limit), etag)
                except OSError as error:
                    yield error
                else:
                    yield content


class _Walk(Gathered, kw_only=True):
    """One pass over a source's folders that gathers columns, not objects.

    Attributes:
        root: the source's folder: its real, absolute path.
        modified, changed: mtime and ctime of each file, in nanoseconds since 1970.
        inodes: their numbers.
    """

    root: str
    modified: list[int] = msgspec.field(default_factory=list)
    changed: list[int] = msgspec.field(default_factory=list)
    inodes: list[int] = msgspec.field(default_factory=list)

    def go(self) -> None:
        """List the root and all below it.

        Raises:
            SourceError: it is deleted, or a folder cannot be listed (no permission, I/O error).
        """
        try:
            with _open_folder(self.root) as root:
                self._enter(root, "", 0)
        except OSError as error:
            raise self._failure("", error) from error

    def _enter(self, folder: int, prefix: str, depth: int) -> None:
        """List an open folder and all below it; `prefix` is its path with a `/` at the end."""
        if depth > MAX_DEPTH:
            self.skip(f"folders nested deeper than {MAX_DEPTH} (move them up, or exclude them)", prefix)
            return
        for name in self._scan(folder, prefix):
            inside = f"{prefix}{name}/"
            if not self.globs.enters(inside):
                continue
            try:
                with _open_folder(name, folder) as inner:
                    self._enter(inner, inside, depth + 1)
            except _DELETED:
                continue
            except OSError as error:
                raise self._failure(inside, error) from error

    def _scan(self, folder: int, prefix: str) -> list[str]:
        """Note the files directly in a folder; returns the names of its sub-folders.

        A listing calls this for up to a million files: one step less for each is worth a longer function.
        """
        globs, folders = self.globs, []
        suffixes, decide = globs.suffixes, globs.takes if globs.include or globs.exclude else None
        add_path, add_size, add_inode = self.paths.append, self.sizes.append, self.inodes.append
        add_modified, add_changed = self.modified.append, self.changed.append
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith("."):
                    continue
                if entry.is_file(follow_symlinks=False):
                    # Few names have capitals at their end.
                    is_named = name.endswith(suffixes) or name.lower().endswith(suffixes)
                    if is_named and (decide is None or decide(prefix + name)):
                        try:
                            status = entry.stat(follow_symlinks=False)
                        except FileNotFoundError:  # deleted meanwhile
                            continue
                        add_path(prefix + name)
                        add_size(status.st_size)
                        add_modified(status.st_mtime_ns)
                        add_changed(status.st_ctime_ns)
                        add_inode(status.st_ino)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(name)
                else:
                    self.skip("symbolic links or special files", prefix + name)
        return folders

    def _failure(self, prefix: str, error: OSError) -> SourceError:
        """The error that ends the listing, naming the folder."""
        folder = f"{self.root}/{prefix}"
        return SourceError(
            f"Source {self.name!r}: the folder {folder!r} cannot be listed: {error.strerror}.",
            "Check its permissions and that the disk is mounted, or exclude it: files missing from a"
            " listing would be taken for deleted ones.",
        )


@contextmanager
def _open_folder(name: str, parent: int | None = None) -> Iterator[int]:
    """An open folder, by its name in an open parent; a link in its place is not followed."""
    descriptor = os.open(name, _FOLDER_FLAGS, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class _OpenFolder:
    """The folder of a source that was last asked for, open.

    Args:
        root: the source's folder.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._inside: str | None = None
        self._descriptor = -1

    def at(self, inside: str) -> int:
        """The descriptor of a folder, by its path in the root with a `/` at the end; open until the next call.

        Raises:
            OSError: the path leaves the root, or there is no such folder.
        """
        if inside == self._inside:
            return self._descriptor
        self.close()
        names = inside.split("/")[:-1]
        _require_names(*names)
        self._descriptor = os.open(self._root, _FOLDER_FLAGS)
        for name in names:
            outer, self._descriptor = self._descriptor, os.open(name, _FOLDER_FLAGS, dir_fd=self._descriptor)
            os.close(outer)
        self._inside = inside
        return self._descriptor

    def close(self) -> None:
        """Close it, if one is open."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._inside, self._descriptor = None, -1


def _require_names(*names: str) -> None:
    """Refuse parts of a path with which it could leave the root."""
    for name in names:
        if name in {"", ".", ".."} or "\0" in name:
            raise OSError(errno.EINVAL, "Not a path inside the source", name)


def _times(nanoseconds: list[int]) -> pa.Array:
    """Times; null where nanoseconds since 1970 leave 64 bits (before 1677, after 2262)."""
    try:
        whole = pa.array(nanoseconds, pa.int64())
    except OverflowError:
        whole = pa.array([time if time in _INT64 else None for time in nanoseconds], pa.int64())
    return pc.divide(whole, 1000).cast(pa.timestamp("us", tz="UTC"))


def _read_regular(name: str, parent: int, limit: int) -> bytes:
    """At most `limit + 1` bytes of a regular file in an open folder."""
    _require_regular(os.stat(name, dir_fd=parent, follow_symlinks=False), name)
    file = os.open(name, _FILE_FLAGS, dir_fd=parent)
    try:
        status = os.fstat(file)
        _require_regular(status, name)
        step, left = status.st_size + 1, limit + 1
        chunks: list[bytes] = []
        while left > 0 and (chunk := os.read(file, min(step, left))):
            if len(chunk) == status.st_size and not chunks:
                return chunk  # one byte more was asked for: that was the end
            chunks.append(chunk)
            left -= len(chunk)
            step = _READ_BYTES
        return b"".join(chunks)
    finally:
        os.close(file)


def _require_regular(status: os.stat_result, name: str) -> None:
    # Looked at before opening (opening a device can have effects) and after (it may be another now).
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "Not a regular file", name)


def _parse(spec: str) -> SourceLocation:
    path = expanded(spec)
    root = existing(path)
    if not root.is_dir():
        raise SourceError(
            f"The source {str(path)!r} is not a folder, nor an archive ({', '.join(ARCHIVES)}).",
            f"Name the folder it is in: {str(path.parent)!r}",
        )
    return SourceLocation(path.name or root.name, "folder", str(root))


def _open(location: SourceLocation, globs: Globs, _access: Access) -> LocalSource:
    return LocalSource(location.name, location.root, globs)


KIND: Final = SourceKind("folder", "folders", (), _parse, _open, recognises=lambda _path: True)
