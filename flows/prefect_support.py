"""What presslake's flows have in common under Prefect: environment, parameters, crashes and progress.

Belongs here: defaults that must be set before Prefect is imported, the settings that a flow's parameters come to, the
hook that Prefect calls after a crash, and the progress artifact of a run. Prefect is imported where it is needed. Does
not belong here: the flows (`ingest`, `maintain`), log lines (`logs`), and bars on a terminal (`tasks.report.progress`).
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

from config.settings import Settings, load_settings
from flows.notify import never_failing, notify_crash
from tasks.report.progress import Progress
from tasks.runs.logs import log_of

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun, State
    from prefect.flows import Flow

#: The UI asks the server every few seconds; telling it more often only costs the run.
INTERVAL_SECONDS: Final = 2.0
#: From where to where each stage goes, in percent: what stages take in a first run, about.
_SPANS: Final = {"discover": (0, 10), "parse": (10, 65), "deduplicate": (65, 80), "write": (80, 100)}
_ALWAYS: Final = {
    # The ephemeral server tries to report home, and where it cannot, logs errors.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    # The first start makes a database; on a busy machine Prefect's own 20 s are not enough.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}
_BY_HAND: Final = {
    # The command line says what failed and what to do; Prefect would print the traceback before it.
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
}


def make_prefect_quiet(by_hand: bool | None = None) -> None:
    """Set what the user has not; on a run by hand Prefect is silent.

    Args:
        by_hand: None takes a run without an API of its own (PREFECT_API_URL) for one by hand.
    """
    if by_hand is None:
        by_hand = not os.environ.get("PREFECT_API_URL") and "prefect" not in sys.modules
    for name, value in {**_ALWAYS, **(_BY_HAND if by_hand else {})}.items():
        os.environ.setdefault(name, value)
    if by_hand:
        # On a busy machine it says that it still has events to send; its logger is not below Prefect's own.
        logging.getLogger("EventsWorker").setLevel(logging.CRITICAL)


def load_from(warehouse: str | None, config: str | None, settings: Mapping[str, Any] | None) -> Settings:
    """The settings that a flow's parameters come to; an empty one leaves what files and defaults say.

    Args:
        warehouse: folder or URL of the warehouse, before what `settings` says of it.
        config: settings file.
        settings: any further settings, by section.

    Raises:
        SettingsError: the file or a setting is wrong.
    """
    overrides = dict(settings or {})
    if warehouse:
        overrides["warehouse"] = {**overrides.get("warehouse", {}), "path": warehouse}
    return load_settings(Path(config) if config else None, overrides)


def format_moment(moment: datetime) -> str:
    """A time to the minute, with its zone, for a run's name: the UI shows others in the reader's own."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def report_crash(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Log what a crash means and what to do, and notify the webhook; somebody sees a run by hand.

    Prefect calls it in the worker (or in `presslake serve`) after the state is set and the concurrency slot is free.
    Nothing is cleared up: the next run does that.

    Args:
        flow: `ingest` or `maintain`.
        flow_run: the run that died.
        state: says how, as far as Prefect knows.
    """
    if flow_run.deployment_id is None:
        return
    from prefect.logging.loggers import flow_run_logger  # noqa: PLC0415

    flow_run_logger(flow_run).error(
        "The run's process died: %s Readers see what they saw before. The next run clears up and takes over what was "
        "finished. If the system ran out of memory, lower `run.workers` or `run.batch_bytes`.",
        state.message or "",
    )
    message = state.message or "The process of the run died."
    with never_failing():
        settings = load_from(*(flow_run.parameters.get(name) for name in ("warehouse", "config", "settings")))
        notify_crash(settings, message, flow.name, str(flow_run.id))


class ArtifactProgress(Progress):
    """A `Progress` that keeps one artifact up to date, and hands everything on to another.

    Args:
        then: hears the same; bars of a run by hand.
        clock: seconds, monotonic.
    """

    def __init__(self, then: Progress | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._then, self._clock = then or Progress(), clock
        self._lock = threading.Lock()
        self._artifact: UUID | None = None
        self._told = -INTERVAL_SECONDS
        self._done, self._total, self._unit = 0, 0, ""
        self._is_lost = False

    def start(self, stage: str, total: int | None, unit: str) -> None:
        """A stage begins; the UI hears of it at once if it is the first, else when its time has come."""
        self._then.start(stage, total, unit)
        with self._lock:
            self._done, self._total, self._unit = 0, total or 0, unit
            self._tell(stage, _SPANS[stage][0])

    def advance(self, stage: str, amount: int) -> None:
        """More of a stage is done."""
        self._then.advance(stage, amount)
        with self._lock:
            self._done += amount
            first, last = _SPANS[stage]
            self._tell(stage, first + (last - first) * min(1.0, self._done / max(self._total, 1)))

    def finish(self, stage: str) -> None:
        """A stage is done."""
        self._then.finish(stage)
        with self._lock:
            self._tell(stage, _SPANS[stage][1])

    def end(self) -> None:
        """The run has ended well, also where a stage was left out because there was nothing to do."""
        with self._lock:
            self._tell("", 100, is_end=True)

    def _tell(self, stage: str, percent: float, *, is_end: bool = False) -> None:
        """Tell the server if it is time; one that does not answer is left alone from then on."""
        from prefect.artifacts import create_progress_artifact, update_progress_artifact  # noqa: PLC0415

        now = self._clock()
        if self._is_lost or (now - self._told < INTERVAL_SECONDS and not is_end):
            return
        self._told = now
        amount = f": {self._done:,} of {self._total:,} {self._unit}" if self._total else ""
        words = "done" if is_end else f"{stage}{amount}"
        try:
            if self._artifact is None:
                self._artifact = cast(UUID, create_progress_artifact(percent, key="run-progress", description=words))
            else:
                update_progress_artifact(self._artifact, percent, description=words)
        except Exception as error:  # whatever it is, it must not end the run
            self._is_lost = True
            log_of("report").warning("progress cannot be shown in the Prefect UI: %s", error)
