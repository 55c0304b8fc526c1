"""Tar archives as a source: plain, or compressed with gzip or zstd.

Belongs here: reading the stream to its very end, which members count, and what they leave in the cache. Does not
belong here: what holds for archives of all kinds (`tasks.discover.archive`).

A tar has no directory, and a compressed one cannot be entered in the middle. So a new edition is read once
from start to end; the members that count are put, one after the other, into one file of the cache, with an
index beside it. Batches read from there, and so does the next run while the archive stays as it is.

`tarfile` takes an archive that stops in the middle, or goes on with rubbish, for one that ends there.
For a source that would be a partial listing: files missing from it would be taken for deleted ones.
"""

from __future__ import annotations

import errno
import gzip
import shutil
import tarfile
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, Self

import msgspec
import pyarrow as pa

from config.errors import SourceError
from tasks.discover.archive import LINKS, REPEATED, SPECIAL, Archive, Edition, archive_kind, counted_path, etag
from tasks.discover.cache import cache_folder, kept_to_one
from tasks.discover.listing import Gathered, format_path, inside
from tasks.discover.location import TARS
from tasks.runs.source import Content
from tasks.runs.staging import fresh_folder, read_json, write_json

#: An archive that was changed this shortly before it was unpacked may have changed once more since, under the
#: same time, in nanoseconds: some file systems count in steps of two seconds.
_TICK_NS: Final = 2_000_000_000
#: Unpacked editions of an archive that nobody has made for this long are removed, in seconds.
_FORGOTTEN: Final = 86_400
_CHUNK: Final = 1 << 20
#: Headers that only carry a long name or further fields; `tarfile` reads their content into memory.
_CARRIERS: Final = frozenset(
    {tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK}
)
_MOST_CARRIED: Final = 1 << 20


class _DamagedTar(Exception):
    """The archive is no tar, or not whole."""


class _DamagedCopy(Exception):
    """The unpacked copy of an archive in the cache is not what was written there."""


class _Member(NamedTuple):
    """Where a member's bytes are in the cache's file, and its etag."""

    start: int
    size: int
    etag: str


_DAMAGED: Final = (_DamagedTar, OSError, EOFError, zlib.error, pa.ArrowInvalid, ValueError)


class TarSource(Archive):
    """A tar file."""

    def list(self) -> pa.Table:
        """All members that count; an archive that is as it was is not opened.

        Raises:
            SourceRefused: it unpacks to too much.
            SourceError: the file is deleted, damaged or not written to its end.
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
            SourceError: the archive or the cache is deleted or damaged.
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
        """Take the index from a copy that cannot be used, so that the next attempt makes it again."""
        try:
            yield
        except (OSError, msgspec.DecodeError, _DamagedCopy) as error:
            # Where the cache cannot be written the copy cannot be made again either: the next attempt says so.
            with suppress(OSError):
                (folder / "index.json").unlink()
            wrong = f"cannot be read: {error}" if isinstance(error, OSError) else "is damaged"
            raise SourceError(
                f"Source {self.name!r}: its unpacked copy {str(folder)!r} {wrong}.",
                "Run again; it is made again. If that does not help, check the disk that `access.cache` is on.",
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
            settled: make it again where the archive was changed just before it was made.
        """
        edition = self.edition()
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
            with _open_tar(self, edition) as archive, (partial / "bytes").open("wb") as sink:
                unpacked = _Unpacked(Gathered(self.name, self.globs), sink, {})
                for member in archive:
                    unpacked.take(archive, member)
            skipped = unpacked.gathered.skipped.items()
            write_json(partial / "skipped.json", {why: [*map(format_path, paths)] for why, paths in skipped})
            write_json(partial / "index.json", {format_path(path): member for path, member in unpacked.members.items()})
        except (*_DAMAGED, SourceError) as error:
            shutil.rmtree(partial, ignore_errors=True)
            if isinstance(error, SourceError):
                raise
            raise self.broken(error) from error
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
        if member.isdir() or (path := counted_path(self.gathered, member.name)) is None:
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


class _StrictHeader(tarfile.TarInfo):
    """A header; any that cannot be understood ends the reading with an error."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        if header.size < 0 or (header.type in _CARRIERS and header.size > _MOST_CARRIED):
            raise _DamagedTar("a header has an impossible size")
        return header

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # the block of zeros that ends a tar
            raise
        except tarfile.HeaderError as error:
            raise _DamagedTar(f"it stops or is damaged after {archive.offset:,} bytes ({error})") from error


class _Limited:
    """A decompressed stream that counts what it gives and stops at the limits for archives."""

    def __init__(self, stream: Any, source: TarSource, edition: Edition) -> None:
        self._stream, self._source, self._edition = stream, source, edition
        self._given = 0

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; raises SourceRefused beyond the limits."""
        chunk: bytes = self._stream.read(size)
        self._given += len(chunk)
        self._source.check_size(self._given, self._edition)
        return chunk


@contextmanager
def _open_tar(source: TarSource, edition: Edition) -> Iterator[tarfile.TarFile]:
    """The archive, to be iterated once; when the context ends well, all of it has been read.

    Args:
        source: holds the limits.
        edition: the file; its name says how it is compressed.

    Raises:
        SourceRefused: it unpacks to too much.
        _DamagedTar, OSError, EOFError, zlib.error, pa.ArrowInvalid: it is damaged or not whole.
    """
    with Path(edition.path).open("rb") as file, _decompressed(file, edition.path) as stream:
        limited = _Limited(stream, source, edition)
        try:
            with tarfile.open(fileobj=limited, mode="r|", tarinfo=_StrictHeader, errorlevel=2) as archive:  # type: ignore[call-overload]
                yield archive
        except (tarfile.TarError, RecursionError) as error:
            raise _DamagedTar(str(error) or "its headers are nested too deep") from error
        # Only at its end does a compressed stream show whether it was whole.
        while limited.read(_CHUNK):
            pass


def _decompressed(file: IO[bytes], path: str) -> Any:
    if path.lower().endswith((".gz", ".tgz")):
        return gzip.GzipFile(fileobj=file, mode="rb")
    return pa.CompressedInputStream(file, "zstd") if path.lower().endswith(".zst") else file


KIND: Final = archive_kind("tar", TARS, TarSource)
