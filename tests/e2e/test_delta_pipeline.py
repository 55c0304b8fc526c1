"""G1, G3 and G5 on Delta: the tests of `tests/flows/test_pipeline.py` in a Delta warehouse; rebuilds are Parquet."""

from __future__ import annotations

import pytest

from tests.builders import Kind
from tests.flows.test_pipeline import *  # noqa: F403

# `warehouse.max_rows_per_file` is of Parquet alone.
del test_a_full_partition_is_split_and_says_the_same  # noqa: F821
del test_what_is_published_next_touches_the_last_file_of_its_year_alone  # noqa: F821


@pytest.fixture(scope="session")
def kind() -> Kind:
    return "delta"
