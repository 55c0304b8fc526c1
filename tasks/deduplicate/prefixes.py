"""The hashes by which alike texts are sure to be found: the prefix of each record's set.

Belongs here: the prefix filter on columns. Does not belong here: joining what shares a hash (`joins`).

Two sets of n and m hashes with a Jaccard similarity of t or more share at least ceil(t max(n, m))
of them; so whatever total order the hashes have, they share one among the first n - ceil(t n) + 1 and
m - ceil(t m) + 1 (prefix filter; Chaudhuri et al., ICDE 2006). Here hashes that many records have come
last, else boilerplate would pair everything with everything; the rest are in the order of their
value. Any order finds all pairs, so which records there are changes the work, never the result.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.deduplicate.joins import Keyed

#: A hash that more records have than this goes to the end of the order.
COMMON: Final = 24
#: Records whose prefixes are found at a time.
_ROWS: Final = 100_000
#: Number of parts in which keys are joined, to bound memory.
PARTS: Final = 8


def prefixes(shingles: pa.ListArray, similarity: float) -> Keyed:
    """Row and hash of the hashes in each record's prefix that another record has, too; rows ascend.

    Args:
        shingles: (n,) lists of distinct int64, ascending.
        similarity: least Jaccard similarity to be found, above 0.
    """
    repeated, common = _repeated(pc.list_flatten(shingles))
    offsets = pc.subtract(shingles.offsets.cast(pa.int64()), shingles.offsets[0].as_py())
    rows, hashes = [pa.array([], pa.int64())], [pa.array([], pa.int64())]
    for start in range(0, len(shingles), _ROWS):
        lists = shingles.slice(start, _ROWS)
        begin, end = (offsets[at].as_py() for at in (start, start + len(lists)))
        first, last = pc.search_sorted(repeated, pa.array([begin, end]), side="left").to_pylist()
        inside = pc.subtract(repeated.slice(first, last - first), begin)
        found = _in_prefix(lists, inside, common, similarity)
        rows.append(pc.add(found.rows, start))
        hashes.append(found.keys)
    return Keyed(pa.concat_arrays(hashes), pa.concat_arrays(rows))


def in_part(hashes: pa.Int64Array, part: int) -> pa.BooleanArray:
    """Which hashes belong to one of `PARTS` parts of about equal size."""
    return pc.equal(pc.bit_wise_and(hashes, pa.scalar(PARTS - 1, pa.int64())), part)


def _in_prefix(shingles: pa.ListArray, wanted: pa.Int64Array, common: pa.Int64Array, similarity: float) -> Keyed:
    """Row and hash of those wanted hashes (by their number) that are in their record's prefix."""
    hashes = pc.list_flatten(shingles)
    rows = pc.list_parent_indices(shingles).cast(pa.int64()).take(wanted)
    sizes = pc.list_value_length(shingles).take(rows).cast(pa.int64())
    places = _places(shingles, pc.is_in(hashes, common), wanted, rows)
    required = pc.ceil(pc.subtract(pc.multiply(sizes.cast(pa.float64()), similarity), 1e-9)).cast(pa.int64())
    chosen = pc.less_equal(places, pc.subtract(sizes, required))
    return Keyed(hashes.take(wanted.filter(chosen)), rows.filter(chosen))


def _places(
    shingles: pa.ListArray, common: pa.BooleanArray, wanted: pa.Int64Array, rows: pa.Int64Array
) -> pa.Int64Array:
    """Place of each wanted hash in its record's order, from 0: rare ones first, then common ones.

    Args:
        shingles: the records.
        common: of each hash, whether it is common.
        wanted: numbers of hashes; `rows` the records that have them.
    """
    rare = pc.cumulative_sum(pc.invert(common).cast(pa.int64()))
    before = pa.concat_arrays([pa.array([0], pa.int64()), rare])
    offsets = pc.subtract(shingles.offsets.cast(pa.int64()), shingles.offsets[0].as_py())
    start, end = offsets.take(rows), offsets.take(pc.add(rows, 1))
    rares_before = before.take(start)
    place_rare = pc.subtract(before.take(wanted), rares_before)
    rares = pc.subtract(before.take(end), rares_before)
    place_common = pc.add(rares, pc.subtract(pc.subtract(wanted, start), place_rare))
    return pc.if_else(common.take(wanted), place_common, place_rare)


def _repeated(hashes: pa.Int64Array) -> tuple[pa.Int64Array, pa.Int64Array]:
    """Where hashes stand that occur more than once, ascending, and which ones are common.

    Sorting in parts is twice as fast as counting in one hash table, which outgrows every cache.
    """
    places, common = [], [pa.array([], pa.int64())]
    for part in range(PARTS):
        inside = pc.indices_nonzero(in_part(hashes, part)).cast(pa.int64())
        inside = inside.take(pc.sort_indices(hashes.take(inside)))
        values = hashes.take(inside)
        same = pc.equal(values[1:], values[:-1])
        edge = pa.array([False])
        twice = pc.or_(pa.concat_arrays([same, edge]), pa.concat_arrays([edge, same])) if len(values) else same
        places.append(inside.filter(twice))
        common.append(pc.unique(values[COMMON:].filter(pc.equal(values[COMMON:], values[:-COMMON]))))
    repeated = pa.concat_arrays(places)
    return repeated.take(pc.sort_indices(repeated)), pa.concat_arrays(common)
