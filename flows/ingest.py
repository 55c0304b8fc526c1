"""The scheduled flow: the pipeline's stages as Prefect tasks.

Belongs here: the flow, its parameters, and how its tasks are named and retried. The order of the
stages is `flows.pipeline`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, ParamSpec, TypeVar, cast

from flows.quiet import make_prefect_quiet

make_prefect_quiet()

from prefect import flow, runtime  # noqa: E402
from prefect.futures import PrefectFuture, as_completed  # noqa: E402
from prefect.task_runners import ThreadPoolTaskRunner  # noqa: E402
from prefect.tasks import Task, exponential_backoff  # noqa: E402
from pydantic import BeforeValidator  # noqa: E402

from config.errors import RunError, SourceError, SourceRefused, WarehouseError, WarehouseLocked  # noqa: E402
from config.settings import Settings  # noqa: E402
from flows.crash import tell_of_crash  # noqa: E402
from flows.executors import Runner, cluster  # noqa: E402
from flows.logs import logs_in_prefect, shown_logs  # noqa: E402
from flows.parameters import load_from  # noqa: E402
from flows.pipeline import are_worth_workers  # noqa: E402
from flows.progress_artifact import ArtifactProgress  # noqa: E402
from flows.run import execute  # noqa: E402
from flows.run_names import (  # noqa: E402
    batch_name,
    batch_number,
    deduplicate_name,
    discover_name,
    ingest_name,
    write_name,
)
from tasks.deduplicate.task import deduplicate  # noqa: E402
from tasks.discover.task import discover  # noqa: E402
from tasks.parse.stage import confirm_missing  # noqa: E402
from tasks.parse.task import parse  # noqa: E402
from tasks.report.outcome import Outcome  # noqa: E402
from tasks.report.task import report  # noqa: E402
from tasks.tables.logs import bound  # noqa: E402
from tasks.tables.run import Batch, Decisions, Plan, Publication, Run  # noqa: E402
from tasks.validate.task import validate  # noqa: E402
from tasks.write.task import write_for  # noqa: E402

if TYPE_CHECKING:
    from tasks.report.progress import Progress

#: A text field in the UI's form; null is taken for an empty one.
Location = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
#: Tasks only wait for worker processes. (Prefect types the kind of future of a runner invariantly.)
_THREADS: Final[Any] = ThreadPoolTaskRunner(max_workers=16)
P = ParamSpec("P")
R = TypeVar("R")


class _ByHand(NamedTuple):
    """What a run by hand is given beside the flow's parameters, which are JSON that everybody can see."""

    settings: Settings
    progress: Progress | None


_by_hand: Final[ContextVar[_ByHand | None]] = ContextVar("by_hand", default=None)


def _given_by_hand() -> _ByHand | None:
    # The flow names no context variable itself: Dask and Ray pickle it, and all that it names.
    return _by_hand.get()


def _flow_run_name() -> str:
    parameters = runtime.flow_run.parameters
    moment = runtime.flow_run.scheduled_start_time or datetime.now(UTC)
    return ingest_name(parameters["sources"], moment, full_refresh=parameters["full_refresh"])


@flow(name="ingest", flow_run_name=_flow_run_name, task_runner=_THREADS, on_crashed=[tell_of_crash])
def ingest(
    sources: list[str] = [],  # noqa: B006 (Prefect shows it as the form's default)
    warehouse: Location = "",
    config: Location = "",
    full_refresh: bool = False,
    accept_removals: bool = False,
    accept_quarantine: bool = False,
    accept_contract: bool = False,
    settings: dict[str, Any] = {},  # noqa: B006
) -> Outcome:
    """Turn folders of front-matter articles into clean, typed, de-duplicated Parquet tables.

    Discover what changed, parse and validate it, deduplicate all records, write one snapshot of all
    tables, and report. Bad files go to the table `quarantine`; they never fail the run.

    Args:
        sources: Folders, archives, Git or object-store URLs, each `path` or `name=path`; none takes the settings'.
        warehouse: Folder of the warehouse; empty takes that of the settings (`warehouse.path`).
        config: Settings file; empty takes `presslake.yaml` of the working folder, if it is there.
        full_refresh: Read every file anew, whatever is known of it.
        accept_removals: Publish although more files are gone than `guards.max_removed_share` allows.
        accept_quarantine: Publish although more files are bad than `guards.max_quarantined_share` allows.
        accept_contract: Publish although the contract drops, renames or narrows columns that readers know.
        settings: Any further settings, such as {"run": {"workers": 4}}. Never a secret: Prefect keeps
            parameters and shows them. Secrets are read from the environment.

    Raises:
        PresslakeError: the run failed; the published tables are as they were.
    """
    by_hand = _given_by_hand()
    accepted = {
        "accept_removals": accept_removals,
        "accept_quarantine": accept_quarantine,
        "accept_contract": accept_contract,
    }
    loaded = by_hand.settings if by_hand else load_from(warehouse, config, _with_accepted(settings, accepted))
    stages: list[PrefectStages] = []

    def make_stages(run: Run) -> PrefectStages:
        stages.append(PrefectStages(run))
        return stages[0]

    progress = ArtifactProgress(by_hand.progress if by_hand else None)
    with nullcontext() if by_hand else shown_logs(loaded.log), logs_in_prefect(loaded.log):
        try:
            outcome = execute(sources, loaded, make_stages, full_refresh=full_refresh, progress=progress)
        except RunError as error:
            if isinstance(error.outcome, Outcome):
                report(error.outcome, stages[0].batches if stages else (), return_state=True)
            raise
        progress.end()
        report(outcome, return_state=True)
    return outcome


def _with_accepted(settings: dict[str, Any], accepted: dict[str, bool]) -> dict[str, Any]:
    """The parameter `settings` with what is accepted; a box that is not ticked leaves what settings say."""
    return settings | {"guards": settings.get("guards", {}) | {name: True for name, on in accepted.items() if on}}


class PrefectStages:
    """Stages that run as Prefect tasks; see `flows.pipeline.Stages`."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._plan: Plan | None = None

    @property
    def batches(self) -> list[Path]:
        """Folders of the batches, as far as the run has come."""
        return [batch.path for batch in self._plan.batches] if self._plan else []

    def discover(self, folder: Path) -> Plan:
        """List the sources and plan the work."""
        named = discover.with_options(task_run_name=discover_name(len(self._run.sources)))
        self._plan = self._with_retries(named, SourceError)(folder)
        return self._plan

    def parse_and_validate(self, folder: Path, batches: Sequence[Batch], done: Callable[[Batch], None]) -> None:
        """Take every batch through both stages; threads wait, worker processes work."""
        with self._batch_runner(batches) as runner:
            running = dict(self._submitted(runner, folder, batches))
            for future in as_completed(list(running)):
                future.result()
                if runner is not None:
                    confirm_missing(folder, running[future].path)
                done(running[future])

    def _submitted(
        self, runner: Runner | None, folder: Path, batches: Sequence[Batch]
    ) -> Iterator[tuple[PrefectFuture[Path], Batch]]:
        """The future of each batch's last task; without a runner those of the flow's own threads."""
        patient = self._with_retries(parse, SourceError)
        for batch in batches:
            first = patient.with_options(task_run_name=batch_name("parse", batch, self._plan))
            second = validate.with_options(task_run_name=batch_name("validate", batch, self._plan))
            with bound(batch=batch_number(batch, self._plan.batches if self._plan else batches), files=batch.files):
                # Prefect waits for the first future and hands on the path that it stands for.
                if runner is None:
                    future = second.submit(folder, cast(Path, first.submit(folder, batch.path)))
                else:
                    parsed = runner.submit(first, {"folder": folder, "batch": batch.path})
                    future = runner.submit(second, {"folder": folder, "batch": parsed})
            yield future, batch

    def _batch_runner(self, batches: Sequence[Batch]) -> AbstractContextManager[Runner | None]:
        """The cluster for the batches; none where processes were asked for, or a new one is not worth its start."""
        settings = self._run.settings.run
        is_near = settings.executor == "processes"
        if is_near or not batches or not (settings.executor_address or are_worth_workers(batches)):
            return nullcontext()
        return cluster(settings, min(self._run.workers, len(batches)))

    def deduplicate(self, folder: Path, batches: Sequence[Path]) -> Decisions:
        """Decide on every record."""
        return deduplicate.with_options(task_run_name=deduplicate_name(self._plan))(folder, batches)

    def write(self, folder: Path, publication: Publication) -> tuple[int, int]:
        """Publish."""
        named = write_for(self._run).with_options(task_run_name=write_name(publication.summary))
        return self._with_retries(named, WarehouseError)(folder, publication)

    def _with_retries(self, task: Task[P, R], passing: type[Exception]) -> Task[P, R]:
        """The task with the settings' retries: only after what can pass, with back-off and jitter."""
        settings = self._run.settings.run

        def may_pass(_task: Any, _run: Any, state: Any) -> bool:
            error = state.result(raise_on_failure=False)
            return isinstance(error, passing) and not isinstance(error, (SourceRefused, WarehouseLocked))

        return task.with_options(
            retries=settings.retries,
            retry_delay_seconds=exponential_backoff(settings.retry_delay_seconds),
            retry_jitter_factor=0.5,
            retry_condition_fn=may_pass,
        )


def run_flow(
    sources: Sequence[str], settings: Settings, *, full_refresh: bool = False, progress: Progress | None = None
) -> Outcome:
    """Run the flow by hand, with settings that are loaded already.

    Raises:
        PresslakeError: the run failed; the published tables are as they were.
    """
    guards = settings.guards
    token = _by_hand.set(_ByHand(settings, progress))
    try:
        return ingest(
            list(sources),
            settings.warehouse.path,
            full_refresh=full_refresh,
            accept_removals=guards.accept_removals,
            accept_quarantine=guards.accept_quarantine,
            accept_contract=guards.accept_contract,
        )
    finally:
        _by_hand.reset(token)
