"""The index of related pairs: stored with the manifest, so that a run compares only what is new.

Belongs here: which records must be compared, which stored pairs still hold, and how pairs are
stored. Does not belong here: comparing (`near`).

A pair stands at the later of its two records in the order of the manifest. It holds as long as
neither file was read again; a pair of a file that is gone has no partner and is dropped.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.match_rules import MatchRules
from tasks.deduplicate.near import FEATURES, Edge, near_edges
from tasks.tables.keys import file_keys

#: Columns of the manifest that hold the index: the partners, and the version of the rules.
INDEX: Final = ("near", "match_version")


def unknown(records: pa.Table, version: str) -> pa.BooleanArray:
    """(n,) true for records that the index does not know under a version of rules and code."""
    known = pc.and_(pc.is_valid(records["near"]), pc.equal(records["match_version"], version))
    return pc.invert(pc.fill_null(known, False)).combine_chunks()


def related_pairs(
    records: pa.Table, fresh: pa.BooleanArray, represented: Collection[int], rules: MatchRules
) -> list[Edge]:
    """Every pair of records that the rule relates, comparing only what the index does not know.

    Args:
        records: (n,) manifest rows of records, sorted by source and path.
        fresh: (n,) what the index does not know, see `unknown`.
        represented: rows for which another one stands (`crowds`); they are compared with none.
        rules: parameters of the pair rule.

    Returns:
        Pairs of row numbers, the smaller first, sorted: those of a comparison of all records.
    """
    if not represented:
        return sorted([*_stored(records, fresh), *near_edges(records, fresh, rules)])
    hidden = pc.is_in(pa.arange(0, len(records)), pa.array(sorted(represented), pa.int64()))
    rows = pc.indices_nonzero(pc.invert(hidden))
    numbers = rows.to_pylist()
    edges = near_edges(records.select(FEATURES).take(rows), fresh.take(rows), rules)
    return sorted([*_stored(records, pc.or_(fresh, hidden)), *((numbers[a], numbers[b]) for a, b in edges)])


def _stored(records: pa.Table, fresh: pa.BooleanArray) -> list[Edge]:
    """The stored pairs of records that are both unchanged and stand for themselves."""
    lists = records["near"].combine_chunks()
    partners = pc.list_flatten(lists)
    if not len(partners):
        return []
    names = pa.table({name: pc.struct_field(partners, name) for name in ("source", "source_path")})
    rows, others = pc.list_parent_indices(lists).cast(pa.int64()), pc.index_in(file_keys(names), file_keys(records))
    holds = pc.and_(pc.invert(fresh.take(rows)), pc.equal(fresh.take(others), False))
    holds = pc.fill_null(holds, False)
    pairs = zip(others.filter(holds).cast(pa.int64()).to_pylist(), rows.filter(holds).to_pylist(), strict=True)
    return [(min(pair), max(pair)) for pair in pairs]


def index_column(records: pa.Table, pairs: Sequence[Edge]) -> pa.ListArray:
    """(n,) the column `near`: of each record those before it by source and path that it is related to.

    Args:
        records: (n,) rows with `source` and `source_path`.
        pairs: pairs of row numbers.
    """
    involved = sorted({row for pair in pairs for row in pair})
    keys = dict(zip(involved, file_keys(records.take(pa.array(involved, pa.int64()))).to_pylist(), strict=True))
    ordered = [sorted(pair, key=keys.__getitem__) for pair in pairs]
    by_later = sorted((later, keys[earlier], earlier) for earlier, later in ordered)
    partners = records.take(pa.array([earlier for _, _, earlier in by_later], pa.int64()))
    rows = pa.array([later for later, _, _ in by_later], pa.int64())
    offsets = pc.search_sorted(rows, pa.arange(0, len(records) + 1), side="left").cast(pa.int32())
    names = ("source", "source_path")
    structs = pa.StructArray.from_arrays([partners[name].combine_chunks() for name in names], names)
    return pa.ListArray.from_arrays(offsets, structs)
