"""G4 on Delta: the tests of `tests/flows/test_resumed_runs.py` in a Delta warehouse."""

from __future__ import annotations

import pytest

from tests.builders import Kind
from tests.flows.test_resumed_runs import *  # noqa: F403


@pytest.fixture(scope="session")
def kind() -> Kind:
    return "delta"
