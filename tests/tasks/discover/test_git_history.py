"""The steps of a branch: which files came, changed and went, and when."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from config.errors import SourceRefused
from config.settings import Access
from tasks.discover.git_history import Commit, GitPast
from tasks.discover.listing import Globs
from tests.git_past import START, make_repository


def past_of(root: Path, folder: str = "", ref: str = "") -> GitPast:
    return GitPast("news", root, ref, folder, Globs.compile(["**/*.md"]), Access())


def steps(past: GitPast) -> list[tuple[list[str], list[str]]]:
    """Paths that came or changed, and that went, step by step."""
    return [(sorted(commit.files), sorted(commit.deleted)) for commit in past.commits()]


def test_each_commit_says_what_came_changed_and_went(tmp_path: Path) -> None:
    states = [{"a.md": b"1", "b.md": b"1"}, {"a.md": b"2", "b.md": b"1"}, {"c d.md": b"1"}]
    past = past_of(make_repository(tmp_path / "r", states))
    assert steps(past) == [(["a.md", "b.md"], []), (["a.md"], []), (["c d.md"], ["a.md", "b.md"])]
    assert [commit.moment - START for commit in past.commits()] == [timedelta(hours=n) for n in range(3)]


def test_only_files_that_count_and_lie_in_the_folder_do(tmp_path: Path) -> None:
    states = [{"site/a.md": b"1", "b.md": b"1"}, {"site/a.md": b"1", "b.md": b"2"}, {"site/.c.md": b"1"}]
    past = past_of(make_repository(tmp_path / "r", states), "site")
    assert steps(past) == [(["a.md"], []), ([], ["a.md"])]


def test_times_rise_where_clocks_stood_still_or_went_back(tmp_path: Path) -> None:
    states = [{"a.md": b"%d" % n} for n in range(3)]
    commits: list[Commit] = list(past_of(make_repository(tmp_path / "r", states, [1000, 1000, 10])).commits())
    gaps = [later.moment - sooner.moment for sooner, later in pairwise(commits)]
    assert gaps == [timedelta(microseconds=1)] * 2


def test_a_merge_is_one_step_and_a_link_is_no_file(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True)

    def commit(*paths: str) -> None:
        for path in paths:
            (tmp_path / path).write_text(path)
        git("add", "-A")
        git("commit", "-m", "x")

    git("init", "--initial-branch=main")
    commit("a.md")
    git("checkout", "-b", "other")
    commit("b.md")
    commit("c.md")
    git("checkout", "main")
    (tmp_path / "a.md").unlink()
    (tmp_path / "a.md").symlink_to("nowhere")
    git("add", "-A")
    git("commit", "-m", "x")
    git("merge", "other")
    assert steps(past_of(tmp_path)) == [(["a.md"], []), ([], ["a.md"]), (["b.md", "c.md"], [])]


def test_sizes_stand_beside_blobs(tmp_path: Path) -> None:
    past = past_of(make_repository(tmp_path / "r", [{"a.md": b"12345", "b.md": b"12345"}]))
    (commit,) = past.commits()
    listing = past.listing(sorted(commit.files.items()))
    assert listing["size"].to_pylist() == [5, 5]
    assert listing["etag"].to_pylist() == [commit.files["a.md"]] * 2


def test_a_ref_that_is_not_there_is_named(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", [{"a.md": b"1"}])
    with pytest.raises(SourceRefused, match="'nowhere'"):
        list(past_of(root, ref="nowhere").commits())
