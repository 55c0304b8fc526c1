"""A warehouse to have accidents with, and what it must look like before and after the next run."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tasks.tables.formats import found_warehouse
from tasks.tables.warehouse import Warehouse
from tests.builders import Kind
from tests.newsroom import Newsroom

SOURCES: Final = ("harbour", "inland")


@dataclass(frozen=True)
class Stage:
    """A warehouse with one snapshot, and files that have changed since.

    Attributes:
        newsroom: the files.
        published: folder of the warehouse, never changed.
        before, after: what Parquet makes of the files before and after the change.
        kind: the warehouse's format.
    """

    newsroom: Newsroom
    published: Path
    before: Warehouse
    after: Warehouse
    kind: Kind = "delta"

    @property
    def specs(self) -> list[str]:
        """The sources of a run."""
        return self.newsroom.specs(SOURCES)

    def warehouse(self, folder: Path) -> Warehouse:
        """A copy of the warehouse, for one accident."""
        shutil.copytree(self.published, folder / "warehouse", symlinks=True)
        return found_warehouse(folder / "warehouse", durable=False)
