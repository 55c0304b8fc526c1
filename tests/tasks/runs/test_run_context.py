"""A run's context reaches a worker only if it sees the staging folder and has the same code."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from config.contract import load_contract
from config.errors import RunError
from config.url_rules import load_url_rules
from tasks.runs import run as runs
from tasks.runs.run import Run, load_run
from tasks.warehouse.manifest import manifest_schema
from tests.builders import Desk, article
from tests.newsroom import settings_for


def saved_run(folder: Path) -> Path:
    """The staging folder of a run without sources."""
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    settings = settings_for(folder / "warehouse")
    return Run("20260302T000000Z-1", moment, settings, load_contract(), load_url_rules(), {}, {}, False, None).save()


def test_the_context_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = saved_run(tmp_path)
    assert load_run(folder).folder == folder


def test_a_worker_that_does_not_see_the_folder_says_where_it_is_and_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"nowhere is not there on .* Keep the warehouse on storage that all machines"):
        load_run(tmp_path / "nowhere")


def test_a_worker_with_other_code_refuses_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = saved_run(tmp_path)
    monkeypatch.setattr(runs, "source_code", lambda: "0badc0de")
    with pytest.raises(RunError, match=r"The run is presslake .*, but .* has .*0badc0de\. Install the same version"):
        load_run(folder)


def test_the_parent_manifest_has_the_columns_that_are_asked_for_and_no_row_without_a_parent(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write("a.md", article())
    desk.run()
    names = ["source_path", "status"]
    parents = [
        msgspec.structs.replace(load_run(saved_run(tmp_path)), parent=parent).parent_manifest for parent in (None, 1)
    ]
    assert [parent.read(names).to_pylist() for parent in parents] == [[], [{"source_path": "a.md", "status": "loaded"}]]
    assert parents[0].read().schema == parents[1].read().schema == manifest_schema(load_contract())
