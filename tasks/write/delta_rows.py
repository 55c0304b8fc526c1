"""What a run changes in each table of a Delta warehouse: the rows to put there, and the keys that go.

Belongs here: from the decided manifest, the batches and the parent to one `Change` a table. Does not
belong here: committing them (`delta_commit`), and the order in which that is done (`delta`).

Rows come batch by batch, so that a run holds one batch and not all it has read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import Contract
from tasks.tables.keys import file_keys
from tasks.tables.recurring import plain_table
from tasks.tables.snapshots import Snapshot
from tasks.tables.staging import read_arrow
from tasks.write.audit import check_article_rows, check_read, check_required
from tasks.write.delta_change import KEYS, Change
from tasks.write.layout import Layout
from tasks.write.records import content_schema, records_of, related_rows, with_lineage

#: The column by which records are spread over folders, by setting.
PARTITION: Final = {
    "year": pa.field("published_year", pa.int32()),
    "month": pa.field("published_month", pa.string()),
}


@dataclass(frozen=True)
class RecordChanges:
    """The changes of `articles`, `related` and `duplicates`.

    Attributes:
        contract: names the columns.
        manifest: (n,) the decided manifest; `touched` the rows that tables must show differently.
        previous: the parent's manifest.
        parent: has the content of records that were not read; None at first.
        batches: folders with `records.arrow`.
        partition_by: `year`, `month` or `none`; `partitioned_by` that of the parent.
        rule_version: what `duplicates.rule_version` says.
        whole: write all records, not only the touched ones.
    """

    contract: Contract
    manifest: pa.Table
    touched: pa.BooleanArray
    previous: pa.Table
    parent: Snapshot | None
    batches: Sequence[Path]
    partition_by: str
    partitioned_by: str
    rule_version: str
    whole: bool

    def changes(self) -> list[Change]:
        """One change for each of the three tables.

        Raises:
            AuditError: a record that was read is not in the manifest.
        """
        check_read(self._fresh_keys, file_keys(records_of(self.manifest)))
        partition = PARTITION.get(self.partition_by)
        return [
            self._change(table, rows, gone, partition)
            for table, rows, gone in (
                ("articles", self._articles, self._gone("loaded", "articles")),
                ("related", self._related, self._gone_edges()),
                ("duplicates", self._duplicates, self._gone("duplicate", "duplicates")),
            )
        ]

    def _change(
        self, table: str, rows: Callable[[], Iterator[pa.Table]], gone: pa.Table, partition: pa.Field | None
    ) -> Change:
        schema = self.contract[table].schema
        schema = schema if partition is None else schema.append(partition)
        status = "duplicate" if table == "duplicates" else "loaded"
        within = None if partition is None or self.whole else self._within(status)
        idle = not self.whole and not len(gone) and not len(self._expected(status))
        return Change(table, schema, partition and partition.name, rows, gone, self.whole, idle, within)

    @cached_property
    def _changed(self) -> pa.Table:
        """Manifest rows of the records to write."""
        rows = self.manifest if self.whole else self.manifest.filter(self.touched)
        return records_of(rows)

    def _expected(self, status: str) -> pa.Table:
        return self._changed.filter(pc.equal(self._changed["status"], status))

    def _gone(self, status: str, table: str) -> pa.Table:
        """Keys that the parent's table has and the next must not have."""
        names = list(KEYS[table])
        if self.whole:
            return self.contract[table].schema.empty_table().select(names)
        before, now = (rows.filter(pc.equal(rows["status"], status)) for rows in (self.previous, self.manifest))
        return before.filter(pc.invert(pc.is_in(_keys(before, names), _keys(now, names)))).select(names)

    def _within(self, status: str) -> list[int | str]:
        """Partitions of the rows to write, and of all that had their keys or lose them."""
        names = list(KEYS["articles" if status == "loaded" else "duplicates"])
        before = self.previous.filter(pc.equal(self.previous["status"], status))
        now = self.manifest.filter(pc.equal(self.manifest["status"], status))
        expected = self._expected(status)
        stays = pc.is_in(_keys(before, names), _keys(now, names))
        written = pc.is_in(_keys(before, names), _keys(expected, names))
        lay = before.filter(pc.or_(pc.invert(stays), written))["published_at"]
        values = [partition_values(times, self.partition_by) for times in (lay, expected["published_at"])]
        found: list[int | str] = sorted({value for array in values for value in array.to_pylist()})
        return found

    def _gone_edges(self) -> pa.Table:
        """Related entries of the parent whose article is gone or has fewer of them now."""
        schema = self.contract["related"].schema
        names = list(KEYS["related"])
        if self.whole or self.parent is None:
            return schema.empty_table().select(names)
        affected = pa.concat_arrays([_flat(self._gone("loaded", "articles")["article_id"]), self._lengths[0]])
        if not len(affected):
            return schema.empty_table().select(names)
        edges = self.parent.read("related", names, schema=schema)
        edges = edges.filter(pc.is_in(edges["article_id"], affected))
        lengths = self._lengths[1].take(pc.index_in(_flat(edges["article_id"]), self._lengths[0]))
        return edges.filter(pc.greater_equal(edges["position"], pc.fill_null(lengths, 0)))

    @cached_property
    def _lengths(self) -> tuple[pa.Array, pa.Array]:
        """Ids of the articles to write, and how many related entries each has."""
        ids, lengths = [pa.array([], pa.string())], [pa.array([], pa.int32())]
        expected = self._expected("loaded")
        for content, rows in self._content(expected, ["related"]):
            ids.append(_flat(rows["article_id"]))
            lengths.append(_flat(pc.list_value_length(content["related"])))
        return pa.concat_arrays(ids), pa.concat_arrays(lengths)

    def _articles(self) -> Iterator[pa.Table]:
        older = self.manifest.filter(pc.not_equal(self.manifest["contract_version"], self.contract.tag))
        exempt = older["article_id"].to_pylist()
        for rows in self._records("articles", "loaded"):
            check_article_rows("articles", rows, self.contract, exempt)
            yield self._spread(rows, rows["published_at"])

    def _duplicates(self) -> Iterator[pa.Table]:
        for rows in self._records("duplicates", "duplicate"):
            yield self._spread(rows, rows["published_at"])

    def _related(self) -> Iterator[pa.Table]:
        """The entries lie with their articles, of which nothing else is read."""
        for content, rows in self._content(self._expected("loaded"), ["related"]):
            articles = rows.select(["article_id"]).append_column("related", content["related"])
            edges = related_rows(articles, self.contract["related"].schema)
            check_required("related/", edges, self.contract)
            of = pc.index_in(_flat(edges["article_id"]), _flat(rows["article_id"]))
            yield self._spread(edges, pa.chunked_array([_flat(rows["published_at"]).take(of)]))

    def _spread(self, rows: pa.Table, published_at: pa.ChunkedArray) -> pa.Table:
        partition = PARTITION.get(self.partition_by)
        if partition is None:
            return rows
        return rows.append_column(partition, partition_values(published_at, self.partition_by))

    def _records(self, table: str, status: str) -> Iterator[pa.Table]:
        """Whole rows of a table, in its schema."""
        schema = self.contract[table].schema
        for content, lineage in self._content(self._expected(status)):
            rows = with_lineage(content, lineage, schema, self.rule_version)
            check_required(f"{table}/", rows, self.contract)
            yield rows

    def _content(
        self, expected: pa.Table, columns: Collection[str] | None = None
    ) -> Iterator[tuple[pa.Table, pa.Table]]:
        """What the files of records say, and their manifest rows beside it, part by part."""
        keys = file_keys(expected)
        names = content_schema(self.contract).names if columns is None else ["source", "source_path", *columns]
        for content in self._parts(expected, names):
            at = pc.index_in(file_keys(content), keys)
            wanted = pc.is_valid(at)
            if pc.any(wanted).as_py():
                yield content.filter(wanted), expected.take(at.filter(wanted))

    def _parts(self, expected: pa.Table, names: list[str]) -> Iterator[pa.Table]:
        schema = pa.schema([content_schema(self.contract).field(name) for name in names])
        for batch in self.batches:
            yield plain_table(read_arrow(batch / "records.arrow").select(names), schema)
        carried = expected.filter(pc.invert(pc.is_in(file_keys(expected), self._fresh_keys)))
        if self.parent is not None and len(carried):
            yield from self._carried(self.parent, carried, names)

    def _carried(self, parent: Snapshot, records: pa.Table, names: list[str]) -> Iterator[pa.Table]:
        """What the parent has of records that this run did not read, partition by partition."""
        keys, schema = file_keys(records), content_schema(self.contract)
        before = self.previous.filter(pc.is_in(file_keys(self.previous), keys))
        for partition in pc.unique(Layout(self.partitioned_by).partitions(before["published_at"])).to_pylist():
            for table in ("articles", "duplicates"):
                rows = parent.read(table, names, schema=schema, partitions={partition})
                yield rows.filter(pc.is_in(file_keys(rows), keys))

    @cached_property
    def _fresh_keys(self) -> pa.Array:
        names = ["source", "source_path"]
        tables = [read_arrow(batch / "keys.arrow") for batch in self.batches]
        return file_keys(pa.concat_tables([content_schema(self.contract).empty_table().select(names), *tables]))


def partition_values(published_at: pa.ChunkedArray, partition_by: str) -> pa.Array:
    """(n,) the value of the partition's column for each time.

    Args:
        published_at: (n,) times, UTC, without nulls.
        partition_by: `year` or `month`.
    """
    if partition_by == "month":
        return _flat(pc.strftime(published_at, format="%Y-%m"))
    return _flat(pc.year(published_at)).cast(pa.int32())


def _keys(rows: pa.Table, names: Sequence[str]) -> pa.Array:
    return file_keys(rows) if len(names) == 2 else _flat(rows[names[0]])


def _flat(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
