"""The total order of records: the least record of a cluster is its survivor.

The order, never "first seen", so that the same files give the same survivors in any order of runs:

1. published before unsaid before draft (`is_published`);
2. higher `quality`, none last;
3. later `updated_at`, none last;
4. more complete (columns that have a value);
5. earlier `published_at`: the original before its copies;
6. source name, then path, bytewise, which makes the order total.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import TIMESTAMP

#: What decides, in order; also the words that `evidence` uses for why the survivor won.
CRITERIA: Final = ("is_published", "quality", "updated_at", "completeness", "published_at", "source", "source_path")


def rank(records: pa.Table) -> list[int]:
    """Place of each record in the total order, 0 for the least.

    Args:
        records: (n,) rows with the columns of `CRITERIA`.
    """
    keys = pa.table({name: _ascending(name, records[name]) for name in CRITERIA})
    order = pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in CRITERIA])
    places = [0] * len(records)
    for place, row in enumerate(order.to_pylist()):
        places[row] = place
    return places


def _ascending(name: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column turned so that better values are smaller; null stays null."""
    if name == "is_published":
        return pc.if_else(pc.is_null(values), 1, pc.if_else(values, 0, 2))
    if name in ("quality", "completeness"):
        return pc.negate(values.cast(pa.int64()))
    if name == "updated_at":
        return pc.negate(values.cast(TIMESTAMP).cast(pa.int64()))
    return values


def deciding_criterion(winner: Mapping[str, Any], loser: Mapping[str, Any]) -> str:
    """The first criterion in which two records differ: why one survives the other."""
    return next((name for name in CRITERIA if winner[name] != loser[name]), CRITERIA[-1])
