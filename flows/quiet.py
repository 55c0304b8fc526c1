"""Prefect's environment for presslake: no telemetry, and no noise on a terminal.

Belongs here: defaults that must be set before Prefect is imported. What the user has set stays.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Final

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
