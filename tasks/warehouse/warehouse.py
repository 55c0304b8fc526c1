"""The warehouse on disk: where everything is, and which snapshots there are.

Belongs here: the layout, and finding the snapshot to read.
Does not belong here: anything that changes the warehouse (`tasks.write.snapshot`,
`tasks.write.upkeep`), the pointer's two forms (`tasks.warehouse.pointer`), and what is in a snapshot
(`tasks.warehouse.snapshots`).

    WAREHOUSE/current -> snapshots/000042
    WAREHOUSE/snapshots/000042/<table>/[<partition>/]<file>.parquet
    WAREHOUSE/snapshots/000042/snapshot.json
    WAREHOUSE/staging/<run id>/…       of a run in progress
    WAREHOUSE/staging/batches/…        finished batches, for a run that goes on after a crash
    WAREHOUSE/stamps                  by which unchanged files are known (`tasks.runs.stamps`)
    WAREHOUSE/lock
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from config.errors import SettingsError, WarehouseError
from config.settings import Settings
from tasks.warehouse import pointer
from tasks.warehouse.durable import storage_errors
from tasks.warehouse.snapshots import INFO_NAME, RELOAD, DataFile, Snapshot, SnapshotInfo, open_snapshot

__all__ = [
    "BATCHES",
    "INFO_NAME",
    "DataFile",
    "Snapshot",
    "SnapshotInfo",
    "Warehouse",
    "local_folder",
    "open_warehouse",
]

#: What `staging` holds beside the folders of runs.
BATCHES: Final = "batches"
#: A folder of the former warehouses of Delta tables, which nothing reads any more.
_DELTA_STATE: Final = "_presslake"
#: A URL, or what a path makes of one: with a single slash.
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_SNAPSHOT_FOLDER: Final = re.compile(r"\d{6,}")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9][\w.=+-]*")


class Warehouse:
    """A folder that holds snapshots of the tables. Reading needs no lock; see the module for the layout.

    Args:
        root: the folder; it need not exist yet.
        durable: fsync all that is written; False is for tests and benchmarks.

    Raises:
        SettingsError: `root` is a URL.
    """

    def __init__(self, root: Path | str, durable: bool = True) -> None:
        self.root = local_folder(root)
        self.durable = durable

    @property
    def snapshots_path(self) -> Path:
        """The folder of all snapshots."""
        return self.root / "snapshots"

    @property
    def staging_path(self) -> Path:
        """The folder of all that is in progress."""
        return self.root / "staging"

    @property
    def lock_path(self) -> Path:
        """The file that a writer locks."""
        return self.root / "lock"

    def exists(self) -> bool:
        """Whether a run has made it.

        Raises:
            WarehouseError: it is a former warehouse of Delta tables.
        """
        self._refuse_delta()
        return self.snapshots_path.is_dir()

    def pointed(self) -> int | None:
        """The number of the snapshot that readers see; None where nothing is published yet."""
        return pointer.pointed(self.root)

    def create(self) -> None:
        """Make the folders; does nothing where they are.

        Raises:
            WarehouseError: the folder holds something else already, or cannot be written.
        """
        with storage_errors(f"create the warehouse {self.root}"):
            self.root.mkdir(parents=True, exist_ok=True)
            self._require_ours()
            # In this order: `staging`, which is cleared without asking, only ever beside `snapshots`.
            self.snapshots_path.mkdir(exist_ok=True)
            self.staging_path.mkdir(exist_ok=True)

    def _refuse_delta(self) -> None:
        if (self.root / _DELTA_STATE).is_dir():
            raise WarehouseError(f"{self.root} is a warehouse of Delta tables, which are no longer read.", RELOAD)

    def _require_ours(self) -> None:
        self._refuse_delta()
        names = {entry.name for entry in self.root.iterdir() if not entry.name.startswith(".")}
        if names - {self.lock_path.name} and self.snapshots_path.name not in names:
            raise WarehouseError(f"{self.root} is not empty and not a warehouse.", "Name an empty or a new folder.")

    def staging(self, run_id: str) -> Path:
        """The folder of a run in progress (not created here).

        Raises:
            WarehouseError: the id is no plain file name, or is that of the finished batches.
        """
        if run_id == BATCHES or not _PLAIN_NAME.fullmatch(run_id):
            raise WarehouseError(
                f"`{run_id}` cannot be a run id.", "Use letters, digits, `-`, `_` and `.`; not `batches`."
            )
        return self.staging_path / run_id

    def numbers(self) -> list[int]:
        """The numbers of all folders under `snapshots`, published or not, ascending."""
        if not self.snapshots_path.is_dir():
            return []
        with storage_errors(f"list {self.snapshots_path}"):
            names = [entry.name for entry in self.snapshots_path.iterdir() if entry.is_dir()]
        return sorted(int(name) for name in names if _SNAPSHOT_FOLDER.fullmatch(name))

    def snapshots(self) -> list[int]:
        """The numbers of the published snapshots, ascending; the current one need not be the last."""
        numbers = self.numbers()
        # In this order: what is announced is read after the folders, the pointer last of all.
        coming = pointer.announced(self.root)
        if coming is None or coming == pointer.pointed(self.root):
            return numbers
        return [number for number in numbers if number != coming]

    def snapshot(self, number: int) -> Snapshot:
        """A snapshot by its number.

        Raises:
            WarehouseError: it does not exist, or its `snapshot.json` is damaged or too new.
        """
        path = self.root / pointer.folder_name(number)
        if not path.is_dir():
            raise WarehouseError(f"There is no snapshot {number} in {self.root}.", _spell(self.snapshots()))
        return open_snapshot(path)

    def current(self) -> Snapshot | None:
        """The snapshot that readers see, the pointer resolved once; None before the first run.

        Raises:
            WarehouseError: the pointer is lost or damaged, or so is what it names.
        """
        number = pointer.pointed(self.root)
        if number is None and (published := self.snapshots()):
            # The first snapshot may have been published between the two looks.
            number = pointer.pointed(self.root)
            if number is None:
                raise WarehouseError(
                    f"{self.root} has snapshots, but its pointer is lost.",
                    f"Point to one with `presslake rollback`. {_spell(published)}",
                )
        return None if number is None else self.snapshot(number)


def _spell(numbers: Iterable[int]) -> str:
    return f"There are: {', '.join(map(str, numbers)) or 'none'}."


def open_warehouse(settings: Settings) -> Warehouse:
    """The warehouse that the settings name; it need not exist yet.

    Raises:
        SettingsError: it is a URL.
    """
    return Warehouse(settings.warehouse.path, settings.warehouse.durable)


def local_folder(path: Path | str) -> Path:
    """The folder that `warehouse.path` names.

    Raises:
        SettingsError: it is a URL.
    """
    if _URL.match(str(path)):
        url = re.sub(":/+", "://", str(path), count=1)
        raise SettingsError(
            f"warehouse.path is {url}: a warehouse is a local folder; object stores come back as targets.",
            "Name a folder.",
        )
    return Path(path)
