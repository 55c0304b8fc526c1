"""The Prefect task of the deduplicate stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.deduplicate.stage import deduplicate_records
from tasks.runs.run import Decisions


@task(name="deduplicate", task_run_name="deduplicate all records", cache_policy=NO_CACHE)
def deduplicate(folder: Path, batches: Sequence[Path]) -> Decisions:
    """Decide which record tells each story.

    Args:
        folder: the run's staging folder.
        batches: folders of the validated batches.

    Retries: none; decisions are a pure function of the records.
    """
    return deduplicate_records(folder, batches)
