"""The Prefect tasks of the maintain stage that only read; those that write are in `flows.maintain`."""

from __future__ import annotations

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from config.settings import Settings
from tasks.maintain.guarantees import Verification, verify_settings


@task(name="verify", task_run_name="verify the warehouse", cache_policy=NO_CACHE)
def verify(settings: Settings) -> Verification:
    """Check every guarantee that the tables can show, and every byte of the current snapshot.

    Args:
        settings: name the warehouse and the contract.

    Retries: none; what is damaged stays damaged.
    """
    return verify_settings(settings)


@task(name="report maintenance", task_run_name="report", cache_policy=NO_CACHE)
def report(text: str, description: str) -> None:
    """Publish the report under the key `maintenance-report`, where the UI keeps its history.

    Args:
        text: Markdown.
        description: one sentence.

    Retries: none; a missing report must not fail the maintenance.
    """
    create_markdown_artifact(text, key="maintenance-report", description=description)
