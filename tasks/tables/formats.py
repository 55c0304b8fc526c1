"""Which format a warehouse has: what the settings say, or what is there.

Belongs here: choosing between the two kinds of warehouse. Does not belong here: what they are
(`warehouse`, `delta`).
"""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from config.errors import SettingsError
from config.settings import Settings
from config.settings import Warehouse as WarehouseSettings
from tasks.tables.delta_table import is_url
from tasks.tables.warehouse import DELTA_STATE, Warehouse, is_delta


def open_warehouse(settings: WarehouseSettings) -> Warehouse:
    """The warehouse that the settings name, to be written; it need not exist yet.

    Raises:
        SettingsError: a URL with another format than delta.
    """
    if "://" in settings.path and not is_url(settings.path):
        raise SettingsError(f"warehouse.path is {settings.path}.", "Name a folder, or a URL of s3, gs or abfs(s).")
    if settings.format == "delta":
        return _delta_warehouse(settings.path, settings.durable, settings.staging)
    if is_url(settings.path):
        raise SettingsError(
            f"warehouse.path is {settings.path}, and warehouse.format is parquet: on an object store it must be delta.",
            "Set warehouse.format: delta (PRESSLAKE_WAREHOUSE__FORMAT=delta), or name a folder.",
        )
    return Warehouse(settings.path, settings.durable)


def found_warehouse(location: Path | str, durable: bool = True, staging: str | None = None) -> Warehouse:
    """The warehouse in a place, whatever its format is; it need not exist."""
    if is_url(str(location)) or (Path(location) / DELTA_STATE).is_dir():
        return _delta_warehouse(str(location), durable, staging)
    return Warehouse(location, durable)


def _delta_warehouse(location: str, durable: bool, staging: str | None) -> Warehouse:
    from tasks.tables.delta import DeltaWarehouse  # noqa: PLC0415  (most warehouses have no Delta tables)

    return DeltaWarehouse(location, durable, staging)


def with_found_format(settings: Settings) -> Settings:
    """The settings with the format that the warehouse has: only a run that makes one needs to be told it."""
    chosen = settings.warehouse
    if is_delta(found_warehouse(chosen.path)):
        return replace(settings, warehouse=replace(chosen, format="delta"))
    return settings
