"""Posts JSON to a webhook, with a deadline, and never says where to.

Belongs here: HTTP. The address of a webhook is a password: whoever has it can write to the channel.
So no message, log line or exception of this module holds it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import httpx

#: Answers after which another attempt may do. Source: RFC 9110 section 15, RFC 6585 section 4.
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_HTTPX_LOG: Final = logging.getLogger("httpx")


class _Attempt(NamedTuple):
    """How one attempt ended: with an empty `trouble` if the receiver took it."""

    trouble: str
    may_pass: bool = False


def post_json(url: str, body: bytes, *, timeout: float, retries: int, pause: float = 1.0) -> str:
    """Post a JSON text, and try again if that may help.

    Args:
        url: http or https.
        body: JSON in UTF-8.
        timeout: seconds that one attempt may take in all, whatever the receiver does.
        retries: further attempts.
        pause: seconds before the second attempt; doubled before each one after.

    Returns:
        Empty if a receiver took it (any 2xx), else why not, as the end of a sentence.
    """
    attempt = _bounded(url, body, timeout)
    for number in range(retries):
        if not (attempt.trouble and attempt.may_pass):
            break
        time.sleep(pause * 2**number)
        attempt = _bounded(url, body, timeout)
    return attempt.trouble


def _bounded(url: str, body: bytes, timeout: float) -> _Attempt:
    """One attempt in a thread of its own: httpx limits every read, but not all of them together."""
    ended: list[_Attempt] = []
    thread = threading.Thread(target=lambda: ended.append(_attempt(url, body, timeout)), daemon=True)
    thread.start()
    thread.join(timeout)
    return ended[0] if ended else _Attempt(f"it did not answer within {timeout:g} s", may_pass=True)


def _attempt(url: str, body: bytes, timeout: float) -> _Attempt:
    headers = {"Content-Type": "application/json", "User-Agent": "presslake"}
    try:
        with _unlogged(url), httpx.stream("POST", url, content=body, headers=headers, timeout=timeout) as response:
            status = response.status_code
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        return _Attempt("its address is not an http or https URL")
    except httpx.TimeoutException:
        return _Attempt(f"it did not answer within {timeout:g} s", may_pass=True)
    except (httpx.HTTPError, ValueError, OSError) as error:
        return _Attempt(f"the connection failed ({type(error).__name__})", may_pass=True)
    if 200 <= status < 300:
        return _Attempt("")
    return _Attempt(f"it answered {status}", may_pass=status in _PASSING)


@contextmanager
def _unlogged(url: str) -> Iterator[None]:
    """Keep the address out of httpx's log, which has every request at level INFO."""

    def is_about_others(record: logging.LogRecord) -> bool:
        return url not in record.getMessage()

    _HTTPX_LOG.addFilter(is_about_others)
    try:
        yield
    finally:
        _HTTPX_LOG.removeFilter(is_about_others)
