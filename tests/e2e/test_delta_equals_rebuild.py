"""G3 on Delta: after any sequence of changes and runs its tables are those of one run into plain Parquet.

The sequences, and the cases by name, are those of `tests/flows/test_incremental_equals_rebuild.py`.
The history cannot be rebuilt, so it is compared with that of the same runs into Parquet.
`PRESSLAKE_FUZZ_EXAMPLES=1000` tries that many sequences, chosen anew each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from tasks.maintain.past import check_past
from tasks.tables.warehouse import Warehouse
from tests.builders import Kind
from tests.flows.test_incremental_equals_rebuild import (  # noqa: F401
    RunsOverANewsroom,
    RunsOverCrowds,
    RunsOverNearCopies,
    options,
    published,
    runs,
    test_a_bridge_between_two_stories_comes_and_goes,
    test_a_copy_counts_within_a_week_and_not_after_it,
    test_a_likeness_that_bridges_two_unlike_copies_comes_and_goes,
    test_a_source_that_is_left_out_does_not_hold_up_a_new_contract,
    test_an_article_keeps_when_it_was_first_seen_under_another_survivor,
    test_an_edit_in_the_same_tick_and_of_the_same_size_is_seen,
    test_other_partitions_alone_write_the_tables_anew,
    test_parts_of_a_series_stay_apart_until_one_is_renamed,
    test_the_next_best_copy_survives_when_the_survivor_goes,
)


@pytest.fixture(scope="session")
def kind() -> Kind:
    return "delta"


class RunsOverDelta(RunsOverANewsroom):
    """Runs merge into Delta tables; each is compared with Parquet files written at once."""

    sections: ClassVar[Mapping[str, Mapping[str, Any]]] = {"history": {"enabled": True}}

    def __init__(self) -> None:
        super().__init__("delta")
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
        super().__init__("delta")


class RunsOverDeltaCrowds(RunsOverCrowds):
    """The same with crowds of near copies."""

    def __init__(self) -> None:
        super().__init__("delta")


TestDeltaEqualsRebuild = pytest.mark.timeout(0)(RunsOverDelta.TestCase)
TestDeltaEqualsRebuild.settings = options(8)
TestDeltaNearCopiesToo = pytest.mark.timeout(0)(RunsOverDeltaNearCopies.TestCase)
TestDeltaNearCopiesToo.settings = options(8)
TestDeltaCrowdsToo = pytest.mark.timeout(0)(RunsOverDeltaCrowds.TestCase)
TestDeltaCrowdsToo.settings = options(2, steps=12)
