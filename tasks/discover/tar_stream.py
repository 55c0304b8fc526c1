"""A tar archive as a stream that is read once, to its very end, or not accepted.

Belongs here: decompression with a limit, and the checks that `tarfile` does not make. Does not belong
here: which members count and where they go (`tasks.discover.tars`).

`tarfile` takes an archive that stops in the middle, or goes on with rubbish, for one that ends there.
For a source that would be a partial listing: files missing from it would be taken for deleted ones.
"""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, Self

import pyarrow as pa

from config.settings import Access
from tasks.discover.archive import Edition, check_size

#: Headers that only carry a long name or further fields; `tarfile` reads their content into memory.
_CARRIERS: Final = frozenset(
    {tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK}
)
_MOST_CARRIED: Final = 1 << 20
_STEP: Final = 1 << 20


class DamagedTar(Exception):
    """The archive is no tar, or not whole."""


class _StrictHeader(tarfile.TarInfo):
    """A header; any that cannot be understood ends the reading with an error."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        if header.size < 0 or (header.type in _CARRIERS and header.size > _MOST_CARRIED):
            raise DamagedTar("a header has an impossible size")
        return header

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # the block of zeros that ends a tar
            raise
        except tarfile.HeaderError as error:
            raise DamagedTar(f"it stops or is damaged after {archive.offset:,} bytes ({error})") from error


class _Limited:
    """A decompressed stream that counts what it gives and stops at the limits for archives."""

    def __init__(self, stream: Any, edition: Edition, name: str, access: Access) -> None:
        self._stream, self._edition, self._name, self._access = stream, edition, name, access
        self._given = 0

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; raises SourceRefused beyond the limits."""
        chunk: bytes = self._stream.read(size)
        self._given += len(chunk)
        check_size(self._given, self._edition, self._name, self._access)
        return chunk


@contextmanager
def open_tar(edition: Edition, name: str, access: Access) -> Iterator[tarfile.TarFile]:
    """The archive, to be iterated once; when the context ends well, all of it has been read.

    Args:
        edition: the file; its name tells how it is compressed.
        name: the source's name, for errors.
        access: limits.

    Raises:
        SourceRefused: it unpacks to too much.
        DamagedTar, OSError, EOFError, zlib.error, pa.ArrowInvalid: it is damaged or not whole.
    """
    with Path(edition.path).open("rb") as file, _decompressed(file, edition.path) as stream:
        limited = _Limited(stream, edition, name, access)
        try:
            with tarfile.open(fileobj=limited, mode="r|", tarinfo=_StrictHeader, errorlevel=2) as archive:  # type: ignore[call-overload]
                yield archive
        except (tarfile.TarError, RecursionError) as error:
            raise DamagedTar(str(error) or "its headers are nested too deep") from error
        # Only at its end does a compressed stream tell whether it was whole.
        while limited.read(_STEP):
            pass


def _decompressed(file: IO[bytes], path: str) -> Any:
    if path.lower().endswith((".gz", ".tgz")):
        return gzip.GzipFile(fileobj=file, mode="rb")
    return pa.CompressedInputStream(file, "zstd") if path.lower().endswith(".zst") else file
