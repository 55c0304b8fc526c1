"""G3 on Delta: after any sequence of changes and runs its tables are those of one run into plain Parquet.

The history cannot be rebuilt, so it is compared with that of the same runs into Parquet.
`PRESSLAKE_FUZZ_EXAMPLES=1000` tries that many sequences, chosen anew each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from tasks.maintain.past import check_past
from tasks.tables.delta import DeltaWarehouse
from tasks.tables.warehouse import Warehouse
from tests.flows.test_incremental_equals_rebuild import (
    RunsOverANewsroom,
    RunsOverNearCopies,
    options,
    published,
)


class RunsOverDelta(RunsOverANewsroom):
    """Runs merge into Delta tables; each is compared with Parquet files written at once."""

    sections: ClassVar[Mapping[str, Mapping[str, Any]]] = {"history": {"enabled": True}}

    def __init__(self) -> None:
        super().__init__()
        self.warehouse = DeltaWarehouse(str(self.folder / "warehouse"), durable=False)
        self.beside = Warehouse(self.folder / "beside", durable=False)

    def run_and_compare(self, sources: Sequence[str], way: dict[str, int], full_refresh: bool = False) -> None:
        self.ingest(self.newsroom.specs(sources), self.beside, way, full_refresh)
        super().run_and_compare(sources, way, full_refresh)
        assert told(self.warehouse) == told(self.beside)
        assert check_past(published(self.warehouse)) == []


def told(warehouse: Warehouse) -> list[dict[str, Any]]:
    """The rows of the history with the number of the observation for times, and without the runs' ids."""
    rows = published(warehouse).read("article_versions").to_pylist()
    number = {moment: n for n, moment in enumerate(sorted({row["valid_from"] for row in rows}))}
    rows.sort(key=lambda row: (row["article_id"], row["valid_from"]))
    times = ({name: number.get(row[name]) for name in ("valid_from", "valid_to")} for row in rows)
    return [{**row, **numbers, "run_id": None} for row, numbers in zip(rows, times, strict=True)]


class RunsOverDeltaNearCopies(RunsOverNearCopies):
    """The same with near copies of one story."""

    def __init__(self) -> None:
        super().__init__()
        self.warehouse = DeltaWarehouse(str(self.folder / "warehouse"), durable=False)


TestDeltaEqualsRebuild = pytest.mark.timeout(0)(RunsOverDelta.TestCase)
TestDeltaEqualsRebuild.settings = options(8)
TestDeltaNearCopiesToo = pytest.mark.timeout(0)(RunsOverDeltaNearCopies.TestCase)
TestDeltaNearCopiesToo.settings = options(8)
