"""Which rows of two columns differ, lists and structs included: Arrow compares plain values only.

Belongs here: comparing values that stand side by side. Does not belong here: which rows belong
together (who calls).
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def rows_differ(old: pa.Array, new: pa.Array) -> pa.BooleanArray:
    """Where two columns of equal length differ; null equals null only.

    Args:
        old: (n,) values of any type, nested ones too.
        new: (n,) the values to hold them against. Another type is one to which `old` is cast first;
            where it cannot be, every pair of values differs.

    Returns:
        (n,) without nulls.
    """
    if old.type != new.type:
        try:
            old = old.cast(new.type)
        except pa.ArrowException:
            return pc.or_(pc.is_valid(old), pc.is_valid(new))
    one_is_null = pc.xor(pc.is_null(old), pc.is_null(new))
    return pc.or_(one_is_null, pc.fill_null(_values_differ(old, new), False))


def _values_differ(old: pa.Array, new: pa.Array) -> pa.BooleanArray:
    if pa.types.is_list(old.type) or pa.types.is_large_list(old.type):
        return _lists_differ(old, new)
    if pa.types.is_struct(old.type):
        return _structs_differ(old, new)
    return pc.not_equal(old, new)


def _structs_differ(old: pa.StructArray, new: pa.StructArray) -> pa.BooleanArray:
    differ = pa.repeat(pa.scalar(False), len(old))
    for before, after in zip(old.flatten(), new.flatten(), strict=True):
        differ = pc.or_(differ, rows_differ(before, after))
    return differ


def _lists_differ(old: pa.ListArray, new: pa.ListArray) -> pa.BooleanArray:
    """Lists of other lengths differ; of those of equal length the items stand side by side, flat."""
    lengths_differ = pc.not_equal(pc.list_value_length(old), pc.list_value_length(new))
    paired = pc.indices_nonzero(pc.invert(pc.fill_null(lengths_differ, True)))
    before, after = old.take(paired), new.take(paired)
    items = rows_differ(before.flatten(), after.flatten())
    rows = paired.take(pc.list_parent_indices(before).filter(items))
    return pc.or_(lengths_differ, pc.is_in(pa.array(range(len(old)), rows.type), rows))
