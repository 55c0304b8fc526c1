"""`presslake snapshots`, `diff` and `rollback`: the versions of the tables, and going between them.

Does not belong here: the numbers (`tasks.maintain.history`, `tasks.maintain.differences`), moving
the pointer (`tasks.write.upkeep`), and how it all looks (`flows.commands.views`).
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from flows.commands.options import ConfigFile, Json, WarehousePath, chosen_settings, chosen_warehouse, print_json

if TYPE_CHECKING:
    from tasks.warehouse.snapshots import Snapshot
    from tasks.warehouse.warehouse import Warehouse

SNAPSHOTS_EXAMPLES: Final = """\
Examples:
  presslake snapshots --warehouse warehouse
  presslake snapshots --json | jq '.snapshots[] | select(.current)'"""
DIFF_EXAMPLES: Final = """\
Examples:
  presslake diff --warehouse warehouse         what did the last run change?
  presslake diff 41 current --limit 3
  presslake diff previous current --json | jq .columns"""
ROLLBACK_EXAMPLES: Final = """\
Examples:
  presslake rollback 41 --warehouse warehouse
  presslake rollback previous

Nothing is deleted: roll back to the newer number to undo it."""


def snapshots(*, warehouse: WarehousePath = None, config: ConfigFile = None, json: Json = False) -> None:
    """List the snapshots: when, from which run, what changed, and how many bytes are new."""
    root = chosen_warehouse(warehouse, config)
    from tasks.maintain.history import read_history  # noqa: PLC0415
    from tasks.report.status import existing_warehouse  # noqa: PLC0415

    history = read_history(existing_warehouse(root))
    if json:
        print_json(history)
        return
    from flows.commands.views import show_history  # noqa: PLC0415
    from tasks.report.terminal import make_console  # noqa: PLC0415

    show_history(make_console(sys.stdout), history)


def diff(
    old: str = "previous",
    new: str = "current",
    /,
    *,
    warehouse: WarehousePath = None,
    config: ConfigFile = None,
    limit: Annotated[int, Parameter(validator=Number(gte=0))] = 10,
    json: bool = False,
) -> None:
    """Show what two snapshots say differently: articles, their columns, and the quarantine.

    Args:
        old: The snapshot to start from: a number, `previous` or `current`.
        new: The snapshot to compare it with.
        limit: Most articles and files to list of each kind; the counts are of all.
        json: Print one JSON object, with whole values.
    """
    root = chosen_warehouse(warehouse, config)
    from tasks.maintain.differences import diff_snapshots  # noqa: PLC0415
    from tasks.maintain.history import named_snapshot  # noqa: PLC0415
    from tasks.report.status import existing_warehouse  # noqa: PLC0415

    lake = existing_warehouse(root)
    difference = diff_snapshots(named_snapshot(lake, old), named_snapshot(lake, new), limit)
    if json:
        print_json(difference)
        return
    from flows.commands.views import show_difference  # noqa: PLC0415
    from tasks.report.terminal import make_console  # noqa: PLC0415

    show_difference(make_console(sys.stdout), difference)


def rollback(snapshot: str, /, *, warehouse: WarehousePath = None, config: ConfigFile = None) -> None:
    """Let readers see an earlier snapshot again, at once and with nothing deleted.

    The next run goes on from there, reads what differs, and gets a new number.
    If bad files are still in the sources, it loads them again: mend them first.

    Args:
        snapshot: Its number (see `presslake snapshots`), or `previous`.
    """
    settings = chosen_settings(warehouse, config)
    from tasks.maintain.history import named_snapshot  # noqa: PLC0415
    from tasks.report.status import existing_warehouse  # noqa: PLC0415
    from tasks.runs.run import new_run_id  # noqa: PLC0415
    from tasks.warehouse.lock import locked  # noqa: PLC0415
    from tasks.warehouse.warehouse import open_warehouse  # noqa: PLC0415

    existing_warehouse(settings.warehouse.path)
    lake = open_warehouse(settings)
    with locked(lake, new_run_id(datetime.now(UTC)), settings.run.lock_timeout_seconds):
        target = named_snapshot(lake, snapshot)
        _point_to(lake, target)
    sys.stdout.write(
        f"Readers see snapshot {target.number} now, published {target.info.published_at[:16].replace('T', ' ')} UTC.\n"
        "The next run goes on from it and gets a new number; nothing was deleted.\n"
    )


def _point_to(warehouse: Warehouse, target: Snapshot) -> None:
    """Move the pointer, unless the snapshot is damaged: going back must not make it worse.

    Raises:
        WarehouseError: a file is missing, cut off or unreadable; the pointer is as it was.
    """
    from config.errors import WarehouseError  # noqa: PLC0415
    from tasks.warehouse.verify import verify_files  # noqa: PLC0415
    from tasks.write.upkeep import move_pointer  # noqa: PLC0415

    if findings := verify_files(target, digests=False):
        raise WarehouseError(
            f"Snapshot {target.number} is damaged: {findings[0]} Readers see what they saw before.",
            "Choose another one: `presslake snapshots` lists them.",
        )
    move_pointer(warehouse, target.number)
