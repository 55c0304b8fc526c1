"""The maintain stage from the settings: which warehouse and contract they name, and what may go."""

from __future__ import annotations

from datetime import datetime

from config.contract import load_contract
from config.settings import Settings
from tasks.maintain.guarantees import Verification, verify_warehouse
from tasks.maintain.history import read_infos, unshared_bytes
from tasks.maintain.outcome import Expired
from tasks.maintain.retention import expired_snapshots
from tasks.tables.warehouse import Warehouse


def warehouse_of(settings: Settings) -> Warehouse:
    """The warehouse that the settings name."""
    chosen = settings.warehouse
    return Warehouse(chosen.path, chosen.durable)


def verify_settings(settings: Settings, digests: bool = True) -> Verification:
    """Verify the warehouse that the settings name, see `verify_warehouse`.

    Raises:
        ContractError: the contract cannot be read.
        WarehouseError: the folder cannot be listed.
    """
    return verify_warehouse(warehouse_of(settings), load_contract(settings.contract.path), digests)


def plan_expiry(settings: Settings, now: datetime) -> Expired:
    """Which snapshots may go by the settings, and what that would give back; nothing is removed.

    Raises:
        WarehouseError: the pointer is damaged, or the folder cannot be listed.
    """
    warehouse = warehouse_of(settings)
    infos, _ = read_infos(warehouse)
    current = warehouse.pointed()
    if current is None:
        return Expired()
    keep = settings.warehouse
    numbers = expired_snapshots(infos, current, keep.keep_snapshots, keep.keep_days, now)
    # One that no longer says when it was published is older than any that has expired with a higher number.
    readable = {info.number for info in infos}
    lost = {number for number in warehouse.snapshots() if number < max(numbers, default=0)} - readable - {current}
    leaving = [info for info in infos if info.number in numbers]
    staying = [info for info in infos if info.number not in numbers]
    return Expired(sorted({*numbers, *lost}), unshared_bytes(leaving, staying))
