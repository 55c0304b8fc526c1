"""Tar archives as a source: plain, or compressed with gzip or zstd.

Belongs here: which members count, and what they leave in the cache. Does not belong here: reading the
stream (`tasks.discover.tar_stream`), what holds for archives of all kinds (`tasks.discover.archive`).

A tar has no directory, and a compressed one cannot be entered in the middle. So a new edition is read once
from start to end; the members that count are put, one after the other, into one file of the cache, with an
index beside it. Batches read from there, and so does the next run while the archive stays as it is.
"""

from __future__ import annotations

import errno
import shutil
import tarfile
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Final, NamedTuple

import msgspec
import pyarrow as pa

from config.errors import SourceError
from config.settings import Access
from tasks.discover.archive import LINKS, OUTSIDE, REPEATED, SPECIAL, Edition, broken, edition_of, etag
from tasks.discover.cache import cache_folder, kept_to_one
from tasks.discover.globs import Globs
from tasks.discover.listing import Gathered, spell
from tasks.discover.members import inside
from tasks.discover.tar_stream import DamagedTar, open_tar
from tasks.runs.source import Content
from tasks.runs.staging import fresh_folder, read_json, write_json

#: An archive that was changed this shortly before it was unpacked may have changed once more since, under the
#: same time, in nanoseconds: some file systems count in steps of two seconds.
_TICK_NS: Final = 2_000_000_000
#: Unpacked editions of an archive that nobody has made for this long are removed, in seconds.
_FORGOTTEN: Final = 86_400
_CHUNK: Final = 1 << 20
_DAMAGED: Final = (DamagedTar, OSError, EOFError, zlib.error, pa.ArrowInvalid, ValueError)


class _DamagedCopy(Exception):
    """The unpacked copy of an archive in the cache is not what was written there."""


class _Member(NamedTuple):
    """Where a member's bytes are in the cache's file, and its etag."""

    start: int
    size: int
    etag: str


@dataclass(frozen=True)
class TarSource:
    """A tar file; small and picklable. See `tasks.runs.source.Source`.

    Attributes:
        name: the source's name in the tables.
        root: the file's real path.
        globs: which members count.
        access: limits, and the cache.
    """

    name: str
    root: str
    globs: Globs
    access: Access

    def list(self) -> pa.Table:
        """All members that count; an archive that is as it was is not opened.

        Raises:
            SourceRefused: it unpacks to too much.
            SourceError: the file is gone, damaged or not written to its end.
        """
        gathered = Gathered(self.name, self.globs)
        folder = self._unpacked(settled=True)
        with self._cache_errors(folder):
            for path, member in _index(folder).items():
                gathered.note(path, member.size, member.etag)
            gathered.skipped.update(read_json(folder / "skipped.json"))
        return gathered.table()

    def read_many(self, files: Sequence[tuple[str, str]], limit: int) -> Iterator[Content | OSError]:
        """Members as they are now, in the order of `files`.

        Raises:
            SourceError: the archive or the cache is gone or damaged.
        """
        folder = self._unpacked(settled=False)
        with self._cache_errors(folder), (folder / "bytes").open("rb") as file:
            members = _index(folder)
            for path, _ in files:
                member = members.get(path)
                if member is None:
                    yield FileNotFoundError(errno.ENOENT, "Not there any more", path)
                else:
                    yield self._content(file, member, limit)

    @contextmanager
    def _cache_errors(self, folder: Path) -> Iterator[None]:
        """Take the index from a copy that cannot be used, so that the next attempt makes it anew."""
        try:
            yield
        except (OSError, msgspec.DecodeError, _DamagedCopy) as error:
            # Where the cache cannot be written the copy cannot be made anew either: the next attempt says so.
            with suppress(OSError):
                (folder / "index.json").unlink()
            wrong = f"cannot be read: {error}" if isinstance(error, OSError) else "is damaged"
            raise SourceError(
                f"Source {self.name!r}: its unpacked copy {str(folder)!r} {wrong}.",
                "Run again; it is made anew. If that does not help, check the disk that `access.cache` is on.",
            ) from error

    def _content(self, file: IO[bytes], member: _Member, limit: int) -> Content:
        file.seek(member.start)
        wanted = min(member.size, limit + 1)
        raw = file.read(wanted)
        if len(raw) < wanted or (wanted == member.size and etag(zlib.crc32(raw), wanted) != member.etag):
            raise _DamagedCopy
        return Content(raw, member.etag)

    def _unpacked(self, *, settled: bool) -> Path:
        """The cache's folder for the archive as it is now, made if need be.

        Args:
            settled: make it anew where the archive was changed just before it was made.
        """
        edition = edition_of(self.root, self.name)
        home = cache_folder(self.access, "archives", f"{self.root}\0{self.globs!r}")
        folder = home / f"{edition.size}-{edition.modified_ns}-{edition.inode}"
        if _is_made(folder, edition, settled=settled):
            return folder
        with kept_to_one(home):
            if not _is_made(folder, edition, settled=settled):
                self._unpack(edition, folder)
        return folder

    def _unpack(self, edition: Edition, folder: Path) -> None:
        home, partial = folder.parent, folder.with_name(f"{folder.name}.partial")
        home.mkdir(mode=0o700, exist_ok=True)
        try:
            fresh_folder(partial)
            with open_tar(edition, self.name, self.access) as archive, (partial / "bytes").open("wb") as sink:
                unpacked = _Unpacked(Gathered(self.name, self.globs), sink, {})
                for member in archive:
                    unpacked.take(archive, member)
            skipped = unpacked.gathered.skipped.items()
            write_json(partial / "skipped.json", {why: [*map(spell, paths)] for why, paths in skipped})
            write_json(partial / "index.json", {spell(path): member for path, member in unpacked.members.items()})
        except _DAMAGED as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise broken(self.name, self.root, error) from error
        except SourceError:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
        _forget_others(folder)


class _Unpacked(NamedTuple):
    """An archive that is being unpacked into one file."""

    gathered: Gathered
    sink: IO[bytes]
    members: dict[str, _Member]

    def take(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        """Keep a member that counts; one of the same path that came before does not any more."""
        if member.isdir() or (path := self.gathered.counted_path(member.name, OUTSIDE)) is None:
            return
        if self.members.pop(path, None):
            self.gathered.skip(REPEATED, path)
        if member.isfile():
            self.members[path] = self._copied(archive, member)
        elif member.islnk() and (linked := self.members.get(inside(member.linkname) or "")):
            self.members[path] = linked  # a hard link: another name of a file that was packed already
        else:
            self.gathered.skip(LINKS if member.issym() or member.islnk() else SPECIAL, path)

    def _copied(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> _Member:
        content = archive.extractfile(member)
        assert content is not None, "a regular file has content"
        start, checksum = self.sink.tell(), 0
        while chunk := content.read(_CHUNK):
            checksum = zlib.crc32(chunk, checksum)
            self.sink.write(chunk)
        size = self.sink.tell() - start
        return _Member(start, size, etag(checksum, size))


def _is_made(folder: Path, edition: Edition, *, settled: bool) -> bool:
    try:
        made = (folder / "index.json").stat().st_mtime_ns
    except OSError:
        return False
    return not settled or made - edition.modified_ns > _TICK_NS


def _index(folder: Path) -> dict[str, _Member]:
    return _index_made(folder, (folder / "index.json").stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _index_made(folder: Path, _made: int) -> dict[str, _Member]:
    """The index of an unpacked archive; read once a process."""
    return {path: _Member(*member) for path, member in read_json(folder / "index.json").items()}


def _forget_others(folder: Path) -> None:
    """Remove unpacked editions that no run can still be reading."""
    for other in folder.parent.iterdir():
        if other != folder and time.time() - other.stat().st_mtime > _FORGOTTEN:
            shutil.rmtree(other, ignore_errors=True)
