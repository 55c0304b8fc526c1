"""Batches on a Ray cluster of two workers: the same tables, and errors that say what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from config.errors import RunError
from tasks.warehouse.warehouse import Warehouse
from tests.e2e.cluster_runs import busy_newsroom, check_cluster_equals_machine, run_on

pytestmark = [
    pytest.mark.xdist_group("ray"),
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("prefect_server"),
    # Ray leaves sockets and processes to the collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:Ray Client connection timed out"),
]


def test_a_cluster_of_its_own_gives_the_tables_of_one_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_cluster_equals_machine("ray", tmp_path, monkeypatch)


def test_a_running_cluster_of_two_nodes_gives_the_tables_of_one_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        nodes.add_node(num_cpus=1)
        check_cluster_equals_machine("ray", tmp_path, monkeypatch, nodes.address)
    finally:
        nodes.shutdown()


def test_where_nothing_answers_the_error_names_address_and_setting(tmp_path: Path) -> None:
    newsroom = busy_newsroom(tmp_path / "files")
    with pytest.raises(RunError, match=r"No Ray cluster answers at ray://127\.0\.0\.1:9 \(`run\.executor_address`\)"):
        run_on("ray", newsroom, tmp_path / "warehouse", executor_address="ray://127.0.0.1:9")
    assert Warehouse(tmp_path / "warehouse", durable=False).current() is None
