"""An S3 endpoint for tests: a proxy in front of moto, or a thin responder, with faults and counts.

Belongs here: speaking just enough HTTP to pass requests on, to list very many keys, and to fail as real
endpoints do. Does not belong here: what a run makes of it.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

Answer = Callable[[str, bytes], Awaitable[bytes]]

PAGE: Final = 1_000
STATUSES: Final = {
    "throttled": "429 Too Many Requests",
    "slow down": "503 Slow Down",
    "internal": "500 Internal Server Error",
}
#: What goes wrong, in turn; "cut" ends an answer in its middle, "stall" never answers.
FAULTS: Final = ("throttled", "slow down", "internal", "cut", "stall")


class Endpoint:
    """Serves any number of connections at once; `port` is where.

    Args:
        answer: the response to a request, from its target and its head, as bytes of HTTP.
        failing: how many of the first requests for each target fail.
        latency: seconds before every answer.
        stall: seconds that a stalled request hangs.
        before: called with every target before it is answered.
    """

    def __init__(
        self, answer: Answer, *, failing: int = 0, latency: float = 0.0, stall: float = 3.0,
        before: Callable[[str], None] = lambda _target: None,
    ) -> None:  # fmt: skip
        self.port = 0
        self.asked: Counter[str] = Counter()
        self.given: Counter[str] = Counter()
        self.most_at_once = 0
        self._answer, self._failing, self._latency, self._stall = answer, failing, latency, stall
        self._before, self._at_once = before, 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def keys_given(self) -> dict[str, int]:
        """How often each object was given whole, by key."""
        paths = {target: unquote(urlsplit(target).path) for target in self.given if "list-type" not in target}
        return {path.split("/", 2)[2]: self.given[target] for target, path in paths.items()}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if not await self._respond(head.split(b" ", 2)[1].decode(), head, writer):
                    break
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass  # the client or the test is done
        finally:
            writer.close()

    async def _respond(self, target: str, head: bytes, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection can go on."""
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            number = self.asked[target] = self.asked[target] + 1
            fault = FAULTS[(number + len(target)) % len(FAULTS)] if number <= self._failing else ""
            await asyncio.sleep(self._stall if fault == "stall" else self._latency)
            if fault == "stall":
                return False
            whole = await self._whole(target, head, fault)
            writer.write(whole[: -len(whole) // 3] if fault == "cut" else whole)
            await writer.drain()
            self.given[target] += not fault
            return fault != "cut"
        finally:
            self._at_once -= 1

    async def _whole(self, target: str, head: bytes, fault: str) -> bytes:
        if fault in STATUSES:
            return response(b"<Error><Code>Fault</Code></Error>", STATUSES[fault])
        await asyncio.to_thread(self._before, target)
        return await self._answer(target, head)


@contextmanager
def running(endpoint: Endpoint) -> Iterator[Endpoint]:
    """Serve in a thread while the context lasts."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(endpoint.serve, "127.0.0.1", 0), loop).result()
    endpoint.port = server.sockets[0].getsockname()[1]
    try:
        yield endpoint
    finally:
        asyncio.run_coroutine_threadsafe(_close(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _close(server: asyncio.Server) -> None:
    server.close()
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def response(body: bytes, status: str = "200 OK", headers: Sequence[str] = ()) -> bytes:
    """One HTTP response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def passed_on(port: int) -> Answer:
    """Answers of the server at a port of this machine."""

    async def answer(_target: str, head: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head[:-2] + b"Connection: close\r\n\r\n")
        whole = await reader.read()
        writer.close()
        return re.sub(rb"(?i)\r\nconnection: close", b"", whole, count=1)

    return answer


def bucket_of(keys: Sequence[str], content: Callable[[str], bytes]) -> Answer:
    """A bucket without a server: lists sorted keys, a thousand a page, and gives what `content` says."""

    async def answer(target: str, _head: bytes) -> bytes:
        url = urlsplit(target)
        if "list-type" not in url.query:
            headers = ['ETag: "1"', "Last-Modified: Fri, 02 Jan 2026 03:04:05 GMT"]
            return response(content(unquote(url.path).split("/", 2)[2]), headers=headers)
        start = int(parse_qs(url.query).get("continuation-token", ["0"])[0])
        return response(_page(keys[start : start + PAGE], start + PAGE if start + PAGE < len(keys) else 0))

    return answer


def _page(keys: Sequence[str], following: int) -> bytes:
    more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{following}</NextContinuationToken>"
    facts = '<LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>"1"</ETag><Size>9</Size>'
    entries = "".join(f"<Contents><Key>{quote(key)}</Key>{facts}</Contents>" for key in keys)
    is_last = "" if following else "<IsTruncated>false</IsTruncated>"
    return f"<ListBucketResult>{is_last or more}{entries}</ListBucketResult>".encode()
