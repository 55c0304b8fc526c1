"""The dbt project of docs/dbt builds on the tables of a run, tests and all, and says what the tables say."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest

from tests.builders import Desk, article
from tests.consumers.environments import PROJECT, program

STORY = "The night ferry comes back to the bay after four years of repairs and two broken promises"


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot with one story that two outlets carry, and one that only one does."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    story = "Night ferry returns to Merrow Bay after long repairs"
    for number, outlet in enumerate(("tides.example", "wire.example")):
        address = f"https://{outlet}/night-ferry"
        moment = f"2025-03-0{number + 1}T09:00:00Z"
        desk.write(
            f"{number}.md",
            article(story, originalUrl=address, excerpt=STORY[: 88 - 20 * number], publishedDateTime=moment),
        )
    desk.write("other.md", article("Horns in the fog", originalUrl="https://tides.example/fog"))
    desk.run()
    return desk.snapshot.path


def build(folder: Path, tables: Path) -> subprocess.CompletedProcess[str]:
    """`dbt build` in a copy of the project, offline."""
    shutil.copytree(PROJECT / "docs" / "dbt", folder, dirs_exist_ok=True)
    environment = {**os.environ, "PRESSLAKE_TABLES": str(tables), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    command = [program("dbt", "dbt"), "--no-use-colors", "build", "--profiles-dir", "."]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_example_builds_and_counts_stories_once(tables: Path, tmp_path: Path) -> None:
    done = build(tmp_path, tables)
    assert done.returncode == 0, done.stdout[-3000:]
    con = duckdb.connect(str(tmp_path / "presslake.duckdb"), read_only=True)
    daily = con.execute("SELECT sum(articles), sum(copies) FROM daily_articles_by_provider").fetchall()
    assert daily == [(2, 3)]
    spread = "SELECT outlets, first_published_by, syndicated, days_to_last_copy FROM spread_of_syndicated_stories"
    assert con.execute(spread).fetchall() == [(2, "tides.example", 1, 1)]


def test_its_tests_fail_on_tables_that_are_not_sound(tables: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "tables"
    shutil.copytree(tables, damaged)
    shutil.rmtree(damaged / "articles")
    shutil.copytree(tables / "duplicates", damaged / "articles")
    done = build(tmp_path / "project", damaged)
    assert done.returncode != 0
    assert "relationships" in done.stdout
