"""The Prefect task of the parse stage: a thread that waits for a worker process."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.parse.stage import parse_files


@task(name="parse", cache_policy=NO_CACHE)
def parse(folder: Path, batch: Path) -> Path:
    """Read the files of a batch and turn their front matter into typed columns.

    Args:
        folder: the run's staging folder.
        batch: the batch's folder, which is handed on.

    Retries: by the settings, after `SourceError` (the storage did not answer). A fault of a file is
    data, never an error.
    """
    return parse_files(folder, batch)
