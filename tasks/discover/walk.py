"""Walking a folder of this machine: the paths, sizes and times of its files.

Belongs here: which files are found, by the rules of `tasks.discover.local`. Does not belong here: the table that
they become, and reading them (`tasks.discover.local`). Nothing here may import pyarrow: a walk can begin before
that is imported (`tasks.discover.ahead`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from config.errors import SourceError
from tasks.discover.globs import Globs

#: Folders nested deeper are refused: each level holds one file descriptor while it is listed.
MAX_DEPTH: Final = 100
#: How a folder is opened: only as one, and not through a link.
FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_GONE: Final = (FileNotFoundError, NotADirectoryError)


class Walk(msgspec.Struct):
    """One pass over a source's folders that gathers columns, not objects.

    Attributes:
        name: the source's name.
        root: its folder's real, absolute path.
        globs: which of its files count.
        paths: of the files, relative to the root, bytes that are not UTF-8 as surrogates.
        sizes: in bytes; `nanoseconds` since 1970 when each was modified.
        skipped: paths of links and special files.
    """

    name: str
    root: str
    globs: Globs
    paths: list[str] = msgspec.field(default_factory=list)
    sizes: list[int] = msgspec.field(default_factory=list)
    nanoseconds: list[int] = msgspec.field(default_factory=list)
    skipped: list[str] = msgspec.field(default_factory=list)

    def go(self) -> Walk:
        """List the root and all below it.

        Raises:
            SourceError: it is gone, or a folder cannot be listed (no permission, I/O error, nested too deep).
        """
        try:
            with open_folder(self.root) as root:
                self._enter(root, "", 0)
        except OSError as error:
            raise self._failure("", error) from error
        return self

    def _enter(self, folder: int, prefix: str, depth: int) -> None:
        """List an open folder and all below it; `prefix` is its path with a `/` at the end."""
        if depth > MAX_DEPTH:
            raise SourceError(
                f"Source {self.name!r}: {prefix!r} is nested deeper than {MAX_DEPTH} folders.",
                "Exclude it with an exclude pattern, or move it up.",
            )
        for name in self._scan(folder, prefix):
            inside = f"{prefix}{name}/"
            if not self.globs.enters(inside):
                continue
            try:
                with open_folder(name, folder) as inner:
                    self._enter(inner, inside, depth + 1)
            except _GONE:
                continue
            except OSError as error:
                raise self._failure(inside, error) from error

    def _scan(self, folder: int, prefix: str) -> list[str]:
        """Note the files directly in a folder; returns the names of its sub-folders.

        A million files come by here: one step less for each is worth a longer function.
        """
        globs, folders = self.globs, []
        suffixes, decide = globs.suffixes, globs.takes if globs.include or globs.exclude else None
        add_path, add_size, add_time = self.paths.append, self.sizes.append, self.nanoseconds.append
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith("."):
                    continue
                if entry.is_file(follow_symlinks=False):
                    if name.endswith(suffixes) and (decide is None or decide(prefix + name)):
                        try:
                            status = entry.stat(follow_symlinks=False)
                        except FileNotFoundError:  # deleted meanwhile
                            continue
                        add_path(prefix + name)
                        add_size(status.st_size)
                        add_time(status.st_mtime_ns)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(name)
                else:
                    self.skipped.append(prefix + name)
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
def open_folder(name: str, parent: int | None = None) -> Iterator[int]:
    """An open folder, by its name in an open parent; a link in its place is not followed."""
    descriptor = os.open(name, FOLDER_FLAGS, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
