"""A backfill tells what runs at every commit would have told, whatever was observed besides."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from config.errors import UsageError, WarehouseError
from flows.backfill import Backfilled, Repository, run_backfill
from tests.builders import Desk, article, page
from tests.changing_site import ChangingSite
from tests.git_past import make_repository
from tests.newsroom import Story, settings_for

WATCHED = {"history": {"columns": ["url", "title", "heat"]}}
State = dict[str, bytes]


def file(desk: Desk, state: State) -> None:
    """Bring the folder `news` to a state."""
    folder = desk.root / "news"
    folder.mkdir(parents=True, exist_ok=True)
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if str(path.relative_to(folder)) not in state:
            path.unlink()
    for name, content in state.items():
        if not (folder / name).exists() or (folder / name).read_bytes() != content:
            desk.write(name, content)


def backfill(desk: Desk, repository: Path, **sections: Any) -> Backfilled:
    settings = settings_for(desk.root / "warehouse", **{**desk.sections, **sections})
    return run_backfill(Repository(repository), settings)


def states_of_a_newsroom(count: int) -> list[State]:
    """States in which files tell the same stories, change, break, go and come back."""
    chance, states = random.Random(7), []
    names = ["a.md", "b.md", "c.md", "_news/d.md", "_news/e.md"]
    files: State = {}
    for _ in range(count):
        for name in chance.sample(names, chance.randint(1, 2)):
            story = Story(
                title=chance.choice(["The ferry", "A bridge over the river", "Swans"]),
                page=chance.choice([None, 1, 2, 3]),
                quality=chance.choice([None, 1, 2]),
                shape=chance.choice(["article", "article", "article", "unclosed", "removed"]),
            )
            files = {**files, name: story.text().encode()}
        if chance.random() < 0.3 and len(files) > 1:
            files = {name: content for name, content in files.items() if name != min(files)}
        states.append(files)
    return states


def told(desk: Desk, step_of: dict[str, int], by: str) -> list[tuple[Any, ...]]:
    """The rows of the history, with the number of the state for the times."""
    rows = sorted(desk.rows("article_versions"), key=lambda row: (row["article_id"], row["valid_from"]))
    names = ("article_id", "changed", "is_deleted", "title", "quality", "published_at")
    return [(step_of[row[by]], *(row[name] for name in names)) for row in rows]


def commits(repository: Path) -> list[str]:
    done = subprocess.run(
        ["git", "-C", str(repository), "rev-list", "--reverse", "main"], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_a_backfill_tells_what_a_run_at_every_commit_tells(tmp_path: Path) -> None:
    states = states_of_a_newsroom(14)
    repository = make_repository(tmp_path / "repository", states)
    observed, filled = Desk(tmp_path / "observed", {"history": {"enabled": True}}), Desk(tmp_path / "filled")
    run_of: dict[str, int] = {}
    for step, state in enumerate(states):
        file(observed, state)
        run_of[observed.run(run={"batch_bytes": 1}).run_id] = step
    file(filled, states[-1])
    filled.run()
    backfill(filled, repository)
    commit_of = {commit: step for step, commit in enumerate(commits(repository))}
    assert told(filled, commit_of, "commit") == told(observed, run_of, "run_id")


def test_a_hundred_commits_equal_their_replay_in_any_batches(tmp_path: Path) -> None:
    site = ChangingSite(seed=1, files=12)
    states = [site.step() for _ in range(100)]
    repository = make_repository(tmp_path / "repository", states)
    for name, batch_bytes in (("one", 2**23), ("many", 2_000)):
        desk = Desk(tmp_path / name, WATCHED)
        file(desk, states[-1])
        desk.run()
        done = backfill(desk, repository, run={"batch_bytes": batch_bytes})
        assert done.commits == site.changes
        assert site.rows_of(desk.rows("article_versions")) == site.expected()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A ferry whose heat rose from 1 to 3 before presslake came."""
    desk = Desk(tmp_path, WATCHED)
    states = [{"a.md": article(heat=heat, originalUrl=page(1))} for heat in (1, 2, 3)]
    make_repository(tmp_path / "repository", states)
    file(desk, states[-1])
    desk.run()
    return desk


def heats(desk: Desk) -> list[int]:
    rows = sorted(desk.rows("article_versions"), key=lambda row: row["valid_from"])
    return [row["heat"] for row in rows]


def test_it_can_be_repeated(desk: Desk) -> None:
    assert backfill(desk, desk.root / "repository").status == "completed"
    rows, number = desk.rows("article_versions"), desk.snapshot.number
    assert heats(desk) == [1, 2, 3]
    assert backfill(desk, desk.root / "repository").status == "unchanged"
    assert (desk.rows("article_versions"), desk.snapshot.number) == (rows, number)


def test_later_runs_go_on_from_it_and_a_run_over_unchanged_files_adds_nothing(desk: Desk) -> None:
    backfill(desk, desk.root / "repository")
    desk.run()
    assert heats(desk) == [1, 2, 3]
    desk.write("a.md", article(heat=9, originalUrl=page(1)))
    desk.run()
    assert heats(desk) == [1, 2, 3, 9]
    last = max(desk.rows("article_versions"), key=lambda row: row["valid_from"])
    assert (last["changed"], last["commit"], last["valid_to"]) == (["heat"], None, None)
    backfill(desk, desk.root / "repository")
    assert heats(desk) == [1, 2, 3, 9]


def test_what_runs_observed_stands_and_git_tells_what_was_before(desk: Desk) -> None:
    desk.run(history={**WATCHED["history"], "enabled": True})
    desk.write("a.md", article(heat=7, originalUrl=page(1)))
    desk.write("b.md", article("Swans", originalUrl=page(2)))
    desk.run()
    backfill(desk, desk.root / "repository")
    ferry = [row for row in desk.rows("article_versions") if row["title"] == "The ferry"]
    ferry.sort(key=lambda row: row["valid_from"])
    assert [(row["heat"], row["commit"] is None) for row in ferry] == [(1, False), (2, False), (3, False), (7, True)]
    swans = [row for row in desk.rows("article_versions") if row["title"] == "Swans"]
    assert [row["changed"] for row in swans] == [[]]


def test_other_columns_are_watched_by_a_run_first(desk: Desk) -> None:
    backfill(desk, desk.root / "repository")
    other = {"columns": ["title", "quality"]}
    with pytest.raises(WarehouseError, match="brings them up to date"):
        backfill(desk, desk.root / "repository", history=other)
    desk.run(history=other)
    assert backfill(desk, desk.root / "repository", history=other).rows == 1


def test_a_backfill_needs_published_tables_and_one_source(tmp_path: Path, desk: Desk) -> None:
    with pytest.raises(WarehouseError, match="There is no warehouse"):
        backfill(Desk(tmp_path / "other"), desk.root / "repository")
    desk.write("c.md", article("Swans"), source="other")
    desk.run("other")
    with pytest.raises(UsageError, match="not clear") as error:
        backfill(desk, desk.root / "repository")
    assert "--source news or other" in error.value.hint
