"""A Prefect server of presslake's own, as a child process that ends with it.

Belongs here: starting, waiting for and ending the server, what it is set to, and who may reach it. Does
not belong here: what is deployed to it (`flows.serve`). Nothing here imports Prefect, since
PREFECT_API_URL must be set before that.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Final

import httpx

from config.errors import RunError, UsageError
from flows.prefect_support import make_prefect_quiet

#: The first start makes a database, which takes a busy machine a minute.
_START_SECONDS: Final = 180.0
_STOP_SECONDS: Final = 15.0
_SETTINGS: Final = {
    # In memory, a slot that is taken when the server dies stays taken: nobody knows any more when it expires.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
}
_AUTH: Final = "PREFECT_SERVER_API_AUTH_STRING"


@contextmanager
def prefect_server(host: str, port: int, environ: MutableMapping[str, str] = os.environ) -> Iterator[str]:
    """The address of the UI of a Prefect server: the one that PREFECT_API_URL names, else one of our own.

    In the context PREFECT_API_URL is set, and PREFECT_API_AUTH_STRING where the own server asks for it.

    Args:
        host: address that an own server listens at.
        port: its TCP port.
        environ: of this process; changed for good.

    Raises:
        UsageError: the port is taken, or others could reach the server without a password.
        RunError: the server does not start.
    """
    if url := environ.get("PREFECT_API_URL"):
        yield url.removesuffix("/").removesuffix("/api")
        return
    check_address(host, port, password=environ.get(_AUTH, ""))
    make_prefect_quiet(by_hand=False)
    for name, value in _SETTINGS.items():
        environ.setdefault(name, value)
    near = "127.0.0.1" if ipaddress.ip_address(host).is_unspecified else host
    page = f"http://[{near}]:{port}" if ":" in near else f"http://{near}:{port}"
    # Elsewhere than at port 4200 the UI does not find its API by itself.
    environ.setdefault("PREFECT_SERVER_UI_API_URL", f"{page}/api")
    with _child(host, port) as server:
        _wait_until_ready(server, f"{page}/api/health")
        environ["PREFECT_API_URL"] = f"{page}/api"
        if _AUTH in environ:
            environ.setdefault("PREFECT_API_AUTH_STRING", environ[_AUTH])
        yield page


def check_address(host: str, port: int, *, password: str) -> None:
    """Refuse an address before anything is started.

    Raises:
        UsageError: it is no IP address, is taken, or is open to others and has no password.
    """
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise UsageError(f"`--host {host}` is not an IP address.", "Give one such as 127.0.0.1.") from None
    if not local and not password:
        raise UsageError(
            f"At {host} others could reach the Prefect server, and whoever reaches it can start runs.",
            f"Set {_AUTH}=user:password, or leave `--host` out to stay on this machine.",
        )
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"Port {port} of {host} cannot be used: {error.strerror or error}.",
                f"If a Prefect server runs there, set PREFECT_API_URL=http://{host}:{port}/api to use it; "
                "else choose another with `--port`.",
            ) from error


@contextmanager
def _child(host: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The server's process, in a session of its own: Ctrl-C must reach the runs first, then the server."""
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", host, "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)  # noqa: S603
    try:
        yield server
    finally:
        server.terminate()
        try:
            server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_ready(server: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            if httpx.get(url, timeout=5, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    how = f"it ended with code {server.returncode}" if server.poll() is not None else f"not in {_START_SECONDS:g} s"
    raise RunError(
        f"The Prefect server did not start: {how}.",
        "What it said is above. `prefect server start` shows more; PREFECT_HOME says where its database is.",
    )
