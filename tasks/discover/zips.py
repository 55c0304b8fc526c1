"""Zip archives as a source, read where they are.

Belongs here: the directory of a zip file and reading its members. Does not belong here: what holds for
archives of all kinds (`tasks.discover.archive`).
"""

from __future__ import annotations

import errno
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import pyarrow as pa

from tasks.discover.archive import LINKS, REPEATED, SPECIAL, Archive, Edition, archive_kind, counted_path, etag
from tasks.discover.listing import Gathered, inside, parse_path
from tasks.discover.location import ZIPS
from tasks.runs.source import Content, UnreadableFile

_ENCRYPTED: Final = 0x1
_DAMAGED: Final = (zipfile.BadZipFile, zlib.error, EOFError)


class _Directory(NamedTuple):
    """An open zip file and its members by path; of several with one path the last."""

    file: zipfile.ZipFile
    members: dict[str, zipfile.ZipInfo]


class ZipSource(Archive):
    """A zip file."""

    def list(self) -> pa.Table:
        """All members that count, from the directory at the file's end.

        Raises:
            SourceRefused: it unpacks to too much.
            SourceError: the file is deleted, damaged or not written to its end.
        """
        edition, gathered = self.edition(), Gathered(self.name, self.globs)
        directory = self._open(edition)
        for member in directory.file.infolist():
            _note(gathered, member, directory.members)
        self.check_size(sum(gathered.sizes), edition)
        return gathered.table()

    def read_many(self, files: Sequence[tuple[str, str]], limit: int) -> Iterator[Content | OSError]:
        """Members as they are now, in the order of `files`.

        Raises:
            SourceError: the file is deleted, damaged or not written to its end.
        """
        directory = self._open(self.edition())
        for path, _ in files:
            member = directory.members.get(parse_path(path))
            yield (
                FileNotFoundError(errno.ENOENT, "Not there any more", path)
                if member is None
                else _content(directory.file, member, limit)
            )

    def _open(self, edition: Edition) -> _Directory:
        try:
            return _directory(edition)
        except (OSError, *_DAMAGED, ValueError, NotImplementedError) as error:
            raise self.broken(error) from error


@lru_cache(maxsize=4)
def _directory(edition: Edition) -> _Directory:
    """The directory of an edition; read once a process, since a batch may take less time than it."""
    file = zipfile.ZipFile(edition.path)
    named = ((inside(member.filename), member) for member in file.infolist())
    return _Directory(file, {path: member for path, member in named if path is not None})


def _note(gathered: Gathered, member: zipfile.ZipInfo, members: dict[str, zipfile.ZipInfo]) -> None:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if member.is_dir() or (path := counted_path(gathered, member.filename)) is None:
        return
    if members[path] is not member:
        gathered.skip(REPEATED, path)
    elif kind not in {0, stat.S_IFREG}:
        gathered.skip(LINKS if kind == stat.S_IFLNK else SPECIAL, path)
    else:
        gathered.note(path, member.file_size, etag(member.CRC, member.file_size))


def _content(file: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> Content | OSError:
    if member.flag_bits & _ENCRYPTED:
        return UnreadableFile("it is encrypted in its archive", "pack it without a password")
    try:
        with file.open(member) as content:
            return Content(content.read(limit + 1), etag(member.CRC, member.file_size))
    except NotImplementedError as error:
        return UnreadableFile(f"it is packed in a way that cannot be read, {error}", "pack it with deflate")
    except _DAMAGED as error:
        return UnreadableFile(f"it is damaged in its archive, {error}", "pack it again")


KIND: Final = archive_kind("zip", ZIPS, ZipSource)
