"""Which file of a table a record lies in: its partition by time, and the part of it.

Belongs here: the rule from a record's `published_at` and `article_id` to a file name, and back from
names to the rule. Does not belong here: what is written into the files (`partitions`), and when a
partition is split (`parts`).

A partition that outgrows one file is cut at some positions (`tasks.tables.keys.positions`), in the order
that rows have within a file. So its parts are ranges of time, what is published next goes into the last
one, and entries of `related`, which articles of one week share, stand together. A part is named by the
position that it begins at: `part-20210305T101500-3fa2.parquet` has what was published from that second on;
of what was published in that second, ids from `3fa2` on. The first part is `part-0.parquet`. Where a row
lies depends on the row and on the names of the files alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.columns import period_starts, whole
from tasks.tables.keys import ID_RANGE, positions
from tasks.tables.snapshots import DataFile
from tasks.write.parts import FULL, fills, next_cuts

#: How to name a partition, by setting.
_FORMATS: Final = {"year": "published_year={0:04d}", "month": "published_month={0:04d}-{1:02d}"}
_PART: Final = re.compile(r"part-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)-([0-9a-f]{4})\.parquet$")
_FIRST_PART: Final = "part-0.parquet"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def part_name(start: int) -> str:
    """The file name of a part that begins at a position."""
    second, first_id = divmod(start, ID_RANGE)
    at = _EPOCH + timedelta(seconds=second)
    # Not by strftime, whose years have four digits on some systems only.
    return f"part-{at.year:04d}{at:%m%dT%H%M%S}-{first_id:04x}.parquet"


def part_start(path: str) -> int | None:
    """The position at which the part of a published file begins; None for the first of its partition."""
    if not (match := _PART.search(path)):
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    at = datetime(year, month, day, hour, minute, second, tzinfo=UTC) - _EPOCH
    return (at.days * 86_400 + at.seconds) * ID_RANGE + int(match[7], 16)


@dataclass(frozen=True)
class Layout:
    """How records are spread over files.

    Attributes:
        partition_by: `year`, `month` or `none`.
        cuts: of each partition that has more than one part, the positions at which its further parts begin, ascending.
    """

    partition_by: str
    cuts: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def places(self, records: pa.Table) -> pa.DictionaryArray:
        """The place of each record as text, `<partition>/<file name>`; each that occurs once in the dictionary.

        Args:
            records: (n,) with `published_at` and `article_id`.
        """
        partition = self._encoded(records["published_at"])
        names = sorted(partition.dictionary.to_pylist())
        number = pc.index_in(partition.dictionary, pa.array(names, pa.string())).take(partition.indices)
        if cuts := [cut for name in names for cut in self.cuts.get(name, ())]:
            # Names are in the order of time: the cuts before a record are its partition's and those of earlier ones.
            before = pc.search_sorted(pa.array(cuts, pa.int64()), positions(records), side="right")
            number = pc.add(number.cast(pa.int64()), before.cast(pa.int64()))
        files = [f"{name}/{file}" for name in names for file in self._files(name)]
        occurring = number.dictionary_encode()
        found = pa.array(files, pa.string()).take(occurring.dictionary)
        return pa.DictionaryArray.from_arrays(occurring.indices, found)

    def _files(self, partition: str) -> list[str]:
        """The names of a partition's files."""
        return [_FIRST_PART, *map(part_name, self.cuts.get(partition, ()))]

    def partitions(self, published_at: pa.ChunkedArray) -> pa.Array:
        """The partition of each record, `published_year=2021`; empty where there are none."""
        encoded = self._encoded(published_at)
        return encoded.dictionary.take(encoded.indices)

    def _encoded(self, published_at: pa.ChunkedArray) -> pa.DictionaryArray:
        """The partition of each record; each that occurs once in the dictionary."""
        values = whole(published_at)
        if self.partition_by == "none":
            return pa.repeat(pa.scalar(""), len(values)).dictionary_encode()
        start = period_starts(values, self.partition_by).dictionary_encode()
        name = _FORMATS[self.partition_by].format
        names = [name(moment.year, moment.month) for moment in start.dictionary.to_pylist()]
        return pa.DictionaryArray.from_arrays(start.indices, pa.array(names, pa.string()))


def layout_of(files: Iterable[DataFile], partition_by: str) -> Layout:
    """The layout by which published files of `articles` and `duplicates` were written.

    A part that lost all its rows has no file: what comes to lie there goes into the part before it.
    """
    cuts: dict[str, set[int]] = {}
    for file in files:
        if file.table in ("articles", "duplicates") and (start := part_start(file.path)) is not None:
            cuts.setdefault(file.partition, set()).add(start)
    return Layout(partition_by, {name: tuple(sorted(starts)) for name, starts in cuts.items()})


def next_layout(previous: Layout, partition_by: str, records: pa.Table, max_rows: int) -> Layout:
    """The layout for a set of records: the previous cuts wherever they still serve.

    Args:
        previous: layout of the parent snapshot.
        partition_by: the setting.
        records: (n,) all records, with `published_at`, `article_id` and `size` (bytes of the source file).
        max_rows: most rows in one file.
    """
    before = previous.cuts if previous.partition_by == partition_by else {}
    rows = records.select(["published_at", "article_id", "size"])
    partition = Layout(partition_by).partitions(rows["published_at"])
    totals = pa.table({"partition": partition, "fill": fills(rows["size"], max_rows)})
    totals = totals.group_by("partition").aggregate([("fill", "sum")])
    cuts: dict[str, tuple[int, ...]] = {}
    for name, fill in zip(*(totals[column].to_pylist() for column in ("partition", "fill_sum")), strict=True):
        if fill > FULL or name in before:
            inside = rows.filter(pc.equal(partition, name))
            cuts[name] = next_cuts(positions(inside), fills(inside["size"], max_rows), before.get(name, ()))
    return Layout(partition_by, {name: starts for name, starts in cuts.items() if starts})
