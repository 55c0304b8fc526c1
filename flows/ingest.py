"""The scheduled flow: the pipeline's stages as Prefect tasks.

Belongs here: the flow, its parameters, and how its runs and tasks are named and retried. Names come from parameters
and counts, never from files, and hold no secret; the UI's graph of a run has no sign for `·`, so tasks have commas.
The order of the stages is `flows.pipeline`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, ParamSpec, TypeVar, cast

from flows.prefect_support import make_prefect_quiet

make_prefect_quiet()

from prefect import flow, runtime  # noqa: E402
from prefect.futures import PrefectFuture, as_completed  # noqa: E402
from prefect.task_runners import ThreadPoolTaskRunner  # noqa: E402
from prefect.tasks import Task, exponential_backoff  # noqa: E402
from pydantic import BeforeValidator  # noqa: E402

from config.errors import RunError, SourceError, SourceRefused, WarehouseError, WarehouseLocked  # noqa: E402
from config.settings import Settings  # noqa: E402
from flows.engine import Engine, are_worth_workers, worker_processes  # noqa: E402
from flows.executors import Runner, cluster  # noqa: E402
from flows.logs import logs_in_prefect, shown_logs  # noqa: E402
from flows.pipeline import write_tables  # noqa: E402
from flows.prefect_support import ArtifactProgress, format_moment, load_from, report_crash  # noqa: E402
from flows.run import execute  # noqa: E402
from tasks.deduplicate.stage import deduplicate_records  # noqa: E402
from tasks.deduplicate.task import deduplicate  # noqa: E402
from tasks.discover.location import split_name  # noqa: E402
from tasks.discover.stage import discover_changes  # noqa: E402
from tasks.discover.task import discover  # noqa: E402
from tasks.parse.stage import confirm_missing  # noqa: E402
from tasks.parse.task import parse  # noqa: E402
from tasks.report.outcome import Outcome  # noqa: E402
from tasks.report.task import report  # noqa: E402
from tasks.report.words import counted, printable, redacted  # noqa: E402
from tasks.runs.logs import bound  # noqa: E402
from tasks.runs.run import Batch, Run  # noqa: E402
from tasks.validate.task import validate  # noqa: E402
from tasks.write.task import write_for  # noqa: E402

if TYPE_CHECKING:
    from tasks.report.progress import Progress

#: A text field in the UI's form; null is taken for an empty one.
Location = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
#: Names of sources that the name of a run lists, and characters of the longest.
_MOST_SOURCES: Final = 3
_LONGEST: Final = 40
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


def ingest_name(sources: Sequence[str], moment: datetime, *, full_refresh: bool = False) -> str:
    """Name of a run: `ingest news, blog · 2026-03-02 09:30 UTC`.

    Args:
        sources: as the parameter has them, `path` or `name=path`; none means those of the settings.
        moment: when it was to start.
        full_refresh: every file is read again.
    """
    names = [source_name(source) for source in sources]
    listed = ", ".join(names[:_MOST_SOURCES]) or "configured sources"
    if len(names) > _MOST_SOURCES:
        listed += f" and {len(names) - _MOST_SOURCES} more"
    again = " · full refresh" if full_refresh else ""
    return f"ingest {listed}{again} · {format_moment(moment)}"


def source_name(source: str) -> str:
    """The name that a source is given, or the last part of its path or address."""
    name, place = split_name(source)
    if not name:
        address = redacted(place).partition("?")[0].rstrip("/")
        name = PurePosixPath(address).name or address
    return printable(name, _LONGEST)


def _flow_run_name() -> str:
    parameters = runtime.flow_run.parameters
    moment = runtime.flow_run.scheduled_start_time or datetime.now(UTC)
    return ingest_name(parameters["sources"], moment, full_refresh=parameters["full_refresh"])


@flow(name="ingest", flow_run_name=_flow_run_name, task_runner=_THREADS, on_crashed=[report_crash])
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
        full_refresh: Read every file again, whatever is known of it.
        accept_removals: Publish although more articles are lost than `guards.max_removed_share` allows: their files
            are deleted, empty, without front matter or withdrawn, or they were merged into one.
        accept_quarantine: Publish although more files than `guards.max_quarantined_share` allows go to quarantine, or
            more articles are lost to it than `guards.max_removed_share` allows.
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
    engine, progress = PrefectEngine(), ArtifactProgress(by_hand.progress if by_hand else None)
    with nullcontext() if by_hand else shown_logs(loaded.log), logs_in_prefect(loaded.log):
        try:
            outcome = execute(sources, loaded, engine, full_refresh=full_refresh, progress=progress)
        except RunError as error:
            if isinstance(error.outcome, Outcome):
                report(error.outcome, engine.batches, return_state=True)
            raise
        progress.end()
        report(outcome, return_state=True)
    return outcome


def _with_accepted(settings: dict[str, Any], accepted: dict[str, bool]) -> dict[str, Any]:
    """The parameter `settings` with what is accepted; a box that is not ticked leaves what settings say."""
    return settings | {"guards": settings.get("guards", {}) | {name: True for name, on in accepted.items() if on}}


class PrefectEngine(Engine):
    """Runs each call of a stage as a Prefect task, and the batches on the executor of the settings.

    Attributes:
        batches: folders of the run's batches, as soon as they are to be read.
    """

    def __init__(self) -> None:
        self.batches: list[Path] = []

    def call(self, run: Run, stage: Callable[..., R], *arguments: Any, name: str = "") -> R:
        """Run one stage as the task around it; see `Engine.call`."""
        return _task_of(run, stage).with_options(task_run_name=name)(run.folder, *arguments)

    def parse_and_validate(self, run: Run, batches: Sequence[Batch], done: Callable[[Batch], None]) -> None:
        """Submit two tasks a batch; threads wait, workers work. See `Engine.parse_and_validate`."""
        self.batches = [batch.path for batch in batches]
        unread = [batch for batch in batches if not batch.resumed]
        with _batch_runner(run, unread) as runner:
            running = {_submitted(run, runner, batch, len(batches)): batch for batch in unread}
            for future in as_completed(list(running)):
                future.result()
                if runner is not None:
                    confirm_missing(run.folder, running[future].path)
                done(running[future])


def _task_of(run: Run, stage: Callable[..., R]) -> Task[..., R]:
    """The task around a stage; only storage and network are tried again."""
    tasks: dict[Callable[..., Any], Task[..., Any]] = {
        discover_changes: _with_retries(run, discover, SourceError),
        deduplicate_records: deduplicate,
        write_tables: _with_retries(run, write_for(run), WarehouseError),
    }
    return tasks[stage]


def _submitted(run: Run, runner: Runner | None, batch: Batch, total: int) -> PrefectFuture[Path]:
    """The future of a batch's last task, on a runner or on the flow's own threads."""
    first = _with_retries(run, parse, SourceError).with_options(task_run_name=_batch_name("parse", batch, total))
    second = validate.with_options(task_run_name=_batch_name("validate", batch, total))
    with bound(batch=f"{batch.number} of {total}", files=batch.files):
        # Prefect waits for the first future and hands on the path that it stands for.
        if runner is None:
            return second.submit(run.folder, cast(Path, first.submit(run.folder, batch.path)))
        parsed = runner.submit(first, {"folder": run.folder, "batch": batch.path})
        future: PrefectFuture[Path] = runner.submit(second, {"folder": run.folder, "batch": parsed})
        return future


def _batch_name(stage: str, batch: Batch, total: int) -> str:
    """`parse batch 3 of 12, 240 files`; an interrupted run's finished batches are among the 12."""
    return f"{stage} batch {batch.number} of {total}, {counted(batch.files, 'file')}"


@contextmanager
def _batch_runner(run: Run, batches: Sequence[Batch]) -> Iterator[Runner | None]:
    """The cluster for the batches; None where processes were asked for, or a new one is not worth its start."""
    settings = run.settings.run
    if settings.executor == "processes":
        with worker_processes(run, batches):
            yield None
    elif batches and (settings.executor_address or are_worth_workers(batches)):
        with cluster(settings, min(run.workers, len(batches))) as runner:
            yield runner
    else:
        yield None


def _with_retries(run: Run, task: Task[P, R], passing: type[Exception]) -> Task[P, R]:
    """The task with the settings' retries: only after what can pass, with back-off and jitter."""

    def may_pass(_task: Any, _run: Any, state: Any) -> bool:
        error = state.result(raise_on_failure=False)
        return isinstance(error, passing) and not isinstance(error, (SourceRefused, WarehouseLocked))

    return task.with_options(
        retries=run.settings.run.retries,
        retry_delay_seconds=exponential_backoff(run.settings.run.retry_delay_seconds),
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
