"""A Git repository behind HTTP, end to end: served by Git's own server program."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from config.errors import SourceError, SourceRefused
from flows.start import run_ingest
from tasks.report.outcome import Outcome
from tests.builders import article, assert_like_folder, committed, git, page
from tests.newsroom import settings_for

STORIES: Final = {f"_news/{n}.md": article(f"Story {n}", originalUrl=page(n)) for n in range(5)}


class GitServer(ThreadingHTTPServer):
    """Serves the repositories below a folder; wants `token` where it is set, and fails first where asked."""

    root: Path
    token = ""
    failing = 0


class _Handler(BaseHTTPRequestHandler):
    """Hands a request to `git http-backend`, as a web server does (RFC 3875, the Common Gateway Interface)."""

    server: GitServer

    def do_GET(self) -> None:
        if self.server.failing:
            self.server.failing -= 1
            self.send_error(503)
        elif self.server.token and self.headers.get("Authorization") != f"Bearer {self.server.token}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="press"')
            self.end_headers()
        else:
            self._serve()

    def do_POST(self) -> None:
        self.do_GET()

    def _serve(self) -> None:
        url, size = urlsplit(self.path), int(self.headers.get("Content-Length") or 0)
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "PATH_INFO": url.path,
            "QUERY_STRING": url.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(size),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        done = subprocess.run(
            ["git", "http-backend"], env=environment, input=self.rfile.read(size), capture_output=True, check=True
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    server = GitServer(("127.0.0.1", 0), _Handler)
    server.root = tmp_path
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def load(folder: Path, server: GitServer, ref: str = "", retries: int = 0) -> Outcome:
    place = f"news=git+http://127.0.0.1:{server.server_port}/site/.git{ref}"
    run = {"retries": retries, "retry_delay_seconds": 0.01}
    return run_ingest([place], settings_for(folder / "warehouse", run, access={"cache": str(folder / "cache")}))


def assert_loaded(folder: Path) -> None:
    assert_like_folder(folder / "warehouse", folder / "site", folder / "rebuilt")


def test_a_remote_is_loaded_and_followed(server: GitServer, tmp_path: Path) -> None:
    first = committed(tmp_path / "site", STORIES)
    assert load(tmp_path, server).versions == {"news": first}
    assert load(tmp_path, server).status == "unchanged"
    (tmp_path / "site" / "_news" / "1.md").unlink()
    second = committed(tmp_path / "site", {"_news/2.md": article("Corrected", originalUrl=page(2))})
    outcome = load(tmp_path, server)
    assert (outcome.versions["news"], outcome.files.changed, outcome.files.removed) == (second, 1, 1)
    assert_loaded(tmp_path)
    clone = next((tmp_path / "cache" / "git").glob("*/HEAD")).parent
    assert not (clone / "hooks").exists()
    assert git(clone, "rev-list", "--count", second) == "1"


def test_a_branch_that_was_rewritten_and_a_commit_id_are_loaded(server: GitServer, tmp_path: Path) -> None:
    first = committed(tmp_path / "site", STORIES)
    load(tmp_path, server, "@main")
    git(tmp_path / "site", "checkout", "--quiet", "--orphan", "anew")
    committed(tmp_path / "site", {"_news/9.md": article("Another history")})
    git(tmp_path / "site", "branch", "--force", "main", "anew")
    assert load(tmp_path, server, "@main").files.new == 1
    assert_loaded(tmp_path)
    assert load(tmp_path, server, f"@{first}").versions == {"news": first}
    with pytest.raises(SourceRefused, match="couldn't find remote ref nope"):
        load(tmp_path, server, "@nope")


def test_a_server_that_fails_for_a_while_is_asked_again(server: GitServer, tmp_path: Path) -> None:
    committed(tmp_path / "site", STORIES)
    server.failing = 2
    assert load(tmp_path, server, retries=3).files.new == len(STORIES)
    server.failing = 1
    with pytest.raises(SourceError, match="503"):
        load(tmp_path, server)


def test_credentials_come_from_the_environment_and_go_nowhere(
    server: GitServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed(tmp_path / "site", STORIES)
    server.token = "s3cret-token"
    with pytest.raises(SourceRefused, match=r"could not read Username.*docs/sources\.md"):
        load(tmp_path, server)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "http.extraHeader")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", f"Authorization: Bearer {server.token}")
    assert load(tmp_path, server).files.new == len(STORIES)
    kept = [path for folder in ("warehouse", "cache") for path in (tmp_path / folder).rglob("*") if path.is_file()]
    assert [path for path in kept if server.token.encode() in path.read_bytes()] == []
