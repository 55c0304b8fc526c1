"""Which files of a folder are listed, and that reading one never leaves it."""

from __future__ import annotations

import errno
import logging
import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config.errors import SourceError
from tasks.arrow.schemas import LISTING
from tasks.discover import local
from tasks.discover.listing import DEFAULT_EXCLUDE
from tasks.discover.local import MAX_DEPTH
from tasks.discover.source import open_source
from tasks.runs.source import Source
from tests.builders import bytes_of


def write(root: Path, *paths: str, text: str = "x") -> None:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def source_at(root: Path, *, exclude: tuple[str, ...] = ()) -> Source:
    return open_source(str(root), "s", exclude=exclude)


def listed(root: Path, *, exclude: tuple[str, ...] = ()) -> list[str]:
    paths: list[str] = source_at(root, exclude=exclude).list()["source_path"].to_pylist()
    return paths


def before_opening(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], None]) -> None:
    """Do something just before the folder or file of this name is opened."""
    real_open = os.open

    def open_after_act(path: str, flags: int, **options: Any) -> int:
        if path == name:
            act()
        return real_open(path, flags, **options)

    monkeypatch.setattr(os, "open", open_after_act)


def test_listing_has_size_and_time_of_each_file(tmp_path: Path) -> None:
    write(tmp_path, "a/one.md", text="12345")
    os.utime(tmp_path / "a/one.md", ns=(0, 1_600_000_000_123_456_789))
    status = (tmp_path / "a/one.md").stat()
    listing = source_at(tmp_path).list()
    assert listing.schema == LISTING
    assert listing.to_pylist() == [
        {
            "source": "s",
            "source_path": "a/one.md",
            "size": 5,
            "modified_at": datetime(2020, 9, 13, 12, 26, 40, 123456, UTC),
            "changed_at": datetime.fromtimestamp(status.st_ctime_ns // 1000 / 1e6, UTC),
            "inode": status.st_ino,
            "etag": None,
        }
    ]


def test_an_empty_folder_is_an_empty_listing(tmp_path: Path) -> None:
    assert source_at(tmp_path).list().equals(LISTING.empty_table())


def test_order_is_that_of_the_bytes(tmp_path: Path) -> None:
    paths = ["a/b.md", "a.md", "a-b.md", "B.md", "b.md", "é.md", "\U0001f600.md", "\uffee.md"]
    write(tmp_path, *paths)
    assert listed(tmp_path) == sorted(paths, key=str.encode)


def test_only_included_names_that_are_not_hidden(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "b.markdown", "c.html", "d.txt", "E.MD", "f.Mdx", "g.rst", "pictures.md/p.png", "x.md/y.md")
    write(tmp_path, ".git/a.md", "x/.obsidian/a.md", "._a.md", ".md")
    assert listed(tmp_path) == ["E.MD", "a.md", "b.markdown", "c.html", "d.txt", "f.Mdx", "x.md/y.md"]


def test_folders_of_templates_and_packages_are_left_out_by_default(tmp_path: Path) -> None:
    write(
        tmp_path,
        "node_modules/a.md",
        "x/archetypes/b.md",
        "scaffolds/y/c.md",
        "_site/d.md",
        "_layouts/e.html",
        "_includes/f.html",
        "public/e.md",
    )
    assert listed(tmp_path, exclude=DEFAULT_EXCLUDE) == ["public/e.md"]
    assert len(listed(tmp_path)) == 7


def test_excluded_folders_are_not_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "drafts/a.md", "x/drafts/b.md", "x/c.md", "x/d.md")
    before_opening(monkeypatch, "drafts", lambda: pytest.fail("entered"))
    assert listed(tmp_path, exclude=("drafts/", "x/d*")) == ["x/c.md"]


@pytest.mark.parametrize(
    "name", ["with space.md", "line\nbreak.md", "trailing.md\n.md", "%E9.md", "q\"'\\.md", "n" * 250 + ".md"]
)
def test_any_name_is_listed_and_read(tmp_path: Path, name: str) -> None:
    write(tmp_path, f"{name}/{name}")
    assert listed(tmp_path) == [f"{name}/{name}"]
    assert bytes_of(source_at(tmp_path), f"{name}/{name}", 9) == b"x"


def test_names_that_are_not_utf8_are_percent_encoded(tmp_path: Path) -> None:
    write(tmp_path, "caf\udce9 é%.md", text="bytes")
    write(tmp_path, "caf%E9 %C3%A9%25.md", text="ascii")
    encoded = "./caf%E9%20%C3%A9%25.md"
    assert listed(tmp_path) == [encoded, "caf%E9 %C3%A9%25.md"]
    assert bytes_of(source_at(tmp_path), encoded, 9) == b"bytes"


def test_a_path_longer_than_the_system_takes_at_once(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(30):
        os.mkdir("d" * 200, dir_fd=folder)
        inner = os.open("d" * 200, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(os.open("deep.md", os.O_CREAT, dir_fd=folder))
    os.close(folder)
    [path] = listed(tmp_path)
    assert len(path) > 6000
    assert bytes_of(source_at(tmp_path), path, 1) == b""


def test_nesting_without_end_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, "d/" * (MAX_DEPTH + 1) + "a.md", "b.md")
    assert listed(tmp_path) == ["b.md"]
    assert "left alone 1 folders nested deeper than 100" in caplog.text
    assert listed(tmp_path, exclude=("/d/d/",)) == ["b.md"]


def test_links_and_special_files_are_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = tmp_path / "root"
    write(tmp_path, "outside/secret.md", "root/a.md")
    (root / "file-in.md").symlink_to("a.md")
    (root / "file-out.md").symlink_to("../outside/secret.md")
    (root / "folder-out").symlink_to("../outside")
    (root / "loop").symlink_to(".")
    (root / "dangling.md").symlink_to("nowhere")
    os.mkfifo(root / "pipe.md")
    with caplog.at_level(logging.WARNING):
        assert listed(root) == ["a.md"]
    assert "left alone 6 symbolic links or special files, such as 'dangling.md'" in caplog.text


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.ESTALE])
def test_a_folder_that_cannot_be_listed_fails_the_listing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    write(tmp_path, "a.md", "x/locked/b.md")

    def refuse() -> None:
        raise OSError(code, os.strerror(code))

    before_opening(monkeypatch, "locked", refuse)
    with pytest.raises(SourceError, match=r"/x/locked/' cannot be listed.*taken for deleted"):
        listed(tmp_path)


def test_an_error_in_the_middle_of_a_folder_fails_the_listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "x/a.md")
    real_scandir = os.scandir

    def broken(folder: int) -> Any:
        entries = [entry.name for entry in real_scandir(folder)]
        if "a.md" in entries:
            raise OSError(errno.EIO, "Input/output error")
        return real_scandir(folder)

    monkeypatch.setattr(os, "scandir", broken)
    with pytest.raises(SourceError, match="/x/' cannot be listed: Input/output error"):
        listed(tmp_path)


def test_a_root_that_vanished_fails_the_listing(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    source = source_at(root)
    root.rmdir()
    with pytest.raises(SourceError, match="No such file"):
        source.list()


def test_a_sub_folder_that_vanishes_was_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.md")
    (tmp_path / "x").mkdir()
    before_opening(monkeypatch, "x", (tmp_path / "x").rmdir)
    assert listed(tmp_path) == ["a.md"]


def test_a_folder_swapped_for_a_link_is_not_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "root"
    write(tmp_path, "outside/secret.md", "root/a.md", "root/swapped/b.md")

    def swap() -> None:
        (root / "swapped").rename(tmp_path / "aside")
        (root / "swapped").symlink_to("../outside")

    before_opening(monkeypatch, "swapped", swap)
    assert listed(root) == ["a.md"]


def test_a_time_beyond_64_bits_is_unknown(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "b.md")
    os.utime(tmp_path / "a.md", ns=(0, 1_000))
    nanoseconds = [1_000, 2**63, -1_000]
    assert local._times(nanoseconds).cast("int64").to_pylist() == [1, None, -1]
    assert source_at(tmp_path).list()["modified_at"].cast("int64")[0].as_py() == 1


@pytest.mark.parametrize(("limit", "expected"), [(0, 1), (9, 10), (100_000, 100_000), (200_000, 100_000)])
def test_at_most_one_byte_more_than_the_limit_is_read(tmp_path: Path, limit: int, expected: int) -> None:
    write(tmp_path, "a.md", text="x" * 100_000)
    assert bytes_of(source_at(tmp_path), "a.md", limit) == b"x" * expected


def test_a_sparse_file_costs_only_the_limit_and_an_empty_one_is_nothing(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "empty.md", text="")
    os.truncate(tmp_path / "a.md", 1 << 40)
    assert len(bytes_of(source_at(tmp_path), "a.md", 1000)) == 1001
    assert bytes_of(source_at(tmp_path), "empty.md", 10) == b""


@pytest.mark.parametrize(
    "path", ["../secret.md", "/etc/hostname", "x/../../secret.md", "x//a.md", "./%2E%2E/secret.md", "a\0.md", ""]
)
def test_a_path_out_of_the_root_is_refused(tmp_path: Path, path: str) -> None:
    write(tmp_path, "secret.md", "root/x/a.md")
    with pytest.raises(OSError, match="Not a path inside the source"):
        bytes_of(source_at(tmp_path / "root"), path, 10)


def test_what_took_a_files_place_is_not_read(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(tmp_path, "secret.md", "outside/b.md", "root/a.md")
    os.mkfifo(root / "pipe.md")
    (root / "link.md").symlink_to("../secret.md")
    (root / "folder").symlink_to("../outside")
    with socket.socket(socket.AF_UNIX) as server:
        folder = os.open(root, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{folder}/socket.md")  # a socket's own path must be short
        os.close(folder)
    for path in ("pipe.md", "link.md", "folder/b.md", "socket.md", "gone.md"):
        with pytest.raises(OSError, match=r"Not a regular file|Not a directory|No such file"):
            bytes_of(source_at(root), path, 10)


@pytest.mark.parametrize("replacement", ["pipe", "link"])
def test_a_file_swapped_after_the_check_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replacement: str
) -> None:
    root = tmp_path / "root"
    write(tmp_path, "secret.md", "root/a.md")

    def swap() -> None:
        (root / "a.md").unlink()
        if replacement == "pipe":
            os.mkfifo(root / "a.md")
        else:
            (root / "a.md").symlink_to("../secret.md")

    before_opening(monkeypatch, "a.md", swap)
    with pytest.raises(OSError, match=r"Not a regular file|symbolic links"):
        bytes_of(source_at(root), "a.md", 10)


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    write(tmp_path, "x/y/a.md")
    source = source_at(tmp_path)
    before = os.listdir("/proc/self/fd")  # noqa: PTH208
    source.list()
    bytes_of(source, "x/y/a.md", 10)
    with pytest.raises(FileNotFoundError):
        bytes_of(source, "x/y/gone.md", 10)
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208
