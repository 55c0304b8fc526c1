"""What Daft reads: in SQL and data frames, over globs with Hive partitions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import daft
import pyarrow.parquet as pq
from daft import col
from facts import Facts, names_of, tell


def one(frame: daft.DataFrame) -> tuple[Any, ...]:
    """The first row of an answer."""
    return tuple(frame.to_pylist()[0].values())


def read(tables: Path, name: str, year: int | None = None) -> daft.DataFrame:
    """A table of a snapshot, or a year of it."""
    # All files have the same schema: without it, whichever file is listed first would be opened to look.
    schema = daft.Schema.from_pyarrow_schema(pq.read_schema(min((tables / name).rglob("*.parquet"))))
    found = daft.read_parquet(
        f"{tables}/{name}/**/*.parquet",
        hive_partitioning=name == "articles",
        infer_schema=False,
        schema={column.name: column.dtype for column in schema},
    )
    return found if year is None else found.where(col("published_year") == year)


def one_year(tables: Path, year: int) -> tuple[int, int]:
    """Number and sum of quality of the articles of a year, by the partition column."""
    of_year = read(tables, "articles", year)
    count, quality = one(of_year.agg(col("article_id").count().alias("n"), col("quality").sum()))
    return count, quality


def facts(tables: Path, year: int) -> Facts:
    """The facts of one snapshot, and the rows of one year."""
    names = names_of(tables)
    rows = {name: read(tables, name).count_rows() for name in names}
    articles = read(tables, "articles")
    first, last, quality, no_heat, topics = one(
        articles.agg(
            col("published_at").min(),
            col("published_at").max().alias("last"),
            col("quality").sum().alias("quality"),
            col("heat").count("null").alias("no_heat"),
            col("topics").list_count().sum().alias("topics"),
        )
    )
    widths = one(articles.explode("images").agg(col("images").get("width").sum().alias("widths")))[0]
    copies = read(tables, "duplicates").explode("related")
    links = one(copies.agg(col("related").get("related_article_id").count().alias("links")))[0]
    ids = articles.select("article_id")
    joined = read(tables, "related").join(ids, left_on="related_article_id", right_on="article_id").count_rows()
    return Facts.of(rows, first, last, quality, no_heat, topics, widths, links, joined, one_year(tables, year))


if __name__ == "__main__":
    tell(facts, one_year, sys.argv)
