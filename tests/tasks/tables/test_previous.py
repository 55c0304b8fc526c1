"""The manifest of the run before: read when it is asked for, or ahead of that in a small run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from config.errors import WarehouseError
from tasks.discover import stage as discover_stage
from tasks.tables import memory, previous
from tasks.tables.run import Run
from tests.builders import Desk, article, page


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    for number in range(3):
        desk.write(f"{number}.md", article(title=f"Story {number}", originalUrl=page(number)))
    desk.run()
    return desk


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was read of the manifest, by columns; None is all of them."""
    made: list[object] = []
    real = previous._read

    def spy(run: Run, columns: Sequence[str] | None = None) -> pa.Table:
        made.append(columns)
        return real(run, columns)

    monkeypatch.setattr(previous, "_read", spy)
    return made


def test_a_small_run_reads_the_whole_manifest_once(desk: Desk, reads: list[object]) -> None:
    desk.write("1.md", article(title="Another", originalUrl=page(1)))
    desk.run()
    assert reads.count(None) == 1
    assert len(reads) == 2  # The listing is compared with few columns, which were read meanwhile.
    assert previous._ahead == {}
    assert memory._keeping == []


def test_a_run_with_nothing_to_do_does_not_read_all_of_it(desk: Desk, reads: list[object]) -> None:
    assert desk.run().status == "unchanged"
    assert None not in reads


def test_a_run_with_much_to_do_keeps_none_of_it(
    desk: Desk, reads: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previous, "_FEW", 0)
    desk.write("1.md", article(title="Another", originalUrl=page(1)))
    desk.run()
    assert len(reads) == 3


def test_columns_that_were_not_read_ahead_are_read_when_asked_for(
    desk: Desk, reads: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discover_stage, "read_ahead", lambda run, _: previous.read_ahead(run, ["size"]))
    assert desk.run().status == "unchanged"
    assert reads[0] == ["size"]
    assert len(reads) == 3


def test_a_large_manifest_is_read_when_it_is_asked_for(
    desk: Desk, reads: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previous, "_KEPT", 0)
    desk.write("1.md", article(title="Another", originalUrl=page(1)))
    desk.run()
    assert len(reads) == 3


def test_a_manifest_that_cannot_be_read_fails_the_run_as_it_would_without(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = previous._read

    def damaged(run: Run, columns: Sequence[str] | None = None) -> pa.Table:
        if columns is None:
            raise WarehouseError("part-0.parquet cannot be read.")
        return real(run, columns)

    monkeypatch.setattr(previous, "_read", damaged)
    desk.write("1.md", article(title="Another", originalUrl=page(1)))
    before = desk.snapshot.number
    with pytest.raises(WarehouseError, match="cannot be read"):
        desk.run()
    assert desk.snapshot.number == before
    assert previous._ahead == {}
