"""The rules by which old snapshots, old rows of `runs` and tombstones in `sources` may be forgotten.

Belongs here: the rules, as functions of numbers, times and tables, and their use on the warehouse of the
settings. Does not belong here: removing anything (`flows.maintenance`, `tasks.write.upkeep`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import TIMESTAMP
from config.settings import Settings
from tasks.maintain.history import read_infos, unshared_bytes
from tasks.maintain.outcome import Expired
from tasks.warehouse.snapshots import SnapshotInfo
from tasks.warehouse.warehouse import open_warehouse


def plan_expiry(settings: Settings, now: datetime) -> Expired:
    """The snapshots that may go by the settings, and the bytes that removing them gives back; nothing is removed.

    Args:
        settings: name the warehouse, and what to keep.
        now: with a zone.

    Raises:
        WarehouseError: the pointer is damaged, or the folder cannot be listed.
    """
    warehouse = open_warehouse(settings)
    infos, _ = read_infos(warehouse)
    current = warehouse.pointed()
    if current is None:
        return Expired()
    keep = settings.warehouse
    numbers = expired_snapshots(infos, current, keep.keep_snapshots, keep.keep_days, now)
    # A damaged snapshot does not say when it was published. It is older than any expired one with a higher number.
    readable = {info.number for info in infos}
    unreadable = {number for number in warehouse.snapshots() if number < max(numbers, default=0)} - readable - {current}
    leaving = [info for info in infos if info.number in numbers]
    staying = [info for info in infos if info.number not in numbers]
    return Expired(sorted({*numbers, *unreadable}), unshared_bytes(leaving, staying))


def expired_snapshots(
    snapshots: Sequence[SnapshotInfo], current: int, keep_snapshots: int, keep_days: int, now: datetime
) -> list[int]:
    """The snapshots that may go.

    Three kinds stay: the `keep_snapshots` newest by number; the current one, which a rollback may have put
    outside of them; and those that readers could see less than `keep_days` ago.

    Args:
        snapshots: all published ones, in any order, also those of a branch that a rollback left.
        current: the number that readers see.
        keep_snapshots: at least 1; the newest always stays, its number keeps numbers from being used twice.
        keep_days: days since a snapshot was last superseded.
        now: with a zone.

    Returns:
        Numbers, ascending.
    """
    newest = sorted(snapshot.number for snapshot in snapshots)[-max(keep_snapshots, 1) :]
    cutoff = now - timedelta(days=keep_days)
    return sorted(
        snapshot.number
        for snapshot in snapshots
        if snapshot.number not in (*newest, current) and _last_seen(snapshot, snapshots) <= cutoff
    )


def _last_seen(snapshot: SnapshotInfo, snapshots: Sequence[SnapshotInfo]) -> datetime:
    """When readers could last resolve the pointer to a snapshot, as far as the others tell.

    That is when the next one was published, not when it was published itself; one to which a rollback
    went back was current again until its next child came.
    """
    children = [other for other in snapshots if other.parent == snapshot.number]
    later = [other for other in snapshots if other.number > snapshot.number]
    followers = [*children, *sorted(later, key=lambda other: other.number)[:1]]
    return max(datetime.fromisoformat(other.published_at) for other in (snapshot, *followers))


def expired_runs(runs: pa.Table, manifest: pa.Table, before: datetime) -> list[str]:
    """Ids of the runs that may go: started before a time, and no row that is kept came from them.

    Args:
        runs: (n,) with `run_id` and `started_at`.
        manifest: what is kept of `sources`: its `run_id` is what the tables' `run_id` joins to.
        before: with a zone.
    """
    is_old = pc.less(runs["started_at"], pa.scalar(before, TIMESTAMP))
    in_use = pc.is_in(runs["run_id"], pc.unique(manifest["run_id"]))
    expired: list[str] = runs["run_id"].filter(pc.and_not(is_old, in_use)).to_pylist()
    return expired


def without_tombstones(manifest: pa.Table, before: datetime) -> pa.Table:
    """The manifest without the files that are deleted and were found so before a time.

    Rows of files that are there always stay, quarantined ones too, and so do those of erased articles.

    Args:
        manifest: (n,) with `deleted`, `deleted_at` and `erased_reason`.
        before: with a zone.
    """
    is_old = pc.fill_null(pc.less(manifest["deleted_at"], pa.scalar(before, TIMESTAMP)), False)
    is_old = pc.and_(is_old, pc.is_null(manifest["erased_reason"]))
    return manifest.filter(pc.invert(pc.and_(manifest["deleted"], is_old)))
