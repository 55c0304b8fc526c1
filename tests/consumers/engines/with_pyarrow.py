"""What PyArrow reads: a data set with Hive partitions."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from facts import Facts, names_of, tell

YEARS = ds.partitioning(pa.schema([("published_year", pa.int16())]), flavor="hive")


def data_of(tables: Path, name: str) -> ds.Dataset:
    """A table of a snapshot."""
    return ds.dataset(tables / name, partitioning=YEARS if name == "articles" else None)


def one_year(tables: Path, year: int) -> tuple[int, int]:
    """Number and sum of quality of the articles of a year, by the partition column."""
    data = data_of(tables, "articles")
    articles = data.to_table(columns=["quality"], filter=pc.field("published_year") == year)
    return len(articles), pc.sum(articles["quality"]).as_py()


def facts(tables: Path, year: int) -> Facts:
    """The facts of one snapshot, and the rows of one year."""
    names = names_of(tables)
    rows = {name: data_of(tables, name).count_rows() for name in names}
    data = data_of(tables, "articles")
    articles = data.to_table(columns=["article_id", "published_at", "quality", "heat", "topics", "images"])
    copies = data_of(tables, "duplicates").to_table(columns=["related"])
    images, entries = pc.list_flatten(articles["images"]), pc.list_flatten(copies["related"])
    related = data_of(tables, "related").to_table(columns=["related_article_id"])
    return Facts.of(
        rows,
        pc.min(articles["published_at"]).as_py(),
        pc.max(articles["published_at"]).as_py(),
        pc.sum(articles["quality"]).as_py(),
        articles["heat"].null_count,
        pc.sum(pc.list_value_length(articles["topics"])).as_py(),
        pc.sum(pc.struct_field(images, "width")).as_py(),
        pc.count(pc.struct_field(entries, "related_article_id")).as_py(),
        pc.sum(pc.is_in(related["related_article_id"], articles["article_id"].combine_chunks())).as_py(),
        one_year(tables, year),
    )


if __name__ == "__main__":
    tell(facts, one_year, sys.argv)
