"""What is done about a run whose process died: whoever watched it says so, in its log and to the webhook.

Belongs here: the hook that Prefect calls in the worker (or in `presslake serve`), after the state is set
and the concurrency slot is free again. Does not belong here: clearing up, which the next run does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import FlowRun, State
from prefect.flows import Flow
from prefect.logging.loggers import flow_run_logger

from config.settings import Settings, load_settings
from flows.notify import never_failing, tell_crash


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
    with never_failing():
        tell_crash(
            _settings(flow_run.parameters), state.message or "The process of the run died.", flow.name, str(flow_run.id)
        )


def _settings(parameters: dict[str, Any]) -> Settings:
    """The settings that the run had."""
    overrides = dict(parameters.get("settings") or {})
    if warehouse := parameters.get("warehouse"):
        overrides["warehouse"] = {**overrides.get("warehouse", {}), "path": warehouse}
    config = parameters.get("config")
    return load_settings(Path(config) if config else None, overrides)
