"""Small named files beside the tables of a Delta warehouse: the pointer, its history, the lock.

Belongs here: reading, listing and removing them, and replacing one only if it still is what was read,
in a folder or on an object store. Does not belong here: what they say (`delta`, `object_lock`).

In a folder the warehouse's lock keeps other writers away; a file is replaced by rename. On an object
store the store itself decides: a put under a condition either wins or changes nothing.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from config.errors import SettingsError, WarehouseError
from tasks.tables.durable import remove_tree, storage_errors, sync_folder, write_new_file

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_NEXT: Final = ".next"
#: Put only if there is no such file yet.
ABSENT: Final = ""


class Blob(NamedTuple):
    """A file's content, and the tag that it changes with."""

    content: bytes
    tag: str


class Moved(WarehouseError):
    """A file is not (or no longer) what it was when it was read."""


class Blobs(Protocol):
    """Named files in one place."""

    def get(self, name: str) -> Blob | None:
        """A file; None where there is none."""
        ...

    def put(self, name: str, content: bytes, tag: str) -> Blob:
        """Write a file whole, if it still has this tag (`ABSENT`: if there is none)."""
        ...

    def names(self, folder: str) -> list[str]:
        """Names of the files in a folder, sorted, without the folder's."""
        ...

    def delete(self, name: str) -> None:
        """Remove a file; does nothing where there is none."""
        ...


class FolderBlobs:
    """Files in a folder; whoever writes holds the warehouse's lock.

    Args:
        root: the folder.
        durable: fsync what is written.
    """

    def __init__(self, root: Path, durable: bool) -> None:
        self._root, self._durable = root, durable

    def get(self, name: str) -> Blob | None:
        """A file; None where there is none."""
        with storage_errors(f"read {self._root / name}"):
            try:
                content = (self._root / name).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None
        return _tagged(content)

    def put(self, name: str, content: bytes, tag: str) -> Blob:
        """Write a file whole, if it still has this tag.

        Raises:
            Moved: it has another one.
            WarehouseError: the disk refused.
        """
        path = self._root / name
        found = self.get(name)
        if (found.tag if found else ABSENT) != tag:
            raise Moved(f"{path} was changed by another writer.", "Run again.")
        with storage_errors(f"write {path}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_new_file(path.with_name(path.name + _NEXT), content, self._durable)
            path.with_name(path.name + _NEXT).replace(path)
            sync_folder(path.parent, self._durable)
        return _tagged(content)

    def names(self, folder: str) -> list[str]:
        """Names of the files in a folder."""
        with storage_errors(f"list {self._root / folder}"):
            try:
                return sorted(e.name for e in (self._root / folder).iterdir() if e.suffix != _NEXT)
            except FileNotFoundError:
                return []

    def delete(self, name: str) -> None:
        """Remove a file."""
        with storage_errors(f"remove {self._root / name}"):
            remove_tree(self._root / name)


def _tagged(content: bytes) -> Blob:
    return Blob(content, hashlib.sha256(content).hexdigest())


class ObjectBlobs:
    """Objects below a URL; credentials and endpoint come from the environment.

    Args:
        url: `s3://bucket/prefix`, or another that obstore knows.

    Raises:
        SettingsError: obstore is not installed, or does not know the URL.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._store = _store(url)

    def get(self, name: str) -> Blob | None:
        """An object; None where there is none."""
        with object_errors(f"read {self._url}/{name}"):
            try:
                found = self._store.get(name)
            except FileNotFoundError:
                return None
            return Blob(bytes(found.bytes()), str(found.meta["e_tag"]))

    def put(self, name: str, content: bytes, tag: str) -> Blob:
        """Write an object, if it still has this tag; the store compares.

        Raises:
            Moved: it has another one.
            WarehouseError: the store did not answer, or refused.
        """
        from obstore.exceptions import AlreadyExistsError, PreconditionError  # noqa: PLC0415

        mode: Any = "create" if tag == ABSENT else {"e_tag": tag}
        with object_errors(f"write {self._url}/{name}"):
            try:
                done = self._store.put(name, content, mode=mode, use_multipart=False)
            except (AlreadyExistsError, PreconditionError) as error:
                raise Moved(f"{self._url}/{name} was changed by another writer.", "Run again.") from error
        return Blob(content, str(done["e_tag"]))

    def names(self, folder: str) -> list[str]:
        """Names of the objects in a folder."""
        with object_errors(f"list {self._url}/{folder}"):
            pages = self._store.list(f"{folder}/")
            return sorted(entry["path"].rpartition("/")[2] for page in pages for entry in page)

    def delete(self, name: str) -> None:
        """Remove an object."""
        with object_errors(f"remove {self._url}/{name}"):
            self._store.delete(name)


def _store(url: str) -> ObjectStore:
    try:
        from obstore.exceptions import BaseError  # noqa: PLC0415  (an extra)
        from obstore.store import from_url  # noqa: PLC0415
    except ImportError:
        raise SettingsError(
            f"{url}: a warehouse on an object store needs obstore.", "Install it: pip install 'presslake[delta]'."
        ) from None
    try:
        return from_url(url)
    except (BaseError, ValueError) as error:
        raise SettingsError(f"warehouse.path: {url} is no URL of an object store: {error}.") from None


class object_errors:  # noqa: N801 (used as a function, like `storage_errors`)
    """Turn what an object store answers into a WarehouseError that says what was being done."""

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        """Nothing is needed."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Raise the WarehouseError in place of the store's own."""
        from obstore.exceptions import BaseError  # noqa: PLC0415

        if isinstance(error, BaseError | OSError):
            reason = " ".join(str(error).split())[:300]
            raise WarehouseError(
                f"Could not {self._doing}: {reason}.", "See to the store and its credentials (AWS_… variables)."
            ) from error
