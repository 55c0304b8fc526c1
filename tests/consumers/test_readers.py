"""The tables read the same in every engine: `make test-consumers`.

Belongs here: what each engine must answer, worked out from the rows as PyArrow reads them, file by file.
Does not belong here: how an engine is asked (`engines/with_*.py`, one a file, run in an environment of
their own because their pins exclude one another).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.builders import Desk, article, page
from tests.consumers.engines.facts import names_of, utc
from tests.consumers.environments import need_java, program

HERE = Path(__file__).parent
#: Engines by the environment that has them; None is the developers' own.
ENGINES = {
    "duckdb": None,
    "polars": None,
    "pyarrow": None,
    "pandas": "readers",
    "pyspark": "readers",
    "chdb": "readers",
    "datafusion": "readers",
    "daft": "readers",
}
YEAR = 2025


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Two runs: three years, all tables, nulls, empty lists, duplicates."""
    desk = Desk(tmp_path_factory.mktemp("desk"), {"guards": {"accept_quarantine": True}})
    file_stories(desk)
    mended = (desk.root / "news" / "4.md").read_bytes()
    desk.write("4.md", article("Rewritten later", originalUrl=page(4), quality=1_000, topics=["old"]))
    desk.write("gone.md", article("Gone later", originalUrl=page(99), publishedDateTime="2023-01-01T00:00:00Z"))
    desk.run()
    desk.write("4.md", mended)
    desk.delete("gone.md")
    desk.run()
    return desk


@pytest.fixture(scope="module")
def tables(desk: Desk) -> Path:
    """The snapshot of the second run."""
    return desk.snapshot.path


def file_stories(desk: Desk) -> None:
    """Twelve stories of three years, a copy of one, and a file that is broken."""
    for number in range(12):
        images = [{"url": f"https://img.paper.example/{number}-{i}.jpg", "width": 640 + i} for i in range(number % 3)]
        entries = [{"title": f"Story {n}", "webUrl": page(n)} for n in range(number % 4)]
        desk.write(
            f"{number}.md",
            article(
                f"The ferry, day {number}",
                originalUrl=page(number),
                publishedDateTime=f"{2024 + number % 3}-0{1 + number % 9}-01T23:30:00.000001Z",
                quality=number if number % 5 else None,
                heat=-1 if number % 2 else number,
                topics=[f"topic {i}" for i in range(number % 3)],
                images=images,
                related=entries,
                mood="calm",
            ),
        )
    day = {"originalUrl": page(3), "publishedDateTime": "2024-04-01T23:30:00Z"}
    desk.write("copy.md", article("The ferry, day 3", **day, related=[{"title": "Story 1", "webUrl": page(1)}]))
    desk.write("broken.md", article(None))


def expected(tables: Path) -> dict[str, Any]:
    """The right answers, from rows: no data set, no glob, no engine."""

    def read(table: str) -> list[dict[str, Any]]:
        files = sorted((tables / table).rglob("*.parquet"))
        rows: list[dict[str, Any]] = pa.concat_tables([pq.ParquetFile(file).read() for file in files]).to_pylist()
        return rows

    names = names_of(tables)
    articles, related = read("articles"), read("related")
    ids = {row["article_id"] for row in articles}
    of_year = [row for row in articles if row["published_at"].year == YEAR]
    return {
        "rows": {name: len(read(name)) for name in names},
        "first": utc(min(row["published_at"] for row in articles)),
        "last": utc(max(row["published_at"] for row in articles)),
        "quality": sum(row["quality"] or 0 for row in articles),
        "no_heat": sum(row["heat"] is None for row in articles),
        "topics": sum(len(row["topics"]) for row in articles),
        "widths": sum(image["width"] or 0 for row in articles for image in row["images"]),
        "links": sum(entry["related_article_id"] is not None for row in read("duplicates") for entry in row["related"]),
        "joined": sum(row["related_article_id"] in ids for row in related),
        "in_year": [len(of_year), sum(row["quality"] or 0 for row in of_year)],
    }


def ask(engine: str, tables: Path, what: str = "facts") -> dict[str, Any]:
    """An engine's answers, from a process of its own in a zone far from UTC."""
    if engine == "pyspark":
        need_java()
    done = subprocess.run(
        [program(ENGINES[engine], "python"), str(HERE / "engines" / f"with_{engine}.py"), str(tables), str(YEAR), what],
        env={**os.environ, "TZ": "America/New_York", "PYTHONPATH": "", "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_gives_the_same_answers(engine: str, tables: Path) -> None:
    assert ask(engine, tables) == expected(tables)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_query_for_one_year_opens_no_file_of_another(engine: str, tables: Path, tmp_path: Path) -> None:
    """The files of 2026 are made unreadable: an engine that leaves their folder out does not notice."""
    damaged = tmp_path / "tables"
    shutil.copytree(tables, damaged)
    for file in (damaged / "articles" / f"published_year={YEAR + 1}").iterdir():
        file.write_bytes(b"not Parquet")
    assert ask(engine, damaged, "one year") == {"in_year": expected(tables)["in_year"]}


def test_the_data_has_what_could_go_wrong(tables: Path) -> None:
    """No question above would pass on tables that have nothing to ask for."""
    answers = expected(tables)
    assert all(answers["rows"].values())
    assert all(answers[name] for name in ("quality", "no_heat", "topics", "widths", "links", "joined"))
    assert answers["first"].endswith(".000001+00:00")
    assert set(ENGINES) == {path.stem.removeprefix("with_") for path in (HERE / "engines").glob("with_*.py")}
