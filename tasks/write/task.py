"""The Prefect task of the write stage."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.tables.run import Publication
from tasks.write.stage import write_tables


@task(name="write", task_run_name="write and publish the tables", cache_policy=NO_CACHE)
def write(folder: Path, publication: Publication) -> tuple[int, int]:
    """Write the changed partitions, audit the snapshot, and move the pointer.

    Args:
        folder: the run's staging folder.
        publication: what is to be published.

    Retries: by the settings, after `WarehouseError` (the disk did not answer). Each try starts from
    an empty folder, and only a whole snapshot is ever published.
    """
    return write_tables(folder, publication)
