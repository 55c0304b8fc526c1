"""What ClickHouse reads, in-process as chdb: in SQL, over globs."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import chdb
from facts import Facts, names_of, tell


def one(query: str) -> list[Any]:
    """The first row of an answer."""
    row: list[Any] = json.loads(str(chdb.query(query, "JSONCompact")))["data"][0]
    return row


def read(tables: Path, name: str) -> str:
    """A table, in SQL."""
    return f"file('{tables}/{name}/**/*.parquet', Parquet)"


def one_year(tables: Path, year: int) -> tuple[int, int]:
    """Number and sum of quality of the articles of a year, by the partition column."""
    articles = read(tables, "articles")
    query = f"SELECT count(), sum(quality) FROM {articles} WHERE published_year = {year}"
    count, quality = one(f"{query} SETTINGS use_hive_partitioning = 1")
    return count, quality


def facts(tables: Path, year: int) -> Facts:
    """The facts of one snapshot, and the rows of one year."""
    names = names_of(tables)
    rows = {name: one(f"SELECT count() FROM {read(tables, name)}")[0] for name in names}
    articles = read(tables, "articles")
    first, last, quality, no_heat, topics = one(
        "SELECT formatDateTime(min(published_at), '%FT%T.%f+00:00', 'UTC'), "
        "formatDateTime(max(published_at), '%FT%T.%f+00:00', 'UTC'), "
        f"sum(quality), countIf(heat IS NULL), sum(length(topics)) FROM {articles}"
    )
    kind = one(f"SELECT toTypeName(published_at) FROM {articles} LIMIT 1")[0]
    if "UTC" not in kind:
        raise TypeError(f"published_at is {kind}")
    widths = one(f"SELECT sum(tupleElement(arrayJoin(images), 'width')) FROM {articles}")[0]
    entry = "tupleElement(arrayJoin(related), 'related_article_id')"
    links = one(f"SELECT countIf({entry} IS NOT NULL) FROM {read(tables, 'duplicates')}")[0]
    joined = one(
        f"SELECT count() FROM {read(tables, 'related')} r JOIN {articles} a ON r.related_article_id = a.article_id"
    )[0]
    moments = [datetime.fromisoformat(text) for text in (first, last)]
    return Facts.of(rows, *moments, quality, no_heat, topics, widths, links, joined, one_year(tables, year))


if __name__ == "__main__":
    tell(facts, one_year, sys.argv)
