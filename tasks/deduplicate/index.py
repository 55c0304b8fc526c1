"""The index of related pairs: stored with the manifest, so that a run compares only what is new.

Belongs here: which records must be compared, which stored pairs still hold, and how pairs are
stored. Does not belong here: comparing (`near`).

A pair stands at the later of its two records in the order of the manifest. It holds as long as
neither file was read again; a pair of a file that is gone has no partner and is dropped.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.match_rules import MatchRules
from tasks.deduplicate.candidates import Pairs, in_order
from tasks.deduplicate.near import near_pairs
from tasks.tables.columns import whole
from tasks.tables.keys import file_keys

#: Columns of the manifest that hold the index: the partners, and the version of the rules.
INDEX: Final = ("near", "match_version")


def unknown(records: pa.Table, version: str) -> pa.BooleanArray:
    """(n,) true for records that the index does not know under a version of rules and code."""
    known = pc.and_(pc.is_valid(records["near"]), pc.equal(records["match_version"], version))
    return whole(pc.invert(pc.fill_null(known, False)))


def related_pairs(records: pa.Table, fresh: pa.BooleanArray, hidden: pa.BooleanArray, rules: MatchRules) -> Pairs:
    """Every pair of records that the rule relates, comparing only what the index does not know.

    Args:
        records: (n,) manifest rows of records, sorted by source and path.
        fresh: (n,) what the index does not know, see `unknown`.
        hidden: (n,) whether another record stands for this one (`crowds`); it is compared with none.
        rules: parameters of the pair rule.

    Returns:
        Pairs of row numbers, the smaller first, sorted: those of a comparison of all records.
    """
    known, found = _stored(records, pc.or_(fresh, hidden)), near_pairs(records, fresh, rules, hidden)
    return in_order(*(pa.concat_arrays(sides) for sides in zip(known, found, strict=True)))


def _stored(records: pa.Table, fresh: pa.BooleanArray) -> Pairs:
    """The stored pairs of records that are both unchanged and stand for themselves."""
    lists = whole(records["near"])
    rows, others = pc.list_parent_indices(lists).cast(pa.int64()), _rows_named(partner_keys(lists), file_keys(records))
    holds = pc.and_(pc.invert(fresh.take(rows)), pc.equal(fresh.take(others), False))
    holds = pc.fill_null(holds, False)
    return Pairs(others.filter(holds), rows.filter(holds))


def partner_keys(near: pa.ListArray) -> pa.StringArray:
    """Keys of the files that records are stored to be related to, flat."""
    partners = pc.list_flatten(near)
    return file_keys(pa.table({name: pc.struct_field(partners, name) for name in ("source", "source_path")}))


def _rows_named(names: pa.StringArray, keys: pa.StringArray) -> pa.Int64Array:
    """(m,) the row that has each name as its key, null where none has; keys ascend, and are many more than names."""
    places = pc.search_sorted(keys, names, side="left").cast(pa.int64())
    places = pc.if_else(pc.less(places, len(keys)), places, None)
    return pc.if_else(pc.equal(keys.take(places), names), places, None)


def index_column(records: pa.Table, pairs: Pairs) -> pa.ListArray:
    """(n,) the column `near`: of each record those before it by source and path that it is related to.

    Args:
        records: (n,) rows with `source` and `source_path`, sorted by them.
        pairs: pairs of row numbers, the smaller first.
    """
    later = in_order(pairs.right, pairs.left)
    names = ("source", "source_path")
    partners = pa.StructArray.from_arrays([whole(records[name]).take(later.right) for name in names], names)
    ends = pc.search_sorted(later.left, pa.arange(0, len(records) + 1), side="left").cast(pa.int32())
    return pa.ListArray.from_arrays(ends, partners)
