"""The scheduled maintenance: its steps as Prefect tasks, its report as an artifact.

Belongs here: the flow and its parameters. The order of the steps is `flows.maintenance`'s.
"""

from __future__ import annotations

from contextlib import nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from flows.prefect_support import make_prefect_quiet

make_prefect_quiet()

from prefect import flow, runtime, task  # noqa: E402
from prefect.cache_policies import NO_CACHE  # noqa: E402

from config.errors import AuditError  # noqa: E402
from config.settings import Settings  # noqa: E402
from flows import maintenance  # noqa: E402
from flows.logs import logs_in_prefect, shown_logs  # noqa: E402
from flows.maintenance import Steps, damage, execute, headline, maintenance_report  # noqa: E402
from flows.prefect_support import format_moment, load_from, report_crash  # noqa: E402
from tasks.maintain.outcome import Maintenance  # noqa: E402
from tasks.maintain.task import report, verify  # noqa: E402

#: The steps as tasks. None is retried: what the disk refused is left for the next maintenance.
TASKS: Final = Steps(
    clear=task(name="clear staging", cache_policy=NO_CACHE)(maintenance.clear),
    verify=verify,
    rewrite=task(name="rewrite tables", cache_policy=NO_CACHE)(maintenance.rewrite),
    expire=task(name="expire snapshots", cache_policy=NO_CACHE)(maintenance.expire),
)
#: Whether the command line runs the flow: it shows the log itself.
_by_hand: Final[ContextVar[bool]] = ContextVar("maintain_by_hand", default=False)


def _flow_run_name() -> str:
    name = Path(runtime.flow_run.parameters["warehouse"] or "configured warehouse").name
    return f"maintain {name} · {format_moment(runtime.flow_run.scheduled_start_time or datetime.now(UTC))}"


@flow(name="maintain", flow_run_name=_flow_run_name, on_crashed=[report_crash])
def maintain(
    warehouse: str | None = None, config: str | None = None, settings: dict[str, Any] | None = None
) -> Maintenance:
    """Verify the warehouse, forget what the settings do not keep, and split files that grew too large.

    Fails where something is wrong with the warehouse; then nothing was forgotten, and the report
    names every finding. One writer at a time: it waits for a run in progress.

    Args:
        warehouse: Folder of the warehouse; empty takes that of the settings (`warehouse.path`).
        config: Settings file; empty takes `presslake.yaml` of the working folder, if it is there.
        settings: Any further settings, such as {"warehouse": {"keep_days": 30}}.

    Raises:
        AuditError: something is wrong with the warehouse; its `outcome` is what is returned otherwise.
        WarehouseError: there is no warehouse, another run writes to it, or the disk refused.
    """
    loaded = load_from(warehouse, config, settings)
    with nullcontext() if _by_hand.get() else shown_logs(loaded.log), logs_in_prefect(loaded.log):
        done = execute(loaded, TASKS)
    report(maintenance_report(done), headline(done))
    if done.status == "damaged":
        raise damage(done)
    return done


def run_flow(settings: Settings) -> Maintenance:
    """Run the flow by hand, with settings that are loaded already.

    Raises:
        WarehouseError: there is no warehouse, another run writes to it, or the disk refused.
    """
    token = _by_hand.set(True)
    try:
        return maintain(settings=settings.to_dict())
    except AuditError as error:
        if isinstance(error.outcome, Maintenance):
            return error.outcome
        raise
    finally:
        _by_hand.reset(token)
