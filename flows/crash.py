"""What is done about a run whose process died: whoever watched it says so, in its log and to the webhook.

Belongs here: the hook that Prefect calls in the worker (or in `presslake serve`), after the state is set
and the concurrency slot is free again. Does not belong here: clearing up, which the next run does.
"""

from __future__ import annotations

from typing import Any

from prefect.client.schemas.objects import FlowRun, State
from prefect.flows import Flow
from prefect.logging.loggers import flow_run_logger

from flows.notify import never_failing, tell_crash
from flows.parameters import load_from


def tell_of_crash(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Say what a crash means and what to do; a run by hand needs no telling, since somebody sees it.

    Args:
        flow: `ingest` or `maintain`.
        flow_run: the run that died.
        state: says how, as far as Prefect knows.
    """
    if flow_run.deployment_id is None:
        return
    flow_run_logger(flow_run).error(
        "The run's process died: %s Readers see what they saw before. The next run clears up and takes over what was "
        "finished. If the system ran out of memory, lower `run.workers` or `run.batch_bytes`.",
        state.message or "",
    )
    message = state.message or "The process of the run died."
    with never_failing():
        settings = load_from(*(flow_run.parameters.get(name) for name in ("warehouse", "config", "settings")))
        tell_crash(settings, message, flow.name, str(flow_run.id))
