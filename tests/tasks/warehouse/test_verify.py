"""Each way in which a snapshot can differ from its list is found, and said with the file's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from msgspec.structs import replace

from tasks.warehouse.parquet import write_parquet
from tasks.warehouse.verify import verify_files
from tasks.warehouse.warehouse import DataFile, Snapshot, SnapshotInfo


def snapshot(root: Path, **columns: pa.Array) -> Snapshot:
    """A table `articles` of two files; `columns` are those of the second."""
    files = []
    tables = [pa.table({"id": ["a", "b"]}), pa.table(columns or {"id": ["c"]})]
    for i, rows in enumerate(tables):
        path = f"articles/part-{i}.parquet"
        (root / "articles").mkdir(exist_ok=True)
        files.append(DataFile("articles", path, "", *write_parquet(root / path, rows, durable=False)))
    info = SnapshotInfo(1, "run", None, "2026-01-01T00:00:00Z", "3", "0.1.0", tuple(files))
    (root / "snapshot.json").write_bytes(info.to_json())
    return Snapshot(root, info)


def flip_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[6] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


def grow(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"x")


def become_link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to("moved")


@pytest.mark.parametrize("digests", [True, False])
def test_an_intact_snapshot_has_no_findings(tmp_path: Path, digests: bool) -> None:
    assert verify_files(snapshot(tmp_path), digests) == []


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (Path.unlink, "is listed but cannot be found"),
        (grow, "bytes"),
        (flip_byte, "was changed: its digest is"),
        (become_link, "is not a plain file"),
    ],
)
def test_a_harmed_file_is_named(tmp_path: Path, harm: Callable[[Path], None], said: str) -> None:
    harmed = snapshot(tmp_path)
    harm(tmp_path / "articles/part-1.parquet")
    finding = verify_files(harmed)[0]
    assert finding.startswith("articles/part-1.parquet ") and said in finding


def test_without_digests_the_footer_has_to_do(tmp_path: Path) -> None:
    harmed = snapshot(tmp_path)
    flip_byte(tmp_path / "articles/part-1.parquet")
    assert verify_files(harmed, digests=False) == []


def test_wrong_row_counts_strays_and_drifting_schemas_are_named(tmp_path: Path) -> None:
    drifting = snapshot(tmp_path, id=pa.array([1], pa.int32()))
    (tmp_path / "articles/extra.parquet").write_bytes(b"PAR1")
    assert verify_files(drifting) == [
        "articles/part-1.parquet does not have the columns and types of articles/part-0.parquet.",
        "articles/extra.parquet is not listed.",
    ]
    listed = [replace(file, rows=5) for file in drifting.info.files]
    miscounted = replace(drifting, info=replace(drifting.info, files=tuple(listed)))
    assert "articles/part-0.parquet has 2 rows, 5 are listed." in verify_files(miscounted)
