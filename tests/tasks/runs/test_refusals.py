"""A file that cannot be processed is found by halves and refused; storage that fails fails the run."""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from config.errors import RunError, SourceError
from tasks.front_matter.document import Document, Reader
from tasks.parse import stage as parse_stage
from tasks.runs import refusals
from tasks.runs.refusals import refused, without_culprits
from tasks.runs.worker_pool import worker_pool
from tasks.runs.workers import WorkerDiedError, in_worker
from tasks.validate import stage as validate_stage
from tasks.validate.batch import validate_batch
from tests.builders import Desk, article


def attempt(_folder: Path, batch: Path, rows: Sequence[int]) -> Path:
    """Does what the lines of `files` say: fails, dies, or nothing; a crowd fails only together."""
    lines = (batch / "files").read_text().split()
    said = [lines[row] for row in rows]
    if "bug" in said:
        raise ValueError("a bug")
    if "memory" in said:
        raise MemoryError
    if "death" in said:
        os.kill(os.getpid(), signal.SIGKILL)
    if "storage" in said:
        raise OSError(errno.EIO, "the disk failed")
    if said.count("crowd") > 1:
        raise OverflowError("too many")
    return batch


def work(folder: Path, batch: Path) -> Path:
    rows = sorted({*range(len((batch / "files").read_text().split()))} - refused(batch).keys())
    attempt(folder, batch, rows)
    (batch / "done").write_text(json.dumps(rows))
    return batch


def run(folder: Path, *files: str, workers: int = 1) -> list[int]:
    (folder / "files").write_text(" ".join(files))
    with worker_pool(folder, workers) if workers > 1 else nullcontext():
        without_culprits(folder, folder, len(files), 60, work, attempt)
    done: list[int] = json.loads((folder / "done").read_text())
    return done


@pytest.mark.parametrize("fault", ["bug", "memory"])
def test_a_file_that_fails_is_left_out_and_the_others_are_done(tmp_path: Path, fault: str) -> None:
    assert run(tmp_path, "fine", "fine", fault, "fine", fault) == [0, 1, 3]
    assert refused(tmp_path).keys() == {2, 4}
    assert refused(tmp_path)[2].startswith(("ValueError: a bug", "MemoryError"))


def test_a_file_that_kills_its_process_is_left_out(tmp_path: Path) -> None:
    assert run(tmp_path, "fine", "death", "fine", workers=2) == [0, 2]
    assert refused(tmp_path) == {1: "its process died"}


def test_a_pool_works_on_after_a_death(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("death")
    with worker_pool(tmp_path, 2):
        for _ in range(2):
            with pytest.raises(WorkerDiedError):
                in_worker(tmp_path, 60, attempt, tmp_path, tmp_path, [0])
        assert in_worker(tmp_path, 60, attempt, tmp_path, tmp_path, []) == tmp_path


def test_what_no_single_file_causes_fails_the_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="OverflowError: too many"):
        run(tmp_path, "crowd", "fine", "crowd")
    with pytest.raises(RunError, match="ValueError"):
        run(tmp_path, *["bug"] * 70)


def test_storage_that_fails_fails_the_run(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="the disk failed"):
        run(tmp_path, "fine", "storage")
    assert not refused(tmp_path)


class TestRuns:
    """Whole runs, with a reader that fails for one file."""

    @pytest.fixture
    def desk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
        desk = Desk(tmp_path)
        for number in range(5):
            desk.write(f"{number}.md", article(f"Story {number}"))
        desk.write("bomb.md", article("Bomb"))
        read = Reader.read

        def failing(self: Reader, data: bytes) -> Document | None:
            if b"Bomb" in data:
                raise MemoryError
            return read(self, data)

        def here(_timeout: float, function: Any, *arguments: Any) -> Any:
            return function(*arguments)

        monkeypatch.setattr(Reader, "read", failing)
        # New processes would not have the failing reader.
        monkeypatch.setattr(refusals, "_in_new_process", here)
        return desk

    def test_the_file_goes_to_quarantine_with_its_bytes(self, desk: Desk) -> None:
        assert desk.run().records.loaded == 5
        (row,) = desk.rows("quarantine")
        assert (row["source_path"], row["raw"]) == ("bomb.md", article("Bomb"))
        (violation,) = row["violations"]
        assert violation["code"] == "file/unprocessable"
        assert "MemoryError" in violation["message"]

    def test_a_mended_file_is_loaded(self, desk: Desk) -> None:
        desk.run()
        desk.write("bomb.md", article("Mended"))
        assert desk.run().records.loaded == 6

    def test_stages_of_their_own_refuse_it_as_well(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.undo()
        monkeypatch.setattr(refusals, "_in_new_process", lambda _timeout, function, *arguments: function(*arguments))
        validate = validate_batch

        def failing(parsed: Any, *arguments: Any, **options: Any) -> Any:
            if "Bomb" in parsed.table["title"].to_pylist():
                raise ValueError("a rule that cannot")
            return validate(parsed, *arguments, **options)

        def in_two_steps(folder: Path, batch: Path) -> Path:
            return validate_stage.validate_records(folder, parse_stage.parse_files(folder, batch))

        monkeypatch.setattr("tasks.validate.batch.validate_batch", failing)
        monkeypatch.setattr(validate_stage, "validate_batch", failing)
        monkeypatch.setattr("flows.engine.read_and_validate", in_two_steps)
        assert desk.run().records.loaded == 5
        (row,) = desk.rows("quarantine")
        assert (row["source_path"], row["violations"][0]["code"]) == ("bomb.md", "file/unprocessable")


def test_a_source_that_stops_answering_is_no_fault_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> Path:
        raise SourceError("It stopped answering.", "Wait.")

    monkeypatch.setattr(refusals, "in_worker", stopped)
    with pytest.raises(SourceError):
        without_culprits(tmp_path, tmp_path, 1, 60, work, attempt)
