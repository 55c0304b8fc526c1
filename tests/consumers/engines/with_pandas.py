"""What pandas reads: whole tables, with Arrow's types so that whole numbers with nulls stay whole."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from facts import Facts, names_of, tell


def read(tables: Path, name: str, filters: Sequence[tuple[str, str, Any]] | None = None) -> pd.DataFrame:
    """A table of a snapshot."""
    return pd.read_parquet(tables / name, dtype_backend="pyarrow", filters=filters and list(filters))


def one_year(tables: Path, year: int) -> tuple[int, int]:
    """Number and sum of quality of the articles of a year, by the partition column."""
    years = [("published_year", "=", year)]
    articles = read(tables, "articles", years)
    return len(articles), int(articles["quality"].sum())


def facts(tables: Path, year: int) -> Facts:
    """The facts of one snapshot, and the rows of one year."""
    names = names_of(tables)
    rows = {name: len(read(tables, name)) for name in names}
    articles, related = read(tables, "articles"), read(tables, "related")
    published = articles["published_at"]
    images = articles["images"].explode().dropna()
    entries = read(tables, "duplicates")["related"].explode().dropna()
    return Facts.of(
        rows,
        published.min().to_pydatetime(),
        published.max().to_pydatetime(),
        articles["quality"].sum(),
        articles["heat"].isna().sum(),
        articles["topics"].list.len().sum(),
        sum(image["width"] or 0 for image in images),
        sum(entry["related_article_id"] is not None for entry in entries),
        len(related.merge(articles[["article_id"]], left_on="related_article_id", right_on="article_id")),
        one_year(tables, year),
    )


if __name__ == "__main__":
    tell(facts, one_year, sys.argv)
