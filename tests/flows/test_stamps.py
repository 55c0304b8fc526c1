"""The stamps by which a run knows unchanged files: what is seen, what costs a read, and what the file may suffer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from config.errors import GuardRailError
from flows.start import run_ingest
from tasks.runs import stamps
from tasks.runs.stamps import STAMPS, read_stamps
from tasks.write.upkeep import move_pointer
from tests.builders import Desk, article, assert_equals_rebuild, committed, page
from tests.newsroom import UNSETTLED, settings_for


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with two articles of equal size, loaded."""
    desk = Desk(tmp_path)
    desk.write("a.md", article("Ferry", originalUrl=page(1)))
    desk.write("b.md", article("Trams", originalUrl=page(2)))
    desk.run()
    return desk


def rows(desk: Desk, *sources: str) -> dict[str, str]:
    """Hash of every stamped file by path."""
    table = read_stamps(desk.warehouse.root, sources or ("news",))
    return dict(zip(table["source_path"].to_pylist(), table["source_hash"].to_pylist(), strict=True))


def path_of(desk: Desk) -> Path:
    return desk.warehouse.root / stamps.NAME


def test_an_unchanged_file_is_not_read_and_the_stamps_stay(desk: Desk) -> None:
    before = path_of(desk).stat()
    assert desk.run().batches == 0
    after = path_of(desk).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert rows(desk) == {row["source_path"]: row["source_hash"] for row in desk.rows("sources")}


def test_an_edit_that_keeps_size_and_time_is_seen(desk: Desk) -> None:
    file = desk.root / "news/a.md"
    time = file.stat().st_mtime_ns
    file.write_bytes(article("Fairy", originalUrl=page(1)))
    os.utime(file, ns=(time, time))
    assert desk.run().files.changed == 1
    assert desk.titles() == ["Fairy", "Trams"]
    assert_equals_rebuild(desk)


def test_two_swapped_files_are_seen(desk: Desk) -> None:
    one, other = (desk.root / "news" / name for name in ("a.md", "b.md"))
    for file in (one, other):
        os.utime(file, (1, 1))
    desk.run()
    one.rename(desk.root / "kept")
    other.rename(one)
    (desk.root / "kept").rename(other)
    assert desk.run().files.changed == 2
    assert desk.one("articles", "a.md")["title"] == "Trams"
    assert_equals_rebuild(desk)


def test_a_touched_file_costs_one_read_and_publishes_nothing(desk: Desk) -> None:
    before, modified = desk.files(), desk.one("sources", "a.md")["modified_at"]
    desk.touch("a.md")
    first, second = desk.run(), desk.run()
    assert (first.status, first.batches, second.batches) == ("unchanged", 1, 0)
    assert desk.files() == before
    desk.write("c.md", article("Boats"))
    desk.run()
    assert desk.one("sources", "a.md")["modified_at"] == modified


def test_a_source_that_moves_to_git_costs_one_read_and_publishes_nothing(desk: Desk) -> None:
    committed(desk.root / "news")
    settings = settings_for(desk.warehouse.root)
    spec = f"news=git+file://{desk.root / 'news'}"
    first, second = run_ingest([spec], settings), run_ingest([spec], settings)
    assert (first.status, first.batches, second.batches) == ("unchanged", 1, 0)
    table = read_stamps(desk.warehouse.root, ["news"])
    assert (table["etag"].null_count, table["inode"].null_count, table["changed_at"].null_count) == (0, 2, 2)


@pytest.mark.parametrize(
    "harm",
    [
        Path.unlink,
        lambda path: torn(path, path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: torn(path, path.read_bytes()[:-1]),
        lambda path: torn(path, path.read_bytes()[:700] + bytes(600) + path.read_bytes()[1300:]),
        lambda path: torn(path, b""),
        lambda path: torn(path, b"notes of somebody else\n"),
        lambda path: foreign(path, pa.table({"source": ["news"]})),
        lambda path: foreign(path, STAMPS.empty_table().drop_columns(["inode"])),
    ],
    ids=["lost", "half", "a byte short", "zeros inside", "empty", "text", "another table", "a column less"],
)
def test_without_stamps_a_run_reads_all_once_and_publishes_nothing(desk: Desk, harm: Callable[[Path], None]) -> None:
    before = desk.files()
    harm(path_of(desk))
    first, second = desk.run(), desk.run()
    assert (first.status, first.files.changed, first.batches, second.batches) == ("unchanged", 0, 1, 0)
    assert desk.files() == before


def torn(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


def foreign(path: Path, table: pa.Table) -> None:
    path.unlink()
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table)


def test_a_rollback_reads_what_differs(desk: Desk) -> None:
    desk.write("a.md", article("Boats", originalUrl=page(1)))
    desk.run()
    move_pointer(desk.warehouse, 1)
    outcome = desk.run()
    assert (outcome.status, outcome.files.changed, outcome.files.unchanged) == ("completed", 1, 1)
    assert desk.titles() == ["Boats", "Trams"]
    assert_equals_rebuild(desk)


def test_a_run_that_fails_leaves_the_stamps_of_the_last_one(desk: Desk) -> None:
    before = path_of(desk).read_bytes()
    desk.delete("a.md")
    with pytest.raises(GuardRailError):
        desk.run(guards={"max_removed_share": 0.1, "few_files": 1})
    assert path_of(desk).read_bytes() == before


def test_other_sources_keep_their_stamps(desk: Desk) -> None:
    desk.write("x.md", article("Boats"), source="blog")
    desk.run("blog")
    assert set(rows(desk)) == {"a.md", "b.md"}
    desk.delete("a.md")
    desk.run()
    assert (set(rows(desk)), set(rows(desk, "blog"))) == ({"b.md"}, {"x.md"})
    assert desk.run("blog").batches == desk.run("blog", "news").batches == 0


def test_a_time_that_is_not_settled_is_no_stamp(desk: Desk) -> None:
    os.utime(desk.root / "news/a.md", (UNSETTLED, UNSETTLED))
    for _ in range(2):
        outcome = desk.run()
        assert (outcome.status, outcome.batches) == ("unchanged", 1)
    assert read_stamps(desk.warehouse.root, ["news"])["modified_at"].null_count == 1


def test_a_disk_that_refuses_the_stamps_does_not_fail_the_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    before = path_of(desk).read_bytes()
    monkeypatch.setattr(stamps, "write_new_file", refuse)
    desk.write("a.md", article("Boats", originalUrl=page(1)))
    assert desk.run().status == "completed"
    assert path_of(desk).read_bytes() == before
    assert "stamps" in caplog.text
    monkeypatch.undo()
    outcome = desk.run()
    assert (outcome.status, outcome.batches, outcome.files.changed) == ("unchanged", 1, 0)
