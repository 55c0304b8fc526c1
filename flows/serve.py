"""`ingest` and `maintain` on a schedule, served by this process: all that one machine needs.

Belongs here: the two deployments, and ending them well. Does not belong here: the server
(`flows.server`), and deployments for workers (prefect.yaml).

Of one deployment one run is under way at a time; a run that would be a second one is cancelled, not
queued: the next one loads all that changed, so a queue would only be work for nothing.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from flows.prefect_support import make_prefect_quiet

make_prefect_quiet()

from prefect.client.orchestration import get_client  # noqa: E402
from prefect.client.schemas.filters import DeploymentFilter, FlowRunFilter  # noqa: E402
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy, StateType  # noqa: E402
from prefect.deployments.runner import RunnerDeployment  # noqa: E402
from prefect.exceptions import TerminationSignal  # noqa: E402
from prefect.runner import Runner  # noqa: E402
from prefect.schedules import Cron, Interval, Schedule  # noqa: E402
from prefect.states import Crashed  # noqa: E402
from prefect.types.entrypoint import EntrypointType  # noqa: E402

from config.errors import UsageError  # noqa: E402
from flows.ingest import ingest  # noqa: E402
from flows.maintain import maintain  # noqa: E402

ONE_AT_A_TIME: Final = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
_UNDER_WAY: Final = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]


class _Runner(Runner):
    """Prefect's runner, that takes SIGTERM for Ctrl-C: its own way ends with a traceback."""

    def handle_sigterm(self, *_args: Any, **_kwargs: Any) -> None:
        signal.raise_signal(signal.SIGINT)


def serve(
    name: str, parameters: dict[str, Any], schedule: timedelta | str, maintain_cron: str, *, at_once: bool
) -> None:
    """Run on schedule until Ctrl-C or SIGTERM; needs PREFECT_API_URL.

    Runs under way end with it, as Crashed. The tables are whole, and the next start goes on from there.

    Args:
        name: of both deployments: `ingest/name` and `maintain/name`.
        parameters: of `ingest`; `maintain` takes those that it has.
        schedule: time between two runs, or when to run, as a cron expression in UTC.
        maintain_cron: when to maintain; empty for never.
        at_once: run once now, whatever the schedule says.

    Raises:
        UsageError: a cron expression says something impossible.
    """
    # A service that was started in the background of a script has SIGINT ignored, and then would not end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    runner = _Runner(name=f"presslake-{name}")
    chosen = _deployments(name, parameters, schedule, maintain_cron)
    ids = [cast(UUID, runner.add_deployment(deployment)) for deployment in chosen]
    _end_leftovers(ids)
    if at_once:
        with get_client(sync_client=True) as client:
            client.create_flow_run_from_deployment(ids[0])
    try:
        asyncio.run(runner.start())
    except (KeyboardInterrupt, TerminationSignal):
        return
    finally:
        _end_leftovers(ids)


def _deployments(
    name: str, parameters: dict[str, Any], schedule: timedelta | str, maintain_cron: str
) -> list[RunnerDeployment]:
    """The deployment of `ingest`, and that of `maintain` if it is wanted."""
    common: dict[str, Any] = {
        "concurrency_limit": ONE_AT_A_TIME,
        "tags": ["presslake"],
        "paused": False,
        "entrypoint_type": EntrypointType.MODULE_PATH,
    }
    when = (
        _cron(schedule)
        if isinstance(schedule, str)
        else Interval(schedule, anchor_date=datetime.now(UTC), timezone="UTC")
    )
    chosen = [ingest.to_deployment(name, schedule=when, parameters=parameters, **common)]
    if maintain_cron:
        known = {key: value for key, value in parameters.items() if key in maintain.parameters.properties}
        chosen.append(maintain.to_deployment(name, schedule=_cron(maintain_cron), parameters=known, **common))
    # Prefect types what is the same for callers with and without an event loop.
    return cast(list[RunnerDeployment], chosen)


def _cron(expression: str) -> Schedule:
    try:
        return Cron(expression, timezone="UTC")
    except ValueError as error:
        raise UsageError(f"`{expression}` is not a cron expression: {error}.", "Give such as: 0 * * * *") from error


def _end_leftovers(ids: Sequence[UUID]) -> None:
    """Set runs that nobody works on any more to Crashed, which also gives back their concurrency slot."""
    wanted = FlowRunFilter.model_validate({"state": {"type": {"any_": _UNDER_WAY}}})
    of_ours = DeploymentFilter.model_validate({"id": {"any_": list(ids)}})
    why = "`presslake serve` ended while this run was under way. The tables are whole; the next run goes on from there."
    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs(flow_run_filter=wanted, deployment_filter=of_ours):
            client.set_flow_run_state(run.id, Crashed(message=why), force=True)
