"""Where Prefect runs the tasks of the batches: threads of this process, a Dask cluster or a Ray cluster.

Belongs here: the task runner that the settings ask for, and errors that say how to get one. Does not
belong here: the tasks (`flows.ingest`), and processes of this machine (`tasks.runs.workers`), for
which the threads wait.

Both libraries are extras and slow to import, so they are imported when a run wants them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from flows.prefect_support import make_prefect_quiet

make_prefect_quiet()

from prefect.client.orchestration import get_client  # noqa: E402
from prefect.settings import PREFECT_API_URL, temporary_settings  # noqa: E402
from prefect.task_runners import TaskRunner  # noqa: E402

from config.errors import RunError, SettingsError, UsageError  # noqa: E402
from config.settings import Run as RunSettings  # noqa: E402

Runner = TaskRunner[Any]

#: Seconds to wait for a cluster's answer.
_PATIENCE: Final = 15
#: What a worker machine must not do without being asked: report home, or serve a page.
_QUIET: Final = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


@contextmanager
def cluster(settings: RunSettings, workers: int) -> Iterator[Runner]:
    """A started task runner on the cluster at `run.executor_address`, or on one made for the context.

    Args:
        settings: `executor` is `dask` or `ray`.
        workers: worker processes of a cluster that is made here, one task each at a time.

    Raises:
        UsageError: the executor's extra is not installed.
        SettingsError: there is no Prefect server that workers of another machine could reach.
        RunError: nothing answers at the address, or a cluster cannot be started.
    """
    make = {"dask": _dask, "ray": _ray}[settings.executor]
    with ExitStack() as stack:
        stack.enter_context(_api_for_workers(settings.executor_address))
        runner: Runner = make(settings.executor_address, workers)
        try:
            stack.enter_context(runner)
            # Dask's runner would connect with the first task only.
            getattr(runner, "client", None)
        except (OSError, RuntimeError, ValueError) as error:
            raise _no_cluster(settings, error) from error
        with _worker_errors(settings):
            yield runner


@contextmanager
def _worker_errors(settings: RunSettings) -> Iterator[None]:
    """Say in our words what the cluster's libraries say of workers that died or cannot run a task."""
    try:
        yield
    except ImportError as error:
        raise RunError(
            f"A worker cannot import what a task needs ({error}).",
            f"Install presslake[{settings.executor}] there, in the version that is here, and restart the worker.",
        ) from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("distributed", "ray"):
            raise
        raise RunError(
            f"The {settings.executor.capitalize()} cluster could not finish a batch: {_first_line(error)}.",
            "See the workers' logs; where they ran out of memory, lower `run.batch_bytes`. Finished batches are kept.",
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


def _no_cluster(settings: RunSettings, error: Exception) -> RunError:
    name, address, reason = settings.executor.capitalize(), settings.executor_address, _first_line(error)
    if address is None:
        return RunError(
            f"A {name} cluster could not be started on this machine: {reason}.",
            "Set `run.executor` to processes, or give the machine more memory.",
        )
    return RunError(
        f"No {name} cluster answers at {address} (`run.executor_address`): {reason}.",
        f"Start it, or check address and network; without an address presslake starts a {name} cluster of its own.",
    )


def _dask(address: str | None, workers: int) -> Any:
    try:
        from prefect_dask.task_runners import DaskTaskRunner  # noqa: PLC0415
    except ImportError as error:
        raise _extra_missing("dask", error) from error
    if address is not None:
        return DaskTaskRunner(address=address, client_kwargs={"timeout": _PATIENCE})
    # One thread a worker: parsing holds the interpreter's lock.
    one_each = {"n_workers": workers, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    return DaskTaskRunner(cluster_kwargs={**one_each, "silence_logs": "ERROR"})


def _ray(address: str | None, workers: int) -> Any:
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray  # noqa: F401, PLC0415  (the runner would find out later)
        from prefect_ray.task_runners import RayTaskRunner  # noqa: PLC0415
    except ImportError as error:
        raise _extra_missing("ray", error) from error
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is not None:
        return RayTaskRunner(address=address, init_kwargs=quiet)
    return RayTaskRunner(init_kwargs={**quiet, "num_cpus": workers, "include_dashboard": False})


def _extra_missing(executor: str, error: ImportError) -> UsageError:
    return UsageError(
        f"`run.executor` is {executor}, but its libraries are not installed ({error}).",
        f"Install them here and on every worker: pip install 'presslake[{executor}]'.",
    )


@contextmanager
def _api_for_workers(address: str | None) -> Iterator[None]:
    """Let workers report to the server that this flow reports to; else each would start one of its own.

    Raises:
        SettingsError: that server is this process's own, and the workers may be elsewhere.
    """
    if PREFECT_API_URL.value():
        yield
        return
    if address is not None:
        raise SettingsError(
            "`run.executor_address` names a cluster, but PREFECT_API_URL no server to which its workers can report.",
            "Start one with `prefect server start`, and set PREFECT_API_URL to an address that they can reach.",
        )
    with get_client(sync_client=True) as client:
        url = str(client.api_url)
    with temporary_settings(updates={PREFECT_API_URL: url.rstrip("/")}):
        yield
