"""`presslake erase`: nothing of an article is left in any byte of the warehouse, and it does not come back."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from config.errors import UsageError, WarehouseError, WarehouseLocked
from config.settings import Settings
from flows.backfill import Repository, run_backfill
from flows.cli import main
from flows.erase import Erased, find_articles, run_erase
from flows.start import run_maintenance
from tasks.maintain.guarantees import verify_settings
from tasks.report.explain import explain
from tasks.warehouse import erasures
from tasks.warehouse.lock import locked
from tasks.write.upkeep import move_pointer
from tests.builders import Desk, article, committed, page
from tests.newsroom import settings_for
from tests.tables_equal import assert_same_tables
from tests.tasks.maintain.damage import overwrite

#: Words that no other article has: of title, text, teaser, an unknown field, a related entry and a broken version.
SECRET: Final = ("quokka", "wombat", "numbat", "bilby", "dunnart", "potoroo")
EXCERPT: Final = "The harbour master says that ferries sail again from the old quay on the first morning of the week"


def secret(**fields: Any) -> bytes:
    """The article that is to be erased."""
    front: dict[str, Any] = {"originalUrl": page(1), "excerpt": f"{EXCERPT}, numbat", "mood": "bilby"}
    front |= {"related": [{"title": "Dunnart", "webUrl": page(9)}], "title": "Quokka sails again from the old quay"}
    return article(body="Wombat", **{**front, **fields})


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Four snapshots that tell of the article: loaded, corrected, in quarantine, and loaded with copies."""
    desk = Desk(tmp_path, {"history": {"enabled": True}})
    desk.write("a.md", secret())
    desk.write(
        "bus.md",
        article(
            "Bus",
            originalUrl=page(2),
            related=[{"title": "Quokka", "webUrl": page(1)}, {"title": "Dock", "webUrl": page(5)}],
        ),
    )
    desk.run()
    desk.write("a.md", secret(updatedDateTime="2025-03-02T09:00:00Z", title="Quokka corrected"))
    desk.run()
    desk.write("a.md", b"---\ntitle: [Quokka\npotoroo: Numbat\n---\nWombat\n")
    desk.run()
    desk.write("a.md", secret())
    # Of the same story: by its address, which makes it the same article; and a copy with an id of its own.
    desk.write("same.md", secret(title="Quokka once more"))
    desk.write("copy.md", secret(originalUrl="https://other.example/7", publishedDateTime="2025-03-01T12:00:00Z"))
    desk.run()
    (desk.warehouse.staging_path / "batches" / "0f").mkdir(parents=True)
    (desk.warehouse.staging_path / "batches" / "0f" / "records.arrow").write_bytes(b"Quokka")
    (desk.warehouse.root / "journal.jsonl").write_bytes(b'{"message": "Quokka"}\n')
    return desk


def settings(desk: Desk) -> Settings:
    return settings_for(desk.root / "warehouse", **desk.sections)


def ids(desk: Desk, *paths: str) -> list[str]:
    """Ids of the records of files in any snapshot, the newest that has one."""
    rows = {row["source_path"]: row["article_id"] for row in desk.rows("sources")}
    return [rows[path] for path in paths]


def erase(desk: Desk, *paths: str, reason: str = "court order") -> Erased:
    return run_erase(settings(desk), ids(desk, *paths), reason)


def told(warehouse: Path) -> Iterator[tuple[Path, bytes]]:
    """All that any file of the warehouse says: bytes, decompressed, of Parquet values, dictionaries and statistics."""
    for path in sorted(path for path in warehouse.rglob("*") if path.is_file() and not path.is_symlink()):
        raw = path.read_bytes()
        yield path, raw
        if raw[:2] == b"\x1f\x8b":
            yield path, gzip.decompress(raw)
        if raw[:4] == b"\x28\xb5\x2f\xfd":
            yield path, pa.CompressedInputStream(pa.BufferReader(raw), "zstd").read()
        if raw[:4] == b"PAR1":
            metadata = pq.read_metadata(path)
            texts = [name for name in metadata.schema.names if name]
            yield path, repr(pq.read_table(path).to_pylist()).encode()
            yield path, repr(pq.read_table(path, read_dictionary=texts).columns).encode()
            groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
            columns = [group.column(i) for group in groups for i in range(group.num_columns)]
            yield path, repr([column.statistics and column.statistics.to_dict() for column in columns]).encode()


def assert_gone(desk: Desk, *words: str) -> None:
    """No byte of the warehouse tells of the article, and the warehouse is sound."""
    content = [(str(path), said.lower().decode("latin-1")) for path, said in told(desk.warehouse.root)]
    found = {(path, word) for path, said in content for word in words if word in said}
    assert found == set()
    verified = verify_settings(settings(desk), True, True)
    assert (verified.findings, verified.notes) == ([], [])


def test_the_look_finds_every_word_before(desk: Desk) -> None:
    said = b"".join(content for _, content in told(desk.warehouse.root)).lower().decode("latin-1")
    assert [word for word in SECRET if word not in said] == []


def test_no_byte_of_the_warehouse_has_the_article_and_its_copies_afterwards(desk: Desk) -> None:
    before = desk.warehouse.snapshots()
    done = erase(desk, "a.md", "copy.md")
    assert_gone(desk, *SECRET)
    assert desk.warehouse.snapshots() == [*before, done.snapshot]
    assert set(before) <= set(done.rewritten)
    assert desk.titles() == ["Bus"]
    statuses = dict.fromkeys(("a.md", "copy.md", "same.md"), "removed")
    assert desk.statuses() == {**statuses, "bus.md": "loaded"}
    rows = [desk.one("sources", path) for path in statuses]
    assert [row["erased_reason"] for row in rows] == ["court order"] * 3
    assert [row["article_id"] for row in rows] == [done.articles[place].article_id for place in (0, 1, 0)]
    (told_of,) = [row["message"] for row in desk.rows("runs") if row["run_id"] == done.run_id]
    assert told_of.startswith("Erased 2 articles: ") and "court order" in told_of
    again = erase(desk, "a.md", "copy.md")
    assert (again.status, again.rewritten, again.snapshot) == ("unchanged", [], done.snapshot)


def test_entries_of_others_that_tell_of_the_article_go_as_well(desk: Desk) -> None:
    again = [{"title": "Quokka", "webUrl": page(1)}]
    desk.write("bus-again.md", article("Bus", originalUrl=f"{page(2)}?utm_source=x", related=again))
    desk.run()
    done = erase(desk, "a.md", "copy.md")
    assert {"bus.md", "bus-again.md"} <= {path for path, status in desk.statuses().items() if status != "removed"}
    assert_gone(desk, *SECRET)
    assert len(done.articles[0].listed_by) == 1
    desk.write("bus.md", article("Bus", originalUrl=page(2), related=[*again, {"title": "Quay", "webUrl": page(4)}]))
    desk.run(full_refresh=True)
    assert_gone(desk, *SECRET)
    assert verify_settings(settings(desk)).sound


def test_a_copy_with_another_id_stays_comes_up_and_is_named(desk: Desk) -> None:
    (copy,) = ids(desk, "copy.md")
    done = erase(desk, "a.md")
    (bus,) = ids(desk, "bus.md")
    assert (done.articles[0].copies, done.articles[0].listed_by) == ([copy], [bus])
    assert done.articles[0].files == ["news:a.md", "news:same.md"]
    assert desk.statuses()["copy.md"] == "loaded"
    assert_gone(desk, "corrected", "once more", "potoroo")
    # Of an older snapshot, too, after a rollback: the next run decides on its copies again.
    move_pointer(desk.warehouse, 4)
    desk.run()
    assert desk.titles() == ["Bus", "Quokka sails again from the old quay"]
    assert_gone(desk, "corrected", "once more", "potoroo")


@pytest.mark.parametrize("full_refresh", [False, True])
def test_the_article_does_not_come_back(desk: Desk, full_refresh: bool) -> None:
    erase(desk, "a.md", "copy.md")
    desk.write("a.md", secret(title="Quokka, changed"))
    desk.write("copy.md", article("Numbat", originalUrl=page(77)))
    desk.rename("same.md", "other/name.md")
    desk.write("new.md", secret(originalUrl=f"{page(1)}?utm_source=mail"))
    desk.run(full_refresh=full_refresh)
    assert desk.titles() == ["Bus"]
    desk.write("a.md", b"---\ntitle: [Quokka\n")
    outcome = desk.run()
    assert (outcome.records.quarantined, outcome.records.removed) == (0, 4)
    move_pointer(desk.warehouse, 1)
    desk.run()
    assert desk.titles() == ["Bus"]
    assert_gone(desk, *SECRET)


def test_the_tables_are_those_of_a_rebuild_without_the_files(desk: Desk, tmp_path: Path) -> None:
    erase(desk, "a.md")
    desk.write("ferry.md", article("Ferry", originalUrl=page(5)))
    desk.run()
    rebuilt = Desk(tmp_path / "rebuilt")
    rebuilt.root.mkdir()
    (rebuilt.root / "news").symlink_to(desk.root / "news")
    rebuilt.warehouse.create()
    erasures.write_erasures(rebuilt.warehouse.root, erasures.read_erasures(desk.warehouse.root))
    rebuilt.run()
    assert_same_tables(desk.warehouse, rebuilt.warehouse)


def test_the_row_outlives_its_file_and_maintenance(desk: Desk) -> None:
    (erased,) = ids(desk, "a.md")
    erase(desk, "a.md", "copy.md")
    for path in ("a.md", "copy.md", "same.md"):
        desk.delete(path)
    desk.run()
    keep = {"keep_tombstones_days": 0, "keep_snapshots": 1, "keep_days": 0}
    assert run_maintenance(settings_for(desk.root / "warehouse", warehouse=keep)).status == "sound"
    assert desk.one("sources", "a.md")["erased_reason"] == "court order"
    assert explain(desk.warehouse.root, erased, [])[0].findings == ["erased: court order"]


def test_an_article_that_only_an_older_snapshot_has_is_erased(desk: Desk) -> None:
    (bus,) = ids(desk, "bus.md")
    desk.write("bus.md", article("Tram", originalUrl=page(3)))
    desk.run()
    done = run_erase(settings(desk), [bus])
    assert done.articles[0].files == []
    assert desk.statuses()["bus.md"] == "loaded"
    assert_gone(desk, "bus\x27")
    (tram,) = ids(desk, "bus.md")
    assert find_articles(settings(desk), [tram])[0].earlier == []


def test_the_history_from_git_leaves_erased_articles_out(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    committed(tmp_path / "news", {"a.md": secret(), "bus.md": article("Bus", originalUrl=page(2))})
    desk.run()
    erase(desk, "a.md")
    run_backfill(Repository(tmp_path / "news"), settings(desk), "news")
    assert {row["article_id"] for row in desk.rows("article_versions")} == set(ids(desk, "bus.md"))
    assert_gone(desk, *SECRET)


@pytest.mark.parametrize(
    "fault",
    [
        *("erase.before-list", "erase.listed", "publish.before-rename", "publish.before-swap", "erase.published"),
        *("file.part-written:20", "erase.before-commit", "erase.before-commit:2", "erase.before-replace"),
        *("erase.before-replace:3", "erase.before-info", "erase.before-info:3", "erase.after-info:2"),
    ],
)
def test_after_a_kill_the_same_command_completes_it(desk: Desk, fault: str) -> None:
    command = [sys.executable, "-m", "flows", "erase", *ids(desk, "a.md", "copy.md"), "--yes", "--reason", "court"]
    environment = {**os.environ, "PRESSLAKE_FAULT": fault, "PRESSLAKE_WAREHOUSE__DURABLE": "false"}
    command += ["--warehouse", str(desk.warehouse.root)]
    killed = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert killed.returncode == -9, killed.stderr
    for name in ("articles", "sources", "article_versions"):
        desk.snapshot.read(name)
    if not fault.startswith("erase.before-list"):
        # A run in between is no harm: what the list names it leaves out.
        desk.run()
    assert erase(desk, "a.md", "copy.md", reason="court").status == "completed"
    assert_gone(desk, *SECRET)


def test_unknown_ids_and_other_mistakes_change_nothing(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    before = desk.files()
    warehouse = ["--warehouse", str(desk.warehouse.root)]
    assert main(["erase", "0" * 32, "--yes", *warehouse]) == 2
    assert "presslake explain" in capsys.readouterr().err
    assert main(["erase", *ids(desk, "a.md"), "--json", *warehouse]) == 2
    shown = capsys.readouterr()
    assert json.loads(shown.out)["hint"] == "Add --yes to go on."
    assert "news:a.md" in shown.err
    with locked(desk.warehouse, "a run", 0), pytest.raises(WarehouseLocked):
        run_erase(settings_for(desk.root / "warehouse", run={"lock_timeout_seconds": 0}), ids(desk, "a.md"))
    with pytest.raises(UsageError):
        run_erase(settings(desk), [*ids(desk, "a.md"), "1" * 32])
    with pytest.raises(WarehouseError, match="not those of the published tables"):
        run_erase(settings_for(desk.root / "warehouse", warehouse={"partition_by": "month"}), ids(desk, "a.md"))
    assert desk.files() == before
    assert main(["erase", *ids(desk, "a.md"), "--yes", "--json", *warehouse]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "completed"
    assert main(["erase", *ids(desk, "a.md"), "--yes", *warehouse]) == 0
    assert "Nothing was left of 1 article." in capsys.readouterr().out


def test_a_damaged_snapshot_is_named_and_the_others_are_rewritten(desk: Desk) -> None:
    first = desk.warehouse.snapshot(1)
    overwrite(first.path / first.files("articles")[0].path, b"Quokka")
    with pytest.raises(WarehouseError, match=r"snapshots/000001/articles.* cannot be read"):
        erase(desk, "a.md", "copy.md")
    assert desk.titles() == ["Bus"]
    assert run_maintenance(settings_for(desk.root / "warehouse", warehouse={"keep_snapshots": 1, "keep_days": 0}))
    assert erase(desk, "a.md", "copy.md").status == "unchanged"
    assert_gone(desk, *SECRET)


def test_a_damaged_list_stops_runs(desk: Desk) -> None:
    erase(desk, "a.md")
    (desk.warehouse.root / erasures.NAME).write_bytes(b"[")
    desk.write("new.md", article("New", originalUrl=page(8)))
    with pytest.raises(WarehouseError, match=r"erased\.json is damaged"):
        desk.run()
