"""What Spark reads: in SQL, over views of folders, whose names give the partition column."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from facts import Facts, names_of, tell
from pyspark.sql import SparkSession

SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "2",
    "spark.log.level": "ERROR",
}


def session() -> SparkSession:
    """The process's session: two threads, no web page."""
    return SparkSession.builder.master("local[2]").appName("presslake readers").config(map=SETTINGS).getOrCreate()


def view(tables: Path, name: str) -> None:
    """Let SQL see a table under its name."""
    session().read.parquet(str(tables / name)).createOrReplaceTempView(name)


def one(query: str) -> tuple[Any, ...]:
    """The first row of an answer."""
    return tuple(session().sql(query).collect()[0])


def one_year(tables: Path, year: int) -> tuple[int, int]:
    """Number and sum of quality of the articles of a year, by the partition column."""
    view(tables, "articles")
    count, quality = one(f"SELECT count(*), sum(quality) FROM articles WHERE published_year = {year}")
    return count, quality


def facts(tables: Path, year: int) -> Facts:
    """The facts of one snapshot, and the rows of one year."""
    names = names_of(tables)
    for name in names:
        view(tables, name)
    rows = {name: one(f"SELECT count(*) FROM {name}")[0] for name in names}
    # As microseconds: `collect` would turn times into those of the machine's zone, without saying so.
    first, last, quality, no_heat, topics = one(
        "SELECT unix_micros(min(published_at)), unix_micros(max(published_at)), sum(quality), "
        "count_if(heat IS NULL), sum(size(topics)) FROM articles"
    )
    if dict(session().table("articles").dtypes)["published_at"] != "timestamp":
        raise TypeError("published_at is no moment in time")
    widths = one("SELECT sum(image.width) FROM (SELECT explode(images) image FROM articles)")[0]
    links = one("SELECT count(entry.related_article_id) FROM (SELECT explode(related) entry FROM duplicates)")[0]
    joined = one("SELECT count(*) FROM related r JOIN articles a ON r.related_article_id = a.article_id")[0]
    moments = [datetime.fromtimestamp(micros / 1e6, UTC) for micros in (first, last)]
    return Facts.of(rows, *moments, quality, no_heat, topics, widths, links, joined, one_year(tables, year))


if __name__ == "__main__":
    tell(facts, one_year, sys.argv)
