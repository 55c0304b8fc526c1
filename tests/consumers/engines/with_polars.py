"""What Polars reads: lazily, so that partitions are pruned before files are opened."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from facts import Facts, names_of, tell


def scan(tables: Path, name: str, years: bool = False) -> pl.LazyFrame:
    """A table of a snapshot."""
    return pl.scan_parquet(tables / name / "**/*.parquet", hive_partitioning=years)


def one_year(tables: Path, year: int) -> tuple[int, int]:
    """Number and sum of quality of the articles of a year, by the partition column."""
    articles = scan(tables, "articles", years=True)
    of_year = articles.filter(pl.col("published_year") == year)
    count, quality = of_year.select(pl.len(), pl.col("quality").cast(pl.Int64).sum()).collect().row(0)
    return count, quality


def facts(tables: Path, year: int) -> Facts:
    """The facts of one snapshot, and the rows of one year."""
    articles = scan(tables, "articles", years=True)
    names = names_of(tables)
    rows = {name: scan(tables, name).select(pl.len()).collect().item() for name in names}
    first, last, quality, no_heat, topics = (
        articles.select(
            pl.col("published_at").min(),
            pl.col("published_at").max().alias("last"),
            pl.col("quality").cast(pl.Int64).sum(),
            pl.col("heat").null_count(),
            pl.col("topics").list.len().cast(pl.Int64).sum(),
        )
        .collect()
        .row(0)
    )
    widths = articles.select(pl.col("images").explode().struct.field("width").cast(pl.Int64).sum()).collect().item()
    copies = scan(tables, "duplicates")
    links = copies.select(pl.col("related").explode().struct.field("related_article_id").count()).collect().item()
    related = scan(tables, "related")
    ids = articles.select("article_id")
    joined = related.join(ids, left_on="related_article_id", right_on="article_id").select(pl.len()).collect().item()
    return Facts.of(rows, first, last, quality, no_heat, topics, widths, links, joined, one_year(tables, year))


if __name__ == "__main__":
    tell(facts, one_year, sys.argv)
