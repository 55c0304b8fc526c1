"""What becomes of the stamps after a run: rows of its own sources, with what was really read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa

from tasks.arrow.schemas import FILES
from tasks.runs.run import Run
from tasks.runs.staging import fresh_folder, write_arrow
from tasks.runs.stamps import LISTED, STAMPS, read_stamps, update_stamps
from tasks.warehouse.warehouse import Warehouse

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def stamp(path: str, **values: Any) -> dict[str, Any]:
    return {"source": "s", "source_path": path, "size": 10, "modified_at": NOON, **values}


def updated(folder: Path, listed: list[dict[str, Any]], read: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The stamps of source `s` after a run that listed and read files."""
    staging = fresh_folder(folder / "staging/run")
    write_arrow(staging / LISTED, pa.Table.from_pylist(listed, STAMPS))
    batches = [fresh_folder(folder / f"batch-{number}") for number in range(len(read))]
    for batch, row in zip(batches, read, strict=True):
        write_arrow(batch / "files.arrow", pa.Table.from_pylist([row], FILES))
    run = SimpleNamespace(warehouse=Warehouse(folder, durable=True), folder=staging, sources={"s": None})
    update_stamps(cast("Run", run), batches)
    rows: list[dict[str, Any]] = read_stamps(folder, ["s"]).to_pylist()
    return rows


def told(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row["source_path"], row["size"], row["etag"], row["source_hash"]) for row in rows]


def test_what_was_read_is_stamped_with_its_own_hash_size_and_etag(tmp_path: Path) -> None:
    listed = [stamp("a", etag="1"), stamp("known", source_hash="k"), stamp("missing at read"), stamp("unreadable")]
    read = [
        stamp("a", etag="2", size=20, source_hash="h", status="record"),
        stamp("missing at read", status="missing"),
        stamp("unreadable", status="quarantined"),
    ]
    assert told(updated(tmp_path, listed, read)) == [
        ("a", 20, "2", "h"),
        ("known", 10, None, "k"),
        ("unreadable", 10, None, None),
    ]
    assert sorted(path.name for path in tmp_path.glob("stamps*")) == ["stamps"]


def test_times_and_inodes_are_those_of_the_listing(tmp_path: Path) -> None:
    row = stamp("a", modified_at=None, changed_at=NOON, inode=2**64 - 1, source_hash="h")
    (found,) = updated(tmp_path, [row], [])
    assert found == {**row, "etag": None}


def test_files_that_are_not_listed_any_more_go(tmp_path: Path) -> None:
    updated(tmp_path, [stamp("a", source_hash="h"), stamp("b", source_hash="h")], [])
    assert told(updated(tmp_path, [stamp("b", source_hash="h")], [])) == [("b", 10, None, "h")]
    assert updated(tmp_path, [], []) == []
