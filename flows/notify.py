"""Notifications of runs: one webhook, sent by presslake itself, whatever runs the flow.

Belongs here: where the webhook's address is, what is news, and that no notification fails a run. Does
not belong here: the text and what was notified before (`tasks.report.notification`), and HTTP
(`tasks.report.webhook`).

The same trouble is notified again only after `notify.repeat_hours`; its end is notified once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from config.errors import GuardRailError, PresslakeError, SettingsError, message_and_hint
from config.settings import Notify, Settings
from tasks.report.notification import (
    Event,
    Notification,
    Trouble,
    format_staleness,
    is_new,
    make_notification,
    newest_arrival,
    notified,
    remember,
)
from tasks.runs.logs import log_of
from tasks.warehouse.warehouse import Warehouse

_log: Final = log_of("notify")


def notify_failure(settings: Settings, error: BaseException, flow: str = "ingest", run_id: str = "") -> None:
    """Tell that a run failed, unless somebody stopped it on purpose.

    Args:
        settings: those of the run.
        error: what ended it.
        flow: `ingest` or `maintain`; the trouble of one is not the other's.
        run_id: of the run.
    """
    if not isinstance(error, Exception):
        return
    with never_failing():
        event: Event = "guard-rail" if isinstance(error, GuardRailError) else "failure"
        message, hint = message_and_hint(error)
        about = {"warehouse": settings.warehouse.path, "run_id": run_id, "run_url": _run_url()}
        _tell(settings, flow, make_notification(event, type(error).__name__, message, hint, **about))


def notify_crash(settings: Settings, message: str, flow: str, flow_run_id: str) -> None:
    """Tell that the process of a run died; it could not say so itself. Call it inside `never_failing`."""
    hint = "Readers see what they saw before. The next run clears up and takes over what was finished."
    about = {"warehouse": settings.warehouse.path, "run_url": _run_url(flow_run_id)}
    _tell(settings, flow, make_notification("crash", "Crashed", message, hint, **about))


def notify_success(settings: Settings, flow: str = "ingest", run_id: str = "") -> None:
    """Tell that what was wrong is over, or that the run went well and still nothing new comes.

    Args:
        settings: those of the run.
        flow: `ingest` or `maintain`; only the first knows of articles.
        run_id: of the run.
    """
    with never_failing():
        warehouse = Warehouse(settings.warehouse.path)
        about = {"warehouse": settings.warehouse.path, "run_id": run_id, "run_url": _run_url()}
        stale = _staleness(settings.notify, warehouse) if flow == "ingest" else ""
        if stale:
            hint = "The runs go well; look at what delivers the files."
            _log.warning("%s %s", stale, hint)
            _tell(settings, flow, make_notification("stale", "NoNewArticle", stale, hint, **about))
        over = [one for one in notified(warehouse.root) if one.flow == flow and not (stale and one.event == "stale")]
        if over:
            what = ", ".join(sorted({one.reason for one in over}))
            message = f"The last run of `{flow}` went well. What was reported before is over: {what}."
            if _send(settings.notify, make_notification("recovered", what, message, **about)):
                remember(warehouse.root, datetime.now(UTC), drop=over)


@contextmanager
def never_failing() -> Iterator[None]:
    """Log what goes wrong in the context: no run may fail because a notification failed."""
    try:
        yield
    except PresslakeError as error:
        _log.warning("Nobody was notified: %s", error)
    except Exception as error:
        # The text of an error that is not presslake's own may hold the webhook's address.
        _log.warning("Nobody was notified: %s.", type(error).__name__)


def _tell(settings: Settings, flow: str, notification: Notification) -> None:
    """Send a notification if it is news."""
    root, now = Warehouse(settings.warehouse.path).root, datetime.now(UTC)
    trouble = Trouble(flow, notification.event, notification.reason)
    if is_new(root, trouble, now, settings.notify.repeat_hours) and _send(settings.notify, notification):
        remember(root, now, add=[trouble])


def _staleness(notify: Notify, warehouse: Warehouse) -> str:
    """How long nothing new came, in a sentence; empty if that is not too long."""
    current = warehouse.current() if notify.stale_after_hours is not None else None
    newest = None if current is None else newest_arrival(current)
    now = datetime.now(UTC)
    if newest is None or notify.stale_after_hours is None or now - newest < timedelta(hours=notify.stale_after_hours):
        return ""
    return format_staleness(newest, now, notify.stale_after_hours)


def _send(notify: Notify, notification: Notification) -> bool:
    """Whether a receiver took the notification; where there is none, nothing is sent and nothing said."""
    url = webhook_url(notify)
    if not url:
        return False
    # httpx takes longer to import than a small run takes.
    from tasks.report.webhook import post_json  # noqa: PLC0415

    body = msgspec.json.encode(notification)
    trouble = post_json(url, body, timeout=notify.timeout_seconds, retries=notify.retries)
    if trouble:
        _log.warning("The webhook did not get `%s`: %s. The run is not affected.", notification.event, trouble)
    return not trouble


def webhook_url(notify: Notify) -> str:
    """The webhook's address, which is a secret; empty where none is configured.

    Raises:
        SettingsError: `notify.block` names a block that holds no address.
    """
    if url := os.environ.get(notify.url_variable, "").strip():
        return url
    if notify.block is None:
        return ""
    # Only who uses blocks pays for Prefect.
    from prefect.blocks.core import Block  # noqa: PLC0415

    try:
        load: Any = Block.load  # its signature hides that it can be told not to be awaited
        block = load(notify.block, _sync=True)
        secret = getattr(block, "url", None) or block.value
        return str(secret.get_secret_value())
    except (ValueError, AttributeError) as error:
        raise SettingsError(
            f"`notify.block`: there is no block `{notify.block}` that holds an address.",
            "Name one as type/name, such as `webhook/presslake` or `secret/presslake`.",
        ) from error


def _run_url(flow_run_id: str = "") -> str:
    """A run's page in the Prefect UI, by default this run's; empty outside of Prefect, which is not imported for it."""
    if "prefect" not in sys.modules:
        return ""
    from prefect import runtime  # noqa: PLC0415
    from prefect.utilities.urls import url_for  # noqa: PLC0415

    wanted = flow_run_id or runtime.flow_run.id
    return url_for("flow-run", obj_id=wanted) or "" if wanted else ""
