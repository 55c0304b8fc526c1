"""What end-to-end tests share: a browser, and a Prefect server with its UI.

Flows of these tests run in processes of their own, as they do in life; Playwright's event loop
occupies the thread of the test.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import Seen, chromium, find_chromium, opened_page
from tests.e2e.server import Server, started_server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, one for all tests."""
    if find_chromium() is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    with chromium() as running:
        yield running


@pytest.fixture
def watched_page(browser: Browser) -> Iterator[tuple[Page, Seen]]:
    """A fresh page, and what happens in it."""
    with opened_page(browser, viewport={"width": 1280, "height": 900}) as watched:
        yield watched


@pytest.fixture
def browser_page(watched_page: tuple[Page, Seen]) -> Page:
    """A fresh page alone."""
    return watched_page[0]


@pytest.fixture(scope="session")
def prefect_server_ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Prefect server on a free port of this machine, with its UI and an empty database."""
    with started_server(tmp_path_factory.mktemp("prefect")) as server:
        yield server
