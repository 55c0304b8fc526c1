"""The fields of files that no column takes, from wherever files are: sources, or the tables and their quarantine.

Belongs here: gathering them. Does not belong here: what they are (`tasks.report.field_shapes`) and what could be made
of them (`tasks.report.suggestion`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.settings import Settings
from flows.listed_files import list_files, parse_job
from tasks.arrow.schemas import LISTING
from tasks.discover.batches import make_batches
from tasks.parse.batch import ParseJob, read_listed
from tasks.parse.times import read_time
from tasks.report.field_shapes import Shape, observed, shapes
from tasks.runs.source import Content
from tasks.warehouse.snapshots import Snapshot

#: Row of the unknown fields of a file, and the columns that it lacks; see `shapes`.
Rows = Iterator[tuple[str | None, list[str]]]
#: Files of a quarantine that are looked at, as many as say enough.
_MOST_QUARANTINED: Final = 20_000


class _Kept(msgspec.Struct, frozen=True):
    """The bytes that a quarantine keeps, as a source of files."""

    name: str
    contents: Sequence[bytes]

    def list(self) -> pa.Table:
        """Nothing: the files are named by who reads them."""
        return LISTING.empty_table()

    def read_many(self, files: Sequence[tuple[str, str]], limit: int) -> Iterator[Content | OSError]:
        """The content of each file; all of them, in the order that they are kept in."""
        for raw, _ in zip(self.contents, files, strict=True):
            yield Content(raw[: limit + 1], None)


def fields_of_sources(specs: Sequence[str], settings: Settings) -> Shape:
    """The unknown fields of all files of sources, whether they would be loaded or not.

    Raises:
        PresslakeError: a source or the contract cannot be read.
    """
    files, sources, _ = list_files(specs, settings)
    job = parse_job(sources, settings)

    def rows() -> Rows:
        for batch in make_batches(files, settings.run.batch_bytes):
            yield from _records(batch, job)

    return shapes(rows(), reads_as_time)


def fields_of_tables(snapshot: Snapshot, settings: Settings) -> Shape:
    """The unknown fields of a snapshot: of its articles, their duplicates, and the files in quarantine.

    Raises:
        PresslakeError: a table or the contract cannot be read.
    """
    job = parse_job({}, settings)

    def rows() -> Rows:
        for name in ("articles", "duplicates"):
            wanted = {column.name for column in job.contract.source_columns if not (column.item and column.item.fields)}
            known = [column for column in snapshot.schema(name).names if column in wanted]
            yield from observed(snapshot.read(name, ["extra", *known]), job.contract)
        yield from _of_kept(snapshot.read("quarantine", ["source_path", "raw"]), job)

    return shapes(rows(), reads_as_time)


def fields_of_files(files: pa.Table, job: ParseJob) -> Shape:
    """The unknown fields of some files.

    Args:
        files: their listing.
        job: what reading them needs.
    """
    return shapes(_records(files, job), reads_as_time)


def fields_of_quarantine(kept: pa.Table, job: ParseJob) -> Shape:
    """The unknown fields of files whose `source_path` and `raw` bytes a quarantine keeps."""
    return shapes(_of_kept(kept, job), reads_as_time)


def _of_kept(kept: pa.Table, job: ParseJob) -> Rows:
    """The rows of files whose bytes a quarantine keeps."""
    kept = kept.filter(pc.is_valid(kept["raw"])).slice(0, _MOST_QUARANTINED)
    source = _Kept("quarantine", kept["raw"].to_pylist())
    nothing = {name: pa.nulls(len(kept), LISTING.field(name).type) for name in LISTING.names}
    named = {"source": pa.array([source.name] * len(kept), pa.string()), "source_path": kept["source_path"]}
    files = pa.table(nothing | named).cast(LISTING)
    yield from _records(files, msgspec.structs.replace(job, sources={source.name: source}))


def _records(files: pa.Table, job: ParseJob) -> Rows:
    parsed = read_listed(files, job)
    yield from observed(parsed.table.filter(pc.equal(parsed.table["state"], "record")), job.contract)


def reads_as_time(text: str) -> bool:
    """Whether a text is a time, also one whose numbers could be day and month or month and day."""
    return any(read_time(text, order=order).moment is not None for order in ("dmy", "mdy"))
