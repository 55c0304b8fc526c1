"""Which file of a table a record lies in: its partition by time, and the part of it.

Belongs here: the rule from a record's `published_at` and `article_id` to a file name, and back from names to the rule.
Does not belong here: what is written into the files (`record_set`), and the rule of cutting (`tasks.arrow.cuts`).

A partition with more rows than one file holds is cut at some positions (`tasks.arrow.keys.positions`), in the order
that rows have within a file. So its parts are ranges of time. A part is named by the position that it begins at:
`part-20210305T101500-3fa2.parquet` has what was published from that second on; of what was published in that second,
ids from `3fa2` on. The first part is `part-0.parquet`. The cuts follow from the records alone, so the same records lie
in the same files, whatever the runs before wrote. Records without a time are a partition of their own, Hive's null.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.columns import period_starts, whole
from tasks.arrow.cuts import NEVER, part_starts, rows_in_part
from tasks.arrow.keys import ID_RANGE, NO_TIME, NULL_PARTITION, positions
from tasks.runs.staging import PART_BYTES
from tasks.warehouse.snapshots import DataFile

#: How to name a partition, by setting.
_FORMATS: Final = {"year": "published_year={0:04d}", "month": "published_month={0:04d}-{1:02d}"}
_PART: Final = re.compile(r"part-(?:(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)|undated)-([0-9a-f]{4})\.parquet$")
_FIRST_PART: Final = "part-0.parquet"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def part_name(start: int) -> str:
    """The file name of a part that begins at a position."""
    second, first_id = divmod(start, ID_RANGE)
    if second == NO_TIME:
        return f"part-undated-{first_id:04x}.parquet"
    at = _EPOCH + timedelta(seconds=second)
    # Not by strftime, whose years have four digits on some systems only.
    return f"part-{at.year:04d}{at:%m%dT%H%M%S}-{first_id:04x}.parquet"


def part_start(path: str) -> int | None:
    """The position at which the part of a published file begins; None for the first of its partition."""
    if not (match := _PART.search(path)):
        return None
    if match[1] is None:
        return NO_TIME * ID_RANGE + int(match[7], 16)
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

    def files(self, records: pa.Table) -> pa.DictionaryArray:
        """The file of each record as text, `<partition>/<file name>`, each that occurs once in the dictionary.

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
        start = period_starts(values, self.partition_by).dictionary_encode(null_encoding="encode")
        name = _FORMATS[self.partition_by].format
        null = f"{name(0, 0).partition('=')[0]}={NULL_PARTITION}"
        names = [null if moment is None else name(moment.year, moment.month) for moment in start.dictionary.to_pylist()]
        return pa.DictionaryArray.from_arrays(start.indices, pa.array(names, pa.string()))


def layout_of(files: Iterable[DataFile], partition_by: str) -> Layout:
    """The layout by which published files of `articles` and `duplicates` were written, by their names."""
    cuts: dict[str, set[int]] = {}
    for file in files:
        if file.table in ("articles", "duplicates") and (start := part_start(file.path)) is not None:
            cuts.setdefault(file.partition, set()).add(start)
    return Layout(partition_by, {name: tuple(sorted(starts)) for name, starts in cuts.items()})


def layout_for(records: pa.Table, partition_by: str, rows_per_file: int) -> Layout:
    """The layout of a set of records.

    Args:
        records: (n,) all records, with `published_at`, `article_id` and `size` (bytes of the source file).
        partition_by: `year`, `month` or `none`.
        rows_per_file: records of an average file, see `rows_in_part`; of long articles fewer, so that the source files
            behind one file have `PART_BYTES` at most.
    """
    rows = records.select(["published_at", "article_id", "size"])
    layout = Layout(partition_by)
    partition = layout.partitions(rows["published_at"])
    most_rows = rows_in_part(len(rows), rows_per_file)
    weights = pc.max_element_wise(whole(rows["size"]).cast(pa.int64()), pa.scalar(PART_BYTES // most_rows, pa.int64()))
    totals = pa.table({"partition": partition, "weight": weights}).group_by("partition").aggregate([("weight", "sum")])
    full = totals.filter(pc.greater(totals["weight_sum"], PART_BYTES))["partition"].to_pylist()
    cuts = {}
    for name in full:
        inside = pc.equal(partition, name)
        cuts[name] = _cuts(rows.filter(inside), weights.filter(inside))
    return Layout(partition_by, cuts)


def _cuts(rows: pa.Table, weights: pa.Int64Array) -> tuple[int, ...]:
    """The positions at which the parts of a partition begin, but for the first one."""
    at = positions(rows)
    order = pc.sort_indices(at)
    at, ids = at.take(order), whole(rows["article_id"]).take(order)
    # Not the digits that records of one second are sorted by.
    hashes = pc.binary_join_element_wise("0x", pc.utf8_slice_codeunits(ids, 16, 28), "").cast(pa.int64())
    may_start = pa.concat_arrays([pa.array([False]), pc.not_equal(at[1:], at[:-1])])
    hashes = pc.if_else(may_start, hashes, pa.scalar(NEVER, pa.int64()))
    starts = part_starts(weights.take(order), PART_BYTES, lambda start, stop: hashes[start:stop].to_pylist())
    return tuple(at[start].as_py() for start in starts[1:])
