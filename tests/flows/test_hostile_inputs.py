"""Hostile files: each costs no more than itself. The run ends well and the good neighbour is loaded.

The raw bytes of what is quarantined are kept, with a stable code and the line to look at.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import Desk, article


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with one good article."""
    desk = Desk(tmp_path)
    desk.write("good.md", article("The good neighbour"))
    return desk


def front(*lines: str) -> bytes:
    """An article whose front matter has further lines; the first of them is line 4."""
    return "\n".join(
        ["---", "title: Ferry", "publishedDateTime: 2025-03-01T09:00:00Z", *lines, "---", "Text.", ""]
    ).encode()


def assert_quarantined(desk: Desk, content: bytes, code: str, line: int) -> None:
    """The file is refused for that reason, there, and kept; the good one is loaded."""
    desk.write("bad.md", content)
    outcome = desk.run()
    assert desk.violations("bad.md")[code] == line
    assert desk.one("quarantine", "bad.md")["raw"] == content
    assert desk.titles() == ["The good neighbour"]
    assert (outcome.records.loaded, outcome.records.quarantined) == (1, 1)


#: Written out, it would have 9 ** 19 values.
ALIAS_BOMB = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 20)]


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"---\ntitle: Ferry\nText\n", "front-matter/unclosed-fence", 1),
        (b"---\n" + bytes(range(128, 256)) + b"\n---\n", "text/invalid-utf8", 2),
        (front("l0: &l0 lol", *ALIAS_BOMB), "yaml/anchor", 4),
        (front("deep: " + "[" * 20_000 + "]" * 20_000), "limit/depth", 4),
        (front("category: ne\0ws"), "text/control-character", 4),
        (front("category: caf\xe9").replace("é".encode(), b"\xe9"), "text/invalid-utf8", 4),
        (article("x" * 100_000), "field/length", 2),
    ],
    ids=["unclosed", "binary", "alias bomb", "depth", "nul", "latin-1", "100 kB title"],
)
def test_a_file_that_breaks_a_rule_is_kept_with_code_and_line(desk: Desk, content: bytes, code: str, line: int) -> None:
    assert_quarantined(desk, content, code, line)


def test_empty_file_is_ignored(desk: Desk) -> None:
    desk.write("empty.md", b"")
    assert desk.run().files.ignored == 1
    assert desk.statuses() == {"empty.md": "ignored", "good.md": "loaded"}


def test_binary_file_is_ignored_as_it_has_no_front_matter(desk: Desk) -> None:
    desk.write("picture.md", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 64)
    desk.run()
    assert desk.statuses() == {"good.md": "loaded", "picture.md": "ignored"}


def test_scalar_of_50_megabytes(desk: Desk) -> None:
    desk.write("huge.md", front("excerpt: " + "x" * 50_000_000))
    outcome = desk.run()
    assert desk.violations("huge.md") == {"limit/file-size": None}
    assert outcome.records.loaded == 1


def test_too_many_values(desk: Desk) -> None:
    desk.write("many.md", front("many:", *["- 1"] * 100_001))
    desk.run()
    assert "limit/nodes" in desk.violations("many.md")


def test_duplicate_key(desk: Desk) -> None:
    desk.write("twice.md", front("quality: 1", "quality: 2"))
    assert desk.run().records.quarantined == 0
    assert desk.statuses() == {"good.md": "loaded", "twice.md": "loaded"}


def test_python_object_is_never_made(desk: Desk, tmp_path: Path) -> None:
    proof = tmp_path / "executed"
    content = front(f"category: !!python/object/apply:os.system ['touch {proof}']")
    assert_quarantined(desk, content, "yaml/tag", 4)
    assert not proof.exists()


@pytest.mark.parametrize(
    "line",
    [
        "provider: Fen and Field",
        "topics: {a: b}",
        "topics: [[{a: b}]]",
        "related: [{title: {a: b}}]",
        "images: some",
        "images: [[some]]",
        "quality: many",
        "quality: 1.5",
        "quality: 99999999999999999999",
        "published: perhaps",
        "provider: {name: [a]}",
    ],
)
def test_wrong_type_at_any_level(desk: Desk, line: str) -> None:
    desk.write("bad.md", front(line))
    assert set(desk.run().found) == {"field/type"}
    assert desk.rows("articles"), "the good neighbour is loaded"
    assert desk.statuses()["bad.md"] in ("quarantined", "loaded")


@pytest.mark.parametrize("root", ["[1, 2]", "text", "- a", "42", "null"])
def test_front_matter_that_is_no_mapping(desk: Desk, root: str) -> None:
    desk.write("bad.md", f"---\n{root}\n---\n".encode())
    desk.run()
    assert set(desk.violations("bad.md")) <= {"front-matter/not-a-mapping", "field/missing"}


@pytest.mark.parametrize(
    ("date", "code"),
    [
        ("2025-02-30T00:00:00Z", "time/invalid"),
        ("2025-13-01", "time/invalid"),
        ("2025-03-01T25:00:00Z", "time/invalid"),
        ("0000-01-01", "time/invalid"),
        ("99999-01-01", "time/invalid"),
        ("0001-01-01T00:00:00Z", "field/range"),
        ("9999-12-31T23:59:59Z", "field/range"),
        ("9999-12-31T23:59:59-12:00", None),
        ("0001-01-01T00:00:00+12:00", None),
    ],
)
def test_impossible_dates(desk: Desk, date: str, code: str | None) -> None:
    content = b"---\ntitle: Ferry\npublishedDateTime: " + date.encode() + b"\n---\n"
    desk.write("bad.md", content)
    desk.run()
    record = desk.one("articles", "bad.md")
    assert record["published_at"] is None
    assert len(record["warnings"]) == 1
    assert code is None or record["warnings"] == [f"{code} publishedDateTime"]
    assert json.loads(record["extra"]) == {"publishedDateTime": date}


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_times_outside_the_contract_do_not_stop_other_columns(desk: Desk, date: str) -> None:
    desk.write("edge.md", article("Edge", updatedDateTime=date))
    assert desk.run().records.loaded + desk.snapshot.rows("quarantine") == 2


@pytest.mark.parametrize(
    "name", ["with space.md", "line\nbreak.md", "fête/écluse.md", "日本語.md", "a#b?c%d.md", "'\"$;.md"]
)
def test_names_of_any_kind(desk: Desk, name: str) -> None:
    desk.write(name, article("Odd name"))
    desk.run()
    assert desk.one("articles", name)["title"] == "Odd name"
    assert desk.run().status == "unchanged"


def test_name_that_is_not_utf8(desk: Desk) -> None:
    path = os.fsencode(desk.root / "news") + b"/caf\xe9.md"
    Path(os.fsdecode(path)).write_bytes(article("Odd name"))
    desk.run()
    assert desk.titles() == ["Odd name", "The good neighbour"]


def test_link_out_of_the_source_is_not_followed(desk: Desk) -> None:
    (desk.root / "secret.md").write_bytes(article("Secret"))
    (desk.root / "news" / "link.md").symlink_to(desk.root / "secret.md")
    (desk.root / "news" / "folder").symlink_to(desk.root, target_is_directory=True)
    assert desk.run().files.discovered == 1
    assert desk.titles() == ["The good neighbour"]


def test_fifo_is_not_opened(desk: Desk) -> None:
    os.mkfifo(desk.root / "news" / "pipe.md")
    assert desk.run().files.discovered == 1


def test_file_without_permission(desk: Desk) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    desk.write("closed.md", article()).chmod(0)
    desk.run()
    assert desk.violations("closed.md") == {"file/unreadable": None}


def test_alias_bombs_among_articles_take_bounded_memory(tmp_path: Path) -> None:
    bomb = f"---\ntitle: Bomb\nx: &x {'x' * 1_000_000}\ny: [{', '.join(['*x'] * 20_000)}]\n---\n"
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "bomb.md").write_text(bomb)
    (tmp_path / "lenient.yaml").write_text("read: {on: {yaml/alias: accept, yaml/anchor: accept}}\n")
    for number in range(30):
        (tmp_path / "src" / f"{number}.md").write_bytes(article(f"Story {number}"))
    for options in ([], ["--config", "lenient.yaml"]):
        warehouse = f"w{len(options)}"
        command = [sys.executable, "-m", "flows", "run", "src", "--warehouse", warehouse, "--json", *options]
        limited = f"ulimit -v {6 * 1024 * 1024} && exec {shlex.join(command)}"
        done = subprocess.run(
            ["bash", "-c", limited], cwd=tmp_path, env=_environment(), capture_output=True, check=True
        )
        assert json.loads(done.stdout)["records"] == {"loaded": 30, "duplicate": 0, "quarantined": 1, "removed": 0}


def _environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PRESSLAKE_")}
    return {**inherited, "PYTHONPATH": str(Path(__file__).parents[2])}
