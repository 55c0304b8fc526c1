"""Take the pictures of docs/screenshots: real runs, a real Prefect server, a headless Chromium.

    make screenshots

Belongs here: what happens in the newsroom before each picture, and which page it is of. The pictures
of the HTML report are `docs/report_screenshots.py`'s.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

PROJECT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT))

from tests.e2e.browser import chromium, opened_page  # noqa: E402
from tests.e2e.server import Server, started_server  # noqa: E402

PICTURES: Final = PROJECT / "docs" / "screenshots"
SAMPLE: Final = PROJECT / "docs" / "sample"
#: Pictures of artifacts: the run, and the artifact's key.
_OF: Final = {
    "report": ("quarantine", "run-report"),
    "report-guard-rail": ("guard", "run-report"),
    "quarantined-files": ("guard", "quarantined-files"),
}
_RUN: Final = """
import json, sys
from flows.ingest import ingest
ingest(**json.loads(sys.argv[1]))
"""
_DEPLOY: Final = """
import sys
from flows.ingest import ingest
print(ingest.to_deployment(name="hourly", cron="0 * * * *", parameters={"sources": ["news=/data/news"]}).apply())
"""


class Newsroom:
    """A copy of the sample newsroom, and runs over it.

    Args:
        folder: an empty one.
        server: that the runs talk to.
    """

    def __init__(self, folder: Path, server: Server) -> None:
        self.articles, self.warehouse, self._server = folder / "newsroom", folder / "warehouse", server
        shutil.copytree(SAMPLE, self.articles, ignore=shutil.ignore_patterns("_broken"))
        self._environment = server.environment

    def run(self, **parameters: Any) -> str:
        """Run the flow to its end, well or not; the id of the flow run."""
        self._start(parameters).wait(180)
        return self._newest()

    def run_and_stop(self) -> str:
        """Run the flow over many files and stop its process in the middle, as a machine that shuts down does."""
        for number in range(40):
            shutil.copytree(self.articles / "_news", self.articles / "copies" / str(number))
        before = self._newest()
        running = self._start({"settings": {"run": {"workers": 1}}})
        while running.poll() is None and (self._newest() == before or not self._is_reading()):
            time.sleep(0.1)
        running.send_signal(signal.SIGTERM)
        running.wait(60)
        time.sleep(2)  # the last lines of the log are on their way
        return self._newest()

    def spoil(self, number: int) -> None:
        """Add broken articles, those of the sample first."""
        broken = sorted((SAMPLE / "_broken").glob("*.md"))
        (self.articles / "_broken").mkdir(exist_ok=True)
        for path in broken[:number]:
            shutil.copy(path, self.articles / "_broken")

    def edit(self) -> None:
        """A day's work: two stories corrected, one taken away."""
        stories = sorted((self.articles / "_news").glob("*.md"))
        for path in stories[:2]:
            path.write_text(path.read_text(encoding="utf-8").replace("title: ", "mood: calm\ntitle: ", 1), "utf-8")
        stories[2].unlink()

    def _start(self, parameters: Mapping[str, Any]) -> subprocess.Popen[bytes]:
        given = {
            "sources": [f"news={self.articles}"],
            "warehouse": str(self.warehouse),
            **parameters,
        }
        command = [sys.executable, "-c", _RUN, json.dumps(given)]
        silent = subprocess.DEVNULL
        return subprocess.Popen(command, env=self._environment, stdout=silent, stderr=silent)

    def _newest(self) -> str:
        return str(self._runs()[0]["id"])

    def _is_reading(self) -> bool:
        """Whether the newest run has begun with its files."""
        wanted = {"logs": {"flow_run_id": {"any_": [self._newest()]}}}
        return any("files:" in line["message"] for line in ask(self._server, "logs/filter", wanted))

    def _runs(self) -> list[dict[str, Any]]:
        return ask(self._server, "flow_runs/filter", {"sort": "START_TIME_DESC", "limit": 1})


def ask(server: Server, path: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the server's API answers to a POST."""
    content = json.dumps(body).encode()
    request = urllib.request.Request(f"{server.url}/api/{path}", content, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found


def artifact(server: Server, run: str, key: str) -> str:
    """The id of a run's artifact."""
    wanted = {"artifacts": {"flow_run_id": {"any_": [run]}, "key": {"any_": [key]}}}
    return str(ask(server, "artifacts/filter", wanted)[0]["id"])


def picture(page: Page, url: str, name: str, shows: str, *, width: int = 1_200, height: int = 900) -> None:
    """Take a picture of a page once it shows a text.

    Args:
        page: of a browser.
        url: of the page.
        name: of the file, without its ending.
        shows: what must be there.
        width, height: of the picture in pixels.
    """
    page.set_viewport_size({"width": width, "height": height})
    page.goto(url)
    page.get_by_text(shows).first.wait_for(timeout=60_000)
    page.add_style_tag(content="* { background-image: none !important }")
    page.wait_for_timeout(4_000)  # the graph moves into place
    page.screenshot(path=PICTURES / f"{name}.png")
    print(f"{name}.png {(PICTURES / f'{name}.png').stat().st_size:,} bytes")


def main() -> None:
    """Let it all happen, and take the pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, started_server(Path(folder)) as server:
        work = Path(folder) / "work"
        newsroom = Newsroom(work, server)
        runs = {"well": newsroom.run()}
        newsroom.edit()
        newsroom.spoil(2)
        runs["quarantine"] = newsroom.run()
        newsroom.spoil(30)
        runs["guard"] = newsroom.run()
        runs["crash"] = newsroom.run_and_stop()
        deploy = [sys.executable, "-c", _DEPLOY]
        made = subprocess.run(deploy, env=server.environment, check=True, capture_output=True, text=True, cwd=PROJECT)
        with chromium() as browser, opened_page(browser, color_scheme="light") as (page, _seen):
            take_all(page, server, runs, made.stdout.split()[-1])


def take_all(page: Page, server: Server, runs: Mapping[str, str], deployment: str) -> None:
    """All pictures, of runs by what happened in them."""
    at = f"{server.url}/runs/flow-run"
    picture(page, f"{server.url}/runs", "runs", "Crashed")
    picture(page, f"{at}/{runs['well']}", "run-well", "Completed")
    picture(page, f"{at}/{runs['quarantine']}", "run-quarantine", "went to quarantine")
    picture(page, f"{at}/{runs['guard']}", "run-guard-rail", "would be lost")
    picture(page, f"{at}/{runs['crash']}", "run-crashed", "stopped by", height=1_000)
    base = f"{server.url}/artifacts/artifact"
    shown = {name: f"{base}/{artifact(server, runs[run], key)}" for name, (run, key) in _OF.items()}
    picture(page, shown["report"], "report", "to mend", width=1_050, height=1_150)
    picture(page, shown["report-guard-rail"], "report-guard-rail", "What to do", width=1_000, height=900)
    picture(page, shown["quarantined-files"], "quarantined-files", "quarantine")
    picture(page, f"{server.url}/deployments/deployment/{deployment}/run", "parameters", "full_refresh", height=1_300)


if __name__ == "__main__":
    os.chdir(PROJECT)
    main()
