"""A run that failed is gone on with: finished batches are taken over, and readers saw nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from config.errors import AuditError, SourceError, WarehouseError
from config.settings import Log
from flows import pipeline
from flows.logs import shown_logs
from tasks.discover import changes
from tasks.discover.stage import discover_changes
from tasks.report.outcome import Outcome
from tasks.runs.run import Decisions
from tasks.warehouse.journal import read_journal
from tests.builders import Desk, article


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path, {"run": {"batch_bytes": 1, "retry_delay_seconds": 0}})
    for number in range(4):
        desk.write(f"{number}.md", article(f"Story {number}"))
    return desk


@pytest.fixture
def failed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> AuditError:
    """A first run that failed after all its batches were finished."""

    def failing(folder: Path, batches: Sequence[Path]) -> Decisions:
        raise AuditError("It does not add up.")

    with monkeypatch.context() as patch, pytest.raises(AuditError) as caught:
        patch.setattr(pipeline, "deduplicate_records", failing)
        desk.run()
    return caught.value


def test_finished_batches_are_not_read_again(desk: Desk, failed: AuditError) -> None:
    assert isinstance(failed.outcome, Outcome)
    assert failed.outcome.status == "failed"
    assert desk.warehouse.current() is None
    outcome = desk.run()
    assert (outcome.batches, outcome.resumed, outcome.records.loaded) == (4, 4, 4)
    assert [row["status"] for row in desk.rows("runs")] == ["failed", "completed"]
    assert list(desk.warehouse.staging_path.iterdir()) == []


@pytest.mark.usefixtures("failed")
def test_only_files_that_changed_meanwhile_are_read(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    desk.write("2.md", article("Changed meanwhile"))
    with shown_logs(Log(format="json", level="debug")):
        assert desk.run().resumed == 3
    assert "Changed meanwhile" in desk.titles()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert {line["batch"] for line in lines if line["stage"] == "parse" and "batch" in line} == {"3 of 4"}


def test_a_file_that_had_not_settled_is_read_again(desk: Desk, request: pytest.FixtureRequest) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes, "FINE_TICK", 10**12)
        request.getfixturevalue("failed")
    assert desk.run().resumed == 0


@pytest.mark.usefixtures("failed")
def test_a_full_refresh_trusts_no_earlier_batch(desk: Desk) -> None:
    assert desk.run(full_refresh=True).resumed == 0


def test_what_can_pass_is_tried_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[Path] = []

    def unsteady(folder: Path) -> object:
        tries.append(folder)
        if len(tries) < 3:
            raise SourceError("The network is away.")
        return discover_changes(folder)

    monkeypatch.setattr(pipeline, "discover_changes", unsteady)
    assert desk.run(run={"retries": 2, "retry_delay_seconds": 0}).records.loaded == 4
    assert len(tries) == 3


def test_what_does_not_pass_fails_the_run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(folder: Path) -> object:
        raise SourceError("The network is away.")

    monkeypatch.setattr(pipeline, "discover_changes", away)
    with pytest.raises(SourceError):
        desk.run(run={"retries": 1, "retry_delay_seconds": 0})
    assert [entry["message"] for entry in read_journal(desk.warehouse.root)] == ["The network is away."]


def test_a_published_run_has_not_failed_because_the_journal_cannot_be_cleared(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(warehouse: Path) -> None:
        raise WarehouseError("The disk is full.")

    monkeypatch.setattr(pipeline, "clear_journal", refused)
    assert desk.run().status == "completed"


def test_a_journal_of_another_version_stops_nobody(desk: Desk) -> None:
    desk.warehouse.create()
    (desk.warehouse.root / "journal.jsonl").write_text('{"run_id": 1, "status": "odd"}\n')
    assert desk.run().status == "completed"
    assert len(desk.rows("runs")) == 1
