"""Runs that published nothing are remembered until a snapshot tells of them."""

from __future__ import annotations

from pathlib import Path

from tasks.warehouse.journal import NAME, add_to_journal, clear_journal, read_journal


def test_entries_come_back_in_order(tmp_path: Path) -> None:
    for number in range(3):
        add_to_journal(tmp_path, {"run_id": f"{number}"})
    assert [entry["run_id"] for entry in read_journal(tmp_path)] == ["0", "1", "2"]


def test_without_a_journal_there_are_no_entries(tmp_path: Path) -> None:
    assert read_journal(tmp_path) == []
    clear_journal(tmp_path)
    assert not (tmp_path / NAME).exists()


def test_a_cleared_journal_is_empty(tmp_path: Path) -> None:
    add_to_journal(tmp_path, {"run_id": "1"})
    clear_journal(tmp_path)
    assert read_journal(tmp_path) == []


def test_a_damaged_line_costs_no_other(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b'{"run_id": "1"}\n{"run_id": "2\n[]\n{"run_id": "3"}\n')
    add_to_journal(tmp_path, {"run_id": "4"})
    assert [entry["run_id"] for entry in read_journal(tmp_path)] == ["1", "3", "4"]
