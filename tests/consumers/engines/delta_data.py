"""A Delta table as a data set of PyArrow, for the engines that take one.

Belongs here: how its files are opened. Does not belong here: what is asked of it (`with_*.py`).
"""

from __future__ import annotations

from pathlib import Path

from deltalake import DeltaTable
from pyarrow.dataset import Dataset
from pyarrow.fs import FileSystem, LocalFileSystem, SubTreeFileSystem


def files_below(table: Path) -> FileSystem:
    """The table's folder, opened by PyArrow itself.

    By default deltalake opens files in Python. PyArrow's threads then close them some time after the answer, and
    abort a process that ends meanwhile ("terminate called without an active exception").
    """
    return SubTreeFileSystem(str(table), LocalFileSystem())


def data_at(table: Path, version: int) -> Dataset:
    """The table at a version."""
    return DeltaTable(table, version=version).to_pyarrow_dataset(filesystem=files_below(table))
