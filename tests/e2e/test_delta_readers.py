"""G4 on Delta: readers that take versions from `current.json` once a round see one run, never a mix, while runs go on.

The runs, and what a reader may see of them, are those of `tests/flows/test_readers_while_writing.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest
from deltalake import DeltaTable
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

from tests.flows.test_readers_while_writing import TABLES, Hammer, Place, Seen, assert_whole_runs_only
from tests.newsroom import Newsroom, settings_for

SECONDS: Final = 10


def pointed_at(lake: Path) -> Place:
    return Place(lake, json.loads((lake / "_presslake" / "current.json").read_bytes()))


def by_polars(place: Place) -> Seen:
    read = {table: pl.scan_delta(str(place.root / table), version=place.info["versions"][table]) for table in TABLES}
    rows = {table: frame.select(pl.len()).collect().item() for table, frame in read.items()}
    articles = read["articles"].select("article_id", "body").collect()
    return Seen(rows, articles["article_id"].to_list(), set(articles["body"].to_list()))


def by_deltalake(place: Place) -> Seen:
    read = {table: data_of(place, table) for table in TABLES}
    articles = read["articles"].to_table(columns=["article_id", "body"])
    rows = {table: data.count_rows() for table, data in read.items()}
    return Seen(rows, articles["article_id"].to_pylist(), set(pc.unique(articles["body"]).to_pylist()))


def data_of(place: Place, table: str) -> ds.Dataset:
    files = SubTreeFileSystem(str(place.root / table), LocalFileSystem())
    return DeltaTable(place.root / table, version=place.info["versions"][table]).to_pyarrow_dataset(filesystem=files)


def by_duckdb(place: Place) -> Seen:
    """The Parquet files that the pointer lists, as docs/consumers.md has it for engines that read no log."""
    with duckdb.connect() as connection:

        def ask(query: str, table: str) -> list[Any]:
            files = [str(place.root / file["path"]) for file in place.info["files"] if file["table"] == table]
            return [value for (value,) in connection.execute(query.format(f"read_parquet({files})")).fetchall()]

        rows = {table: ask("SELECT count(*) FROM {}", table)[0] for table in TABLES}
        bodies = ask("SELECT DISTINCT body FROM {}", "articles")
        return Seen(rows, ask("SELECT article_id FROM {}", "articles"), set(bodies))


@pytest.mark.timeout(SECONDS * 12)
def test_readers_by_the_pointer_see_whole_runs_only(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    hammers = [Hammer(lambda: pointed_at(lake), read) for read in (by_polars, by_deltalake, by_duckdb)]
    settings = settings_for(lake, warehouse={"format": "delta"})
    assert_whole_runs_only(Newsroom(tmp_path / "files"), settings, hammers, SECONDS)
