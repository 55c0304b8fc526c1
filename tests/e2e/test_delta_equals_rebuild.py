"""G3 on Delta: after any sequence of changes and runs its tables are those of one run into plain Parquet.

`PRESSLAKE_FUZZ_EXAMPLES=1000` tries that many sequences, chosen anew each time.
"""

from __future__ import annotations

import pytest

from tasks.tables.delta import DeltaWarehouse
from tests.flows.test_incremental_equals_rebuild import RunsOverANewsroom, RunsOverNearCopies, options


class RunsOverDelta(RunsOverANewsroom):
    """Runs merge into Delta tables; each is compared with Parquet files written at once."""

    def __init__(self) -> None:
        super().__init__()
        self.warehouse = DeltaWarehouse(str(self.folder / "warehouse"), durable=False)


class RunsOverDeltaNearCopies(RunsOverNearCopies):
    """The same with near copies of one story."""

    def __init__(self) -> None:
        super().__init__()
        self.warehouse = DeltaWarehouse(str(self.folder / "warehouse"), durable=False)


TestDeltaEqualsRebuild = pytest.mark.timeout(0)(RunsOverDelta.TestCase)
TestDeltaEqualsRebuild.settings = options(8)
TestDeltaNearCopiesToo = pytest.mark.timeout(0)(RunsOverDeltaNearCopies.TestCase)
TestDeltaNearCopiesToo.settings = options(8)
