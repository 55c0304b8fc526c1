"""A headless Chromium for tests and for the scripts that take screenshots.

Belongs here: finding the browser, starting it so that it stays on this machine, and a page that
remembers what went wrong in it. Does not belong here: what is looked at.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Route, sync_playwright

#: No sandbox, because containers run tests as root; all else keeps Chromium from calling home.
ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: Requests that leave no machine.
_INSIDE: Final = ("data:", "blob:", "about:", "file:", "http://127.0.0.1:", "ws://127.0.0.1:", "http://localhost:")


def find_chromium() -> str | None:
    """The browser's program: that of CHROMIUM, else the first that is installed, else None."""
    named = os.environ.get("CHROMIUM")
    return named or next((path for path in map(shutil.which, _NAMES) if path), None)


@dataclass
class Seen:
    """What happened in a page besides what it shows.

    Attributes:
        errors: uncaught exceptions, and messages of the console's level `error`.
        dialogs: texts of `alert`, `confirm` and `prompt`; they are dismissed.
        outside: URLs that were asked for and are not on this machine; they are refused.
    """

    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser.

    Raises:
        RuntimeError: there is none on this machine.
    """
    program = find_chromium()
    if program is None:
        raise RuntimeError(
            "No Chromium was found: install it (Debian: apt-get install chromium) or name it in CHROMIUM."
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened_page(browser: Browser, **options: Any) -> Iterator[tuple[Page, Seen]]:
    """A page of its own, without the others' cookies and storage.

    Args:
        browser: a running one.
        options: of Playwright's `new_context`, such as `viewport`, `color_scheme`, `is_mobile`.
    """
    context = browser.new_context(**options)
    page, seen = context.new_page(), Seen()
    watch(page, seen)
    try:
        yield page, seen
    finally:
        context.close()


def watch(page: Page, seen: Seen) -> None:
    """Write down what happens in a page, and let nothing out of this machine."""

    def console(message: ConsoleMessage) -> None:
        if message.type == "error":
            seen.errors.append(message.text)

    def dialog(shown: Dialog) -> None:
        seen.dialogs.append(shown.message)
        shown.dismiss()

    def refuse(route: Route) -> None:
        seen.outside.append(route.request.url)
        route.abort()

    page.on("console", console)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("dialog", dialog)
    page.route(lambda url: not url.startswith(_INSIDE), refuse)
