"""The manifest of the snapshot that a run starts from: read when it is asked for, or ahead of that.

Belongs here: reading it, and keeping it for a small run, which asks for all of it twice. Does not belong
here: what it says (`config.contract`), and what becomes of it (`tasks.deduplicate`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyarrow as pa

from tasks.tables.memory import kept_memory
from tasks.tables.run import Plan, Run

#: A run that reads more files than this has more to do than to wait for the manifest.
_FEW: Final = 1_000
#: Bytes of the table's files above which the manifest is not kept: it takes two to three times as many in memory.
_KEPT: Final = 64 * 1024 * 1024


class _Reader:
    """Reads the manifest in a thread of its own, some columns after the other.

    Args:
        run: the run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._thread = ThreadPoolExecutor(1, "manifest")
        self._steps: dict[str, Future[pa.Table]] = {}

    def begin(self, columns: Sequence[str]) -> None:
        """Read columns, after those that were asked for before."""
        self._steps |= dict.fromkeys(columns, self._thread.submit(_read, self._run, columns))

    def begin_rest(self) -> None:
        """Read all columns that nobody has asked for."""
        self.begin([name for name in self._run.contract["sources"].schema.names if name not in self._steps])

    def columns(self, names: Sequence[str]) -> pa.Table | None:
        """These columns, as soon as they are there; None if one was not asked for, or could not be read."""
        steps = [self._steps[name] for name in names if name in self._steps]
        if len(steps) < len(names) or any(step.exception() for step in steps):
            return None
        schema = self._run.contract["sources"].schema
        found = [step.result()[name] for name, step in zip(names, steps, strict=True)]
        return pa.table(found, pa.schema([schema.field(name) for name in names], schema.metadata))

    def end(self) -> None:
        """Read nothing more."""
        self._thread.shutdown(cancel_futures=True)


#: Who reads ahead, by the run's staging folder.
_ahead: Final[dict[Path, _Reader]] = {}


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
    reader = _ahead.get(run.folder)
    return reader.columns(columns or run.contract["sources"].schema.names) if reader else None


def read_ahead(run: Run, columns: Sequence[str]) -> None:
    """Read some columns of the manifest meanwhile, if it is small.

    Args:
        run: a run that `reading_ahead` knows; of another one nothing is read.
        columns: their names.
    """
    if reader := _ahead.get(run.folder):
        reader.begin(columns)


@contextmanager
def reading_ahead(run: Run) -> Iterator[None]:
    """Let the manifest be read in a thread meanwhile, if it is small.

    Args:
        run: the run.
    """
    if run.full_refresh or not _has_small_manifest(run):
        yield
        return
    reader = _ahead[run.folder] = _Reader(run)
    try:
        yield
    finally:
        _ahead.pop(run.folder, None)
        reader.end()


@contextmanager
def kept(run: Run, plan: Plan) -> Iterator[None]:
    """Read all of the manifest ahead, and keep it and what is freed meanwhile, if few files changed; else keep nothing.

    Args:
        run: the run.
        plan: what it has to do.
    """
    reader = _ahead.get(run.folder)
    if is_small(run, plan):
        if reader:
            reader.begin_rest()
        with kept_memory():
            yield
        return
    if reader:
        del _ahead[run.folder]
        reader.end()
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
