"""What becomes of a run whose files a broken producer wrote, and of one whose files changed in an orderly way.

Belongs here: kinds of trouble and of changes over one small tree that is loaded. Does not belong here: limits and
settings in numbers (`test_guards`).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.errors import GuardRailError
from flows.cli import main
from tests.builders import Desk, article, page
from tests.newsroom import contract_with_short_titles

#: Words of titles and texts that no two articles share, so that none is like another.
WORDS = ("ferry", "tram", "bridge", "market", "library", "harbour", "orchard", "museum", "theatre", "stadium")
GUARDED = {"accept_removals": False, "accept_quarantine": False}
Break = Callable[[Path], bytes | None]


def content(number: int, **fields: object) -> bytes:
    """The article with this number; every third has no address."""
    word = f"{WORDS[number % 10]}{number}"
    about = {"originalUrl": page(number) if number % 3 else None, "mood": f"mood of {word}", **fields}
    return article(f"The {word} opens after {number} days", f"All about {word}, and {word} alone.", **about)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Thirty articles in two folders, two copies, and seven files that stand in quarantine: 18%."""
    desk = Desk(tmp_path_factory.mktemp("loaded"), {"guards": GUARDED})
    for number in range(30):
        desk.write(f"{'ab'[number % 2]}/{number:02}.md", content(number))
    for number in (1, 2):
        desk.write(f"copies/{number}.md", content(number))
    for number in range(7):
        desk.write(f"bad/{number}.md", article(title=None))
    desk.run()
    assert len(desk.rows("articles")) == 30
    return desk


@pytest.fixture
def desk(loaded: Desk, tmp_path: Path) -> Desk:
    shutil.copytree(loaded.root, tmp_path / "desk", symlinks=True)
    return Desk(tmp_path / "desk", {"guards": GUARDED})


def files(desk: Desk, *folders: str) -> Iterator[Path]:
    for folder in folders or ("a", "b", "copies"):
        yield from sorted((desk.root / "news" / folder).glob("*.md"))


def rewrite(desk: Desk, change: Break, *folders: str) -> None:
    """Let the producer write the files of some folders again, all by default; None removes a file."""
    for file in files(desk, *folders):
        if (written := change(file)) is None:
            file.unlink()
        else:
            file.write_bytes(written)


def front(line: str) -> Break:
    """The file with a line of front matter more, before all others."""
    return lambda file: file.read_bytes().replace(b"---\n", f"---\n{line}\n".encode(), 1)


def put(pattern: str, text: str) -> Break:
    """The file with other text for what a pattern matches."""
    return lambda file: re.sub(pattern.encode(), text.encode(), file.read_bytes(), flags=re.M)


BROKEN: dict[str, tuple[Break, str]] = {
    "cut to nothing": (lambda file: b"", "30 file empty"),
    "cut to a blank line": (lambda file: b"\n", "30 no front matter any more"),
    "cut to 30 bytes": (lambda file: file.read_bytes()[:30], r"30 in quarantine \(front-matter/unclosed-fence 30"),
    "deleted": (lambda file: None, "30 file gone"),
    "HTML error page": (lambda file: b"<!DOCTYPE html>\n<html><h1>502 Bad Gateway</h1></html>\n", "30 "),
    "JSON of an API": (lambda file: b'{"error": "rate limit"}\n', "30 "),
    "opening fence lost": (lambda file: file.read_bytes().removeprefix(b"---\n"), "30 "),
    "closing fence lost": (lambda file: file.read_bytes().replace(b"\n---\n", b"\n"), "30 in quarantine"),
    "body without front matter": (lambda file: file.read_bytes().split(b"---\n")[2], "30 no front matter any more"),
    "UTF-16 cut in half": (lambda file: file.read_text().encode("utf-16")[:61], "30 "),
    "NUL bytes only": (lambda file: bytes(len(file.read_bytes())), "30 "),
    "NUL bytes inside": (lambda file: file.read_bytes().replace(b"title", b"ti\0tle"), "30 in quarantine"),
    "compressed": (lambda file: __import__("gzip").compress(file.read_bytes()), "30 "),
    "not UTF-8": (put("mood of", "m\\udcff"), "30 "),
    "unresolved conflict": (front("<<<<<<< HEAD"), "30 in quarantine"),
    "template not filled in": (front("{% if title %}"), "30 in quarantine"),
    "title lost": (put("^title: .*\n", ""), "30 in quarantine"),
    "title null": (put("^title: .*", "title: null"), "30 in quarantine"),
    "dates of another kind": (put("^(publishedDateTime): .*", r"\1: [object Object]"), "30 in quarantine"),
    "withdrawn": (front("removed: true"), "30 withdrawn by the file"),
    "one address in all": (
        lambda file: put("^originalUrl: .*\n", "")(file).replace(b"---\n", b"---\noriginalUrl: https://cms.example/x\n", 1),
        "29 merged into another article",
    ),
    "one article in all": (lambda file: content(3), "merged into another article"),
    "one title and text in all": (
        lambda file: article("Untitled", "Lorem ipsum.", originalUrl=None),
        "29 merged into another article",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_producer_empties_nothing(desk: Desk, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    change, reason = BROKEN[kind]
    before = desk.files()
    rewrite(desk, change)
    code = main(["run", f"news={desk.root / 'news'}", "--warehouse", str(desk.warehouse.root)])
    print(kind, capsys.readouterr().err)
    assert (code, desk.files()) == (1, before)
