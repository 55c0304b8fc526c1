"""Files that are whole or not there, folders that go, and refusals that say what to do."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from config.errors import WarehouseError
from tasks.warehouse import durable, faults


def test_a_new_file_is_read_only_and_never_written_through_a_hard_link(tmp_path: Path) -> None:
    old, name = tmp_path / "old", tmp_path / "name"
    old.write_bytes(b"old")
    name.hardlink_to(old)
    durable.write_new_file(name, b"new")
    assert (old.read_bytes(), name.read_bytes()) == (b"old", b"new")
    assert name.stat().st_mode & 0o222 == 0


def test_a_file_larger_than_one_write_is_whole(tmp_path: Path) -> None:
    content = os.urandom(3 * (1 << 20) + 7)
    durable.write_new_file(tmp_path / "large", content)
    assert (tmp_path / "large").read_bytes() == content


def test_pieces_are_written_one_after_the_other(tmp_path: Path) -> None:
    pieces = [os.urandom(size) for size in (1, 0, (1 << 20) + 1, 5)]
    durable.write_new_file(tmp_path / "file", [memoryview(piece) for piece in pieces])
    assert (tmp_path / "file").read_bytes() == b"".join(pieces)


def test_a_full_disk_leaves_no_part_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_armed", faults.parse_fault("file.part-written:raise=ENOSPC"))
    with (
        pytest.raises(WarehouseError, match=r"write it: the disk is full\. Free some space"),
        durable.storage_errors("write it"),
    ):
        durable.write_new_file(tmp_path / "part", b"content")
    assert list(tmp_path.iterdir()) == []


def test_every_file_and_folder_is_synced_unless_told_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(_name(descriptor)))
    (tmp_path / "inner").mkdir()
    durable.write_new_file(tmp_path / "inner" / "file", b"x")
    durable.sync_tree(tmp_path)
    assert synced == ["file", "inner", tmp_path.name]
    durable.write_new_file(tmp_path / "other", b"x", durable=False)
    durable.sync_tree(tmp_path, durable=False)
    assert len(synced) == 3


def _name(descriptor: int) -> str:
    return Path(f"/proc/self/fd/{descriptor}").readlink().name


@pytest.mark.parametrize(("code", "raises"), [(errno.EINVAL, False), (errno.ENOTSUP, False), (errno.EIO, True)])
def test_only_a_file_system_without_folder_sync_is_excused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, raises: bool
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    if raises:
        with pytest.raises(OSError, match=os.strerror(code)):
            durable.sync_folder(tmp_path)
    else:
        durable.sync_folder(tmp_path)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "writable"),
        (errno.EXDEV, "different file systems"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_a_refusal_says_what_to_do(code: int, said: str) -> None:
    with pytest.raises(WarehouseError, match=said) as raised, durable.storage_errors("do it"):
        raise OSError(code, os.strerror(code))
    assert raised.value.hint


def test_a_tree_goes_with_read_only_folders_but_not_what_links_in_it_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, tree = tmp_path / "elsewhere", tmp_path / "tree"
    (tree / "inner").mkdir(parents=True)
    elsewhere.mkdir(mode=0o750)
    (tree / "inner" / "link").symlink_to(elsewhere)
    (tree / "inner").chmod(0o500)
    really = shutil.rmtree
    refused: list[Path] = []

    def refuse_first(path: Path) -> None:
        if not refused:
            refused.append(path)
            raise PermissionError(errno.EACCES, "as for any user but root")
        really(path)

    monkeypatch.setattr(shutil, "rmtree", refuse_first)
    durable.remove_tree(tree)
    assert refused and not tree.exists()
    assert elsewhere.stat().st_mode & 0o777 == 0o750


def test_a_link_to_a_folder_goes_alone(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    durable.remove_tree(tmp_path / "link")
    durable.remove_tree(tmp_path / "never there")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
