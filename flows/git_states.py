"""What a Git repository tells of the past: every distinct file parsed once, then the decisions replayed.

Belongs here: from commits to states of articles. Does not belong here: how they join what runs observed
(`flows.backfill`), reading the history (`tasks.discover.git_history`) and decisions (`tasks.deduplicate.replay`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import VERSIONS
from flows.engine import Engine
from tasks.arrow.recurring import plain_table
from tasks.arrow.schemas import FILES
from tasks.deduplicate.replay import Step, replay
from tasks.discover.batches import make_batches
from tasks.discover.git_history import Commit, GitPast
from tasks.report.progress import Progress
from tasks.runs.run import Batch, Run
from tasks.runs.staging import fresh_folder, read_arrow, write_arrow
from tasks.warehouse.manifest import manifest_schema
from tasks.write.article_versions import Observation, states_of

#: What a record is found by: its path and the hash of its bytes.
_RECORD: Final = ("source_path", "source_hash")


def parsed_files(run: Run, past: GitPast, commits: Sequence[Commit], progress: Progress) -> tuple[pa.Table, pa.Table]:
    """Parse every distinct file of a history, in batches, as a run does.

    Args:
        run: with the repository as its one source; saved in its staging folder.
        past: the repository.
        commits: the steps, oldest first.
        progress: hears of each batch.

    Returns:
        `FILES` rows, one a path and blob; and the watched columns of those that are records.

    Raises:
        SourceError: the repository cannot be read.
    """
    distinct = sorted({(path, blob) for commit in commits for path, blob in commit.files.items()})
    listing = past.listing(distinct)
    work = list(_batches(run, listing))
    names = ["article_id", *_RECORD, *(name for name in run.contract.watched if name not in _RECORD)]
    empty = pa.schema([run.contract["articles"].schema.field(name) for name in names]).empty_table()

    def strip(batch: Batch) -> None:
        """Keep what the history needs of a batch; whole texts of thousands of commits would fill the disk."""
        rows = plain_table(read_arrow(batch.path / "records.arrow").select(names), empty.schema)
        write_arrow(batch.path / "watched.arrow", rows)
        for name in ("records", "keys", "quarantine", "findings", "input"):
            (batch.path / f"{name}.arrow").unlink()
        progress.advance("parse", batch.files)

    progress.start("parse", len(distinct), "files")
    Engine().parse_and_validate(run, work, strip)
    progress.finish("parse")
    files = [read_arrow(batch.path / "files.arrow") for batch in work]
    rows = [read_arrow(batch.path / "watched.arrow") for batch in work]
    tables = pa.concat_tables([FILES.empty_table(), *files]), pa.concat_tables([empty, *rows])
    return tables[0].combine_chunks(), tables[1].combine_chunks()


def _batches(run: Run, listing: pa.Table) -> Iterator[Batch]:
    files = listing.append_column("known_hash", pa.nulls(len(listing), pa.string()))
    start = 0
    for number, cut in enumerate(make_batches(listing, run.settings.run.batch_bytes), 1):
        path = fresh_folder(run.folder / f"batch-{number:06d}")
        write_arrow(path / "input.arrow", files.slice(start, len(cut)))
        start += len(cut)
        yield Batch(path, number, len(cut), pc.sum(cut["size"]).as_py() or 0, resumed=False)


def committed_states(
    run: Run, commits: Sequence[Commit], files: pa.Table, records: pa.Table, progress: Progress
) -> pa.Table:
    """The states of the articles after each commit, where they are others than before it.

    Args:
        run: the rules.
        commits: the steps, oldest first.
        files, records: what `parsed_files` returned.
        progress: hears of each commit.

    Returns:
        States in the columns of `article_versions`; a deletion says what the article said last.
    """
    row_of = {key: row for row, key in enumerate(zip(*(records[name].to_pylist() for name in _RECORD), strict=True))}
    last: dict[str, int] = {}
    ids, rows, deleted, steps = list[str](), list[int](), list[bool](), list[int]()
    progress.start("replay", len(commits), "commits")
    schema = manifest_schema(run.contract)
    moves = replay(_steps(run, commits, files), schema, run.match_rules, run.match_version)
    for step, moved in enumerate(moves):
        there = list(zip(*(moved.there[name].to_pylist() for name in ("article_id", *_RECORD)), strict=True))
        last |= {article_id: row_of[path, digest] for article_id, path, digest in there}
        left = moved.deleted.to_pylist()
        now = [*(entry[0] for entry in there), *left]
        ids += now
        rows += [last[article_id] for article_id in now]
        deleted += [False] * len(there) + [True] * len(left)
        steps += [step] * len(now)
        progress.advance("replay", 1)
    progress.finish("replay")
    return _states(run, commits, records.take(pa.array(rows, pa.int64())), ids, deleted, steps)


def _steps(run: Run, commits: Sequence[Commit], files: pa.Table) -> Iterator[Step]:
    keys = zip(files["source_path"].to_pylist(), files["etag"].to_pylist(), strict=True)
    row_of = {key: row for row, key in enumerate(keys)}
    (source,) = run.sources
    for commit in commits:
        rows = [row_of[entry] for entry in sorted(commit.files.items(), key=lambda entry: entry[0].encode())]
        deleted = sorted(commit.deleted, key=str.encode)
        lost = pa.table(
            {"source": pa.array([source] * len(deleted), pa.string()), "source_path": pa.array(deleted, pa.string())}
        )
        yield Step(files.take(pa.array(rows, pa.int64())), lost)


def _states(
    run: Run, commits: Sequence[Commit], values: pa.Table, ids: list[str], deleted: list[bool], steps: list[int]
) -> pa.Table:
    schema = run.contract[VERSIONS].schema
    rows = states_of(values, schema, Observation(run.started_at, run.run_id))
    columns = {
        "article_id": pa.array(ids, pa.string()),
        "valid_from": pa.array([commits[step].moment for step in steps], schema.field("valid_from").type),
        "is_deleted": pa.array(deleted, pa.bool_()),
        "commit": pa.array([commits[step].id for step in steps], pa.string()),
    }
    return pa.table([columns.get(name, rows[name]) for name in schema.names], schema=schema)
