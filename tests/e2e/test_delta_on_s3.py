"""A Delta warehouse on an object store: runs, readers, two writers, and accidents, against a local S3."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import msgspec
import polars as pl
import pytest
from deltalake import DeltaTable

from config.contract import TABLES, load_contract
from config.errors import GuardRailError, WarehouseError, WarehouseLocked
from config.settings import Settings
from flows.backfill import Repository, run_backfill
from flows.cli import main
from flows.maintenance import run_maintenance
from flows.run import run_ingest
from tasks.maintain.guarantees import verify_warehouse
from tasks.tables import object_lock
from tasks.tables.delta import DeltaSnapshot, DeltaWarehouse
from tasks.tables.object_lock import Lease, leased
from tasks.tables.warehouse import Warehouse
from tests.builders import Desk, article, page
from tests.e2e.server import free_port
from tests.git_past import make_repository
from tests.newsroom import Newsroom, Story, contract_with_mood, settings_for
from tests.run_once import finish, ingest_into, start
from tests.tables_equal import assert_same_tables


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """moto in a process of its own: native code that waits for its answer may hold this one's interpreter lock."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    """Until the server answers at its port, a minute at most."""
    until = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise AssertionError("moto did not start")


@pytest.fixture
def url(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A place for a warehouse; credentials and endpoint are in the environment, where users have them."""
    variables = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
        "PRESSLAKE_WAREHOUSE__STAGING": str(tmp_path / "staging"),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    bucket = f"lake-{tmp_path.name}".replace("_", "-")
    place = {"LocationConstraint": "eu-west-1"}
    boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    return f"s3://{bucket}/tables"


def settings(
    url: str,
    folder: Path,
    run: Mapping[str, Any] | None = None,
    history: Mapping[str, Any] | None = None,
    **warehouse: Any,
) -> Settings:
    kind = {"path": url, "format": "delta", "staging": str(folder / "staging")}
    return settings_for(folder, run, warehouse={**kind, **warehouse}, history=history or {})


@pytest.fixture
def newsroom(tmp_path: Path) -> Newsroom:
    newsroom = Newsroom(tmp_path / "files")
    for n in range(6):
        newsroom.write(("harbour", f"{n}.md"), Story(f"Story {n}", page=n % 4, date=f"202{n % 3}-05-01", related=(1,)))
    newsroom.write(("harbour", "bad.md"), Story(shape="unclosed"))
    return newsroom


def change(newsroom: Newsroom) -> None:
    newsroom.delete(("harbour", "0.md"))
    newsroom.write(("harbour", "1.md"), Story("Edited", page=1, date="2023-05-01", related=(2, 3)))
    newsroom.write(("harbour", "new.md"), Story("New", page=8))


def lake(url: str, folder: Path) -> DeltaWarehouse:
    return DeltaWarehouse(url, durable=False, staging=str(folder / "staging"))


def as_parquet(newsroom: Newsroom, folder: Path) -> Warehouse:
    run_ingest(newsroom.specs(["harbour"]), settings_for(folder))
    return Warehouse(folder, durable=False)


def test_tables_on_s3_are_those_of_a_folder(url: str, newsroom: Newsroom, tmp_path: Path) -> None:
    specs, chosen, warehouse = newsroom.specs(["harbour"]), settings(url, tmp_path), lake(url, tmp_path)
    run_ingest(specs, chosen)
    assert_same_tables(warehouse, as_parquet(newsroom, tmp_path / "before"))
    change(newsroom)
    outcome = run_ingest(specs, chosen)
    assert (outcome.snapshot, outcome.warehouse) == (2, url)
    assert_same_tables(warehouse, as_parquet(newsroom, tmp_path / "after"))
    assert verify_warehouse(warehouse, load_contract()).findings == []
    current = warehouse.current()
    assert isinstance(current, DeltaSnapshot)
    assert current.info.versions == {**dict.fromkeys(TABLES, 1), "quarantine": 0}
    assert pl.scan_delta(current.uris()["articles"]).select(pl.len()).collect().item() == current.rows("articles")
    assert run_ingest(specs, chosen).status == "unchanged"
    done = run_maintenance(settings(url, tmp_path, keep_snapshots=1, keep_days=0))
    assert (done.status, done.expired.snapshots, warehouse.snapshots()) == ("sound", [1], [2])


def test_every_command_takes_the_url(
    url: str, newsroom: Newsroom, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_ingest(newsroom.specs(["harbour"]), settings(url, tmp_path))
    change(newsroom)
    run_ingest(newsroom.specs(["harbour"]), settings(url, tmp_path))
    # Nothing to do: only the journal, in `warehouse.staging`, tells of this run.
    assert run_ingest(newsroom.specs(["harbour"]), settings(url, tmp_path)).status == "unchanged"
    capsys.readouterr()
    assert main(["status", "--json", "--warehouse", url]) == 0
    assert json.loads(capsys.readouterr().out)["runs"][0]["status"] == "unchanged"
    report = f"report -o {tmp_path / 'report.html'}"
    for command in ("status", "snapshots", "diff", "verify", "path", "explain 1.md", report, "rollback 1", "maintain"):
        assert main([*command.split(), "--warehouse", url]) == 0, command
    capsys.readouterr()
    assert main(["path", "--json", "--warehouse", url]) == 0
    place = json.loads(capsys.readouterr().out)
    assert (place["snapshot"], place["tables"]["articles"]["uri"]) == (1, f"{url}/articles")


@pytest.mark.parametrize("fault", ["delta.committed:2", "publish.before-swap", "publish.after-swap"])
def test_a_killed_run_leaves_old_or_new(url: str, newsroom: Newsroom, tmp_path: Path, fault: str) -> None:
    specs, chosen, warehouse = newsroom.specs(["harbour"]), settings(url, tmp_path), lake(url, tmp_path)
    run_ingest(specs, chosen)
    before = as_parquet(newsroom, tmp_path / "before")
    change(newsroom)
    after = as_parquet(newsroom, tmp_path / "after")
    assert finish(start(ingest_into, chosen, specs, fault)) == -signal.SIGKILL
    assert_same_tables(warehouse, after if fault == "publish.after-swap" else before)
    expire_lock(warehouse)
    run_ingest(specs, chosen)
    assert_same_tables(warehouse, after)
    assert warehouse.snapshots() == [1, 2]


def test_the_history_on_s3_is_that_of_a_folder(url: str, tmp_path: Path) -> None:
    """Runs and a backfill, which is told no format; `verify` finds nothing."""
    states = [{"a.md": article(heat=heat, originalUrl=page(1))} for heat in (1, 2, 3)]
    repository = make_repository(tmp_path / "repository", states)
    desk, history = Desk(tmp_path), {"history": {"columns": ["title", "heat"]}}
    desk.write("a.md", states[-1]["a.md"])
    run_ingest([f"news={desk.root / 'news'}"], settings(url, tmp_path))
    done = run_backfill(Repository(repository), settings(url, tmp_path, **history, format="parquet"))
    assert (done.status, done.rows, done.table) == ("completed", 3, f"{url}/article_versions")
    desk.write("a.md", article(heat=4, originalUrl=page(1)))
    run_ingest([f"news={desk.root / 'news'}"], settings(url, tmp_path))
    current = lake(url, tmp_path).current()
    assert isinstance(current, DeltaSnapshot)
    rows = sorted(current.read("article_versions").to_pylist(), key=lambda row: row["valid_from"])
    assert [(row["heat"], row["commit"] is None) for row in rows] == [(1, False), (2, False), (3, False), (4, True)]
    assert verify_warehouse(lake(url, tmp_path), load_contract()).findings == []


def expire_lock(warehouse: DeltaWarehouse) -> None:
    """What a minute does to the lock of a dead run."""
    held = warehouse.blobs.get(object_lock.NAME)
    assert held is not None
    lease = msgspec.json.decode(held.content, type=Lease)
    assert not lease.is_free()
    old = msgspec.structs.replace(lease, until=lease.until - 3_600)
    warehouse.blobs.put(object_lock.NAME, msgspec.json.encode(old), held.tag)


def test_a_second_writer_waits_and_then_goes_on(url: str, newsroom: Newsroom, tmp_path: Path) -> None:
    """Another machine has another staging folder, so only the lock object stands between them."""
    specs = newsroom.specs(["harbour"])
    elsewhere = settings(url, tmp_path / "elsewhere", run={"lock_timeout_seconds": 0})
    patient = settings(url, tmp_path / "elsewhere", run={"lock_timeout_seconds": 30})
    blobs = lake(url, tmp_path).blobs
    with leased(blobs, url, "first", 0.0, seconds=0.3):
        first = blobs.get(object_lock.NAME)
        with pytest.raises(WarehouseLocked, match="run first"):
            run_ingest(specs, elsewhere)
        time.sleep(0.5)
        assert blobs.get(object_lock.NAME) != first, "the lease was not renewed"
        waiting = threading.Thread(target=run_ingest, args=(specs, patient))
        waiting.start()
        time.sleep(0.5)
    waiting.join()
    assert lake(url, tmp_path).pointed() == 1


def test_two_writers_that_both_hold_the_lock_do_not_both_publish(
    url: str, newsroom: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One slept through its lease: it loses, and its half-written tables are undone."""
    specs, warehouse = newsroom.specs(["harbour"]), lake(url, tmp_path)
    run_ingest(specs, settings(url, tmp_path))
    change(newsroom)
    from tasks.write import delta  # noqa: PLC0415

    publish, winner = delta._publish, settings(url, tmp_path / "winner")

    def oversleep(*arguments: Any) -> None:
        monkeypatch.setattr(delta, "_publish", publish)
        expire_lock(warehouse)
        run_ingest(specs, winner)
        publish(*arguments)

    monkeypatch.setattr(delta, "_publish", oversleep)
    with pytest.raises(WarehouseError, match="another writer"):
        run_ingest(specs, settings(url, tmp_path))
    after = as_parquet(newsroom, tmp_path / "after")
    assert_same_tables(warehouse, after)
    newsroom.write(("harbour", "2.md"), Story("Once more", page=2))
    run_ingest(specs, settings(url, tmp_path))
    assert_same_tables(warehouse, as_parquet(newsroom, tmp_path / "last"))
    assert DeltaTable(f"{url}/articles").history(1)[0]["operation"] == "MERGE"


def test_a_breaking_contract_is_refused_and_an_outage_is_no_consent(
    url: str, newsroom: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no answer")

    mood = {"path": str(contract_with_mood(tmp_path))}
    place = settings(url, tmp_path).warehouse
    guards = {"accept_contract": False}
    strict, moody = (
        settings_for(tmp_path, warehouse=msgspec.structs.asdict(place), guards=guards, contract=contract)
        for contract in ({}, mood)
    )
    run_ingest(newsroom.specs(["harbour"]), moody)
    with pytest.raises(GuardRailError, match=r"`articles\.mood` is gone"):
        run_ingest(newsroom.specs(["harbour"]), strict)
    monkeypatch.setattr("tasks.tables.contract_change.pq.read_metadata", fail)
    with pytest.raises(WarehouseError, match="no answer"):
        run_ingest(newsroom.specs(["harbour"]), strict)
