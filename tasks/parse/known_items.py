"""Mappings that recur, as rows that are finished: each worker types and repairs a mapping once, not once a batch.

Belongs here: remembering rows, and forgetting them in time. Does not belong here: what a row is (`values`).

The fast YAML reader gives equal list items of all documents as one object, so what is known is told by
`id()`. A remembered mapping is held here, and no other object can get its number meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence, Set
from typing import Any, Final

import pyarrow as pa

from config.contract_types import Column

#: Bounds of what is remembered of one column: mappings, and bytes of their rows.
_MAX_ROWS: Final = 20_000
_MAX_BYTES: Final = 32 * 1024 * 1024
#: Columns that are remembered; a process that sees more contracts than have these starts anew.
_MAX_COLUMNS: Final = 16


class KnownItems:
    """Rows of the mappings of one column.

    Args:
        kind: type of the rows.

    Attributes:
        rows: `id()` of a mapping that is known to its row.
    """

    def __init__(self, kind: pa.StructType) -> None:
        self.rows: dict[int, int] = {}
        self._structs: pa.StructArray = pa.array([], kind)
        self._held: list[Any] = []

    def make_room(self) -> None:
        """Forget all if it is too much."""
        if len(self._held) > _MAX_ROWS or self._structs.nbytes > _MAX_BYTES:
            self.rows, self._structs, self._held = {}, self._structs[:0], []

    def take(self, ids: Sequence[int], nodes: Sequence[Any], structs: pa.StructArray, odd: Set[int]) -> pa.Array:
        """The rows of some mappings.

        Args:
            ids: (n,) `id()` of each.
            nodes: (m,) those among them that are not known; they are from now on.
            structs: (m,) their rows.
            odd: numbers in `nodes` of which there is more to say than their row, so that they stay unknown.

        Returns:
            (n,) rows, null for the `id()` of anything else; dictionary-encoded if some recur.
        """
        if len(nodes) == len(ids):  # Nothing recurs in the batch, so it hardly will in the next one.
            return structs
        news = {id(node): row for row, node in enumerate(nodes, len(self._structs))}
        everything = self.rows | news
        # In this order: a batch may be ended at any time, and what `rows` says must stay true.
        self._held.extend(nodes)
        self._structs = pa.concat_arrays([self._structs, structs])
        self.rows.update(item for number, item in enumerate(news.items()) if number not in odd)
        rows = pa.array(map(everything.get, ids), pa.int32()).dictionary_encode()
        return pa.DictionaryArray.from_arrays(rows.indices, self._structs.take(rows.dictionary))


class _OfThread(threading.local):
    """What a thread knows: batches in several threads of one process (as Dask has) are not in each other's way."""

    def __init__(self) -> None:
        self.columns: dict[int, tuple[tuple[Column, ...], KnownItems]] = {}


_of_thread: Final = _OfThread()


def known_items(column: Column) -> KnownItems:
    """What this thread knows of a column of mappings, which is not too much; columns with the same fields share it."""
    columns = _of_thread.columns
    key = id(column.fields)
    if key not in columns:
        if len(columns) >= _MAX_COLUMNS:
            columns.clear()
        # The fields are held as well, so that their number stays theirs.
        columns[key] = column.fields, KnownItems(column.type)
    known = columns[key][1]
    known.make_room()
    return known
