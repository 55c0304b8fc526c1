"""Archives as a source: what every format has in common.

Belongs here: limits, the etag of a member, and errors of the archive as a whole. Does not belong here:
one format (`tasks.discover.zips`, `tasks.discover.tars`).

- A member's etag is its checksum and size, whatever the format. So an archive that was packed again costs
  only what is different in it.
- Nothing is unpacked to where a member's path says. Absolute paths and such with `..`, links, devices and
  hidden files are left alone; of members with one path the last counts, as in unpacking.
- An archive that unpacks to more than `access.max_archive_bytes`, or to more than its size times
  `access.max_archive_ratio`, is refused as a whole; a member over `read.max_file_bytes` is quarantined.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from config.errors import SourceError, SourceRefused
from config.settings import Access
from tasks.discover.listing import Gathered, Globs, inside
from tasks.discover.location import SourceKind, SourceLocation, existing, expanded
from tasks.runs.source import Source

#: What unpacks to less is no bomb, however small it is packed.
HARMLESS_BYTES: Final = 16 * 2**20

LINKS: Final = "symbolic links"
SPECIAL: Final = "special files"
REPEATED: Final = "files whose path comes again further on"


class Edition(NamedTuple):
    """An archive as it is now: another size, time or inode is another edition."""

    path: str
    size: int
    modified_ns: int
    inode: int


@dataclass(frozen=True)
class Archive:
    """What the sources of both formats share; small and picklable. See `tasks.runs.source.Source`.

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

    def edition(self) -> Edition:
        """The edition that is there now.

        Raises:
            SourceError: the archive is deleted.
        """
        try:
            status = Path(self.root).stat()
        except OSError as error:
            raise self.broken(error) from error
        return Edition(self.root, status.st_size, status.st_mtime_ns, status.st_ino)

    def check_size(self, unpacked: int, edition: Edition) -> None:
        """Refuse an archive that unpacks to too much.

        Args:
            unpacked: bytes, of all of it or of what was seen so far.
            edition: the archive.

        Raises:
            SourceRefused: naming the limit.
        """
        for setting, most in (
            ("max_archive_bytes", self.access.max_archive_bytes),
            ("max_archive_ratio", max(edition.size * self.access.max_archive_ratio, HARMLESS_BYTES)),
        ):
            if unpacked > most:
                raise SourceRefused(
                    f"Source {self.name!r}: {self.root!r} unpacks to more than {most:,} bytes (`access.{setting}`).",
                    "Was it made to fill your disk? If it is all right, raise the setting.",
                )

    def broken(self, error: Exception) -> SourceError:
        """The error for an archive that cannot be read to its end."""
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return SourceError(
            f"Source {self.name!r}: the archive {self.root!r} cannot be read: {reason}.",
            "Is it still being written, or damaged? Write it under another name and rename it when it is whole.",
        )


def etag(checksum: int, size: int) -> str:
    """The etag of a member, from its CRC-32 and its size in bytes."""
    return f"{checksum:08x}-{size}"


def counted_path(gathered: Gathered, name: str) -> str | None:
    """The path of a member that counts, None of others.

    Args:
        gathered: takes the names that lead out of the archive.
        name: the member's name, which is no folder's: folders do not count, wherever they lead.
    """
    path = inside(name)
    if path is None and gathered.wants_outside(name):
        gathered.skip("files whose path leads out of the archive", name)
    return path if path is not None and gathered.wants(path) else None


def archive_kind(name: str, ends: tuple[str, ...], source: Callable[[str, str, Globs, Access], Source]) -> SourceKind:
    """The kind of source that one format of archives is.

    Args:
        name: of the kind.
        ends: of the names of such archives; the longer ones first, since they name the source without them.
        source: makes the source, of the attributes of `Archive`.
    """

    def recognises(path: str) -> bool:
        return path.lower().endswith(ends) and not expanded(path).is_dir()

    def parse(spec: str) -> SourceLocation:
        path = expanded(spec)
        end = next(end for end in ends if path.name.lower().endswith(end))
        return SourceLocation(path.name[: -len(end)], name, str(existing(path)))

    def opened(location: SourceLocation, globs: Globs, access: Access) -> Source:
        return source(location.name, location.root, globs, access)

    return SourceKind(name, f"archives ({', '.join(ends)})", (), parse, opened, recognises)
