"""What the write stage is asked to do: where, what was decided, and for which run.

Belongs here: the shapes that `publish` takes. Does not belong here: doing it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import Contract
from tasks.tables.staging import MANIFEST_ROWS, read_rows
from tasks.tables.warehouse import Snapshot, Warehouse


@dataclass(frozen=True)
class WriteJob:
    """What the write stage needs besides the data.

    Attributes:
        warehouse: locked by the caller.
        contract: names the columns.
        rule_version: version of the rules that found duplicates.
        partition_by: `year`, `month` or `none`.
        form: names all that decides what the files of a record look like; with another one than the
            parent's, all of them are written anew.
        max_rows: most rows in one file of records.
        compression_level: zstd level.
        workers: threads that encode files.
    """

    warehouse: Warehouse
    contract: Contract
    rule_version: str
    partition_by: str
    form: str
    max_rows: int
    compression_level: int
    workers: int

    def is_same_form(self, parent: Snapshot | None) -> bool:
        """Whether files of the parent look like those to be written, so that parts of them serve again."""
        return parent is not None and parent.info.summary.get("form") == self.form


@dataclass(frozen=True)
class Decided:
    """What deduplication hands over.

    Attributes:
        manifest: (n,) the decided manifest, sorted by source and path.
        touched: (n,) rows that the tables must show differently.
        previous: the parent's manifest, the columns `FOUND` at least.
        sources: names of the sources of this run.
        there: number of their files.
        path: the file that the manifest is mapped from, if it is, with a record batch for each file of `sources`.
    """

    manifest: pa.Table
    touched: pa.BooleanArray
    previous: pa.Table
    sources: Collection[str]
    there: int
    path: Path | None = None

    def parts(self) -> list[Callable[[], pa.Table]]:
        """Calls that read the rows of each file of `sources`, at least one.

        Each maps them anew, if they are in a file: what all had touched of one mapping would count as held
        until the run's end.
        """
        count, names = len(self.manifest), self.manifest.column_names

        def part(start: int) -> pa.Table:
            stop = min(start + MANIFEST_ROWS, count)
            if self.path is None or not count:
                return self.manifest.slice(start, stop - start)
            return read_rows(self.path, start, stop).select(names)

        return [partial(part, start) for start in range(0, max(count, 1), MANIFEST_ROWS)]

    def live_sources(self) -> list[str]:
        """Names of the sources that have files, those of other runs among them."""
        names: list[str] = pc.unique(self.manifest["source"].filter(pc.invert(self.manifest["deleted"]))).to_pylist()
        return names


@dataclass(frozen=True)
class RunRecord:
    """What the snapshot says of the run.

    Attributes:
        run_id, contract_version, code_version: lineage.
        rows: for the table `runs`: runs that no snapshot has yet, then this one, whose `snapshot` is
            filled in by `numbered`.
        summary: counts of what changed.
        started_at: when the run looked at the articles, UTC.
        forgotten: ids of runs whose rows in `runs` go.
        versions: all rows of `article_versions`, where a backfill has put them together already.
        replaced: see `Run.replaced`.
    """

    run_id: str
    contract_version: str
    code_version: str
    rows: Sequence[dict[str, Any]]
    summary: Mapping[str, object]
    started_at: datetime
    forgotten: Collection[str] = ()
    versions: pa.Table | None = None
    replaced: int | None = None

    def numbered(self, snapshot: int) -> list[dict[str, Any]]:
        """The rows for `runs`, with the number of the snapshot that this run publishes."""
        return [row | {"snapshot": snapshot} if row["run_id"] == self.run_id else row for row in self.rows]
