"""Maintenance through Prefect, against a server of the test's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from config.errors import AuditError
from flows.logs import shown_logs
from flows.maintain import maintain
from flows.start import run_maintenance
from tests.builders import Desk
from tests.newsroom import settings_for
from tests.receiver import receiving
from tests.tasks.maintain.damage import healthy

pytestmark = [
    pytest.mark.xdist_group("prefect"),
    pytest.mark.timeout(180),
    pytest.mark.usefixtures("prefect_server"),
]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return healthy(tmp_path)


def reports() -> list[str]:
    with get_client(sync_client=True) as client:
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=["maintenance-report"]))
        return [str(artifact.data) for artifact in client.read_artifacts(artifact_filter=wanted)]


def test_the_flow_does_the_same_as_the_plain_functions(desk: Desk) -> None:
    done = maintain(str(desk.warehouse.root), settings={"warehouse": {"keep_snapshots": 1, "keep_days": 0}})
    assert (done.status, done.expired.snapshots) == ("sound", [1])
    assert any("The warehouse is sound" in report and "Removed 1 snapshot" in report for report in reports())


def test_a_damaged_warehouse_fails_the_flow_and_is_a_report_by_hand(desk: Desk) -> None:
    (desk.warehouse.root / "stray.parquet").write_bytes(b"")
    with pytest.raises(AuditError, match=r"stray\.parquet does not belong"):
        maintain(str(desk.warehouse.root))
    done = run_maintenance(settings_for(desk.warehouse.root, run={"engine": "prefect"}))
    assert done.status == "damaged"
    assert any("What is wrong" in report for report in reports())


def test_what_is_logged_is_shown_once_by_hand_and_on_a_schedule(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def told() -> list[str]:
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
        return [line["message"] for line in lines if line["stage"] == "notify"]

    (desk.warehouse.root / "stray.parquet").write_bytes(b"")
    notify = {"retries": 0, "repeat_hours": 0}
    by_hand = settings_for(desk.warehouse.root, run={"engine": "prefect"}, notify=notify)
    with receiving(500) as receiver:
        monkeypatch.setenv("PRESSLAKE_NOTIFY_URL", receiver.url)
        with pytest.raises(AuditError):
            maintain(str(desk.warehouse.root), settings={"notify": notify})
        on_schedule = told()
        with shown_logs(by_hand.log):
            run_maintenance(by_hand)
    assert on_schedule == told()
    assert on_schedule == ["The webhook did not get `failure`: it answered 500. The run is not affected."]


def test_parameters_are_described_for_the_form() -> None:
    properties = maintain.parameters.model_dump()["properties"]
    assert set(properties) == {"warehouse", "config", "settings"}
    assert all(parameter["description"] for parameter in properties.values())
