"""Verify says nothing of a healthy warehouse, and finds every kind of damage in a harmed one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from config.contract import load_contract
from tasks.maintain.guarantees import Verification, verify_warehouse
from tasks.warehouse import pointer
from tasks.warehouse.snapshots import Snapshot
from tasks.warehouse.warehouse import Warehouse
from tests.builders import Desk
from tests.newsroom import contract_with_mood
from tests.tasks.maintain.damage import column, healthy, overwrite, relist, tamper


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return healthy(tmp_path_factory.mktemp("pristine"))


@pytest.fixture
def desk(pristine: Desk, tmp_path: Path) -> Desk:
    """A copy to harm. Copies share no hard links, so harm to a file does not reach older snapshots."""
    shutil.copytree(pristine.root, tmp_path / "copy", symlinks=True)
    return Desk(tmp_path / "copy")


def verify(desk: Desk, *, digests: bool = True) -> Verification:
    return verify_warehouse(desk.warehouse, load_contract(), digests)


def assert_found(desk: Desk, said: str) -> None:
    verified = verify(desk)
    assert not verified.sound
    assert any(said in finding for finding in verified.findings), verified.findings


def first_file(snapshot: Snapshot, table: str = "articles") -> Path:
    return snapshot.path / snapshot.files(table)[0].path


@pytest.mark.parametrize("digests", [True, False])
def test_a_healthy_warehouse_has_no_findings(desk: Desk, digests: bool) -> None:
    verified = verify(desk, digests=digests)
    assert (verified.findings, verified.notes, verified.sound) == ([], [], True)
    assert (verified.snapshot, verified.files) == (2, len(desk.snapshot.info.files))
    assert verified.rows == sum(file.rows for file in desk.snapshot.info.files)


def test_a_warehouse_without_a_snapshot_is_sound(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "new", durable=False)
    warehouse.create()
    verified = verify_warehouse(warehouse, load_contract())
    assert (verified.sound, verified.snapshot) == (True, None)


def flip_byte(desk: Desk) -> None:
    content = bytearray(first_file(desk.snapshot).read_bytes())
    content[20] ^= 1
    overwrite(first_file(desk.snapshot), bytes(content))


def truncate(desk: Desk) -> None:
    overwrite(first_file(desk.snapshot), first_file(desk.snapshot).read_bytes()[:-9])


def lose_file(desk: Desk) -> None:
    first_file(desk.snapshot).unlink()


def add_stray(desk: Desk) -> None:
    (first_file(desk.snapshot).parent / "part-9.parquet").write_bytes(first_file(desk.snapshot).read_bytes())


def lose_older_file(desk: Desk) -> None:
    first_file(desk.warehouse.snapshot(1)).unlink()


def lose_pointer(desk: Desk) -> None:
    (desk.warehouse.root / "current").unlink()


def bend_pointer(desk: Desk) -> None:
    lose_pointer(desk)
    (desk.warehouse.root / "current").symlink_to("elsewhere")


def leave_notes(desk: Desk) -> None:
    (desk.warehouse.root / "notes.txt").write_text("mine")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (flip_byte, "articles/published_year=2024/part-0.parquet was changed: its digest"),
        (truncate, "articles/published_year=2024/part-0.parquet has"),
        (lose_file, "articles/published_year=2024/part-0.parquet is listed but cannot be found"),
        (add_stray, "articles/published_year=2024/part-9.parquet is not listed"),
        (lose_older_file, "Snapshot 1: articles/published_year=2024/part-0.parquet is listed but cannot be found"),
        (
            lambda desk: overwrite(desk.warehouse.snapshot(1).path / "snapshot.json", b"{"),
            "000001/snapshot.json is damaged",
        ),
        (
            lambda desk: relist(desk.warehouse.snapshot(1), number=7),
            "Snapshot 1: its snapshot.json says that it is number 7",
        ),
        (lambda desk: relist(desk.snapshot, parent=5), "Snapshot 2: its parent is 5, which is not older"),
        (lose_pointer, "its pointer is lost"),
        (lambda desk: pointer.move(desk.warehouse.root, 8, durable=False), "There is no snapshot 8"),
        (bend_pointer, "does not name a snapshot"),
        (leave_notes, "notes.txt does not belong to the warehouse"),
        (
            lambda desk: (desk.warehouse.snapshots_path / "backup").mkdir(),
            "snapshots/backup does not belong to the warehouse",
        ),
    ],
)
def test_damage_to_files_and_folders_is_found(desk: Desk, harm: Callable[[Desk], None], said: str) -> None:
    harm(desk)
    assert_found(desk, said)


def repeat_rows(rows: pa.Table) -> pa.Table:
    return pa.concat_tables([rows, rows])


def no_rows(rows: pa.Table) -> pa.Table:
    return rows.slice(0, 0)


def widen_copies(rows: pa.Table) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index("copies"), "copies", rows["copies"].cast(pa.int64()))


OTHER_ID = "0" * 32


@pytest.mark.parametrize(
    ("table", "change", "said"),
    [
        ("articles", repeat_rows, "articles: more than once: article_id "),
        ("articles", no_rows, "articles: no row for news:tram.md, whose status in sources is `loaded`"),
        ("articles", column("article_id", OTHER_ID), "sources: not the article_id of the record: news:tram.md"),
        ("articles", column("copies", 4), "articles: copies is not 1 + the number of duplicates"),
        ("articles", column("published_at", 0), "rows do not belong to published_year=2024"),
        ("articles", column("title", None), "required column `title` is null in 1 rows"),
        ("articles", column("title", " "), "title: a required field is missing"),
        ("articles", column("run_id", "nobody"), "articles: run_id nobody has no row in runs"),
        ("articles", lambda rows: rows.drop_columns(["title"]), "part-0.parquet has no column `title`"),
        ("articles", widen_copies, "column `copies` is int64, int32 is expected"),
        (
            "articles",
            lambda rows: rows.append_column("mood", pa.nulls(len(rows), pa.string())),
            "has columns that the contract does not: mood",
        ),
        ("duplicates", column("canonical_article_id", OTHER_ID), f"no article has the canonical_article_id {OTHER_ID}"),
        ("duplicates", column("matched_source_path", "no.md"), "duplicates: what they match is no record: news:no.md"),
        ("duplicates", no_rows, "duplicates: no row for news:ferry-again.md"),
        ("quarantine", no_rows, "quarantine: no row for news:broken.md"),
        ("quarantine", column("violations", []), "quarantine: no violation in news:broken.md"),
        ("quarantine", column("source_path", "other.md"), "quarantine: rows for news:other.md"),
        ("related", lambda rows: rows.slice(1), "part-0.parquet does not have the entries by which articles/"),
        ("related", column("title", "Else"), "does not have the entries by which"),
        ("related", column("related_article_id", None), "does not have the entries by which"),
        ("sources", column("status", "ignored"), "articles: rows for news:tram.md, news:bus.md, news:ferry.md, whose"),
        ("sources", column("status", "lost"), "sources: unknown status of news:broken.md"),
        ("sources", column("deleted", True), "marked as gone, but not with status `removed`: news:broken.md"),
        ("sources", repeat_rows, "more than once: news:broken.md, news:bus.md, news:ferry-again.md and 3 more"),
        ("runs", no_rows, "runs has no row for"),
        ("runs", repeat_rows, "runs: more than once: run_id "),
        ("runs", column("records_loaded", 77), "counted 77 loaded, articles has 3 rows"),
    ],
)
def test_rows_that_break_a_guarantee_are_found(
    desk: Desk, table: str, change: Callable[[pa.Table], pa.Table], said: str
) -> None:
    tamper(desk.snapshot, table, change)
    assert_found(desk, said)


def test_rows_out_of_order_are_found(desk: Desk) -> None:
    tamper(desk.snapshot, "articles", lambda rows: rows.take(list(range(len(rows)))[::-1]), part=1)
    assert verify(desk).findings == [
        "articles/published_year=2025/part-0.parquet is not sorted by published_at and article_id."
    ]


def test_a_table_that_is_not_there_is_found(desk: Desk) -> None:
    files = tuple(file for file in desk.snapshot.info.files if file.table != "related")
    shutil.rmtree(desk.snapshot.path / "related")
    relist(desk.snapshot, files=files)
    assert_found(desk, "There is no table `related`.")
    assert_found(desk, "related/published_year=2025/part-0.parquet does not have the entries")


def test_edges_of_no_article_are_found(desk: Desk) -> None:
    lost = "articles/published_year=2025/part-0.parquet"
    relist(desk.snapshot, files=tuple(file for file in desk.snapshot.info.files if file.path != lost))
    assert_found(desk, f"there is no {lost}")


@pytest.mark.parametrize("harm", [flip_byte, truncate, lose_file])
def test_a_damaged_file_is_named_once_and_read_no_further(desk: Desk, harm: Callable[[Desk], None]) -> None:
    harm(desk)
    verified = verify(desk)
    assert len(verified.findings) == 1
    assert "not held against one another" in verified.notes[-1]
    assert not verified.tables_sound


def test_without_digests_page_checksums_still_find_a_flipped_byte(desk: Desk) -> None:
    flip_byte(desk)
    assert any("could not be checked" in finding for finding in verify(desk, digests=False).findings)


@pytest.mark.parametrize("every", [True, False])
def test_every_byte_of_older_snapshots_is_read_on_demand(desk: Desk, every: bool) -> None:
    (older,) = set(desk.warehouse.snapshots()) - {desk.snapshot.number}
    path = first_file(desk.warehouse.snapshot(older), "quarantine")
    content = bytearray(path.read_bytes())
    content[40] ^= 1  # of the first page; the footer is read in any case
    path.write_bytes(content)
    found = verify_warehouse(desk.warehouse, load_contract(), every=every).findings
    assert [finding.startswith(f"Snapshot {older}: quarantine/") for finding in found] == [True] * every


@pytest.mark.parametrize(("old", "new"), [(b'"run_id": "', b'"run_id": "x'), (b'"rows": 1', b'"rows": 2')])
def test_a_changed_list_of_files_is_found(desk: Desk, old: bytes, new: bytes) -> None:
    path = desk.snapshot.path / "snapshot.json"
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    assert_found(desk, "its digest is another one than it says")


@pytest.mark.parametrize("harm", [lose_older_file, leave_notes])
def test_what_is_wrong_around_the_tables_does_not_make_them_wrong(desk: Desk, harm: Callable[[Desk], None]) -> None:
    harm(desk)
    verified = verify(desk)
    assert (verified.sound, verified.tables_sound) == (False, True)


def test_tables_of_another_contract_are_not_held_against_this_one(desk: Desk, tmp_path: Path) -> None:
    contract = load_contract(contract_with_mood(tmp_path))
    verified = verify_warehouse(desk.warehouse, contract)
    assert verified.findings == []
    assert "follows contract" in verified.notes[0]


def test_what_a_run_in_progress_has_is_no_damage(desk: Desk) -> None:
    (desk.warehouse.staging_path / "20260302T093000Z-1f2e3d").mkdir()
    (desk.warehouse.staging_path / "batches").mkdir(exist_ok=True)
    pointer.announce(desk.warehouse.root, 3, durable=False)
    (desk.warehouse.snapshots_path / "000003").mkdir()
    verified = verify(desk)
    assert verified.sound
    assert [note.split(" is ")[0] for note in verified.notes] == ["staging/20260302T093000Z-1f2e3d", "Snapshot 3"]
