"""Starting a flow by hand, through Prefect or without, as `run.engine` says.

Belongs here: the choice of the engine. Does not belong here: a run (`run`), a maintenance (`maintenance`), and the
flows that Prefect starts (`ingest`, `maintain`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from config.errors import SettingsError
from config.settings import Settings
from flows.engine import Engine
from flows.run import execute
from tasks.maintain.outcome import Maintenance
from tasks.report.outcome import Outcome
from tasks.report.progress import Progress


def run_ingest(
    sources: Sequence[str], settings: Settings, *, full_refresh: bool = False, progress: Progress | None = None
) -> Outcome:
    """Load sources into the warehouse, through Prefect or without, as `run.engine` says.

    Args:
        sources: folders, each `path` or `name=path`; with none, those of the settings.
        settings: everything else.
        full_refresh: read every file again.
        progress: hears how the run goes on.

    Raises:
        PresslakeError: the run failed; the published tables are as they were.
    """
    if _engine(settings) == "prefect":
        # Importing Prefect takes longer than a small run.
        from flows.ingest import run_flow  # noqa: PLC0415

        return run_flow(sources, settings, full_refresh=full_refresh, progress=progress)
    return execute(sources, settings, Engine(), full_refresh=full_refresh, progress=progress)


def _engine(settings: Settings) -> str:
    """What runs the flow.

    Raises:
        SettingsError: the settings ask for a cluster, and for the engine that has none.
    """
    engine, executor = settings.run.engine, settings.run.executor
    if engine == "auto":
        return "prefect" if executor != "processes" or os.environ.get("PREFECT_API_URL") else "local"
    if engine == "local" and executor != "processes":
        raise SettingsError(
            f"`run.executor` is {executor}, but `run.engine` is local, which has processes of this machine only.",
            "Set `run.engine` to prefect or auto, or `run.executor` to processes.",
        )
    return engine


def run_maintenance(settings: Settings) -> Maintenance:
    """Maintain the warehouse, through Prefect or without, as `run.engine` says.

    Args:
        settings: name the warehouse, what to keep, and the contract.

    Raises:
        WarehouseError: there is no warehouse, another run writes to it, or the disk refused.
    """
    # Each flow is imported when it is started: maintenance needs all that writes tables.
    from flows import maintenance  # noqa: PLC0415

    wanted = settings.run.engine
    if wanted == "prefect" or (wanted == "auto" and os.environ.get("PREFECT_API_URL")):
        # Importing Prefect takes longer than a small maintenance.
        from flows.maintain import run_flow  # noqa: PLC0415

        return run_flow(settings)
    return maintenance.execute(settings, maintenance.Steps())
