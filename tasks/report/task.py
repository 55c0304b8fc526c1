"""The Prefect tasks of the report stage: what a run did, as artifacts in the UI."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from config.errors import WarehouseError
from tasks.report.escaping import escaped
from tasks.report.markdown import headline, run_report
from tasks.report.outcome import Outcome
from tasks.report.quarantine import quarantined_files
from tasks.runs.logs import log_of


@task(name="report", task_run_name="report", cache_policy=NO_CACHE)
def report(outcome: Outcome, batches: Sequence[Path] = ()) -> None:
    """Publish what the run did: `run-report`, and `quarantined-files` where there are any.

    The UI keeps the history of each key.

    Args:
        outcome: of the run.
        batches: folders of the batches that it read; a failed run has left them.

    Retries: none; the tables are published, and a missing report must not fail the run.
    """
    create_markdown_artifact(run_report(outcome), key="run-report", description=escaped(headline(outcome)))
    try:
        rows, sentence = quarantined_files(outcome, batches)
    except (WarehouseError, OSError) as error:
        log_of("report").warning("the files in quarantine cannot be listed: %s", error)
        return
    if rows:
        create_table_artifact(rows, key="quarantined-files", description=sentence)
