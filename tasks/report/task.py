"""The Prefect task of the report stage: what a run did, as an artifact in the UI."""

from __future__ import annotations

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from tasks.report.markdown import run_report
from tasks.report.outcome import Outcome


@task(name="report", task_run_name="report", cache_policy=NO_CACHE)
def report(outcome: Outcome) -> None:
    """Publish the run's report under the key `run-report`, where the UI keeps its history.

    Args:
        outcome: of the run.

    Retries: none; the tables are published, and a missing report must not fail the run.
    """
    create_markdown_artifact(run_report(outcome), key="run-report", description=outcome.message)
