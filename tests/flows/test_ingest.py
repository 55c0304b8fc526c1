"""The flow through Prefect, against a server of the test's own."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    FlowRunFilter,
    FlowRunFilterName,
    LogFilter,
    LogFilterFlowRunId,
)

from config.errors import GuardRailError, SourceError
from config.settings import load_settings
from flows.ingest import ingest, run_flow
from tasks.discover import local
from tasks.warehouse.warehouse import Warehouse
from tests.builders import article

pytestmark = [
    pytest.mark.xdist_group("prefect"),
    pytest.mark.timeout(180),
    pytest.mark.usefixtures("prefect_server"),
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "harbour"
    folder.mkdir()
    for slug in ("one", "two", "three"):
        (folder / f"{slug}.md").write_bytes(article(f"Ferry {slug}", originalUrl=f"https://harbour.example/{slug}"))
    (folder / "broken.md").write_text("---\ntitle: No end\n")
    return folder


def settings(**run: Any) -> dict[str, Any]:
    return {"warehouse": {"durable": False}, "run": {"workers": 1, "retry_delay_seconds": 0.01, **run}}


def names_of_task_runs(flow_run_name: str, expected: int) -> list[str]:
    """The names that the server knows; task runs reach it a moment after they end."""
    wanted = FlowRunFilter(name=FlowRunFilterName(like_=flow_run_name))
    with get_client(sync_client=True) as client:
        for _ in range(300):
            names = sorted(run.name for run in client.read_task_runs(flow_run_filter=wanted))
            if len(names) >= expected:
                break
            time.sleep(0.1)
    return names


def reports(key: str = "run-report") -> list[str]:
    with get_client(sync_client=True) as client:
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        return [str(artifact.data) for artifact in client.read_artifacts(artifact_filter=wanted)]


def test_a_run_has_one_task_a_stage_and_batch_named_for_people(source: Path, tmp_path: Path) -> None:
    outcome = ingest([str(source)], str(tmp_path / "w"), settings=settings())

    assert outcome.status == "completed"
    assert (outcome.records.loaded, outcome.records.quarantined) == (3, 1)
    assert names_of_task_runs("ingest harbour", 6) == [
        "deduplicate 4 files, 4 of them read",
        "discover what changed in 1 source",
        "parse batch 1 of 1, 4 files",
        "report",
        "validate batch 1 of 1, 4 files",
        "write and publish: 3 loaded, 1 quarantined",
    ]
    assert any("front\\-matter/unclosed" in text or "front-matter/unclosed-fence" in text for text in reports())


def test_a_guard_rail_fails_the_flow_with_its_message_and_publishes_nothing(source: Path, tmp_path: Path) -> None:
    for number in range(9):
        (source / f"bad{number}.md").write_text("---\ntitle: No end\n")

    with pytest.raises(GuardRailError, match=r"10 of 13 files \(77%\) would be quarantined"):
        ingest([str(source)], str(tmp_path / "w"), settings=settings())

    assert Warehouse(tmp_path / "w").current() is None
    assert any(text.startswith("# Stopped by a guard rail: nothing was published") for text in reports())
    tables = reports("quarantined-files")
    assert any("bad8.md:1:1" in text and "unclosed-fence" in text for text in tables)


def test_lines_of_the_run_and_of_its_batches_are_in_the_log_of_the_ui(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ingest([f"logged={source}"], str(tmp_path / "w"), settings=settings() | {"notify": {"stale_after_hours": 0}})

    def told() -> dict[str, bool]:
        with get_client(sync_client=True) as client:
            wanted = FlowRunFilter(name=FlowRunFilterName(like_="ingest logged"))
            (run,) = client.read_flow_runs(flow_run_filter=wanted)
            lines = client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id])))
        return {line.message: line.task_run_id is not None for line in lines if line.name.startswith("presslake")}

    in_a_task = "batch 1 of 1: 1 file goes to quarantine, such as broken.md:1:1 of logged: front-matter/unclosed-fence"
    for _ in range(100):
        lines = told()
        if stale := [line for line in lines if line.startswith("The newest article came")]:
            break
        time.sleep(0.1)
    assert lines[in_a_task]
    assert not lines["4 files: 4 new, 0 changed, 0 unchanged, 0 deleted"]
    assert stale
    shown = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert [(line["level"], line["run_id"] != "") for line in shown if line["stage"] == "notify"] == [("warning", True)]


def test_storage_that_answers_again_is_tried_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    listing = local.LocalSource.list

    def flaky(self: local.LocalSource) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise SourceError("The disk did not answer.")
        return listing(self)

    monkeypatch.setattr(local.LocalSource, "list", flaky)
    outcome = ingest([str(source)], str(tmp_path / "w"), settings=settings(retries=2))

    assert len(calls) == 2
    assert outcome.status == "completed"


def test_what_is_wrong_with_the_configuration_is_not_tried_again(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        ingest([str(tmp_path / "missing")], str(tmp_path / "w"), settings=settings(retries=5))


def test_the_form_of_a_run_by_hand_shows_what_was_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: dict[str, Any] = {}
    monkeypatch.setattr("flows.ingest.ingest", lambda *_, **given: shown.update(given))
    accepted = dict.fromkeys(("accept_removals", "accept_quarantine", "accept_contract"), True)
    run_flow([], load_settings(None, {"guards": accepted}))
    assert shown == {"full_refresh": False, **accepted}


def test_every_parameter_is_described_for_the_form_in_the_ui() -> None:
    properties = ingest.parameters.model_dump()["properties"]

    assert all(entry["description"] for entry in properties.values())


def test_fields_that_are_left_empty_may_be_null() -> None:
    given = ingest.validate_parameters({"warehouse": None, "config": None})
    assert (given["warehouse"], given["config"]) == ("", "")
