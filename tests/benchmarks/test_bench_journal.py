"""Costs that are kept: a comparison that was interrupted goes on."""

from __future__ import annotations

from pathlib import Path

from benchmarks.journal import Journal
from benchmarks.measure import Cost


class Runs:
    """Runs that each cost one second more."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> Cost:
        self.count += 1
        return Cost(float(self.count), 0.5, None, "{}")


def test_a_run_that_is_over_is_not_run_again(tmp_path: Path) -> None:
    runs = Runs()
    for _ in range(2):
        journal = Journal(tmp_path / "journal.jsonl", {"files": 5})
        assert journal.cost("full", "dlt", 1, runs).wall == 1.0
    assert runs.count == 1
    assert not journal.knows("full", "dlt", 2)
    assert journal.cost("full", "dlt", 1, runs, again=True).wall == 2.0


def test_a_line_that_was_cut_off_is_a_run_that_is_not_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, {})
    for number in (1, 2):
        journal.cost("full", "dlt", number, Runs())
    path.write_text(path.read_text()[:-5])
    journal = Journal(path, {})
    assert [journal.knows("full", "dlt", number) for number in (1, 2)] == [True, False]
    journal.cost("full", "dlt", 2, Runs())
    assert Journal(path, {}).knows("full", "dlt", 2)


def test_another_setup_starts_anew_and_so_does_a_comparison_that_was_finished(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path, {"files": 5}).cost("full", "dlt", 1, Runs())
    other = Journal(path, {"files": 6})
    assert not other.knows("full", "dlt", 1)
    other.cost("full", "dlt", 1, Runs())
    other.close()
    assert not Journal(path, {"files": 6}).knows("full", "dlt", 1)
