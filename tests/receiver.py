"""A webhook's receiver on loopback, that answers as a test wants."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "T0-hook-s3cr3t"


@dataclass
class Receiver:
    """What came, and where it comes to; `url` ends with a secret, as those of webhooks do."""

    url: str
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def wait_for(self, text: str, seconds: float = 120) -> dict[str, Any]:
        """The first body that holds a text, as soon as it is there."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for body in list(self.bodies):
                if text in json.dumps(body, ensure_ascii=False):
                    return body
            time.sleep(0.2)
        raise AssertionError(f"nothing with {text!r} among {self.bodies}")


@contextmanager
def receiving(status: int = 200, hang_seconds: float = 0) -> Iterator[Receiver]:
    """A receiver that answers with a status, after a while."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.bodies.append(json.loads(body))
            ended.wait(hang_seconds)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    ended = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/{SECRET}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
