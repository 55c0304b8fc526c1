"""`verify` and `maintain` as one who types sees them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from flows.cli import main
from tests.builders import Desk
from tests.tasks.maintain.damage import healthy, overwrite


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name in [name for name in os.environ if name.startswith(("PRESSLAKE_", "PREFECT_API"))]:
        monkeypatch.delenv(name)
    (tmp_path / "presslake.yaml").write_text("warehouse: {durable: false, keep_snapshots: 1, keep_days: 0}\n")
    return healthy(tmp_path)


def damage(desk: Desk) -> str:
    """Change a byte in the middle of a file, so that its size and footer are as they were."""
    path = desk.snapshot.path / desk.snapshot.files("articles")[0].path
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    overwrite(path, bytes(content))
    return str(path.relative_to(desk.snapshot.path))


def out(capsys: pytest.CaptureFixture[str]) -> str:
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    return shown


def in_json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_verify_of_a_sound_warehouse(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify"]) == 0
    shown = out(capsys)
    assert shown.startswith("Sound: warehouse, snapshot 2.")
    assert "every byte was read" in shown


def test_verify_of_a_damaged_one_names_the_file_and_exits_with_1(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    path = damage(desk)
    assert main(["verify"]) == 1
    shown = out(capsys)
    assert shown.startswith("Damaged: warehouse,")
    assert path in shown
    assert main(["verify", "--json"]) == 1
    found = in_json(capsys)
    assert found["sound"] is False
    assert any("its digest is" in finding for finding in found["findings"])


def test_without_digests_a_changed_byte_outside_the_columns_that_are_read_goes_unseen(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", "--no-digests", "--json"]) == 0
    assert in_json(capsys)["digests"] is False


def test_notes_are_told_and_break_nothing(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    (desk.warehouse.staging_path / "20260302T093000Z-1f2e3d").mkdir()
    assert main(["verify"]) == 0
    assert "staging/20260302T093000Z-1f2e3d is of a run in progress" in out(capsys)


def test_maintain_says_what_it_did(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["maintain"]) == 0
    shown = out(capsys)
    assert shown.startswith("The warehouse is sound.")
    assert "Removed 1 snapshot (1), which gave back" in shown


def test_maintain_of_a_damaged_warehouse_exits_with_1_and_removes_nothing(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    path = damage(desk)
    assert main(["maintain"]) == 1
    assert path in out(capsys)
    assert desk.warehouse.snapshots() == [1, 2]


def test_a_snapshot_of_maintenance_is_listed_as_one(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRESSLAKE_WAREHOUSE__ROWS_PER_FILE", "1")
    assert main(["maintain"]) == 0
    assert "Spread published_year=2025 over 2 files instead of 1." in out(capsys)
    assert main(["snapshots"]) == 0
    assert "maintenance" in out(capsys).splitlines()[3]


def test_maintain_in_json(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["maintain", "--json"]) == 0
    assert in_json(capsys)["expired"]["snapshots"] == [1]


@pytest.mark.parametrize("command", ["verify", "maintain"])
def test_no_warehouse_is_an_error(desk: Desk, capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert main([command, "--warehouse", "nowhere"]) == 1
    assert "There is no warehouse in nowhere." in capsys.readouterr().err
