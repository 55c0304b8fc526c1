"""The pointer: which snapshot readers see, and how it comes to name another, in one atomic step.

Belongs here: reading the pointer, announcing a snapshot, and the two ways to swap. Numbers in and
out; what a snapshot holds is not known here.
Does not belong here: deciding which snapshot to show, and clearing up (`tasks.write.upkeep`).

The pointer is the symbolic link `current -> snapshots/000042`, or, on file systems without links,
the file `CURRENT` that holds `snapshots/000042`. Whoever swaps it holds the warehouse's lock.

Publishing announces: the coming pointer is written as `current.next` *before* the snapshot gets its
place under `snapshots`, and the swap is the rename of `current.next` to `current`. So there is no
moment in which a snapshot is in its place, and it cannot be told whether it was published: it was
not, exactly while `current.next` names it. (A number above `current` tells nothing: after a
rollback those are published ones.) Rollback goes through another name, `current.move`, because its
target was published before and must stay whatever happens.
"""

from __future__ import annotations

import errno
import re
from pathlib import Path
from typing import Final

from config.errors import WarehouseError
from tasks.warehouse.durable import remove_tree, storage_errors, sync_folder, write_new_file
from tasks.warehouse.faults import reach

_LINK: Final = "current"
_FILE: Final = "CURRENT"
_NEXT: Final = ".next"
_MOVE: Final = ".move"
_TARGET: Final = re.compile(r"(?:.*/)?snapshots/(\d{6,})/?")
#: What file systems without symbolic links answer.
_NO_LINKS: Final = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


def folder_name(number: int) -> str:
    """The folder of a snapshot, relative to the warehouse: `snapshots/000042`."""
    return f"snapshots/{number:06d}"


def pointed(root: Path) -> int | None:
    """The number of the snapshot that readers see; None where nothing is published yet.

    Raises:
        WarehouseError: there is a pointer, but it names no snapshot.
    """
    for name in (_LINK, _FILE):
        target = _target_of(root / name)
        if target is not None and (number := _number_in(target)) is not None:
            return number
        if target is not None:
            raise WarehouseError(
                f"The pointer {root / name} does not name a snapshot.",
                "Remove it and point to one with `presslake rollback`.",
            )
    return None


def announced(root: Path) -> int | None:
    """The number of a snapshot that is being, or was to be, published and is not; None without one."""
    targets = [_target_of(root / (name + _NEXT)) for name in (_LINK, _FILE)]
    numbers = [_number_in(target) for target in targets if target is not None]
    return next((number for number in numbers if number is not None), None)


def announce(root: Path, number: int, durable: bool = True) -> None:
    """Write beside the pointer the one that `swap` will put in its place.

    Raises:
        WarehouseError: the file system refused.
    """
    with storage_errors(f"announce snapshot {number} in {root}"):
        _write_beside(root, number, _NEXT, durable)


def swap(root: Path, durable: bool = True) -> None:
    """Publish what was announced: from here on readers see it, and it is announced no more.

    Raises:
        WarehouseError: the file system refused.
    """
    with storage_errors(f"swap the pointer in {root}"):
        reach("publish.before-swap")
        _replace(root, _NEXT)
        reach("publish.after-swap")
        sync_folder(root, durable)


def withdraw(root: Path, durable: bool = True) -> None:
    """Forget what was announced, and a move that was never made."""
    with storage_errors(f"clear up beside the pointer in {root}"):
        beside = [root / (name + ending) for name in (_LINK, _FILE) for ending in (_NEXT, _MOVE)]
        found = [path for path in beside if path.is_symlink() or path.exists()]
        for path in found:
            remove_tree(path)
        if found:
            sync_folder(root, durable)


def move(root: Path, number: int, durable: bool = True) -> None:
    """Point to a snapshot that was published before.

    Raises:
        WarehouseError: the file system refused.
    """
    with storage_errors(f"point {root / _LINK} to snapshot {number}"):
        _write_beside(root, number, _MOVE, durable)
        reach("move.before-swap")
        _replace(root, _MOVE)
        reach("move.after-swap")
        sync_folder(root, durable)


def _target_of(pointer: Path) -> str | None:
    """What a link or file says, in one look; None where there is none, "" where it is torn.

    Raises:
        WarehouseError: it cannot be read.
    """
    with storage_errors(f"read the pointer {pointer}"):
        try:
            return str(pointer.readlink())
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
        # Not a link. The newline is written last: a text without it is torn, and may lack digits.
        text = "" if pointer.is_dir() else pointer.read_text(encoding="utf-8", errors="replace")
        return text.removesuffix("\n") if text.endswith("\n") else ""


def _number_in(target: str) -> int | None:
    found = _TARGET.fullmatch(target)
    return int(found[1]) if found else None


def _write_beside(root: Path, number: int, ending: str, durable: bool) -> None:
    """Write the coming pointer in the form that this warehouse has."""
    if (root / _FILE).is_file() or not _try_link(root / (_LINK + ending), folder_name(number)):
        _require_no_link(root)
        write_new_file(root / (_FILE + ending), f"{folder_name(number)}\n".encode(), durable)
    sync_folder(root, durable)


def _try_link(link: Path, target: str) -> bool:
    """Make a symbolic link in place of any other; False where the file system has none."""
    remove_tree(link)
    try:
        link.symlink_to(target, target_is_directory=True)
    except OSError as error:
        if error.errno in _NO_LINKS:
            return False
        raise
    return True


def _require_no_link(root: Path) -> None:
    """Readers follow the link first: a `CURRENT` beside it would change nothing for them."""
    if (root / _LINK).is_symlink():
        raise WarehouseError(
            f"{root / _LINK} is a symbolic link, but this file system makes no others.",
            "Replace it with a file CURRENT that holds the link's target and a newline.",
        )


def _replace(root: Path, ending: str) -> None:
    name = _LINK if (root / (_LINK + ending)).is_symlink() else _FILE
    (root / (name + ending)).replace(root / name)
