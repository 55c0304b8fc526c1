"""The records of a run: their rows in the tables, and their content in the files of the batches.

Belongs here: a row of `articles` or `duplicates` from content and lineage, and reading rows of many staged files.
Does not belong here: which records are written, and where their content is found (`record_set`).

A run can read more than memory holds, and what is mapped into memory counts as held. So a file is mapped while some of
its rows are copied, and no longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import LINEAGE
from tasks.arrow.recurring import joined, plain_table
from tasks.runs.staging import read_arrow

#: Columns that the manifest gives besides `LINEAGE` for `duplicates`.
OF_DUPLICATES: Final = (
    "canonical_article_id",
    "match",
    "similarity",
    "evidence",
    "matched_source",
    "matched_source_path",
)
_STATUSES: Final = pa.array(["loaded", "duplicate"])


def is_record(manifest: pa.Table) -> pa.ChunkedArray:
    """(n,) whether a manifest row is a record: in `articles` or `duplicates`."""
    return pc.is_in(manifest["status"], _STATUSES)


def records_of(manifest: pa.Table) -> pa.Table:
    """The manifest rows that are records."""
    return manifest.filter(is_record(manifest))


def with_lineage(content: pa.Table, records: pa.Table, schema: pa.Schema, rule_version: str) -> pa.Table:
    """Rows of `articles` or `duplicates`.

    Args:
        content: (n,) what the files say; of lists distinct items may be held once (`tasks.arrow.recurring`).
        records: (n,) their manifest rows.
        schema: of the table.
        rule_version: what `duplicates.rule_version` says.
    """
    known = {name: records[name] for name in (*LINEAGE, *OF_DUPLICATES)}
    known["rule_version"] = pa.repeat(pa.scalar(rule_version), len(content))
    known |= {name: content[name] for name in content.column_names}
    return plain_table(pa.table([known[name] for name in schema.names], names=schema.names), schema)


_KEYS: Final = ("source", "source_path")
#: Files that are mapped at one time.
_MAPPED: Final = 64


class StagedRecords:
    """The records of validated batches.

    Args:
        batches: folders with `records.arrow` and, in its order, `keys.arrow`.
        schema: of the records.

    Attributes:
        schema: of the records.
        keys: (n,) `source` and `source_path` of each, batch by batch.
    """

    def __init__(self, batches: Sequence[Path], schema: pa.Schema) -> None:
        self.schema = schema
        self._files = [batch / "records.arrow" for batch in batches]
        tables = [read_arrow(batch / "keys.arrow") for batch in batches]
        self._starts = [0, *accumulate(map(len, tables))]
        self.keys: pa.Table = _copied(tables, pa.schema([schema.field(name) for name in _KEYS]))

    def rows(self, numbers: pa.Array) -> pa.Table:
        """Some records in full.

        Args:
            numbers: which, counted from 0 over all batches; ascending.

        Returns:
            The rows, copied out of the files; of lists whose items recur the distinct ones are held once
            (`tasks.arrow.recurring`).
        """
        return _copied(self._pieces(numbers), self.schema)

    def _pieces(self, numbers: pa.Array) -> Iterator[pa.Table]:
        """The wanted rows of each batch that has any, still mapped."""
        cuts = pc.search_sorted(numbers, pa.array(self._starts, numbers.type)).to_pylist()
        for file, start, first, end in zip(self._files, self._starts, cuts, cuts[1:], strict=False):
            if first == end:
                continue
            wanted = numbers.slice(first, end - first)
            low, high = wanted[0].as_py() - start, wanted[-1].as_py() - start
            table = read_arrow(file).slice(low, high + 1 - low)
            yield table if len(table) == len(wanted) else table.take(pc.subtract(wanted, start + low))


def _copied(tables: Iterable[pa.Table], schema: pa.Schema) -> pa.Table:
    """The tables as one, in memory of its own, with few of them mapped at a time."""
    remaining, pieces = iter(tables), list[pa.Table]()
    while mapped := list(islice(remaining, _MAPPED)):
        pieces.append(joined(mapped, schema))
    return pieces[0] if len(pieces) == 1 else joined(pieces, schema)
