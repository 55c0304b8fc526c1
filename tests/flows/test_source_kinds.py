"""The same files give the same tables, whatever kind of source they come from: G3 between kinds."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import pytest

from flows.start import run_ingest
from tasks.report.outcome import Outcome
from tasks.warehouse.warehouse import Warehouse
from tests.builders import article, assert_like_folder, committed, page, write_files
from tests.newsroom import settings_for

FILES: Final = {
    "_news/ferry.md": article("The ferry", originalUrl=page(1)),
    "_news/ferry-again.md": article("The ferry, again", originalUrl=page(1), quality=80),
    "_news/swifts.md": article("Who counts the swifts?", body="Many."),
    "_broken/unclosed.md": b"---\ntitle: x\n",
    "notes.md": b"no front matter",
    "photo.png": b"no article",
    ".drafts/hidden.md": article("Hidden"),
}
LATER: Final = {
    **{path: content for path, content in FILES.items() if path != "_news/ferry-again.md"},
    "_news/swifts.md": article("Who counts the swifts?", body="Nobody."),
    "_broken/mended.md": article("Mended"),
}


def written(folder: Path, files: dict[str, bytes]) -> Path:
    """A folder that holds just these files, besides a repository's own."""
    for old in (path for path in folder.iterdir() if path.name != ".git"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    write_files(folder, files)
    return folder


def as_zip(folder: Path, files: dict[str, bytes]) -> str:
    with zipfile.ZipFile(folder / "news.zip", "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return str(folder / "news.zip")


def as_tar(folder: Path, files: dict[str, bytes]) -> str:
    written(folder / "packed", files)
    subprocess.run(["tar", "-czf", folder / "news.tgz", "-C", folder / "packed", "."], check=True)
    return str(folder / "news.tgz")


def as_git(folder: Path, files: dict[str, bytes]) -> str:
    written(folder / "repository", files)
    committed(folder / "repository")
    return f"git+file://{folder / 'repository'}@main"


def as_folder(folder: Path, files: dict[str, bytes]) -> str:
    return str(written(folder / "folder", files))


def load(folder: Path, place: str) -> Outcome:
    return run_ingest([f"news={place}"], settings_for(folder / "warehouse", access={"cache": str(folder / "cache")}))


def assert_rebuilt(folder: Path, files: dict[str, bytes], name: str) -> None:
    """The warehouse says what one run over a folder of the files says."""
    assert_like_folder(folder / "warehouse", written(folder / name, files), folder / f"warehouse-{name}")


@pytest.fixture(autouse=True)
def folders(tmp_path: Path) -> None:
    for name in ("packed", "repository", "folder", "first", "second"):
        (tmp_path / name).mkdir()


@pytest.mark.parametrize("pack", [as_zip, as_tar, as_git])
def test_another_kind_gives_the_tables_of_the_folder(
    tmp_path: Path, pack: Callable[[Path, dict[str, bytes]], str]
) -> None:
    assert load(tmp_path, pack(tmp_path, FILES)).files.new == 5
    files = load(tmp_path, pack(tmp_path, LATER)).files
    assert (files.new, files.changed, files.removed, files.unchanged) == (1, 1, 1, 3)
    assert_rebuilt(tmp_path, LATER, "second")


def test_a_source_that_moves_from_kind_to_kind_keeps_its_articles(tmp_path: Path) -> None:
    load(tmp_path, as_folder(tmp_path, FILES))
    for pack in (as_git, as_tar, as_folder):
        files = load(tmp_path, pack(tmp_path, FILES)).files
        assert (files.new, files.changed, files.removed) == (0, 0, 0)
    load(tmp_path, as_git(tmp_path, FILES))
    assert load(tmp_path, as_git(tmp_path, FILES)).batches == 0
    assert_rebuilt(tmp_path, FILES, "first")


def test_the_commit_that_was_read_stands_in_the_table_of_runs(tmp_path: Path) -> None:
    place = as_git(tmp_path, FILES)
    commit = committed(tmp_path / "repository", {"_news/new.md": article("New")})
    assert load(tmp_path, place).versions == {"news": commit}
    snapshot = Warehouse(tmp_path / "warehouse", durable=False).current()
    assert snapshot is not None
    assert commit in snapshot.read("runs")["parameters"][0].as_py()


def test_an_encrypted_member_is_quarantined_with_the_way_out(tmp_path: Path) -> None:
    path = Path(as_zip(tmp_path, FILES))
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    load(tmp_path, str(path))
    snapshot = Warehouse(tmp_path / "warehouse", durable=False).current()
    assert snapshot is not None
    said = {row["source_path"]: violations(row["violations"]) for row in snapshot.read("quarantine").to_pylist()}
    assert said["_news/ferry.md"] == [
        "the file cannot be read (it is encrypted in its archive): pack it without a password"
    ]


def violations(found: Iterable[dict[str, str]]) -> list[str]:
    return [violation["message"] for violation in found]
