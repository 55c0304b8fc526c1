"""The past of the articles from a Git repository: `article_versions` filled backwards, commit by commit.

Belongs here: the order of the work, and how what Git says joins what runs observed. Does not belong here:
what the commits tell (`git_states`), rows (`tasks.write.article_versions`), what the command line prints.

Each distinct file is parsed once, in batches, by the stages of a run; then the decisions are replayed
commit by commit. What runs observed stands: Git says what was before the first observation, and nothing
of the time since. So a backfill can be repeated, and a later run goes on from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.contract import VERSIONS, load_contract
from config.errors import UsageError, WarehouseError
from config.settings import History, Settings
from config.url_rules import load_url_rules
from flows.git_states import committed_states, parsed_files
from flows.maintenance import quiet_row
from flows.run import listed_sources
from tasks.discover.git_history import Commit, GitPast
from tasks.discover.listing import Globs
from tasks.report.progress import Progress
from tasks.report.status import existing_warehouse
from tasks.runs.run import Run, new_run_id
from tasks.warehouse.durable import remove_tree, storage_errors
from tasks.warehouse.history import SUMMARY, Observed, observed, with_history
from tasks.warehouse.lock import locked
from tasks.warehouse.snapshots import Snapshot
from tasks.warehouse.warehouse import Warehouse, open_warehouse
from tasks.write.article_versions import Observation, joined, states_of
from tasks.write.stage import rewrite_tables
from tasks.write.upkeep import clear_staging
from tasks.write.version_files import ParentVersions


class Backfilled(msgspec.Struct, frozen=True):
    """What a backfill did.

    Attributes:
        status: `completed` published a snapshot, `unchanged` found the history as it was.
        snapshot: number of what readers see now.
        commits: steps in which files changed; `first` and `last` their times, ISO 8601, UTC.
        files: distinct files that were parsed.
        rows: rows of `article_versions`, of `articles` articles.
        since: time from which on runs observe the articles, and Git has no say.
        table: where the table is.
        shallow: the repository lacks what was before some commit.
    """

    status: str
    run_id: str
    snapshot: int
    source: str
    commits: int
    files: int
    rows: int
    articles: int
    since: str
    table: str
    first: str = ""
    last: str = ""
    shallow: bool = False


@dataclass(frozen=True)
class Repository:
    """Where the past is: a repository, a ref of it (empty: the head) and a folder in it (empty: all)."""

    path: Path
    ref: str = ""
    folder: str = ""


def run_backfill(
    repository: Repository, settings: Settings, source: str | None = None, progress: Progress | None = None
) -> Backfilled:
    """Fill the history of a warehouse from the commits of a repository.

    Args:
        repository: on this machine.
        settings: name the warehouse, which files count, and what is watched.
        source: the name by which the tables know the repository's files; by default the only one they know.
        progress: hears how it goes on.

    Raises:
        UsageError: it is not clear which source the repository is the past of.
        SourceError: there is no such repository or ref, or it cannot be read.
        WarehouseError: nothing is published yet, the tables wait for a run, or the storage refused.
    """
    existing_warehouse(settings.warehouse.path)
    run_id = new_run_id(datetime.now(UTC))
    warehouse = open_warehouse(settings)
    warehouse.create()
    with locked(warehouse, run_id, settings.run.lock_timeout_seconds):
        clear_staging(warehouse)
        parent = _parent(warehouse)
        run, past = _opened(run_id, repository, settings, parent, _source_name(source, parent))
        before = ParentVersions(parent, run.contract)
        if parent.info.summary.get("form") != run.table_form or (before.is_there and not before.is_same_form):
            raise WarehouseError(
                "Contract, rules, version or `history.columns` are not those of the published tables.",
                "`presslake run` brings them up to date; then fill in the past.",
            )
        try:
            with storage_errors(f"stage the backfill in {run.folder}"):
                run.save()
                return _filled(run, past, parent, before, progress or Progress())
        finally:
            with suppress(OSError):
                remove_tree(run.folder)


def _parent(warehouse: Warehouse) -> Snapshot:
    current = warehouse.current()
    if current is None:
        raise WarehouseError(
            f"Nothing is published in {warehouse.root}, so there are no articles to have a past.",
            f"First load what the repository holds now: presslake run git+file://REPO --warehouse {warehouse.root}",
        )
    return current


def _source_name(name: str | None, parent: Snapshot) -> str:
    known = listed_sources(parent)
    if name is None and len(known) == 1:
        return known[0]
    if name is None or (known and name not in known):
        said = "It is not clear" if name is None else f"The tables know no source {name!r}, so it is not clear"
        raise UsageError(
            f"{said} which source the repository is the past of.", f"Name it: --source {' or '.join(known) or 'NAME'}."
        )
    return name


def _opened(
    run_id: str, repository: Repository, settings: Settings, parent: Snapshot, name: str
) -> tuple[Run, GitPast]:
    globs = Globs.compile(settings.discover.include, settings.discover.exclude)
    root, folder = repository.path.expanduser().resolve(), repository.folder.strip("/")
    past = GitPast(name, root, repository.ref, folder, globs, settings.access)
    wanted = History(True, settings.history.columns)
    run = Run(
        run_id=run_id,
        started_at=datetime.now(UTC),
        settings=settings,
        contract=with_history(load_contract(settings.contract.path), wanted, parent),
        rules=load_url_rules(settings.contract.url_rules),
        sources={name: past.source},
        locations={name: past.source.root},
        parent=parent.number,
    )
    return run, past


def _filled(run: Run, past: GitPast, parent: Snapshot, before: ParentVersions, progress: Progress) -> Backfilled:
    known = observed(parent) or Observed(run.started_at.isoformat(), run.run_id)
    progress.start("commits", None, "commits")
    commits: list[Commit] = []
    for commit in past.commits():
        commits.append(commit)
        progress.advance("commits", 1)
    progress.finish("commits")
    earlier = [commit for commit in commits if commit.moment < known.moment]
    files, records = parsed_files(run, past, earlier, progress)
    committed = committed_states(run, earlier, files, records, progress)
    erased = pa.array([one.article_id for one in run.erasures], pa.string())
    committed = committed.filter(pc.invert(pc.is_in(committed["article_id"], erased)))
    versions, is_new = _joined(run, parent, before, committed, known)
    number = _published(run, known, versions, commits) if is_new else parent.number
    times = [commit.moment.isoformat() for commit in commits]
    return Backfilled(
        status="completed" if is_new else "unchanged",
        run_id=run.run_id,
        snapshot=number,
        source=past.name,
        commits=len(commits),
        files=len(files),
        rows=len(versions),
        articles=pc.count_distinct(versions["article_id"]).as_py(),
        since=known.since,
        table=f"{run.warehouse.root}/current/{VERSIONS}",
        first=times[0] if times else "",
        last=times[-1] if times else "",
        shallow=past.is_shallow(),
    )


def _joined(
    run: Run, parent: Snapshot, before: ParentVersions, committed: pa.Table, known: Observed
) -> tuple[pa.Table, bool]:
    """All rows of the history, and whether they say anything that the table does not say yet."""
    seen = Observation(known.moment, known.run_id)
    if not before.is_there:
        articles = parent.read("articles", ["article_id", *run.contract.watched])
        return joined(committed, states_of(articles, before.schema, seen), seen), True
    rows = before.rows()
    versions = joined(committed, rows, seen)
    return versions, not rows.drop_columns(["run_id"]).equals(versions.drop_columns(["run_id"]))


def _published(run: Run, known: Observed, versions: pa.Table, commits: Sequence[Commit]) -> int:
    """Publish the table; the number of the snapshot."""
    manifest = run.parent_manifest.read()
    message = f"Backfill: {len(commits):,} commits, {len(versions):,} rows in {VERSIONS}."
    head = commits[-1].id if commits else known.commit
    observation = msgspec.structs.replace(known, columns=run.contract.watched, commit=head)
    summary = {"maintenance": message, SUMMARY: msgspec.to_builtins(observation)}
    return rewrite_tables(run, manifest, [quiet_row(run, manifest, message)], summary, versions=versions).number
