"""docs/operations.md, as it stands, against a real server with a password, a real worker and a receiver."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.office import PASSWORD, Office, commands, opened_office
from tests.receiver import SECRET, Receiver, receiving

pytestmark = [pytest.mark.xdist_group("operations"), pytest.mark.timeout(900)]
DONE = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as open_receiver:
        yield open_receiver


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Office]:
    with opened_office(tmp_path_factory.mktemp("office"), PRESSLAKE_NOTIFY_URL=receiver.url) as opened:
        yield opened


def first() -> str:
    return commands("five commands")[0]


def redeploy(office: Office, old: str, new: str) -> None:
    """Change prefect.yaml, and deploy again."""
    path = office.tree / "prefect.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    office.shell(first(), commands("five commands")[3])


def slots(office: Office) -> int:
    return sum(int(limit["active_slots"]) for limit in office.found("v2/concurrency_limits"))


def test_there_are_five_commands() -> None:
    assert len(commands("five commands")) == 5


def test_a_run_is_triggered_and_completes(office: Office) -> None:
    printed = office.shell(first(), *commands("trigger"))

    (run,) = office.found("flow_runs", flow_runs={"state": {"type": {"any_": ["COMPLETED"]}}})
    assert "finished successfully" in printed
    assert run["auto_scheduled"] is False
    assert (office.tree / "warehouse" / "current" / "articles").is_dir()


def test_a_scheduled_run_completes(office: Office) -> None:
    redeploy(office, 'cron: "0 * * * *", timezone: UTC', "interval: 20")
    until = time.monotonic() + 300
    completed: list[dict[str, Any]] = []
    while not completed and time.monotonic() < until:
        state = {"type": {"any_": ["COMPLETED"]}}
        completed = [run for run in office.found("flow_runs", flow_runs={"state": state}) if run["auto_scheduled"]]
        time.sleep(1)
    redeploy(office, "interval: 20", 'cron: "0 * * * *", timezone: UTC')

    assert completed
    assert completed[0]["name"].startswith("ingest sample")


def test_maintenance_completes(office: Office) -> None:
    assert office.wait(office.trigger("maintain/nightly"), DONE)["state_type"] == "COMPLETED"


def test_a_second_run_at_a_time_is_cancelled(office: Office) -> None:
    with office.busy_warehouse():
        running = office.trigger()
        office.wait(running, ["RUNNING"])
        second = office.wait(office.trigger(), DONE)
    assert second["state_type"] == "CANCELLED"
    assert "concurrency limit" in second["state"]["message"]
    assert office.wait(running, DONE)["state_type"] == "COMPLETED"


def test_a_killed_run_crashes_frees_its_slot_and_somebody_hears_of_it(office: Office, receiver: Receiver) -> None:
    with office.busy_warehouse():
        run = office.trigger()
        office.wait(run, ["RUNNING"])
        for process in office.runs():
            process.kill()
        crashed = office.wait(run, DONE, seconds=60)
    following = office.wait(office.trigger(), DONE)

    assert crashed["state_type"] == "CRASHED"
    assert following["state_type"] == "COMPLETED"
    told = receiver.wait_for('"event": "crash"')
    assert run in told["run_url"]
    assert "next run" in told["hint"]
    assert receiver.wait_for('"event": "recovered"')["reason"] == "Crashed"


def test_runs_of_a_dead_worker_are_ended_by_the_automation(office: Office) -> None:
    automation = office.tree / "docs" / "automations" / "dead-runs.yaml"
    automation.write_text(automation.read_text(encoding="utf-8").replace("within: 90", "within: 40"), encoding="utf-8")
    office.shell(first(), *commands("automation: dead runs"))
    with office.busy_warehouse():
        run = office.trigger()
        office.wait(run, ["RUNNING"])
        until = time.monotonic() + 120
        while time.monotonic() < until and not _heartbeats(office, run):
            time.sleep(1)
        assert _heartbeats(office, run)
        office.kill_worker()
    crashed = office.wait(run, DONE, seconds=300)
    office.start_worker()

    assert crashed["state_type"] == "CRASHED"
    assert "stopped saying that it is alive" in crashed["state"]["message"]
    assert slots(office) == 0
    assert office.wait(office.trigger(), DONE)["state_type"] == "COMPLETED"


def _heartbeats(office: Office, run: str) -> int:
    resource = {"id": [f"prefect.flow-run.{run}"]}
    wanted = {"event": {"name": ["prefect.flow-run.heartbeat"]}, "resource": resource}
    answer = office.api("POST", "events/filter", {"filter": wanted})
    assert answer.is_success, answer.text
    return int(answer.json()["total"])


def test_a_failed_run_says_why_and_how_to_go_on_and_two_tell_of_it(office: Office, receiver: Receiver) -> None:
    block = office.shell(first(), *commands("block")).strip().splitlines()[-1]
    office.shell(first(), f"BLOCK_ID={block}", *commands("automation: webhook"))
    failed = office.wait(office.trigger(sources=["no/such/folder"]), DONE)

    assert failed["state_type"] == "FAILED"
    assert "no/such/folder" in failed["state"]["message"]
    own = receiver.wait_for('"event": "failure"')
    assert own["reason"] == "SourceError"
    assert "no/such/folder" in own["text"]
    assert "is Failed" in receiver.wait_for("is Failed")["text"]


def test_nobody_without_the_password_gets_in(office: Office) -> None:
    assert office.api("POST", "flow_runs/filter", {}, auth=False).status_code == 401
    assert office.api("POST", "flow_runs/filter", {}).status_code == 200


def test_no_secret_is_in_logs_parameters_artifacts_or_tables(office: Office, receiver: Receiver) -> None:
    assert receiver.bodies
    kinds = ("flow_runs", "task_runs", "logs", "artifacts", "deployments", "block_documents", "work_pools")
    shown = {kind: json.dumps(office.found(kind)) for kind in kinds}
    files = [Path(office.home / "worker.log"), *(office.tree / "warehouse").rglob("*")]
    shown |= {str(path): path.read_bytes().decode("latin-1") for path in files if path.is_file()}

    assert len(shown["logs"]) > 1_000
    secrets = (SECRET, *PASSWORD.split(":")[1:])
    assert [(where, secret) for where, text in shown.items() for secret in secrets if secret in text] == []
