"""From batches' numbers to an outcome, and from an outcome to its row in `runs`."""

from __future__ import annotations

import pyarrow as pa
from msgspec import to_builtins
from msgspec.structs import replace

from config.contract import load_contract
from tasks.report.outcome import Files, Records, UnknownField, Violation, outcome_of, run_row
from tasks.report.summary import merged, what_changed
from tests.tasks.report.outcomes import outcome, violation


def test_violations_add_up_and_the_first_example_stands() -> None:
    batches = [
        {"violations": {"yaml/tag": to_builtins(violation("a", count=1)), "field/type": to_builtins(violation("b"))}},
        {"violations": {"yaml/tag": to_builtins(violation("c", count=4))}},
    ]
    found = merged(batches, "violations", Violation)
    assert [(code, entry.count) for code, entry in found.items()] == [("yaml/tag", 5), ("field/type", 2)]
    assert found["yaml/tag"].example.source_path == "a"
    assert batches[0]["violations"]["yaml/tag"]["count"] == 1, "the numbers of the batches stay"


def test_unknown_fields_add_up_most_frequent_first() -> None:
    batches = [
        {"unknown_fields": {"mood": {"count": 1, "example": "calm"}, "age": {"count": 1, "example": "3"}}},
        {"unknown_fields": {"mood": {"count": 2, "example": "wild"}}},
    ]
    found = merged(batches, "unknown_fields", UnknownField)
    assert list(found.items()) == [("mood", UnknownField(3, "calm")), ("age", UnknownField(1, "3"))]


def test_what_changed_in_a_sentence() -> None:
    files = Files(discovered=1200, new=3, changed=1, removed=2, renamed=1)
    assert what_changed(outcome(files=files)) == "1,200 files: 3 new, 1 changed, 2 removed, 1 of them renamed."
    assert what_changed(outcome(files=Files(discovered=2))) == "2 files: nothing changed."


def test_a_row_fills_every_required_column_of_runs() -> None:
    schema = load_contract()["runs"]
    full = outcome(
        files=Files(new=2),
        records=Records(loaded=2),
        violations={"yaml/tag": 1},
        duplicates={"same_url": 1},
        unknown_fields={"mood": UnknownField(1, "calm")},
        seconds={"parse": 1.5},
        bytes={"parse": 9},
    )
    for each in (outcome(status="failed"), full):
        row = pa.Table.from_pylist([run_row(each)], schema.schema)
        assert set(run_row(each)) == set(schema.names)
        assert [column.name for column in schema.columns if column.required and row[column.name].null_count] == []


def test_a_row_says_what_the_outcome_says_and_gives_it_back() -> None:
    said = {"snapshot": 3, "sources": {"news": "/srv"}, "unknown_fields": {"a": UnknownField(1, "b")}}
    ran = outcome(files=Files(new=2), records=Records(loaded=2), seconds={"parse": 1.5}, warehouse="wh", **said)
    row = run_row(ran)
    assert (row["files_new"], row["records_loaded"]) == (2, 2)
    assert row["stages"] == [{"stage": "parse", "seconds": 1.5, "bytes": 0}]
    assert (row["ended_at"] - row["started_at"]).total_seconds() == 4
    again = outcome_of(row)
    assert (again.start, again.took) == (ran.start, 4)
    assert replace(again, started_at=ran.started_at, ended_at=ran.ended_at) == ran
