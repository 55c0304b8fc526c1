"""Which file of a table a record lies in: its partition by time, and its part by id.

Belongs here: the rule from a record's `published_at` and `article_id` to a file name, and back from
names to the rule. Does not belong here: what is written into the files (`partitions`).

A partition that outgrows one file is split into a power of two of parts by ranges of `article_id`:
`part-0.parquet`, or `part-3-of-8.parquet` for ids whose first three bits are 3. Where a row lies
depends on the row and on the number of parts alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.columns import whole
from tasks.tables.keys import part_of
from tasks.tables.snapshots import DataFile
from tasks.tables.staging import PART_BYTES

#: How to name a partition, by setting.
_FORMATS: Final = {"year": "published_year={0:04d}", "month": "published_month={0:04d}-{1:02d}"}
_PART: Final = re.compile(r"part-(\d+)(?:-of-(\d+))?\.parquet$")

#: Parts of a partition at most.
MOST_PARTS: Final = 4096
#: Parts are joined again when a quarter of them would do; less would split and join in turns.
_JOIN_FACTOR: Final = 4


@dataclass(frozen=True)
class Place:
    """One file of `articles`, `related` or `duplicates`: `part` of `parts` of a partition."""

    partition: str
    part: int
    parts: int

    @property
    def file_name(self) -> str:
        """The file's name within the partition's folder."""
        return "part-0.parquet" if self.parts == 1 else f"part-{self.part}-of-{self.parts}.parquet"


@dataclass(frozen=True)
class Layout:
    """How records are spread over files.

    Attributes:
        partition_by: `year`, `month` or `none`.
        parts: number of parts of each partition that has more than one.
    """

    partition_by: str
    parts: Mapping[str, int] = field(default_factory=dict)

    def places(self, records: pa.Table) -> pa.DictionaryArray:
        """The place of each record as text, `<partition>/<file name>`; each that occurs once in the dictionary.

        Args:
            records: (n,) with `published_at` and `article_id`.
        """
        partition = self._encoded(records["published_at"])
        names = partition.dictionary.to_pylist()
        counts = [self.parts.get(name, 1) for name in names]
        if set(counts) <= {1}:
            files = [f"{name}/{Place(name, 0, 1).file_name}" for name in names]
            return pa.DictionaryArray.from_arrays(partition.indices, pa.array(files, pa.string()))
        part = part_of(records["article_id"], pa.array(counts, pa.int64()).take(partition.indices))
        numbers = pc.add(pc.multiply(partition.indices.cast(pa.int64()), MOST_PARTS), part).dictionary_encode()
        found = [
            Place(names[n // MOST_PARTS], n % MOST_PARTS, counts[n // MOST_PARTS])
            for n in numbers.dictionary.to_pylist()
        ]
        files = [f"{place.partition}/{place.file_name}" for place in found]
        return pa.DictionaryArray.from_arrays(numbers.indices, pa.array(files, pa.string()))

    def partitions(self, published_at: pa.ChunkedArray) -> pa.Array:
        """The partition of each record, `published_year=2021`; empty where there are none."""
        encoded = self._encoded(published_at)
        return encoded.dictionary.take(encoded.indices)

    def _encoded(self, published_at: pa.ChunkedArray) -> pa.DictionaryArray:
        """The partition of each record; each that occurs once in the dictionary."""
        values = whole(published_at)
        if self.partition_by == "none":
            return pa.repeat(pa.scalar(""), len(values)).dictionary_encode()
        start = pc.floor_temporal(values, unit=self.partition_by).dictionary_encode()
        name = _FORMATS[self.partition_by].format
        names = [name(moment.year, moment.month) for moment in start.dictionary.to_pylist()]
        return pa.DictionaryArray.from_arrays(start.indices, pa.array(names, pa.string()))


def place_of(file: DataFile) -> Place:
    """The place that a published file has."""
    match = _PART.search(file.path)
    part, parts = (int(match[1]), int(match[2] or 1)) if match else (0, 1)
    return Place(file.partition, part, parts)


def layout_of(files: Iterable[DataFile], partition_by: str) -> Layout:
    """The layout by which published files of `articles` and `duplicates` were written."""
    places = [place_of(file) for file in files if file.table in ("articles", "duplicates")]
    return Layout(partition_by, {place.partition: place.parts for place in places if place.parts > 1})


def next_layout(previous: Layout, partition_by: str, records: pa.Table, max_rows: int) -> Layout:
    """The layout for a set of records: the previous number of parts wherever it still fits.

    Args:
        previous: layout of the parent snapshot.
        partition_by: the setting.
        records: (n,) all records, with `published_at` and `size` (bytes of the source file).
        max_rows: most rows in one file.
    """
    partition = Layout(partition_by).partitions(records["published_at"])
    sizes = pa.table({"partition": partition, "size": records["size"]}).group_by("partition")
    totals = sizes.aggregate([("size", "sum"), ("size", "count")]).to_pylist()
    parts: dict[str, int] = {}
    for total in totals:
        needed = _parts_needed(total["size_count"], total["size_sum"], max_rows)
        before = previous.parts.get(total["partition"], 1) if previous.partition_by == partition_by else needed
        keep = needed <= before < needed * _JOIN_FACTOR
        parts[total["partition"]] = before if keep else needed
    return Layout(partition_by, {name: count for name, count in parts.items() if count > 1})


def _parts_needed(rows: int, size: int, max_rows: int) -> int:
    """The least power of two that keeps parts within both limits, at most `MOST_PARTS`."""
    needed = 1
    while needed < MOST_PARTS and (rows > needed * max_rows or size > needed * PART_BYTES):
        needed *= 2
    return needed
