"""What `presslake status` reads from a warehouse, and how it looks."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pytest

from config.contract import TABLES, load_contract
from config.errors import WarehouseError
from tasks.report.outcome import Files, Outcome, Records, run_row
from tasks.report.status import LAST_RUNS, Status, TableSize, published_tables, read_status, views_sql
from tasks.report.terminal import TOP, make_console, show_status
from tasks.warehouse.journal import add_to_journal
from tasks.warehouse.warehouse import Warehouse
from tasks.write.snapshot import SnapshotBuilder
from tests.builders import Desk, article, page
from tests.tasks.report.outcomes import outcome

CONTRACT = load_contract()
PUBLISHED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TWO_HOURS_LATER = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)


def run(number: int, **changes: Any) -> Outcome:
    times = {"started_at": f"2026-03-02T08:{number:02}:00Z", "ended_at": f"2026-03-02T08:{number:02}:03Z"}
    return outcome(run_id=f"run-{number:02}", **times, **changes)


def quarantined(path: str, *codes: str) -> dict[str, Any]:
    """One file in quarantine, with a finding of each code on lines 2, 3, …"""
    findings = [
        {"code": code, "field": None, "line": line, "column": 1, "message": f"mend {path}", "value": ""}
        for line, code in enumerate(codes, start=2)
    ]
    moment = {"first_seen_at": PUBLISHED}
    stamps = {"source_hash": "0" * 32, "raw": b"", "contract_version": "1", "run_id": "run-01"}
    return {"source": "news", "source_path": path, "violations": findings, **stamps, **moment}


def warehouse_with(root: Path, runs: list[Outcome], quarantine: list[dict[str, Any]]) -> Path:
    """A warehouse whose snapshot has these runs and files in quarantine, and no other table."""
    warehouse = Warehouse(root, durable=False)
    warehouse.create()
    builder = SnapshotBuilder(warehouse, None, "run-01")
    run_rows = [run_row(run) for run in runs]
    builder.add("runs", "", "part-0.parquet", pa.Table.from_pylist(run_rows, CONTRACT["runs"].schema))
    builder.add("quarantine", "", "part-0.parquet", pa.Table.from_pylist(quarantine, CONTRACT["quarantine"].schema))
    builder.publish("1", "1", published_at=PUBLISHED)
    return root


def shown(status: Status, width: int = 80) -> str:
    file = io.StringIO()
    console = make_console(file)
    console.width = width
    show_status(console, status)
    return file.getvalue()


def test_snapshot_has_an_age_and_tables_have_sizes(tmp_path: Path) -> None:
    root = warehouse_with(tmp_path / "wh", [run(1)], [quarantined("a.md", "yaml/tag")])
    status = read_status(root, TWO_HOURS_LATER)
    assert (status.snapshot, status.age_seconds) == (1, 7_200.0)
    size = (root / "current" / "runs" / "part-0.parquet").stat().st_size
    assert status.tables["runs"] == TableSize(rows=1, bytes=size, files=1)
    assert shown(status).startswith(f"{root}: snapshot 1, published 2 hours ago.\n")


def test_quarantine_is_counted_by_files_with_the_first_example(tmp_path: Path) -> None:
    files = [
        quarantined("a.md", "yaml/tag", "yaml/tag"),
        quarantined("b.md", "field/missing"),
        quarantined("c.md", "yaml/tag"),
    ]
    status = read_status(warehouse_with(tmp_path / "wh", [], files))
    assert [(reason.code, reason.files) for reason in status.reasons] == [("yaml/tag", 2), ("field/missing", 1)]
    first = status.reasons[0].example
    assert (first.source_path, first.line, first.message) == ("a.md", 2, "mend a.md")
    assert status.quarantined == 3
    assert "  yaml/tag  2 files\n    news:a.md:2:1\n    mend a.md\n" in shown(status)


def test_warnings_beside_the_errors_are_no_reasons(tmp_path: Path) -> None:
    file = quarantined("a.md", "time/no-zone", "field/missing", "written/before")
    for finding, severity in zip(file["violations"], ("warning", "error", None), strict=True):
        finding["severity"] = severity
    reasons = read_status(warehouse_with(tmp_path / "wh", [], [file])).reasons
    assert [(reason.code, reason.example.line) for reason in reasons] == [("field/missing", 3), ("written/before", 4)]


def test_places_are_openable_once_a_run_has_named_the_source(tmp_path: Path) -> None:
    runs = [run(1, sources={"news": "/old"}), run(2, sources={"news": "/srv/news"})]
    status = read_status(warehouse_with(tmp_path / "wh", runs, [quarantined("a.md", "yaml/tag")]))
    assert "    /srv/news/a.md:2:1\n" in shown(status)


def test_runs_of_table_and_journal_are_one_list_newest_first_each_once(tmp_path: Path) -> None:
    root = warehouse_with(tmp_path / "wh", [run(1)], [])
    add_to_journal(root, msgspec.to_builtins(run(2, status="failed", message="The disk is full.")))
    add_to_journal(root, {"written by": "another version"})
    add_to_journal(root, msgspec.to_builtins(run(1)))
    runs = read_status(root).runs
    assert [(run.run_id, run.status) for run in runs] == [("run-02", "failed"), ("run-01", "completed")]


def test_only_the_last_runs_are_listed(tmp_path: Path) -> None:
    runs = [run(number, files=Files(new=number)) for number in range(LAST_RUNS + 3)]
    listed = read_status(warehouse_with(tmp_path / "wh", runs, [])).runs
    assert [each.files.new for each in listed] == list(range(12, 2, -1))
    assert (len(listed), listed[0].run_id, listed[-1].run_id) == (LAST_RUNS, "run-12", "run-03")


def test_journal_alone_shows_what_failed_before_the_first_snapshot(tmp_path: Path) -> None:
    Warehouse(tmp_path, durable=False).create()
    add_to_journal(tmp_path, msgspec.to_builtins(run(1, status="failed", message="No space\nleft.")))
    status = read_status(tmp_path)
    assert (status.snapshot, status.tables, status.reasons) == (None, {}, [])
    text = shown(status, width=120)
    assert "nothing is published yet." in text
    assert r"2026-03-02 08:01  failed  3.00 s  No space\nleft." in text


def test_run_line_says_what_changed(tmp_path: Path) -> None:
    ended = run(1, snapshot=9, files=Files(new=1_200, removed=3), records=Records(quarantined=4))
    text = shown(read_status(warehouse_with(tmp_path / "wh", [ended], [])), width=120)
    assert "snapshot 9: 1,200 new, 3 removed; 4 in quarantine" in text


def test_more_reasons_than_fit_are_counted(tmp_path: Path) -> None:
    codes = [f"code/{number}" for number in range(TOP + 1)]
    text = shown(read_status(warehouse_with(tmp_path / "wh", [], [quarantined("a.md", *codes)])))
    assert "and 1 more kind;" in text
    assert text.count("mend a.md") == TOP


def test_folder_that_is_no_warehouse_is_refused_and_left_alone(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="no warehouse"):
        read_status(tmp_path / "nothing")
    assert list(tmp_path.iterdir()) == []


def test_published_tables_are_those_of_the_snapshot_itself(tmp_path: Path) -> None:
    root = warehouse_with(tmp_path / "wh", [], [])
    folder = (root / "snapshots" / "000001").resolve()
    published = published_tables(root)
    assert (published.snapshot, published.path) == (1, str(folder))
    assert {name: table.uri for name, table in published.tables.items()} == {
        "quarantine": str(folder / "quarantine"),
        "runs": str(folder / "runs"),
    }


@pytest.mark.parametrize("ask", [published_tables, views_sql])
def test_published_tables_need_a_snapshot(tmp_path: Path, ask: Callable[[Path], object]) -> None:
    Warehouse(tmp_path, durable=False).create()
    with pytest.raises(WarehouseError, match="Nothing is published"):
        ask(tmp_path)


@pytest.mark.parametrize("name", ["it's a desk", "[year]=2026/a*b?", "x'); DROP VIEW runs; --"])
def test_views_can_be_pasted_into_duckdb_whatever_the_folder_is_called(tmp_path: Path, name: str) -> None:
    desk = Desk(tmp_path / name)
    desk.write("a.md", article("Ferry", originalUrl=page(1)))
    desk.write("b.md", article("Lock", originalUrl=page(2), publishedDateTime="2024-03-01T09:00:00Z"))
    desk.run()
    views = views_sql(desk.warehouse.root)
    desk.delete("b.md")
    desk.run(guards={"accept_removals": True})
    with duckdb.connect() as connection:
        connection.execute(views)
        tables = connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        years = connection.execute("SELECT published_year, title FROM articles ORDER BY ALL").fetchall()
        columns = {name: [row[0] for row in connection.execute(f"DESCRIBE {name}").fetchall()] for (name,) in tables}
    # Views stay on their snapshot: the file that has gone since is still there.
    assert years == [(2024, "Lock"), (2025, "Ferry")]
    assert set(columns) == set(TABLES)
    assert columns["runs"] == CONTRACT["runs"].names


def test_views_name_folders_without_the_pointer(tmp_path: Path) -> None:
    root = warehouse_with(tmp_path / "wh", [], [])
    folder = (root / "snapshots" / "000001").resolve()
    assert views_sql(root) == "".join(
        f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM "
        f"read_parquet('{folder}/{name}/**/*.parquet', hive_partitioning = false);\n"
        for name in ("quarantine", "runs")
    )
