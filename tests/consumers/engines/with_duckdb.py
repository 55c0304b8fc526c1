"""What DuckDB reads: in SQL, over globs."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
from facts import Facts, names_of, tell


def read(tables: Path, name: str) -> str:
    """A table, in SQL."""
    return f"read_parquet('{tables}/{name}/**/*.parquet', hive_partitioning = true)"


def one_year(tables: Path, year: int) -> tuple[int, int]:
    """Number and sum of quality of the articles of a year, by the partition column."""
    articles = read(tables, "articles")
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

    articles = read(tables, "articles")
    names = names_of(tables)
    rows = {name: one(f"SELECT count(*) FROM {read(tables, name)}")[0] for name in names}
    first, last, quality, no_heat, topics = one(
        f"SELECT min(published_at), max(published_at), sum(quality), count(*) FILTER (heat IS NULL), "
        f"sum(len(topics)) FROM {articles}"
    )
    widths = one(f"SELECT sum(image.width) FROM (SELECT unnest(images) image FROM {articles})")[0]
    entries = f"SELECT unnest(related) entry FROM {read(tables, 'duplicates')}"
    links = one(f"SELECT count(entry.related_article_id) FROM ({entries})")[0]
    related = read(tables, "related")
    joined = one(f"SELECT count(*) FROM {related} r JOIN {articles} a ON r.related_article_id = a.article_id")[0]
    return Facts.of(rows, first, last, quality, no_heat, topics, widths, links, joined, one_year(tables, year))


if __name__ == "__main__":
    tell(facts, one_year, sys.argv)
