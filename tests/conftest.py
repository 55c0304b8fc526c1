"""What all tests share: repeatable property tests, so that none fails now and then, and one Prefect server."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("search", deadline=None, print_blob=True)
settings.load_profile("search" if os.environ.get("PRESSLAKE_FUZZ_EXAMPLES") else "repeatable")


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """A Prefect server of the tests' own; it takes ten seconds to start, so one serves all of them."""
    # Nearly all tests do without Prefect, whose import takes longer than they do.
    from prefect.testing.utilities import prefect_test_harness  # noqa: PLC0415

    with prefect_test_harness(server_startup_timeout=120):
        yield
