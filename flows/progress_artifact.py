"""How far a run has come, as a progress artifact in the Prefect UI.

Belongs here: from stages and counts to one percentage, told at sensible intervals. Bars on a terminal
are `tasks.report.progress`'.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from tasks.report.progress import Progress, Silent
from tasks.tables.logs import log_of

#: The UI asks the server every few seconds; telling it more often only costs the run.
INTERVAL_SECONDS: Final = 2.0
#: From where to where each stage goes, in percent: what stages take in a first run, about.
_SPANS: Final = {"discover": (0, 10), "parse": (10, 65), "deduplicate": (65, 80), "write": (80, 100)}


class ArtifactProgress:
    """A `Progress` that keeps one artifact up to date, and hands everything on to another.

    Args:
        then: hears the same; bars of a run by hand.
        clock: seconds, monotonic.
    """

    def __init__(self, then: Progress | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._then, self._clock = then or Silent(), clock
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
