from pathlib import Path

import pytest

from tasks.discover import left_out
from tasks.discover.left_out import name_left_out
from tasks.discover.source import open_source

HEAD = "---\ntitle: Ferry\n---\n"


def write(root: Path, text: str, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def test_files_of_other_kinds_that_have_front_matter_are_named(tmp_path: Path) -> None:
    write(tmp_path, HEAD, "a.rst", "d.md", "f.yaml", "node_modules/i.rst", ".hidden/j.rst", "k/.l.rst")
    write(tmp_path, "\ufeff+++\ntitle = 1\n+++\n", "x/b.RST")
    write(tmp_path, '{"title": 1}', "c.org", "g.json")
    write(tmp_path, "-----\nTitle\n-----\n", "e.rst")
    (tmp_path / "link.rst").symlink_to(tmp_path / "a.rst")
    said = name_left_out([open_source(str(tmp_path))])
    assert said.startswith("1 `.org` and 2 `.rst` files have front matter and are left out; ")
    assert said.endswith(" --include '**/*.txt' --include '**/*.org' --include '**/*.rst'")


def test_nothing_is_said_where_there_is_nothing_or_patterns_are_given(tmp_path: Path) -> None:
    write(tmp_path, "Title\n=====\n", "a.rst")
    write(tmp_path, HEAD, "b.md")
    assert name_left_out([open_source(str(tmp_path))]) == ""
    write(tmp_path, HEAD, "c.rst")
    assert name_left_out([open_source(str(tmp_path), include=["*.md"])]) == ""
    assert name_left_out([open_source(str(tmp_path))]).startswith("1 `.rst` file has front matter and is left out")


def test_only_so_many_files_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, HEAD, *(f"{number}.adoc" for number in range(9)))
    monkeypatch.setattr(left_out, "_MOST_READ", 4)
    assert name_left_out([open_source(str(tmp_path))]).startswith("4 `.adoc` files")
