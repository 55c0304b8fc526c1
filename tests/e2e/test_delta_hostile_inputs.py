"""G1 and G2 on Delta: of the hostile files those whose names, bytes or times a table has to hold.

What readers of files refuse is the same in any format: `tests/flows/test_hostile_inputs.py`.
"""

from __future__ import annotations

import pytest

from tests.builders import Kind
from tests.flows.test_hostile_inputs import (  # noqa: F401
    desk,
    test_binary_front_matter,
    test_name_that_is_not_utf8,
    test_names_of_any_kind,
    test_nul_bytes,
    test_times_outside_the_contract_do_not_stop_other_columns,
    test_unclosed_fence,
)


@pytest.fixture(scope="session")
def kind() -> Kind:
    return "delta"
