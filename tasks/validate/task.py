"""The Prefect task of the validate stage: a thread that waits for a worker process."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.validate.stage import validate_records


@task(name="validate", cache_policy=NO_CACHE)
def validate(folder: Path, batch: Path) -> Path:
    """Hold the records of a batch against the contract; those that break it go to quarantine.

    Args:
        folder: the run's staging folder.
        batch: the batch's folder, parsed.

    Retries: none; nothing here can pass by waiting.
    """
    return validate_records(folder, batch)
