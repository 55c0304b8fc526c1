"""Zip and tar archives as sources: the same files whatever the format, and no harm from hostile ones."""

from __future__ import annotations

import gzip
import io
import logging
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa
import pytest

from config.errors import SourceError, SourceRefused
from config.settings import Access
from tasks.discover import tars
from tasks.discover.listing import DEFAULT_INCLUDE
from tasks.discover.source import open_source
from tasks.runs.source import Content, Source, UnreadableFile

FILES: Final = {"a.md": b"first", "b/c.md": b"other", "b/logo.png": b"png", ".drafts/d.md": b"hidden"}
KINDS: Final = ("news.zip", "news.tar", "news.tar.gz", "news.tgz", "news.tar.zst")


def packed(path: Path, files: Mapping[str, bytes]) -> Path:
    """An archive of the kind that its name says."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path
    return compressed(path, tar(regular(name, content) for name, content in files.items()))


def regular(name: str, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    return member, content


def other(name: str, kind: bytes, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member, b""


def tar(members: Iterable[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for member, content in members:
            archive.addfile(member, io.BytesIO(content))
    return sink.getvalue()


def compressed(path: Path, content: bytes) -> Path:
    if path.suffix in {".gz", ".tgz"}:
        content = gzip.compress(content)
    if path.suffix == ".zst":
        content = pa.compress(content, "zstd", asbytes=True)
    path.write_bytes(content)
    return path


def opened(path: Path, *include: str, **limits: int) -> Source:
    access = Access(cache=str(path.parent / "cache"), **limits)
    return open_source(str(path), None, include or DEFAULT_INCLUDE, (), access)


def contents(path: Path) -> dict[str, bytes | str]:
    """What each listed file of an archive says: its bytes, or why there are none."""
    source = opened(path)
    listing = source.list()
    files = list(zip(listing["source_path"].to_pylist(), listing["etag"].to_pylist(), strict=True))
    read = source.read_many(files, 1000)
    return {
        name: c.raw if isinstance(c, Content) else str(c.strerror) for (name, _), c in zip(files, read, strict=True)
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_the_same_files_and_etags(tmp_path: Path, kind: str) -> None:
    path = packed(tmp_path / kind, FILES)
    assert contents(path) == {"a.md": b"first", "b/c.md": b"other"}
    listing = opened(path).list()
    assert set(listing["source"].to_pylist()) == {"news"}
    assert listing["etag"].to_pylist() == [f"{zlib.crc32(content):08x}-5" for content in (b"first", b"other")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_longer_member_is_read_no_further_than_the_limit(tmp_path: Path, kind: str) -> None:
    source = opened(packed(tmp_path / kind, {"long.md": b"x" * 100}))
    (content,) = source.read_many([("long.md", "")], 10)
    assert content == Content(b"x" * 11, content.etag)  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_an_archive_that_stops_in_the_middle_is_not_listed(tmp_path: Path, kind: str, share: float) -> None:
    path = packed(tmp_path / kind, {f"{n}.md": os.urandom(700) for n in range(20)})
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share) // 512 * 512])
    with pytest.raises(SourceError, match=r"cannot be read: .*Is it still being written"):
        opened(path).list()


@pytest.mark.parametrize("kind", KINDS)
def test_paths_that_lead_out_are_left_alone(tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    names = ["../up.md", "/root.md", "a/../../up.md", "a//b.md", "./fine.md"]
    with caplog.at_level(logging.WARNING):
        assert list(contents(packed(tmp_path / kind, dict.fromkeys(names, b"x")))) == ["fine.md"]
    assert "left alone 4 files whose path leads out of the archive" in caplog.text


@pytest.mark.parametrize("kind", ["news.zip", "news.tar"])
def test_folders_are_no_paths_that_lead_out(tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / kind
    folders = [other("./", tarfile.DIRTYPE), other("news/", tarfile.DIRTYPE), other("/news/", tarfile.DIRTYPE)]
    if kind == "news.tar":
        path.write_bytes(tar([*folders, regular("news/a.md", b"a"), regular("/b.md", b"b")]))
    else:
        packed(path, {member.name: b"" for member, _ in folders} | {"news/a.md": b"a", "/b.md": b"b"})
    with caplog.at_level(logging.WARNING):
        assert opened(path, "/news/*.md").list()["source_path"].to_pylist() == ["news/a.md"]
    assert "left alone 1 files whose path leads out of the archive, such as '/b.md'" in caplog.text


@pytest.mark.parametrize("kind", ["news.tar", "news.tar.gz"])
def test_links_and_devices_are_left_alone_but_a_hard_link_is_its_file(tmp_path: Path, kind: str) -> None:
    members = [
        regular("real.md", b"real"),
        other("soft.md", tarfile.SYMTYPE, "/etc/hostname"),
        other("hard.md", tarfile.LNKTYPE, "real.md"),
        other("out.md", tarfile.LNKTYPE, "/etc/hostname"),
        other("null.md", tarfile.CHRTYPE),
        other("pipe.md", tarfile.FIFOTYPE),
    ]
    assert contents(compressed(tmp_path / kind, tar(members))) == {"hard.md": b"real", "real.md": b"real"}


def test_a_link_in_a_zip_is_left_alone(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.md")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "news.zip", "w") as archive:
        archive.writestr(link, "/etc/hostname")
        archive.writestr("real.md", "real")
    assert contents(tmp_path / "news.zip") == {"real.md": b"real"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_members_with_one_path_the_last_counts(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "news.zip", "w") as archive:
        archive.writestr("a.md", "old")
        archive.writestr("a.md", "new")
    (tmp_path / "news.tar").write_bytes(tar([regular("a.md", b"old"), regular("./a.md", b"new")]))
    for kind in ("news.zip", "news.tar"):
        assert contents(tmp_path / kind) == {"a.md": b"new"}


@pytest.mark.parametrize("kind", ["news.zip", "news.tar.gz", "news.tar.zst"])
def test_a_bomb_is_refused(tmp_path: Path, kind: str) -> None:
    path = packed(tmp_path / kind, {"bomb.md": bytes(20 * 2**20)})
    with pytest.raises(SourceRefused, match=r"unpacks to more than .*`access.max_archive_ratio`"):
        opened(path).list()
    with pytest.raises(SourceRefused, match=r"`access.max_archive_bytes`"):
        opened(path, max_archive_ratio=10**6, max_archive_bytes=2**20).list()
    assert not list(tmp_path.glob("cache/archives/*/*.partial"))


def test_a_header_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 2**33
    (tmp_path / "news.tar").write_bytes(header.tobuf(tarfile.GNU_FORMAT) + bytes(10240))
    with pytest.raises(SourceError, match="a header has an impossible size"):
        opened(tmp_path / "news.tar").list()


def test_an_encrypted_or_damaged_member_is_unreadable_and_the_others_are_not(tmp_path: Path) -> None:
    path = packed(tmp_path / "news.zip", {"locked.md": b"secret" * 9, "open.md": b"open", "rotten.md": b"r" * 99})
    raw = bytearray(path.read_bytes())
    at = raw.index(b"PK\x01\x02")
    raw[at + 8] |= 1  # the directory's entry of the first member: encrypted
    body = raw.index(b"rotten.md") + len("rotten.md")
    raw[body] ^= 0xFF
    path.write_bytes(raw)
    source = opened(path)
    locked, readable, rotten = source.read_many([("locked.md", ""), ("open.md", ""), ("rotten.md", "")], 1000)
    assert isinstance(locked, UnreadableFile) and locked.remedy == "pack it without a password"
    assert isinstance(rotten, UnreadableFile) and rotten.remedy == "pack it again"
    assert isinstance(readable, Content) and readable.raw == b"open"


def test_a_tar_that_is_as_it_was_is_not_unpacked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path / "news.tar.gz", FILES)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    source = opened(path)
    before = source.list()
    with monkeypatch.context() as patch:
        patch.setattr(tars, "_open_tar", lambda *_: pytest.fail("unpacked again"))
        assert source.list().equals(before)
    packed(path, {**FILES, "new.md": b"new"})
    assert source.list()["source_path"].to_pylist() == ["a.md", "b/c.md", "new.md"]


@pytest.mark.parametrize("damage", ["overwritten", "cut off", "removed", "no index"])
def test_a_damaged_cache_is_noticed_and_made_anew(tmp_path: Path, damage: str) -> None:
    source = opened(packed(tmp_path / "news.tar", FILES))
    source.list()
    (kept,) = tmp_path.glob("cache/archives/*/*/bytes")
    if damage == "overwritten":
        kept.write_bytes(b"x" * kept.stat().st_size)
    elif damage == "cut off":
        os.truncate(kept, len(FILES["a.md"]) - 1)
    elif damage == "removed":
        kept.unlink()
    else:
        os.truncate(kept.with_name("index.json"), 1)
    wrong = "cannot be read: .*No such file" if damage == "removed" else "is damaged"
    with pytest.raises(SourceError, match=rf"its unpacked copy .* {wrong}.*Run again; it is made again"):
        list(source.read_many([("a.md", "")], 100))
    (content,) = source.read_many([("a.md", "")], 100)
    assert content == Content(b"first", content.etag)  # type: ignore[union-attr]
