"""What files say is shown in the Prefect UI as text: no script runs, no link is made, and the report is there."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Page

from tests.e2e.browser import Seen
from tests.e2e.server import PROJECT, Server

pytestmark = [pytest.mark.xdist_group("prefect-ui"), pytest.mark.timeout(600)]

#: Each would run, or be followed, if it were markup; `hit` is what it would do.
HOSTILE: Final = [
    "<img src=x onerror=hit(1)>",
    "<svg onload=hit(2)>",
    "[click](javascript:hit(3))",
    "![x](http://outside.example/x.png)",
    '"><script>hit(4)<!--',
    "`|` **bold** | <b>cell<!--",
    "www.outside.example me@outside.example",
    "</td></table><iframe srcdoc='<script>parent.hit(5)<!--'>",
]
#: What a page has only where hostile text became markup.
MARKUP: Final = "a[href^='javascript:'], img[src='x'], img[src*='outside'], [onerror], [onload], iframe[srcdoc]"
#: The second UI makes links of web addresses in any text, escaped or not; the first one must not.
LINKS: Final = "a[href*='outside.example']"
_RUN: Final = """
import json, sys
from flows.ingest import ingest
ingest(**json.loads(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def run_id(tmp_path_factory: pytest.TempPathFactory, prefect_server_ui: Server) -> str:
    """A run over files whose names, titles and fields are hostile, half of them broken."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "news").mkdir()
    for number, text in enumerate(HOSTILE):
        front = [f"title: {json.dumps(text)}", "publishedDateTime: 2026-03-02T09:30:00Z", f"{json.dumps(text)}: x"]
        name = text.replace("/", "")
        (folder / "news" / f"good {number} {name}.md").write_text("\n".join(["---", *front, "---", text]))
        front[0] = f"title: {json.dumps(text + ' and so on' * 200)}"
        (folder / "news" / f"{name}.md").write_text("\n".join(["---", *front, "---", text]))
    given = {
        "sources": [str(folder / "news")],
        "warehouse": str(folder / "w"),
        "accept_quarantine": True,
        "settings": {"run": {"workers": 1}},
    }
    command = [sys.executable, "-c", _RUN, json.dumps(given)]
    subprocess.run(command, env=prefect_server_ui.environment, cwd=PROJECT, check=True, timeout=300)
    return str(found(prefect_server_ui, "flow_runs", {"sort": "START_TIME_DESC", "limit": 1})[0]["id"])


def found(server: Server, what: str, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = httpx.post(f"{server.url}/api/{what}/filter", json=wanted, timeout=30).json()
    return answer


def artifact_page(server: Server, run_id: str, key: str) -> str:
    wanted = {"artifacts": {"flow_run_id": {"any_": [run_id]}, "key": {"any_": [key]}}}
    return f"artifacts/artifact/{found(server, 'artifacts', wanted)[0]['id']}"


def look(page: Page, url: str, shows: str) -> None:
    """Open a page, wait until it shows a text, and give scripts time to run."""
    page.add_init_script("window.hits = []; window.hit = number => window.hits.push(number)")
    page.goto(url, timeout=120_000)
    page.get_by_text(shows).first.wait_for(timeout=180_000)
    page.wait_for_timeout(1_000)


def assert_nothing_ran(page: Page, seen: Seen) -> None:
    assert page.evaluate("window.hits") == []
    # The second UI asks for its maker's statistics whatever it shows; the browser refuses.
    assert (seen.dialogs, [url for url in seen.outside if "outside.example" in url]) == ([], [])
    assert page.locator(MARKUP).count() == 0


def test_the_run_report_shows_hostile_text_and_runs_none_of_it(
    watched_page: tuple[Page, Seen], prefect_server_ui: Server, run_id: str
) -> None:
    page, seen = watched_page
    look(page, f"{prefect_server_ui.url}/{artifact_page(prefect_server_ui, run_id, 'run-report')}", "what to mend")
    assert_nothing_ran(page, seen)
    # The hostile name of a file and of a field, letter for letter.
    text = page.locator("body").inner_text()
    assert "news/" in text
    assert page.locator(LINKS).count() == 0
    assert HOSTILE[0] in text
    assert page.get_by_role("heading", name="quarantined").count() == 1


def test_the_table_of_quarantined_files_shows_names_letter_for_letter(
    watched_page: tuple[Page, Seen], prefect_server_ui: Server, run_id: str
) -> None:
    page, seen = watched_page
    look(
        page,
        f"{prefect_server_ui.url}/{artifact_page(prefect_server_ui, run_id, 'quarantined-files')}",
        "in quarantine",
    )
    assert_nothing_ran(page, seen)
    text = page.locator("body").inner_text()
    assert page.locator(LINKS).count() == 0
    for hostile in HOSTILE:
        assert f"news/{hostile.replace('/', '')}.md:" in text


@pytest.mark.parametrize("key", ["run-report", "quarantined-files"])
def test_the_second_ui_runs_none_of_it_either(
    watched_page: tuple[Page, Seen], prefect_server_ui: Server, run_id: str, key: str
) -> None:
    page, seen = watched_page
    look(page, f"{prefect_server_ui.url}/v2/{artifact_page(prefect_server_ui, run_id, key)}", "quarantine")
    assert_nothing_ran(page, seen)


def test_the_log_of_the_run_shows_stages_and_runs_nothing(
    watched_page: tuple[Page, Seen], prefect_server_ui: Server, run_id: str
) -> None:
    page, seen = watched_page
    look(page, f"{prefect_server_ui.url}/runs/flow-run/{run_id}", "files go to quarantine, such as")
    assert_nothing_ran(page, seen)
    assert page.get_by_text("write and publish").count() >= 1
