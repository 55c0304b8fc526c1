"""`presslake serve`: its options, and what it says before the runs do.

Does not belong here: the server (`flows.server`) and the schedule (`flows.serve`).
"""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from config.errors import UsageError
from config.settings import Settings
from flows.commands.options import ConfigFile, NewWarehousePath, Source, chosen_settings, chosen_sources

EXAMPLES: Final = """\
Examples:
  presslake serve content --warehouse warehouse --every 1h
  presslake serve news=~/site/news --cron "5 6-20 * * mon-fri"
  PREFECT_API_URL=http://127.0.0.1:4200/api presslake serve content --every 15m

Starts a Prefect server on this machine, unless PREFECT_API_URL names one. Times are UTC.
docs/operations.md says more."""
NIGHTLY: Final = "30 3 * * *"
#: Ingest and maintain wait for one another this long; by hand a minute is enough, at night nobody looks.
LOCK_TIMEOUT_SECONDS: Final = 1_800.0

_EVERY: Final = re.compile(r"(\d{1,6})\s*(s|m|min|h|d)", re.ASCII | re.IGNORECASE)
_UNITS: Final = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days"}
_FIELDS: Final = 5


def serve(
    *source: Source,
    warehouse: NewWarehousePath = None,
    every: str | None = None,
    cron: str | None = None,
    maintain: str = NIGHTLY,
    wait: bool = False,
    name: str | None = None,
    config: ConfigFile = None,
    host: str = "127.0.0.1",
    port: int = 4200,
) -> int:
    """Keep the tables up to date on a schedule, with a Prefect server and its UI, until Ctrl-C.

    Args:
        every: Time between two runs, such as 15m, 1h or 1d; 1h if there is no --cron.
        cron: When to run, as a cron expression of five fields, in UTC.
        maintain: When to run `presslake maintain`, as a cron expression; empty for never.
        wait: Wait for the schedule; do not run at once.
        name: Name of the deployment; by default the last part of the warehouse's path.
        host: IP address that the server listens at; others than this machine's need a password.
        port: Port of the server and its UI.
    """
    if every and cron:
        raise UsageError("Both --every and --cron are given.", "Leave one out.")
    schedule = cron or parse_every(every or "1h")
    for option, expression in (("--cron", cron), ("--maintain", maintain)):
        _check_cron(option, expression or "")
    settings = chosen_settings(warehouse, config)
    sources = [absolute(one) for one in chosen_sources(source, settings)]
    from flows.server import prefect_server  # noqa: PLC0415
    from tasks.warehouse.warehouse import local_folder  # noqa: PLC0415  (`--help` needs none)

    place = str(local_folder(settings.warehouse.path).absolute())
    parameters = _parameters(sources, place, config, settings)
    deployed = name or Path(place).name
    with prefect_server(host, port) as page:
        # After PREFECT_API_URL is set, which Prefect reads when it is imported.
        from flows.serve import serve  # noqa: PLC0415

        when = f"at {cron} (UTC)" if cron else f"every {every or '1h'}"
        first = "" if wait else ", and now for the first time"
        _say(f"Prefect UI: {page}")
        _say(f"`ingest/{deployed}` runs {when}{first}. Ctrl-C ends it.")
        serve(deployed, parameters, schedule, maintain, at_once=not wait)
    _say("Stopped. The published tables are whole.")
    return 0


def _say(line: str) -> None:
    """Speak at once, also into a pipe: a service may not end for weeks."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def parse_every(text: str) -> timedelta:
    """The time that `15m`, `1h` or `2 d` stands for.

    Raises:
        UsageError: it is none, or no time at all.
    """
    match = _EVERY.fullmatch(text.strip())
    interval = timedelta(**{_UNITS[match[2].lower()]: int(match[1])}) if match else timedelta(0)
    if not interval:
        raise UsageError(f"`--every {text}` is not a time between two runs.", "Give one such as 90s, 15m, 1h or 1d.")
    return interval


def _check_cron(option: str, expression: str) -> None:
    """Refuse what is clearly no cron expression before a server is started; Prefect reads the fields.

    Raises:
        UsageError: there are not five fields.
    """
    if expression and len(expression.split()) != _FIELDS:
        raise UsageError(
            f"`{option} {expression}` is not a cron expression.",
            'Give five fields (minute hour day month weekday), such as "0 * * * *".',
        )


def absolute(source: str) -> str:
    """A source whose folder is there, with its full path: runs do not depend on a working folder."""
    from tasks.discover.location import split_name  # noqa: PLC0415  (`--help` needs none)

    name, place = split_name(source)
    there = Path(place).expanduser()
    return f"{name}={there.absolute()}".removeprefix("=") if there.exists() else source


def _parameters(sources: list[str], warehouse: str, config: Path | None, settings: Settings) -> dict[str, Any]:
    """The parameters of the flow. Secrets have no place among them: the UI shows them all."""
    patience = max(settings.run.lock_timeout_seconds, LOCK_TIMEOUT_SECONDS)
    return {
        "sources": sources,
        "warehouse": warehouse,
        **({"config": str(config.absolute())} if config else {}),
        "settings": {"run": {"lock_timeout_seconds": patience}},
    }
