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
def reads(monkeypatch: pytest.MonkeyPatch) -> list[list[str] | None]:
    """What was read of the manifest, by columns; None is all of them."""
    made: list[list[str] | None] = []
    real = previous._read

    def spy(run: Run, columns: Sequence[str] | None = None) -> pa.Table:
        made.append(None if columns is None else list(columns))
        return real(run, columns)

    monkeypatch.setattr(previous, "_read", spy)
    return made


def change(desk: Desk) -> None:
    desk.write("1.md", article(title="Another", originalUrl=page(1)))


def columns(desk: Desk) -> list[str]:
    return sorted(desk.snapshot.read("sources").column_names)


def test_a_small_run_reads_every_column_of_the_manifest_once(desk: Desk, reads: list[list[str] | None]) -> None:
    change(desk)
    desk.run()
    assert sorted(name for some in reads for name in some or ["all"]) == columns(desk)
    assert len(reads) == 2  # The listing is compared with few columns, which were read meanwhile.
    assert previous._ahead == {}
    assert memory._keeping == []


def test_a_run_with_nothing_to_do_does_not_read_all_of_it(desk: Desk, reads: list[list[str] | None]) -> None:
    assert desk.run().status == "unchanged"
    assert len(reads) == 2  # What the listing is compared with, and the numbers.
    assert not any(some is None or "shingles" in some for some in reads)


def test_a_run_with_much_to_do_keeps_none_of_it(
    desk: Desk, reads: list[list[str] | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previous, "_FEW", 0)
    change(desk)
    desk.run()
    assert None in reads
    assert len(reads) == 3  # To compare, to decide, and what writing asks for.
    assert previous._ahead == {}


def test_a_full_refresh_does_not_read_it_ahead(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previous, "_Reader", None)
    assert desk.run(full_refresh=True).status == "completed"


def test_columns_that_were_not_read_ahead_are_read_when_asked_for(
    desk: Desk, reads: list[list[str] | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discover_stage, "read_ahead", lambda run, _: previous._ahead[run.folder].begin(["size"]))
    assert desk.run().status == "unchanged"
    assert reads[0] == ["size"]
    assert len(reads) == 3


def test_a_large_manifest_is_read_when_it_is_asked_for(
    desk: Desk, reads: list[list[str] | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previous, "_KEPT", 0)
    change(desk)
    desk.run()
    assert len(reads) == 3


def test_a_manifest_that_cannot_be_read_fails_the_run_as_it_would_without(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = previous._read

    def damaged(run: Run, columns: Sequence[str] | None = None) -> pa.Table:
        if columns is None or "shingles" in columns:
            raise WarehouseError("part-0.parquet cannot be read.")
        return real(run, columns)

    monkeypatch.setattr(previous, "_read", damaged)
    change(desk)
    before = desk.snapshot.number
    with pytest.raises(WarehouseError, match="cannot be read"):
        desk.run()
    assert desk.snapshot.number == before
    assert previous._ahead == {}
