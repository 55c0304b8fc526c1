"""A contract grows with its articles: fields become columns, readers keep their queries, breaks are refused."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from config.contract import PACKAGED
from config.errors import GuardRailError
from flows.cli import main
from tests.builders import Desk, article
from tests.newsroom import contract_with_mood

STRICT = {"accept_contract": False}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path, {"guards": STRICT})
    desk.write("a.md", article(mood="calm", readingTime=4, people=[{"name": "Ada"}], images=[{"credit": "Bob"}]))
    desk.write("b.md", article("Swans", readingTime=7))
    desk.run()
    return desk


def with_suggestions(desk: Desk, capsys: pytest.CaptureFixture[str]) -> Path:
    """A copy of the contract with everything that `contract suggest` prints pasted where it says."""
    assert main(["contract", "suggest", "--full", "--warehouse", str(desk.warehouse.root)]) == 0
    properties, items = capsys.readouterr().out.split("\n\n")
    text = PACKAGED.read_text(encoding="utf-8")
    text = text.replace("    quality:\n      - name: has_rows", f"{properties}\n    quality:\n      - name: has_rows")
    end = "      - &featured_content\n"
    path = desk.root / "own.odcs.yaml"
    path.write_text(text.replace(end, f"{items}\n{end}"), encoding="utf-8")
    return path


def test_suggested_lines_make_columns_of_fields(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    own = with_suggestions(desk, capsys)
    desk.run(contract={"path": str(own)})
    row = desk.one("articles", "a.md")
    assert (row["mood"], row["reading_time"], row["people"]) == ("calm", 4, [{"name": "Ada"}])
    assert row["images"][0]["credit"] == "Bob"
    assert row["extra"] is None


def test_readers_of_old_and_new_snapshots_get_along(desk: Desk) -> None:
    """The ways of docs/warehouse.md, over a snapshot without a column and one with it."""
    old = desk.snapshot.path
    desk.run(contract={"path": str(contract_with_mood(desk.root))})
    patterns = [f"{folder}/articles/**/*.parquet" for folder in (old, desk.snapshot.path)]
    moods = [None, None, None, "calm"]

    rows = duckdb.connect().execute(f"SELECT mood FROM read_parquet({patterns}, union_by_name = true)").fetchall()
    assert sorted((mood for (mood,) in rows), key=str) == sorted(moods, key=str)

    frame = pl.scan_parquet(patterns[::-1], missing_columns="insert").select("mood").collect()
    assert sorted(frame["mood"].to_list(), key=str) == sorted(moods, key=str)

    files = [
        str(file) for folder in (old, desk.snapshot.path) for file in sorted((folder / "articles").rglob("*.parquet"))
    ]
    schema = pa.unify_schemas([pq.read_schema(file) for file in files], promote_options="permissive")
    table = ds.dataset(files, schema=schema).to_table(columns=["mood"])
    assert sorted(table["mood"].to_pylist(), key=str) == sorted(moods, key=str)


def test_a_breaking_contract_publishes_nothing_unless_it_is_accepted(desk: Desk) -> None:
    desk.run(contract={"path": str(contract_with_mood(desk.root))})
    before = desk.snapshot.number
    with pytest.raises(GuardRailError, match=r"`articles\.mood` is gone") as refusal:
        desk.run()
    assert "--accept-contract" in refusal.value.hint
    assert desk.snapshot.number == before
    desk.run(guards={"accept_contract": True})
    assert "mood" not in desk.snapshot.read("articles").column_names
