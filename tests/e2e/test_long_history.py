"""Thousands of commits: every row of the backfill is the one that a replay of each commit gives."""

from __future__ import annotations

from pathlib import Path

from flows.backfill import Repository, run_backfill
from tests.builders import Desk
from tests.changing_site import ChangingSite
from tests.git_past import make_repository
from tests.newsroom import settings_for

COMMITS = 2_000


def test_two_thousand_commits(tmp_path: Path) -> None:
    site = ChangingSite(seed=2, files=60)
    states = [site.step() for _ in range(COMMITS)]
    repository = make_repository(tmp_path / "repository", states)
    desk = Desk(tmp_path)
    for path, content in states[-1].items():
        desk.write(path, content)
    desk.run()
    settings = settings_for(desk.root / "warehouse", {"workers": 2}, history={"columns": ["url", "title", "heat"]})
    done = run_backfill(Repository(repository), settings)
    assert done.commits == site.changes > COMMITS / 2
    assert site.rows_of(desk.rows("article_versions")) == site.expected()
