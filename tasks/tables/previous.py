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
    known = known_manifest(run)
    return _read(run, columns) if known is None else known.select(columns or known.column_names)


def known_manifest(run: Run) -> pa.Table | None:
    """The whole manifest, if it was read ahead.

    Raises:
        WarehouseError: it is damaged.
    """
    reading = _ahead.get(run.folder)
    return None if reading is None else reading.result()


@contextmanager
def read_ahead(run: Run, plan: Plan) -> Iterator[None]:
    """Read the manifest in a thread of its own meanwhile, and keep it, if few files changed and it is small.

    What such a run frees it keeps, too.

    Args:
        run: the run.
        plan: what it has to do.
    """
    if not is_small(run, plan):
        yield
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  (most runs have nothing to do)

    with kept_memory(), ThreadPoolExecutor(1, "manifest") as thread:
        _ahead[run.folder] = thread.submit(_read, run)
        try:
            yield
        finally:
            del _ahead[run.folder]


def is_small(run: Run, plan: Plan) -> bool:
    """Whether a run has something to do, but so little that what it will ask for is worth being read ahead."""
    parent = run.parent_snapshot()
    if parent is None or not plan.batches or plan.new + plan.changed > _FEW:
        return False
    return sum(file.bytes for file in parent.files("sources")) <= _KEPT


def _read(run: Run, columns: Sequence[str] | None = None) -> pa.Table:
    schema = run.contract["sources"].schema
    columns, parent = columns or schema.names, run.parent_snapshot()
    if parent is None:
        return schema.empty_table().select(columns)
    return parent.read("sources", columns, schema=schema).combine_chunks()
