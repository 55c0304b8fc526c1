"""What DuckDB reads: in SQL, over globs."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
from facts import Facts, tell


def one_year(tables: Path, year: int) -> tuple[int, int]:
    """Number and sum of quality of the articles of a year, by the partition column."""
    articles = f"read_parquet('{tables}/articles/**/*.parquet', hive_partitioning = true)"
    query = f"SELECT count(*), sum(quality) FROM {articles} WHERE published_year = {year}"
    return duckdb.connect().execute(query).fetchall()[0]


def facts(tables: Path, year: int) -> Facts:
    """The facts of one snapshot, and the rows of one year."""
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")

    def one(query: str) -> tuple[object, ...]:
        row = con.execute(query).fetchone()
        assert row is not None
        return row

    articles = f"read_parquet('{tables}/articles/**/*.parquet', hive_partitioning = true)"
    names = sorted(path.name for path in tables.iterdir() if path.is_dir())
    rows = {name: one(f"SELECT count(*) FROM '{tables}/{name}/**/*.parquet'")[0] for name in names}
    first, last, quality, no_heat, topics = one(
        f"SELECT min(published_at), max(published_at), sum(quality), count(*) FILTER (heat IS NULL), "
        f"sum(len(topics)) FROM {articles}"
    )
    widths = one(f"SELECT sum(image.width) FROM (SELECT unnest(images) image FROM {articles})")[0]
    links = one(f"SELECT count(entry.related_article_id) FROM (SELECT unnest(related) entry FROM {articles})")[0]
    related = f"'{tables}/related/**/*.parquet'"
    joined = one(f"SELECT count(*) FROM {related} r JOIN {articles} a ON r.related_article_id = a.article_id")[0]
    return Facts.of(rows, first, last, quality, no_heat, topics, widths, links, joined, one_year(tables, year))


if __name__ == "__main__":
    tell(facts, one_year, sys.argv)
