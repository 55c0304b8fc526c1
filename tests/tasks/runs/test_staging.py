"""Files that stages hand each other are there whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tasks.arrow.schemas import FILES, FINDINGS
from tasks.runs.staging import fresh_folder, read_arrow, read_json, write_arrow, write_json


def test_a_table_comes_back_with_its_metadata(tmp_path: Path) -> None:
    table = pa.table({"x": [[1], None]}).replace_schema_metadata({"seconds": "1"})
    write_arrow(tmp_path / "t.arrow", table)
    assert read_arrow(tmp_path / "t.arrow").equals(table, check_metadata=True)
    assert [path.name for path in tmp_path.iterdir()] == ["t.arrow"]


@pytest.mark.parametrize("schema", [FILES, FINDINGS])
def test_tables_without_rows_keep_their_schema(tmp_path: Path, schema: pa.Schema) -> None:
    write_arrow(tmp_path / "t.arrow", schema.empty_table())
    assert read_arrow(tmp_path / "t.arrow").schema.equals(schema)


def test_a_table_can_be_read_after_its_file_is_gone(tmp_path: Path) -> None:
    write_arrow(tmp_path / "t.arrow", pa.table({"x": ["a"]}))
    table = read_arrow(tmp_path / "t.arrow")
    (tmp_path / "t.arrow").unlink()
    assert table["x"].to_pylist() == ["a"]


class Interrupted(Exception):
    pass


def test_an_interrupted_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_arrow(tmp_path / "t.arrow", pa.table({"x": [1]}))
    write_json(tmp_path / "n.json", {"x": 1})

    def interrupt(self: Path, target: Path) -> None:
        raise Interrupted

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(Interrupted):
        write_arrow(tmp_path / "t.arrow", pa.table({"x": [2]}))
    with pytest.raises(Interrupted):
        write_json(tmp_path / "n.json", 2)
    assert read_arrow(tmp_path / "t.arrow")["x"].to_pylist() == [1]
    assert read_json(tmp_path / "n.json") == {"x": 1}


def test_a_torn_file_is_refused(tmp_path: Path) -> None:
    write_arrow(tmp_path / "t.arrow", pa.table({"x": list(range(1000))}))
    (tmp_path / "t.arrow").write_bytes((tmp_path / "t.arrow").read_bytes()[:-100])
    with pytest.raises(pa.ArrowInvalid):
        read_arrow(tmp_path / "t.arrow")


@pytest.mark.parametrize("value", [{"a": [1, "ü", None]}, [], 1.5])
def test_json_comes_back(tmp_path: Path, value: Any) -> None:
    write_json(tmp_path / "n.json", value)
    assert read_json(tmp_path / "n.json") == value


def test_a_fresh_folder_is_empty(tmp_path: Path) -> None:
    folder = fresh_folder(tmp_path / "a" / "b")
    (folder / "x").mkdir()
    assert list(fresh_folder(folder).iterdir()) == []
