"""The recipes of docs/consumers.md run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tasks.report.status import published_tables
from tests.builders import Desk, article, page
from tests.consumers.environments import PROJECT, need_java, program

PAGE = (PROJECT / "docs" / "consumers.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"^## (\w+)\n\n```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
#: Engines that the developers' environment has.
HERE = {"DuckDB", "Polars", "PyArrow"}
ENGINES = {"DuckDB", "Polars", "PyArrow", "pandas", "PySpark", "ClickHouse", "DataFusion", "Daft"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `warehouse`, 31 articles of one year."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    for number in range(31):
        desk.write(f"{number}.md", article(f"Day {number} of the fair", originalUrl=page(number), topics=["fair"]))
    desk.run()
    return desk.root


def test_each_engine_has_a_recipe() -> None:
    assert set(RECIPES) == ENGINES


@pytest.mark.parametrize("engine", RECIPES)
def test_a_recipe_counts_the_articles_of_the_year(engine: str, folder: Path) -> None:
    if engine == "PySpark":
        need_java()
    python = program(None if engine in HERE else "readers", "python")
    environment = {**os.environ, "PRESSLAKE_TABLES": published_tables(folder / "warehouse").path}
    command = [python, "-c", RECIPES[engine]]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "2025" in done.stdout
    assert "31" in done.stdout
