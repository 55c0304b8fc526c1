"""The Parquet files of `article_versions`: the last row of every article in one, all others in files that only grow.

Belongs here: cutting the next table into files. Does not belong here: what the rows are
(`article_versions`) and reading those of the parent (`parent_versions`).

Closed rows never change. So a run writes the file of last rows, and appends what it closed to the newest
file of closed ones until that is full; full ones are linked from snapshot to snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.warehouse.parquet_reading import read_files
from tasks.write.article_versions import Next, Observation, observe
from tasks.write.parent_versions import CLOSED, LAST, ParentVersions
from tasks.write.snapshot import SnapshotBuilder

#: Most closed rows in one file.
CLOSED_ROWS: Final = 200_000
#: Writes rows as a file of the table: name and rows.
Add = Callable[[str, pa.Table], object]


def write_versions(before: ParentVersions, builder: SnapshotBuilder, seen: Observation, add: Add) -> None:
    """Write the table of the next snapshot, whose `articles` are written already.

    Args:
        before: the table so far.
        builder: has the files of `articles`.
        seen: when, and by which run.
        add: writes a file of the table.

    Raises:
        WarehouseError: the parent's table cannot be read, or not in the new types.
    """
    articles = [file for file in builder.files if file.table == "articles"]
    if before.has_articles(articles) and before.is_same_form:
        for file in before.files:
            builder.keep(file)
        return
    last = before.last()
    now = read_files([builder.path / file.path for file in articles], ["article_id", *before.contract.watched])
    news = observe(last, now, seen.after(last))
    if news.last.equals(last) and before.is_same_form:
        for file in before.files:
            builder.keep(file)
        return
    add(LAST, news.last)
    _append(before, builder, news, add)


def write_all(rows: pa.Table, add: Add) -> None:
    """Write the whole table anew.

    Args:
        rows: sorted by article and time.
        add: writes a file of the table.
    """
    is_last = pc.is_null(rows["valid_to"])
    add(LAST, rows.filter(is_last))
    for name, part in _parts(rows.filter(pc.invert(is_last)), 0):
        add(name, part)


def _append(before: ParentVersions, builder: SnapshotBuilder, news: Next, add: Add) -> None:
    """Keep the full files of closed rows, and write the newest one anew with what this run closed."""
    files = before.closed_files()
    kept = files if before.is_same_form else []
    if kept and len(news.closed) and kept[-1].rows < CLOSED_ROWS:
        kept = kept[:-1]
    for file in kept:
        builder.keep(file)
    if before.is_same_form and not len(news.closed):
        return
    rows = pa.concat_tables([before.closed(files[len(kept) :]), news.closed])
    for name, part in _parts(rows, len(kept)):
        add(name, part)


def _parts(rows: pa.Table, first: int) -> Iterator[tuple[str, pa.Table]]:
    for number, start in enumerate(range(0, len(rows), CLOSED_ROWS), first):
        yield f"{CLOSED}{number:05d}.parquet", rows.slice(start, CLOSED_ROWS)
