"""The manifest of the snapshot that a run starts from: read when it is asked for, or ahead of that.

Belongs here: reading it, and keeping it for a small run, which asks for all of it twice. Does not belong
here: what it says (`config.contract`), and what becomes of it (`tasks.deduplicate`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from tasks.tables.memory import kept_memory
from tasks.tables.run import Plan, Run

if TYPE_CHECKING:
    from concurrent.futures import Future

#: A run that reads more files than this has more to do than to wait for the manifest.
_FEW: Final = 1_000
#: Bytes of the table's files above which the manifest is not kept: it takes two to three times as many in memory.
_KEPT: Final = 64 * 1024 * 1024

#: What is read ahead, by the run's staging folder.
_ahead: Final[dict[Path, Future[pa.Table]]] = {}


def previous_manifest(run: Run, columns: Sequence[str] | None = None) -> pa.Table:
    """The manifest of the parent snapshot, sorted by source and path; empty at first.

    Args:
        run: the run.
        columns: the columns to read; None reads all, most of which are what records are compared by.

    Raises:
        WarehouseError: it is damaged.
    """
    known = known_manifest(run, columns)
    return _read(run, columns) if known is None else known


def known_manifest(run: Run, columns: Sequence[str] | None = None) -> pa.Table | None:
    """The manifest in some columns, or in all, if they were read ahead.

    What is wrong with it is left to who then reads it for himself.
    """
    reading = _ahead.get(run.folder)
    if reading is None or reading.exception():
        return None
    known, wanted = reading.result(), columns or run.contract["sources"].schema.names
    return known.select(wanted) if set(wanted) <= set(known.column_names) else None


@contextmanager
def read_ahead(run: Run, columns: Sequence[str] | None = None) -> Iterator[None]:
    """Read the manifest in a thread of its own meanwhile, if it is small.

    Args:
        run: the run.
        columns: as for `previous_manifest`.
    """
    if run.full_refresh or not _has_small_manifest(run):
        yield
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  (a first run has nothing to read)

    with ThreadPoolExecutor(1, "manifest") as thread:
        _ahead[run.folder] = thread.submit(_read, run, columns)
        try:
            yield
        finally:
            del _ahead[run.folder]


@contextmanager
def kept(run: Run, plan: Plan) -> Iterator[None]:
    """Read all of the manifest ahead, and keep it and what is freed meanwhile, if few files changed.

    Args:
        run: the run.
        plan: what it has to do.
    """
    if not is_small(run, plan):
        yield
        return
    with kept_memory(), read_ahead(run):
        yield


def is_small(run: Run, plan: Plan) -> bool:
    """Whether a run has something to do, but so little that what it will ask for is worth being read ahead."""
    return bool(plan.batches) and plan.new + plan.changed <= _FEW and _has_small_manifest(run)


def _has_small_manifest(run: Run) -> bool:
    """Whether there is a manifest, and it takes little memory."""
    parent = run.parent_snapshot()
    return parent is not None and sum(file.bytes for file in parent.files("sources")) <= _KEPT


def _read(run: Run, columns: Sequence[str] | None = None) -> pa.Table:
    schema = run.contract["sources"].schema
    columns, parent = columns or schema.names, run.parent_snapshot()
    if parent is None:
        return schema.empty_table().select(columns)
    return parent.read("sources", columns, schema=schema).combine_chunks()
