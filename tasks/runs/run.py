"""One run: what all its stages share, and the paths by which they hand each other their work.

Belongs here: the run's context, kept in its staging folder so that a worker process (or machine)
needs only the folder's path. Does not belong here: what a stage does.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa

from config import VERSION
from config.contract import VERSIONS, Contract
from config.errors import RunError
from config.match_rules import MatchRules, load_match_rules
from config.settings import Settings
from config.url_rules import UrlRules
from tasks.front_matter.policy import ReadPolicy
from tasks.runs.source import Source
from tasks.runs.versions import CodeVersions, code_versions, rules_fingerprint, source_code
from tasks.warehouse.erasures import Erasure, read_erasures
from tasks.warehouse.history import watched_columns
from tasks.warehouse.manifest import INDEX_SCHEMA, ParentManifest
from tasks.warehouse.warehouse import BATCHES, Snapshot, Warehouse, open_warehouse

#: The run's context in its staging folder: a line that names the code, then a pickle.
_CONTEXT: Final = "run.pickle"


class Run(msgspec.Struct, frozen=True, dict=True):
    """The context of one run; picklable.

    Attributes:
        run_id: start in UTC and a random part, `20260302T093000Z-1f2e3d`.
        started_at: UTC.
        sources: the open sources, by name; `locations` what the user called them.
        full_refresh: read every file again.
        parent: number of the snapshot that the run starts from.
        note: what the summary must say besides; empty as a rule.
    """

    run_id: str
    started_at: datetime
    settings: Settings
    contract: Contract
    rules: UrlRules
    sources: Mapping[str, Source] = {}
    locations: Mapping[str, str] = {}
    full_refresh: bool = False
    parent: int | None = None
    note: str = ""

    @property
    def keeps_history(self) -> bool:
        """Whether the run writes `article_versions`."""
        return VERSIONS in self.contract.tables

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse that the run writes to."""
        return open_warehouse(self.settings)

    @property
    def folder(self) -> Path:
        """The run's staging folder."""
        return self.warehouse.staging(self.run_id)

    @property
    def batches_folder(self) -> Path:
        """Where finished batches of all runs are, by fingerprint."""
        return self.warehouse.staging_path / BATCHES

    def parent_snapshot(self) -> Snapshot | None:
        """The snapshot that the run starts from."""
        return None if self.parent is None else self.warehouse.snapshot(self.parent)

    @cached_property
    def parent_manifest(self) -> ParentManifest:
        """The manifest of the snapshot that the run starts from; it is read when it is asked for."""
        return ParentManifest(self.parent_snapshot(), self.contract)

    @cached_property
    def erasures(self) -> tuple[Erasure, ...]:
        """The articles that must not come back."""
        return read_erasures(self.warehouse.root)

    @cached_property
    def policy(self) -> ReadPolicy:
        """How front matter is read."""
        return ReadPolicy.of(self.settings.read)

    @cached_property
    def match_rules(self) -> MatchRules:
        """When two records tell one story.

        Raises:
            SettingsError: the file that the settings name cannot be used.
        """
        return load_match_rules(self.settings.contract.match_rules)

    @property
    def workers(self) -> int:
        """Number of worker processes, and of threads that write files."""
        return self.settings.run.workers or os.cpu_count() or 1

    @cached_property
    def code(self) -> CodeVersions:
        """The versions of the code; those that the parent snapshot says, if it was made by the same bytes."""
        parent = self.parent_snapshot()
        known = parent.info.summary.get("code") if parent else None
        return code_versions(msgspec.convert(known, CodeVersions) if known else None)

    @property
    def read_version(self) -> str:
        """Names everything besides the contract that decides what a record is."""
        return f"{self.code.reading}-{self.settings.read_fingerprint()[:8]}-{rules_fingerprint(self.rules)}"

    @property
    def rule_version(self) -> str:
        """Names the rules that find duplicates: of pairs, and of URLs."""
        return f"near-{self.match_rules.version}/{self.rules.version}"

    @property
    def match_version(self) -> str:
        """Names all that decides which records are related: under another one they are compared again."""
        return f"{rules_fingerprint(self.match_rules)}-{self.code.deciding}"

    @property
    def code_version(self) -> str:
        """Names everything besides the contract that decides what the tables hold."""
        return f"{VERSION}+{self.read_version}-{self.code.deciding}"

    @property
    def table_form(self) -> str:
        """Names all that decides what files look like whose records are the same as before."""
        columns = [
            (table.name, column.name, str(column.type), column.description)
            for table in self.contract.tables.values()
            if table.name != VERSIONS
            for column in table.columns
        ]
        index = [(field.name, str(field.type)) for field in INDEX_SCHEMA]
        meaning = repr([self.settings.warehouse.partition_by, self.rule_version, self.code.deciding, columns, index])
        return hashlib.sha256(meaning.encode()).hexdigest()[:16]

    @property
    def writes_all(self) -> bool:
        """Whether the tables must be written again even if they say the same, or for the first time."""
        parent = self.parent_snapshot()
        if parent is None or parent.info.summary.get("form") != self.table_form:
            return True
        return watched_columns(parent) != (self.contract.watched if self.keeps_history else ())

    def save(self) -> Path:
        """Keep the context in the staging folder, for the stages."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / _CONTEXT).write_bytes(f"{_code()}\n".encode() + pickle.dumps(self))
        return self.folder


def _code() -> str:
    """Names the code of this process: other code could not take the context, or would make other records of it."""
    return f"{VERSION}+{source_code()}"


def new_run_id(moment: datetime) -> str:
    """An id that sorts by time and that no other run has."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}-{os.urandom(3).hex()}"


@lru_cache(maxsize=2)
def load_run(folder: Path) -> Run:
    """The run whose staging folder this is; read once a process.

    Raises:
        RunError: this is a worker on another machine, which does not see the folder or has another presslake.
    """
    try:
        code, _, context = (folder / _CONTEXT).read_bytes().partition(b"\n")
    except FileNotFoundError:
        raise RunError(
            f"{folder} is not there on {os.uname().nodename}: a worker needs the warehouse's folder at the same path.",
            "Keep the warehouse on storage that all machines mount, see docs/scaling.md.",
        ) from None
    if code.decode() != _code():
        raise RunError(
            f"The run is presslake {code.decode()}, but {os.uname().nodename} has {_code()}.",
            "Install the same version on every worker, and restart the workers.",
        )
    run = pickle.loads(context)  # noqa: S301 (our own file)
    assert isinstance(run, Run)
    return run


class Batch(msgspec.Struct, frozen=True):
    """Files that are parsed together: a folder in staging; `number` counts from 1."""

    path: Path
    number: int
    files: int
    bytes: int
    resumed: bool


class Plan(msgspec.Struct, frozen=True):
    """What the discover stage found; the files that are gone are `deleted.arrow` in the run's folder.

    Attributes:
        batches: what is to be read.
        discovered, new, changed, unchanged, deleted: numbers of files.
        emptied: sources that have no file any more although they had.
        known: live files of these sources before the run.
        versions: by source what its files are a version of, such as a commit, where it has that.
    """

    batches: tuple[Batch, ...]
    discovered: int
    new: int
    changed: int
    unchanged: int
    deleted: int
    emptied: tuple[str, ...]
    known: int
    versions: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def unread(self) -> list[Batch]:
        """The batches that no interrupted run has finished."""
        return [batch for batch in self.batches if not batch.resumed]


class Publication(msgspec.Struct, frozen=True):
    """What the write stage is to publish, besides the manifest.

    Attributes:
        batches: folders of the validated batches.
        expected: how many files the sources of the run have: those listed, without those missing at read; None where
            nothing was listed.
        rows: rows for the table `runs`, this run's last.
        summary: what `snapshot.json` says of the run.
        forgotten: ids of runs whose rows in `runs` go.
    """

    batches: Sequence[Path]
    expected: int | None
    rows: Sequence[Mapping[str, Any]]
    summary: Mapping[str, object]
    forgotten: frozenset[str] = frozenset()


class Loss(msgspec.Struct, frozen=True):
    """Articles of one source that readers would lose for one reason.

    Attributes:
        reason: the name of an entry of `tasks.deduplicate.losses.REASONS`.
        codes: of the findings in each of the files, divided by `, `; empty where they do not say why.
        articles: how many; `example` is the path of the first file.
        accepted_by: the key of `guards` that lets such losses pass.
    """

    source: str
    reason: str
    codes: str
    articles: int
    example: str
    accepted_by: str


class Decisions(msgspec.Struct, frozen=True):
    """What the deduplicate stage decided; its table is `manifest.arrow` in the run's folder.

    Attributes:
        affected: rows that the tables must show differently; 0 means that nothing is to be published.
        same_content: read files whose bytes were those that were known.
        missing: files that were gone when they were to be read; `removed` includes them.
        statuses: live files by status; `violations` and `duplicates` all of them by code and match.
        live: files of this run's sources that are there.
        quarantined: files that went to quarantine and were not there before.
        articles: articles of the parent in this run's sources and in those of losses; `losses` are those of them that
            no record tells any more.
        silent: sources of this run that had articles, and have no record any more.
        changes: what is different for readers, see `tasks.deduplicate.changes`.
    """

    affected: int
    same_content: int
    missing: int
    renamed: int
    removed: int
    statuses: Mapping[str, int] = msgspec.field(default_factory=dict)
    violations: Mapping[str, int] = msgspec.field(default_factory=dict)
    duplicates: Mapping[str, int] = msgspec.field(default_factory=dict)
    live: int = 0
    quarantined: int = 0
    articles: int = 0
    losses: tuple[Loss, ...] = ()
    silent: tuple[str, ...] = ()
    changes: Mapping[str, int] = msgspec.field(default_factory=dict)


def count_by(values: pa.ChunkedArray) -> dict[str, int]:
    """How often each value occurs, most frequent first."""
    counts: list[dict[str, Any]] = values.drop_null().value_counts().to_pylist()
    counts.sort(key=lambda entry: (-entry["counts"], entry["values"]))
    return {entry["values"]: entry["counts"] for entry in counts}
