"""A small healthy warehouse for tests, and ways to harm one so that only `verify` can tell.

Belongs here: what several tests of maintenance need. Does not belong here: what they expect.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec.structs import replace

from tasks.warehouse.durable import write_new_file
from tasks.warehouse.parquet import write_parquet
from tasks.warehouse.snapshots import INFO_NAME, Snapshot
from tests.builders import Desk, article, page

Change = Callable[[pa.Table], pa.Table]


def healthy(root: Path) -> Desk:
    """Two snapshots: three articles of two years, a duplicate, a quarantined file, one that went."""
    desk = Desk(root)
    related = [{"title": "Tram", "webUrl": page(2)}, {"title": "Bus", "webUrl": page(3)}]
    desk.write("ferry.md", article("Ferry", originalUrl=page(1), quality=9, related=related))
    desk.write("ferry-again.md", article("Ferry", originalUrl=page(1)))
    desk.write("tram.md", article("Tram", originalUrl=page(2), publishedDateTime="2024-05-01T08:00:00Z"))
    desk.write("broken.md", article(None))
    desk.write("gone.md", article("Gone", originalUrl=page(9)))
    desk.run()
    desk.delete("gone.md")
    desk.write("bus.md", article("Bus", originalUrl=page(3)))
    desk.run()
    return desk


def tamper(snapshot: Snapshot, table: str, change: Change, part: int = 0) -> None:
    """Rewrite one file of a table, and the snapshot's list with its new size and digest."""
    file = snapshot.files(table)[part]
    path = snapshot.path / file.path
    stats = write_parquet(path, change(pq.ParquetFile(path).read()), durable=False)
    files = tuple(replace(file, **stats._asdict()) if known == file else known for known in snapshot.info.files)
    relist(snapshot, files=files)


def relist(snapshot: Snapshot, **changes: Any) -> None:
    """Let `snapshot.json` say something else."""
    write_new_file(snapshot.path / INFO_NAME, replace(snapshot.info, **changes).to_json(), durable=False)


def column(name: str, *values: object) -> Change:
    """The change that gives a column these values, in its type; one value stands for all rows."""

    def change(rows: pa.Table) -> pa.Table:
        index = rows.schema.get_field_index(name)
        filled = list(values) * len(rows) if len(values) == 1 else list(values)
        return rows.set_column(index, rows.field(index), pa.array(filled, rows.field(index).type))

    return change


def overwrite(path: Path, content: bytes) -> None:
    """Put other bytes into a read-only file, in place: hard links of it change too."""
    path.chmod(0o644)
    path.write_bytes(content)
