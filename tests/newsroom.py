"""A newsroom for tests: stories with few titles, pages and texts, so that they collide, and their files.

Belongs here: what a story says, and writing, touching, renaming and removing its file at times that a
test chooses. Does not belong here: what a run makes of them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from config.contract import PACKAGED, load_contract
from config.settings import Settings, load_settings

#: What a file is: an article, a broken one, one with a wrong value, withdrawn, or no article at all.
Shape = Literal["article", "unclosed", "bad date", "removed", "plain"]

#: Ways to write one address; all have the same URL key.
SPELLINGS: Final = (
    "https://{outlet}/story/{page}",
    "http://www.{outlet}/story/{page}/",
    "HTTPS://{outlet}/story/{page}?utm_source=mail#top",
)
#: 2026-01-01; files are older than any run unless a test wants otherwise.
EPOCH: Final = 1_767_225_600
#: A time that no run can trust, because the clock may give it again: 2100-01-01.
UNSETTLED: Final = 4_102_444_800

File = tuple[str, str]


@dataclass(frozen=True)
class Story:
    """What one file says; `page`, `web` and `amp` are numbers of pages, None leaves the address out.

    An empty `date` leaves that out, too; `outlet` is the site that has the pages.
    """

    title: str = "The ferry"
    page: int | None = None
    spelling: int = 0
    web: int | None = None
    amp: int | None = None
    excerpt: str = ""
    date: str = "2025-03-01"
    updated: str = ""
    quality: int | None = None
    mood: str = ""
    related: tuple[int, ...] = ()
    body: str = "a"
    outlet: str = "paper.example"
    shape: Shape = "article"

    def text(self) -> str:
        """The file's content."""
        if self.shape == "plain":
            return f"# {self.title}\n\n{self.body}\n"
        fence = "" if self.shape == "unclosed" else "---\n"
        return "---\n" + "".join(f"{line}\n" for line in self._lines()) + fence + f"{self.body}\n"

    def _lines(self) -> Iterable[str]:
        yield f'title: "{self.title}"'
        if date := "2025-02-30" if self.shape == "bad date" else self.date:
            yield f"publishedDateTime: {date}T09:00:00Z"
        if self.page is not None:
            yield f'originalUrl: "{self._address(self.page, self.spelling)}"'
        if self.web is not None:
            yield f'webUrl: "https://reader.example/view/{self.web}"'
        if self.amp is not None:
            yield f'ampWebUrl: "{self._address(self.amp)}"'
        if self.updated:
            yield f"updatedDateTime: {self.updated}T09:00:00Z"
        if self.quality is not None:
            yield f"quality: {self.quality}"
        yield from (f'{name}: "{value}"' for name, value in (("excerpt", self.excerpt), ("mood", self.mood)) if value)
        if self.shape == "removed":
            yield "removed: true"
        if self.related:
            yield "related:"
            yield from (f'- {{title: "Story {n}", webUrl: "{self._address(n)}"}}' for n in self.related)

    def _address(self, page: int, spelling: int = 0) -> str:
        return SPELLINGS[spelling].format(outlet=self.outlet, page=page)


@dataclass
class Newsroom:
    """Folders of stories, one a source; every write has a modification time of its own.

    Attributes:
        root: holds a folder a source.
        files: source and path to the story that is there.
    """

    root: Path
    files: dict[File, Story] = field(default_factory=dict)
    _writes: int = 0

    def path(self, file: File) -> Path:
        """Where a file is."""
        return self.root.joinpath(*file)

    def write(self, file: File, story: Story, time: int | None = None) -> None:
        """Write a story's file, at `time` (seconds since 1970) or a second after the last write."""
        path = self.path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(story.text(), encoding="utf-8")
        self.files[file] = story
        self.touch(file, time)

    def swap(self, one: File, other: File) -> None:
        """Let two files change names, as they are."""
        if one == other:
            return
        aside = self.root / "aside"
        self.path(one).rename(aside)
        self.path(other).rename(self.path(one))
        aside.rename(self.path(other))
        self.files[one], self.files[other] = self.files[other], self.files[one]

    def touch(self, file: File, time: int | None = None) -> None:
        """Give a file another modification time."""
        self._writes += 1
        moment = EPOCH + self._writes if time is None else time
        os.utime(self.path(file), (moment, moment))

    def rename(self, file: File, other: File) -> None:
        """Move a file as it is, also into another source; what was there is gone."""
        self.path(other).parent.mkdir(parents=True, exist_ok=True)
        self.path(file).rename(self.path(other))
        self.files[other] = self.files.pop(file)

    def delete(self, file: File) -> None:
        """Remove a file."""
        self.path(file).unlink()
        del self.files[file]

    def specs(self, sources: Iterable[str]) -> list[str]:
        """What a run takes: `name=folder` of each source, made if it is not there."""
        for name in sources:
            (self.root / name).mkdir(parents=True, exist_ok=True)
        return [f"{name}={self.root / name}" for name in sources]

    def copy_of(self, source: str, root: Path) -> None:
        """Copy a source's files, with their times, to a folder of its name under `root`."""
        shutil.rmtree(root / source, ignore_errors=True)
        shutil.copytree(self.root / source, root / source)


def settings_for(folder: Path, run: Mapping[str, Any] | None = None, **sections: Mapping[str, Any]) -> Settings:
    """Settings of a small local run that accepts whatever it finds.

    Args:
        folder: the warehouse.
        run: settings of the section `run`.
        sections: settings of others; those of `warehouse` go beside its path.
    """
    overrides: dict[str, Mapping[str, Any]] = {
        "guards": {"accept_removals": True, "accept_quarantine": True, "accept_contract": True},
        **sections,
        "run": {"engine": "local", "workers": 1, "retries": 0, **(run or {})},
        "warehouse": {"path": str(folder), "durable": False, **sections.get("warehouse", {})},
    }
    return load_settings(None, overrides, environ={})


def contract_with_mood(folder: Path) -> Path:
    """The packaged contract with one column more."""
    column = "      - {name: mood, logicalType: string, required: false, transformSourceObjects: [mood]}\n"
    return _variant(folder / "mood.odcs.yaml", "      - &category\n", column + "      - &category\n")


def contract_with_short_titles(folder: Path) -> Path:
    """The packaged contract, but a title of more than 12 characters goes to quarantine."""
    return _variant(folder / "short.odcs.yaml", "maxLength: 2000}", "maxLength: 12}")


def contract_with_described_titles(folder: Path, description: str) -> Path:
    """The packaged contract, but its `title` is described in other words."""
    before = load_contract()["articles"].schema.field("title").metadata[b"description"].decode()
    return _variant(folder / "described.odcs.yaml", before, description)


def _variant(path: Path, old: str, new: str) -> Path:
    text = PACKAGED.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path
