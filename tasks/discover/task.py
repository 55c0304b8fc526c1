"""The Prefect task of the discover stage."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.discover.stage import discover_changes
from tasks.runs.run import Plan


@task(name="discover", task_run_name="discover what changed", cache_policy=NO_CACHE)
def discover(folder: Path) -> Plan:
    """List every source, compare with the manifest, and cut what changed into batches.

    Args:
        folder: the run's staging folder.

    Retries: by the settings, after `SourceError` (a source did not answer).
    """
    return discover_changes(folder)
