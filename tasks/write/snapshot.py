"""Building one immutable snapshot beside the published ones, and publishing it in one step.

Belongs here: assembling a snapshot from new and kept files, and the order of steps that makes
publishing safe against a kill at any moment.
Does not belong here: which partitions change and what is in them, the audit before publishing, and
undoing what was interrupted (`tasks.write.upkeep`).

The steps, each on disk before the next:
    1. every file, `snapshot.json` and every folder of the snapshot, under `staging/<run id>`
    2. the announcement `current.next` (see `tasks.warehouse.pointer`)
    3. the snapshot's folder renamed to `snapshots/NNNNNN`
    4. `current.next` renamed to `current`
A kill before 4 leaves readers with the parent, and the next run undoes the rest (`settle`).
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec
import pyarrow as pa

from config.errors import WarehouseError
from tasks.warehouse import pointer
from tasks.warehouse.durable import remove_tree, storage_errors, sync_folder, sync_tree, write_new_file
from tasks.warehouse.faults import reach
from tasks.warehouse.parquet import CONTRACT_VERSION, WRITTEN_IN, ParquetOptions, digest_of, write_parquet
from tasks.warehouse.warehouse import INFO_NAME, DataFile, Snapshot, SnapshotInfo, Warehouse
from tasks.write.upkeep import settle

#: What file systems answer that have no hard links, no more of them, or none across this border.
_NO_HARD_LINK: Final = {
    errno.EXDEV,
    errno.EPERM,
    errno.EACCES,
    errno.EMLINK,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.ENOSYS,
    errno.EINVAL,
}


class SnapshotBuilder:
    """Assembles one snapshot; `add` and `keep` may be called from several threads.

    A builder publishes once. After an error make a new one: it starts from an empty folder.

    Args:
        warehouse: created, and its lock held by the caller until `publish` is done.
        parent: the current snapshot; None for the first, and for a rebuild of all tables.
        run_id: names the staging folder.
        options: how Parquet files are written; None takes the defaults.
        contract_version: of the contract that the tables follow, for the footers.

    Raises:
        WarehouseError: the staging folder cannot be made.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        parent: Snapshot | None,
        run_id: str,
        options: ParquetOptions | None = None,
        contract_version: str = "",
    ) -> None:
        self._warehouse = warehouse
        self._parent = parent
        self._keepable = frozenset(parent.info.files if parent else ())
        self._run_id = run_id
        self._options = options or ParquetOptions()
        self._files: dict[str, DataFile] = {}
        self._claimed: set[str] = set()
        self._guard = threading.Lock()
        settle(warehouse)
        self._replaces = pointer.pointed(warehouse.root)
        self._footer = {WRITTEN_IN: str(self.next_number), CONTRACT_VERSION: contract_version}
        self.path = warehouse.staging(run_id) / "snapshot"
        with storage_errors(f"prepare {self.path}"):
            remove_tree(self.path)
            self.path.mkdir(parents=True)

    @property
    def files(self) -> list[DataFile]:
        """The files that are in the snapshot so far, by path."""
        with self._guard:
            return [self._files[path] for path in sorted(self._files)]

    @property
    def next_number(self) -> int:
        """The snapshot's number: one more than any in use, as after a rollback there are some above the pointer."""
        return max([0, *self._warehouse.numbers(), self._replaces or 0]) + 1

    def add(
        self,
        table: str,
        partition: str,
        name: str,
        rows: pa.Table,
        sorting: Sequence[str] = (),
    ) -> DataFile:
        """Write a new file into the snapshot.

        Args:
            table: "articles".
            partition: "published_year=2021"; "" for a table without.
            name: "part-0.parquet".
            rows: what the file holds.
            sorting: columns to sort by, see `write_parquet`.

        Raises:
            AuditError: the rows' types are not portable, or a required column has nulls.
            WarehouseError: the file is in the snapshot already, or the disk refused.
        """
        path = PurePosixPath(table, partition, name).as_posix()
        with self._claim(path) as target:
            durable, footer = self._warehouse.durable, self._footer
            stats = write_parquet(target, rows, self._options, sorting, durable, footer=footer)
            return self._list(DataFile(table, path, partition, stats.rows, stats.bytes, stats.digest))

    def keep(self, file: DataFile, path: str = "") -> DataFile:
        """Take a file of the parent over as it is: a hard link, or a copy where there are none.

        Args:
            file: one of the parent's.
            path: its path in this snapshot; empty where that is the same.

        Raises:
            WarehouseError: the parent does not have the file, it is damaged or in the snapshot
                already, or the disk refused.
        """
        if self._parent is None or file not in self._keepable:
            raise WarehouseError(f"{file.path} cannot be kept: it is not in the parent snapshot.")
        kept = msgspec.structs.replace(file, path=path or file.path)
        with self._claim(kept.path) as target, storage_errors(f"keep {file.path}"):
            reach("keep.before-link")
            link_or_copy(self._parent.path / file.path, target, file, self._warehouse.durable)
            reach("keep.after-link")
            return self._list(kept)

    def publish(
        self,
        contract_version: str,
        code_version: str,
        summary: Mapping[str, object] | None = None,
        published_at: datetime | None = None,
    ) -> Snapshot:
        """Give the snapshot its number and place, and let readers see it.

        Args:
            contract_version: of the contract that the tables follow.
            code_version: of presslake.
            summary: counts of what changed.
            published_at: with a zone; None takes the time it is.

        Raises:
            WarehouseError: the pointer was moved since the builder was made, or the disk refused.
        """
        self._require_unmoved()
        moment = (published_at or datetime.now(UTC)).astimezone(UTC)
        info = SnapshotInfo(
            number=self.next_number,
            run_id=self._run_id,
            parent=self._parent.number if self._parent else None,
            published_at=moment.isoformat().replace("+00:00", "Z"),
            contract_version=contract_version,
            code_version=code_version,
            files=tuple(self._files[path] for path in sorted(self._files)),
            summary=dict(summary or {}),
        )
        with storage_errors(f"publish snapshot {info.number}"):
            self._complete(info)
            place = self._put_in_place(info.number)
        self._leave_staging()
        return Snapshot(place, info)

    @contextmanager
    def _claim(self, path: str) -> Iterator[Path]:
        """The place of a file that nobody else writes; free again if writing it fails."""
        with self._guard:
            if path in self._claimed:
                raise WarehouseError(f"{path} is in the new snapshot already.")
            self._claimed.add(path)
        target = self.path / path
        try:
            with storage_errors(f"write {path}"):
                target.parent.mkdir(parents=True, exist_ok=True)
            yield target
        except BaseException:
            with self._guard:
                self._claimed.discard(path)
            raise

    def _list(self, file: DataFile) -> DataFile:
        with self._guard:
            self._files[file.path] = file
        return file

    def _require_unmoved(self) -> None:
        found = pointer.pointed(self._warehouse.root)
        if found != self._replaces:
            raise WarehouseError(
                f"The pointer was moved from {self._replaces} to {found} while the snapshot was built.",
                "Run again: the next run starts from what is current then.",
            )

    def _complete(self, info: SnapshotInfo) -> None:
        """Step 1: all of the snapshot on disk, where no reader looks."""
        reach("publish.before-info")
        write_new_file(self.path / INFO_NAME, info.to_json(), self._warehouse.durable)
        reach("publish.before-sync")
        sync_tree(self.path, self._warehouse.durable)

    def _put_in_place(self, number: int) -> Path:
        """Steps 2 to 4: announce, rename, swap."""
        root, durable = self._warehouse.root, self._warehouse.durable
        place = root / pointer.folder_name(number)
        reach("publish.before-announce")
        pointer.announce(root, number, durable)
        reach("publish.before-rename")
        self.path.rename(place)
        reach("publish.after-rename")
        sync_folder(place.parent, durable)
        pointer.swap(root, durable)
        return place

    def _leave_staging(self) -> None:
        """The run's folder goes, unless the run has more in it; published is published either way."""
        with suppress(OSError):
            reach("publish.after-sync")
            sync_folder(self.path.parent, self._warehouse.durable)
            self.path.parent.rmdir()


def link_or_copy(source: Path, target: Path, file: DataFile, durable: bool) -> None:
    """Let a file of a snapshot be in another place too: a hard link, or a copy where there are none.

    Raises:
        OSError: the disk refused.
        WarehouseError: the file is to be copied and damaged.
    """
    target.unlink(missing_ok=True)
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_HARD_LINK:
            raise
        _copy(source, target, file, durable)


def _copy(source: Path, target: Path, file: DataFile, durable: bool) -> None:
    """Copy a file; its bytes pass by anyway, so damage is found before it spreads."""
    content = source.read_bytes()
    if digest_of(content) != file.digest:
        raise WarehouseError(
            f"{source} was changed since it was published.", "Roll back to an intact snapshot, or rebuild."
        )
    write_new_file(target, content, durable)
