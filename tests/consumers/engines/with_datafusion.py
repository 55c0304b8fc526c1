"""What DataFusion reads: in SQL, over folders that are registered with their partition column."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datafusion import SessionContext
from facts import Facts, names_of, tell

PARTITIONED = ("articles", "duplicates", "related")


def context_of(tables: Path) -> SessionContext:
    """A context with every table registered under its name."""
    context = SessionContext()
    for name in names_of(tables):
        years = [("published_year", pa.int16())] if name in PARTITIONED else []
        # All files have the same schema: without it, every one of them would be opened to look.
        schema = pq.read_schema(min((tables / name).rglob("*.parquet")))
        context.register_parquet(name, f"{tables / name}/", table_partition_cols=years, schema=schema)
    return context


def one(context: SessionContext, query: str) -> tuple[Any, ...]:
    """The first row of an answer."""
    return tuple(context.sql(query).to_arrow_table().to_pylist()[0].values())


def one_year(tables: Path, year: int) -> tuple[int, int]:
    """Number and sum of quality of the articles of a year, by the partition column."""
    query = f"SELECT count(*), sum(quality) FROM articles WHERE published_year = {year}"
    count, quality = one(context_of(tables), query)
    return count, quality


def facts(tables: Path, year: int) -> Facts:
    """The facts of one snapshot, and the rows of one year."""
    context = context_of(tables)
    names = names_of(tables)
    rows = {name: one(context, f"SELECT count(*) FROM {name}")[0] for name in names}
    first, last, quality, no_heat, topics = one(
        context,
        "SELECT min(published_at), max(published_at) AS last, sum(quality), "
        "sum(CASE WHEN heat IS NULL THEN 1 ELSE 0 END), sum(coalesce(array_length(topics), 0)) FROM articles",
    )
    widths = one(context, "SELECT sum(image['width']) FROM (SELECT unnest(images) image FROM articles)")[0]
    entries = "SELECT unnest(related) entry FROM duplicates"
    links = one(context, f"SELECT count(entry['related_article_id']) FROM ({entries})")[0]
    joined = one(context, "SELECT count(*) FROM related r JOIN articles a ON r.related_article_id = a.article_id")[0]
    return Facts.of(rows, first, last, quality, no_heat, topics, widths, links, joined, one_year(tables, year))


if __name__ == "__main__":
    tell(facts, one_year, sys.argv)
