"""Small builders: an article's bytes, and a desk that files them and runs the pipeline.

Belongs here: what many tests of the pipeline need. Does not belong here: what they expect of it.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from flows.start import run_ingest
from tasks.discover.changes import FINE_TICK
from tasks.report.outcome import Outcome
from tasks.runs.source import Source
from tasks.warehouse.snapshots import Snapshot
from tasks.warehouse.warehouse import Warehouse
from tests.newsroom import EPOCH, settings_for
from tests.tables_equal import assert_same_tables

_AUTHOR: Final = ("-c", "user.name=desk", "-c", "user.email=desk@paper.example")


def article(title: str | list[str] | None = "The ferry", body: str = "Text.", **fields: Any) -> bytes:
    """One article; `fields` are front matter by its own names, None leaves a field out."""
    front = {"title": title, "publishedDateTime": "2025-03-01T09:00:00Z", **fields}
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in front.items() if value is not None]
    return "\n".join(["---", *lines, "---", body, ""]).encode()


def settle() -> None:
    """Wait until the next run can trust the times of all files that are written by now."""
    time.sleep(FINE_TICK / 1e6)


def page(number: int) -> str:
    """The address of a page."""
    return f"https://paper.example/story/{number}"


def bytes_of(source: Source, path: str, limit: int, etag: str = "") -> bytes:
    """What a source reads of one file; an error is raised."""
    (content,) = source.read_many([(path, etag)], limit)
    if isinstance(content, OSError):
        raise content
    return content.raw


@dataclass
class Desk:
    """Sources and a warehouse in a folder of their own.

    Attributes:
        root: holds a folder a source, and `warehouse`.
        sections: settings of every run.
    """

    root: Path
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    _clock: Iterator[int] = field(default_factory=lambda: itertools.count(EPOCH), repr=False)

    @property
    def warehouse(self) -> Warehouse:
        """Where the tables are."""
        return Warehouse(self.root / "warehouse", durable=False)

    @property
    def snapshot(self) -> Snapshot:
        """What readers see."""
        current = self.warehouse.current()
        assert current is not None
        return current

    def write(self, path: str, content: bytes, source: str = "news") -> Path:
        """File something at a time of its own."""
        file = self.root / source / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        self.touch(path, source)
        return file

    def touch(self, path: str, source: str = "news") -> None:
        """Give a file another modification time."""
        moment = next(self._clock)
        os.utime(self.root / source / path, (moment, moment))

    def rename(self, path: str, other: str) -> None:
        """Move a file of `news`, as it is."""
        (self.root / "news" / other).parent.mkdir(parents=True, exist_ok=True)
        (self.root / "news" / path).rename(self.root / "news" / other)

    def delete(self, path: str, source: str = "news") -> None:
        """Remove a file."""
        (self.root / source / path).unlink()

    def run(self, *sources: str, full_refresh: bool = False, **sections: Mapping[str, Any]) -> Outcome:
        """Run the pipeline over some sources, `news` by default, with further settings."""
        settings = settings_for(self.root / "warehouse", **{**self.sections, **sections})
        specs = [f"{name}={self.root / name}" for name in sources or ("news",)]
        settle()
        return run_ingest(specs, settings, full_refresh=full_refresh)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table, partition columns among them."""
        rows: list[dict[str, Any]] = self.snapshot.read(table, hive=True).to_pylist()
        return rows

    def statuses(self) -> dict[str, str]:
        """Status of every file by path, as the manifest says."""
        return {row["source_path"]: row["status"] for row in self.rows("sources")}

    def titles(self) -> list[str]:
        """Titles of all articles, sorted."""
        return sorted(row["title"] for row in self.rows("articles"))

    def one(self, table: str, path: str) -> dict[str, Any]:
        """The row of a file of `news`."""
        (row,) = [row for row in self.rows(table) if (row["source"], row["source_path"]) == ("news", path)]
        return row

    def violations(self, path: str) -> dict[str, int | None]:
        """Codes of what is wrong with a quarantined file, each with the first line where it is."""
        return {item["code"]: item["line"] for item in reversed(self.one("quarantine", path)["violations"])}

    def files(self) -> dict[str, tuple[int, int]]:
        """Inode and modification time of every file that readers can see, by path."""
        paths = [path for path in self.warehouse.snapshots_path.rglob("*") if path.is_file()]
        return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder, by their paths there."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def assert_like_folder(warehouse: Path, files: Path, rebuilt: Path) -> None:
    """A warehouse says what one run over a folder says, loaded into `rebuilt`."""
    run_ingest([f"news={files}"], settings_for(rebuilt))
    one, other = (Warehouse(folder, durable=False) for folder in (warehouse, rebuilt))
    assert_same_tables(one, other)


def assert_equals_rebuild(desk: Desk, *sources: str) -> None:
    """What the runs made of the files is what one run over them makes."""
    rebuilt = Desk(desk.root / f"rebuilt-{len([*desk.root.glob('rebuilt-*')])}")
    rebuilt.root.mkdir()
    for name in sources or ("news",):
        (rebuilt.root / name).symlink_to(desk.root / name)
    rebuilt.run(*sources)
    assert_same_tables(desk.warehouse, rebuilt.warehouse)


def committed(repository: Path, files: Mapping[str, bytes] | None = None) -> str:
    """Commit files, or the folder as it is, to a Git repository that is made if need be; the commit id."""
    if not (repository / ".git").exists():
        git(repository.parent, "init", "--quiet", "--initial-branch=main", str(repository))
    write_files(repository, files or {})
    git(repository, "add", "--all")
    git(repository, *_AUTHOR, "commit", "--quiet", "--allow-empty", "-m", "Desk")
    return git(repository, "rev-parse", "HEAD")


def git(folder: Path, *arguments: str) -> str:
    """What a Git command prints, in a folder, without its configuration of the machine."""
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", "-C", folder, *arguments], env=environment, capture_output=True, check=True, text=True
    )
    return done.stdout.strip()
