"""What becomes of a run whose files a broken producer wrote, and of one whose files changed in an orderly way.

Belongs here: kinds of trouble and of changes over one small tree that is loaded. Does not belong here: limits and
settings in numbers (`test_guards`).
"""

from __future__ import annotations

import gzip
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.errors import GuardRailError
from config.url_rules import DEFAULT_URL_RULES
from tasks.report.outcome import Outcome
from tests.builders import Desk, article, page

#: Words of titles and texts, so that no two articles are alike.
WORDS = ("ferry", "tram", "bridge", "market", "library", "harbour", "orchard", "museum", "theatre", "stadium")
NO_FRONT_MATTER = "30 whose file has no front matter any more"
GUARDED = {"accept_removals": False, "accept_quarantine": False}
#: From the bytes of a file to what is written in their place; None removes the file.
Change = Callable[[bytes], bytes | None]


def content(number: int, **fields: object) -> bytes:
    """The article with this number; every third has no address."""
    word = f"{WORDS[number % 10]}{number}"
    address = page(number) if number % 3 else None
    about = f"All about {word}, and {word} alone, as those tell it who were there on the day."
    return article(f"The {word} opens after {number} days", about, **{"originalUrl": address, **fields})


def filed(root: Path) -> Desk:
    """A desk with thirty articles in two folders, two copies, and seven files in quarantine, which are 18%."""
    desk = Desk(root, {"guards": GUARDED})
    for number in range(30):
        desk.write(f"{'ab'[number % 2]}/{number:02}.md", content(number))
    for number in (1, 2):
        desk.write(f"copies/{number}.md", content(number))
    for number in range(7):
        desk.write(f"bad/{number}.md", article(title=None, mood=f"mood {number}"))
    desk.run()
    return desk


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return filed(tmp_path_factory.mktemp("loaded"))


@pytest.fixture
def desk(loaded: Desk, tmp_path: Path) -> Desk:
    shutil.copytree(loaded.root, tmp_path / "desk", symlinks=True)
    return Desk(tmp_path / "desk", loaded.sections)


def files(desk: Desk, *folders: str) -> Iterator[Path]:
    for folder in folders or ("a", "b", "copies"):
        yield from sorted((desk.root / "news" / folder).glob("*.md"))


def rewrite(desk: Desk, change: Change, *folders: str) -> None:
    """Let a producer write the files of some folders again, by default of all but those in quarantine."""
    for file in files(desk, *folders):
        written = change(file.read_bytes())
        if written is None:
            file.unlink()
        else:
            file.write_bytes(written)


def put(pattern: str, text: str) -> Change:
    """The file with other text for what a pattern matches."""
    return lambda file: re.sub(pattern.encode(), text.encode(), file, flags=re.MULTILINE)


def front(line: str) -> Change:
    """The file with a line of front matter more."""
    return put(r"\A---\n", f"---\n{line}\n")


BROKEN: dict[str, tuple[Change, str]] = {
    "cut to nothing": (lambda _: b"", "30 whose file is empty"),
    "cut to a line end": (lambda _: b"\n", NO_FRONT_MATTER),
    "cut to 30 bytes": (lambda file: file[:30], r"30 in quarantine \(front-matter/unclosed-fence 30\)"),
    "all but a few deleted": (lambda file: file if b"ferry" in file else None, "27 whose file is deleted"),
    "HTML error page": (
        lambda _: b"<!DOCTYPE html>\n<h1>502 Bad Gateway</h1>\n",
        NO_FRONT_MATTER,
    ),
    "JSON of an API": (lambda _: b'{"error": "rate limit exceeded"}\n', r"30 in quarantine \(field/missing 30"),
    "fences lost": (put("^---\n", ""), NO_FRONT_MATTER),
    "closing fence lost": (put("\n---\n", "\n"), r"30 in quarantine \(front-matter/unclosed-fence 30\)"),
    "front matter lost": (lambda file: file.split(b"---\n")[2], NO_FRONT_MATTER),
    "UTF-16 cut inside a character": (lambda file: file.decode().encode("utf-16")[:61], "30 in quarantine"),
    "NUL bytes alone": (lambda file: bytes(len(file)), NO_FRONT_MATTER),
    "NUL bytes inside": (put("^title", "ti\0tle"), "30 in quarantine"),
    "compressed": (gzip.compress, NO_FRONT_MATTER),
    "another encoding": (lambda file: file.replace(b"The", b"Th\xe9"), r"30 in quarantine \(text/invalid-utf8 30\)"),
    "unresolved conflict": (front("<<<<<<< HEAD"), "30 in quarantine"),
    "template not filled in": (front("{% if title %}"), r"30 in quarantine \(yaml/syntax 30\)"),
    "title lost": (put("^title: .*\n", ""), r"30 in quarantine \(field/missing 30\)"),
    "title null": (put("^title: .*", "title: null"), r"30 in quarantine \(field/missing 30\)"),
    "withdrawn": (front("removed: true"), "30 withdrawn by their file"),
    "one address in all": (
        lambda file: article(file[11:40].decode(), originalUrl="https://cms.example/preview"),
        "29 merged into another article",
    ),
    "one article in all": (lambda _: content(4), "29 merged into another article"),
    "one title in all": (put("^title: .*", "title: Untitled"), "29 given the title of another article"),
    "one title and text in all": (
        put(r"\A(---\n)title: .*\n((?s:.*\n)---\n)(?s:.*)", r"\1title: Untitled\n\2Lorem ipsum.\n"),
        "29 given the title of another article",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_producer_empties_nothing(desk: Desk, kind: str) -> None:
    change, reason = BROKEN[kind]
    before, snapshot = desk.files(), desk.snapshot.number
    rewrite(desk, change)
    with pytest.raises(GuardRailError, match=rf"of 30 articles \(\d+%\) would be lost: .*{reason}") as caught:
        desk.run()
    assert (caught.value.exit_code, desk.files(), desk.snapshot.number) == (1, before, snapshot)
    assert "such as news/" in caught.value.message
    option = "accept_quarantine" if "quarantine" in reason else "accept_removals"
    assert f"`--{option.replace('_', '-')}` (in the Prefect UI with `{option}` ticked)" in caught.value.hint
    assert isinstance(caught.value.outcome, Outcome)
    assert [rail.state for rail in caught.value.outcome.rails][:1] == ["hit"]
    assert desk.run(guards={option: True}).status == "completed"


def test_reasons_add_up_and_each_has_its_way_on(desk: Desk) -> None:
    """Each of three kinds of trouble is within the limit; together they are not. One file of the twelve has a copy."""
    kinds: list[Change] = [lambda _: b"", lambda file: file[:30], lambda _: None]
    for number, file in enumerate([*files(desk, "a")][:12]):
        written = kinds[number % 3](file.read_bytes())
        file.unlink() if written is None else file.write_bytes(written)
    with pytest.raises(GuardRailError) as caught:
        desk.run()
    for reason in (
        "`--accept-quarantine --accept-removals`",
        "11 of 30 articles",
        "4 whose file is empty",
        "4 whose file is deleted",
        "3 in quarantine",
    ):
        assert reason in str(caught.value)
    with pytest.raises(GuardRailError, match=r"8 of 30 articles .*run again with `--accept-removals` "):
        desk.run(guards={"accept_quarantine": True})
    desk.run(guards={"accept_quarantine": True, "accept_removals": True})
    assert len(desk.rows("articles")) == 19


@pytest.mark.parametrize("broken", [b"", content(31)[:30]], ids=["empty", "cut"])
def test_a_small_source_beside_a_large_one_is_not_lost(desk: Desk, broken: bytes) -> None:
    for number in range(5):
        desk.write(f"{number}.md", content(31 + number), source="blog")
    desk.write("notes.md", b"No article.\n", source="blog")
    desk.run("news", "blog")
    before = desk.files()
    for number in range(5):
        desk.write(f"{number}.md", broken, source="blog")
    with pytest.raises(GuardRailError, match=r"5 of 35 articles \(14%\) .* Source 'blog' would have none any more"):
        desk.run("news", "blog")
    assert desk.files() == before


def moved(desk: Desk, folder: str, other: str) -> None:
    (desk.root / "news" / folder).rename(desk.root / "news" / other)


def copied(desk: Desk, **fields: object) -> None:
    for number in range(30):
        desk.write(f"mirror/{number}.md", content(number, **fields))


def originals_go_after_copies_came(desk: Desk) -> None:
    copied(desk)
    desk.run()
    rewrite(desk, lambda _: None)


#: Changes to the files, and of how many articles the run says that they have another id.
ORDERLY: dict[str, tuple[Callable[[Desk], None], int]] = {
    "folder renamed": (lambda desk: moved(desk, "a", "z"), 5),
    "folder in quarantine renamed": (lambda desk: moved(desk, "bad", "worse"), 0),
    "quarantined files written again": (lambda desk: rewrite(desk, put("mood", "moods"), "bad"), 0),
    "quarantined files deleted": (lambda desk: rewrite(desk, lambda _: None, "bad"), 0),
    "quarantined files mended": (lambda desk: rewrite(desk, lambda _: content(40, originalUrl=None), "bad"), 0),
    "new addresses": (lambda desk: rewrite(desk, put("paper.example", "gazette.example")), 20),
    "addresses for all": (
        lambda desk: rewrite(desk, lambda file: front(f"permalink: /{file[11:20].hex()}/")(file)),
        0,
    ),
    "other titles and texts": (lambda desk: rewrite(desk, put("opens|alone", "closes")), 0),
    "opening fence lost": (lambda desk: rewrite(desk, put(r"\A---\n", "")), 0),
    "six deleted": (lambda desk: rewrite(desk, lambda file: None if b"ferry" in file or b"tram" in file else file), 0),
    "better copies elsewhere": (lambda desk: copied(desk, excerpt="All that is to be said of it.", quality=90), 10),
    "originals deleted after copies came": (originals_go_after_copies_came, 10),
}


@pytest.mark.parametrize("kind", ORDERLY)
def test_orderly_changes_pass(desk: Desk, kind: str) -> None:
    change, new_ids = ORDERLY[kind]
    change(desk)
    outcome = desk.run()
    said = f"{new_ids} articles have another id than before" if new_ids else ""
    assert (outcome.changes.new_ids, said in outcome.message) == (new_ids, True)
    assert outcome.records.loaded >= 24
    assert desk.run().batches == 0


def url_rule(folder: Path, path: str) -> dict[str, Any]:
    """Settings with a rule of URLs more, which takes the page's name from `path`."""
    rule = f"sites:\n  - {{site: Paper, hosts: [paper.example], path: '{path}', key: 'paper.example/{{id}}'}}"
    (folder / "rules.yaml").write_text(DEFAULT_URL_RULES.read_text().replace("sites:", rule, 1))
    return {"contract": {"url_rules": str(folder / "rules.yaml")}}


def test_a_changed_rule_of_urls_gives_new_ids_and_a_wrong_one_stops_the_run(desk: Desk) -> None:
    with pytest.raises(GuardRailError, match=r"19 of 30 articles .* 19 merged into another article"):
        desk.run(**url_rule(desk.root, r"^/(?P<id>story)/"))
    outcome = desk.run(**url_rule(desk.root, r"^/story/(?P<id>\d+)"))
    assert (outcome.changes.new_ids, outcome.records.loaded) == (20, 30)


def test_what_stood_in_quarantine_does_not_count_again(desk: Desk) -> None:
    """With seven files in quarantine, seven more are 18% of new trouble, not 36%."""
    desk.run(full_refresh=True, guards={**GUARDED, "max_quarantined_share": 0.1})
    rewrite(desk, lambda file: file[:30] if b"ferry" in file else file, "a", "b")
    for number in range(4):
        desk.write(f"bad/new{number}.md", article(title=None, mood=f"new {number}"))
    assert desk.run().records.quarantined == 14
    for number in range(20):
        desk.write(f"bad/newer{number}.md", article(title=None, mood=f"newer {number}"))
    with pytest.raises(GuardRailError, match=r"20 of 63 files \(32%\) would be quarantined"):
        desk.run()
