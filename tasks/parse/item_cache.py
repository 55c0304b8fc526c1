"""A cache of mappings that recur as list items: each worker types and repairs one once, not once a batch.

Belongs here: the cached rows, and emptying the cache in time. Does not belong here: making a row (`trees`).

The fast YAML reader gives equal list items of all documents as one object, so `id()` is the key. A cached
mapping is held here, so no other object can get its `id()` meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence, Set
from typing import Any, Final

import pyarrow as pa

from config.contract_types import Column

#: Bounds of one column's cache: mappings, and bytes of their rows.
_MAX_ROWS: Final = 20_000
_MAX_BYTES: Final = 32 * 1024 * 1024
#: Columns that have a cache; a process that sees more contracts than have these empties all.
_MAX_COLUMNS: Final = 16


class ItemCache:
    """Rows of the mappings of one column.

    Args:
        kind: type of the rows.

    Attributes:
        rows: `id()` of a cached mapping to the number of its row.
    """

    def __init__(self, kind: pa.StructType) -> None:
        self.rows: dict[int, int] = {}
        self._structs: pa.StructArray = pa.array([], kind)
        self._held: list[Any] = []

    def make_room(self) -> None:
        """Empty the cache if it is full."""
        if len(self._held) > _MAX_ROWS or self._structs.nbytes > _MAX_BYTES:
            self.rows, self._structs, self._held = {}, self._structs[:0], []

    def take(self, ids: Sequence[int], nodes: Sequence[Any], structs: pa.StructArray, noted: Set[int]) -> pa.Array:
        """The rows of some mappings.

        Args:
            ids: (n,) `id()` of each.
            nodes: (m,) those among them that are not in the cache; they are from now on.
            structs: (m,) their rows.
            noted: numbers in `nodes` of those with findings or the like beside their row: they stay out.

        Returns:
            (n,) rows, null for the `id()` of anything else; dictionary-encoded if some recur.
        """
        if len(nodes) == len(ids):  # Nothing recurs in the batch, so it hardly will in the next one.
            return structs
        fresh = {id(node): row for row, node in enumerate(nodes, len(self._structs))}
        everything = self.rows | fresh
        # In this order: a batch may be ended at any time, and `rows` must stay true.
        self._held.extend(nodes)
        self._structs = pa.concat_arrays([self._structs, structs])
        self.rows.update(item for number, item in enumerate(fresh.items()) if number not in noted)
        rows = pa.array(map(everything.get, ids), pa.int32()).dictionary_encode()
        return pa.DictionaryArray.from_arrays(rows.indices, self._structs.take(rows.dictionary))


class _OfThread(threading.local):
    """The caches of a thread: batches in several threads of one process (as Dask has) do not share them."""

    def __init__(self) -> None:
        self.caches: dict[int, tuple[tuple[Column, ...], ItemCache]] = {}


_of_thread: Final = _OfThread()


def item_cache(column: Column) -> ItemCache:
    """This thread's cache for a column of mappings, with room; columns with the same fields share it."""
    caches = _of_thread.caches
    key = id(column.fields)
    if key not in caches:
        if len(caches) >= _MAX_COLUMNS:
            caches.clear()
        # The fields are held as well, so that their `id()` stays theirs.
        caches[key] = column.fields, ItemCache(column.type)
    cache = caches[key][1]
    cache.make_room()
    return cache
