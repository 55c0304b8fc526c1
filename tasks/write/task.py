"""The Prefect task of the write stage, which materialises the tables as assets."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import quote

from prefect.assets import Asset, AssetProperties, add_asset_metadata
from prefect.cache_policies import NO_CACHE
from prefect.settings import PREFECT_API_URL
from prefect.tasks import MaterializingTask

from tasks.runs.run import Publication, Run, load_run
from tasks.write.stage import write_tables

#: Prefect takes no longer keys, and no longer descriptions.
_LONGEST_KEY: Final = 512
_LONGEST_DESCRIPTION: Final = 2_500


def table_assets(run: Run) -> dict[str, Asset]:
    """The run's tables as assets, by name; none where the warehouse's path is too long for Prefect.

    Prefect Cloud shows their lineage and numbers; the open-source server keeps the events.
    """
    root = _uri(run.warehouse.root)
    assets: dict[str, Asset] = {}
    for name, table in run.contract.tables.items():
        key = f"{root}/{name}"
        if len(key) <= _LONGEST_KEY:
            described = AssetProperties(name=name, description=table.description[:_LONGEST_DESCRIPTION])
            assets[name] = Asset(key=key, properties=described)
    return assets


def _uri(folder: Path) -> str:
    """A folder as Prefect takes it in a key: that must not have `%`, so a space is `=20`."""
    return quote(f"file://{folder.absolute()}", safe=":/").replace("%", "=")


def _assets_of(run: Run) -> dict[str, Asset]:
    """The assets to tell of: none to a server that ends with the run, where nobody would look at them."""
    return table_assets(run) if PREFECT_API_URL.value() else {}


def _write(folder: Path, publication: Publication) -> tuple[int, int]:
    """Write the changed partitions, audit the snapshot, and move the pointer.

    Args:
        folder: the run's staging folder.
        publication: what is to be published.

    Retries: by the settings, after `WarehouseError` (the disk did not answer). Each try starts from
    an empty folder, and only a whole snapshot is ever published.
    """
    number, written = write_tables(folder, publication)
    run = load_run(folder)
    snapshot = run.warehouse.snapshot(number)
    for name, asset in _assets_of(run).items():
        size = sum(file.bytes for file in snapshot.files(name))
        add_asset_metadata(asset, {"rows": snapshot.rows(name), "bytes": size, "snapshot": number})
    return number, written


def write_for(run: Run) -> MaterializingTask[[Path, Publication], tuple[int, int]]:
    """The task for a run: its assets are the run's own tables."""
    assets = list(_assets_of(run).values())
    name = "write and publish the tables"
    return MaterializingTask(_write, assets=assets, name="write", task_run_name=name, cache_policy=NO_CACHE)
