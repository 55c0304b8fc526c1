"""Batches on a Dask cluster of two workers: the same tables, and errors that say what is missing."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from distributed import LocalCluster
from prefect_dask.task_runners import DaskTaskRunner

from config.errors import RunError, SettingsError, UsageError
from config.settings import Run as RunSettings
from flows.executors import cluster as cluster_for
from tasks.warehouse.warehouse import Warehouse
from tests.e2e.cluster_runs import busy_newsroom, check_cluster_equals_machine, run_on

pytestmark = [
    pytest.mark.xdist_group("dask"),
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("prefect_server"),
    # Dask's own event loops are closed by the collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]


def test_a_cluster_of_its_own_gives_the_tables_of_one_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_cluster_equals_machine("dask", tmp_path, monkeypatch)


def test_a_running_cluster_gives_the_tables_of_one_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=None) as cluster:
        check_cluster_equals_machine("dask", tmp_path, monkeypatch, cluster.scheduler_address)


def test_where_nothing_answers_the_error_names_address_and_setting(tmp_path: Path) -> None:
    newsroom = busy_newsroom(tmp_path / "files")
    with pytest.raises(RunError, match=r"No Dask cluster answers at tcp://127\.0\.0\.1:9 \(`run\.executor_address`\)"):
        run_on("dask", newsroom, tmp_path / "warehouse", executor_address="tcp://127.0.0.1:9")
    assert Warehouse(tmp_path / "warehouse", durable=False).current() is None


def test_a_worker_that_dies_is_said_to_have_died(tmp_path: Path) -> None:
    cluster = LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None)
    settings = RunSettings(executor="dask", executor_address=cluster.scheduler_address)
    with (
        pytest.raises(RunError, match="The Dask cluster could not finish a batch"),
        cluster_for(settings, 1) as runner,
    ):
        assert isinstance(runner, DaskTaskRunner)
        runner.client.submit(os._exit, 1, pure=False).result()  # type: ignore[no-untyped-call]
    # Dask is starting the worker anew just then, and trips over that when it is to end.
    with suppress(AssertionError):
        cluster.close()


def test_without_the_extra_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prefect_dask.task_runners", None)
    with (
        pytest.raises(UsageError, match=r"pip install 'presslake\[dask\]'"),
        cluster_for(RunSettings(executor="dask"), 2),
    ):
        pass


def test_a_cluster_cannot_be_had_with_the_engine_local(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"`run\.executor` is dask, but `run\.engine` is local"):
        run_on("dask", busy_newsroom(tmp_path / "files"), tmp_path / "warehouse", engine="local")
