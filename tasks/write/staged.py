"""The records that a run has read, in the files of its batches: which there are, and any of them in full.

Belongs here: reading rows of many staged files without holding the files. Does not belong here: which
rows are wanted (`partitions`).

A run can read more than memory holds, and what is mapped into memory counts as held. So a file is
mapped while some of its rows are copied, and no longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.recurring import joined
from tasks.runs.staging import read_arrow, read_rows

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
            table = read_rows(file, low, high + 1)
            yield table if len(table) == len(wanted) else table.take(pc.subtract(wanted, start + low))


def _copied(tables: Iterable[pa.Table], schema: pa.Schema) -> pa.Table:
    """The tables as one, in memory of its own, with few of them mapped at a time."""
    remaining, pieces = iter(tables), list[pa.Table]()
    while mapped := list(islice(remaining, _MAPPED)):
        pieces.append(joined(mapped, schema))
    return pieces[0] if len(pieces) == 1 else joined(pieces, schema)
