"""Where clones and unpacked archives are kept between runs.

Belongs here: the folder, and one process at a time in a part of it. Does not belong here: what is kept.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from config.errors import SourceError
from config.settings import Access


def cache_folder(access: Access, kind: str, key: str) -> Path:
    """The folder for one repository or archive; it need not exist.

    Args:
        access: may name another folder than the user's cache (XDG Base Directory Specification).
        kind: what it is for, such as `git`.
        key: what it is known by, such as a URL.
    """
    user = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "presslake"
    root = Path(access.cache).expanduser() if access.cache else user
    return root.absolute() / kind / hashlib.sha256(os.fsencode(key)).hexdigest()[:32]


@contextmanager
def kept_to_one(folder: Path, timeout: float = 600.0) -> Iterator[None]:
    """Make the folder, readable by its owner alone, and keep other processes out of the context.

    Args:
        folder: from `cache_folder`.
        timeout: seconds to wait for another process.

    Raises:
        SourceError: the folder cannot be made, or another process is in it for too long.
    """
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(folder.with_name(f"{folder.name}.lock"), timeout=timeout, mode=0o600):
            yield
    except Timeout as error:
        raise SourceError(f"Another process has been at work in {str(folder)!r} for too long.", "End it.") from error
    except OSError as error:
        raise SourceError(
            f"The cache {str(folder)!r} cannot be used: {error.strerror or error}.",
            "Name another folder in the setting `access.cache`.",
        ) from error
