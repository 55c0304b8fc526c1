"""Where a partition is cut into parts: every part fits one file, and cuts stay where they are while they serve.

Belongs here: splitting parts that are too full and joining those that are nearly empty. Does not belong
here: what the parts are called, and which one a record lies in (`layout`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.columns import whole
from tasks.tables.staging import PART_BYTES

#: How full a part may be.
FULL: Final = PART_BYTES
#: Parts are split into pieces that leave room for what comes, and joined only when both half fill one; so
#: no part is split and joined in turns.
_AIM: Final = FULL * 15 // 16
_SPARSE: Final = FULL // 2


def fills(sizes: pa.ChunkedArray, max_rows: int) -> pa.Int64Array:
    """(n,) how much of a part each record takes: its bytes, or its share of the rows if that is more.

    Args:
        sizes: (n,) bytes of the source files.
        max_rows: most rows in one part.
    """
    return pc.max_element_wise(whole(sizes).cast(pa.int64()), pa.scalar(FULL // max_rows, pa.int64()))


def next_cuts(at: pa.Int64Array, fill: pa.Int64Array, before: Sequence[int]) -> tuple[int, ...]:
    """The positions at which the parts of a partition begin, but for the first one.

    Args:
        at: (n,) position of each record, in any order; n > 0.
        fill: (n,) how much of a part each one takes.
        before: ascending, the positions so far.
    """
    order = pc.sort_indices(at)
    at, filled = at.take(order), _filled(fill.take(order))
    rows = pc.search_sorted(at, pa.array(before, pa.int64())).to_pylist()
    starts = sorted({0, *rows} - {len(at)})
    split = [row for start, stop in pairwise([*starts, len(at)]) for row in _split(at, filled, start, stop)]
    # A cut stays as it is, though the record that it was made for may be gone. Of two cuts with nothing in
    # between the later one is that of the part in which the records lie.
    known = dict(zip(rows, before, strict=True))
    return tuple(known.get(row, at[row].as_py()) for row in _joined(filled, split) if row or row in known)


def _filled(fill: pa.Int64Array) -> pa.Int64Array:
    """(n + 1,) how much all records before each one take, and how much all of them."""
    return pa.concat_arrays([pa.array([0], pa.int64()), pc.cumulative_sum(fill)])


def _split(at: pa.Int64Array, filled: pa.Int64Array, start: int, stop: int) -> list[int]:
    """The first rows of the pieces of a part that ends before the row `stop`; what has one position stays together."""
    base = filled[start].as_py()
    fill = filled[stop].as_py() - base
    if fill <= FULL:
        return [start]
    pieces = -(-fill // _AIM)
    ends = pa.array([base + fill * number // pieces for number in range(1, pieces)], pa.int64())
    near = pc.min_element_wise(pc.search_sorted(filled, ends).cast(pa.int64()), pa.scalar(stop - 1, pa.int64()))
    cuts = at.take(near)
    first, after = (pc.search_sorted(at, cuts, side=side).to_pylist() for side in ("left", "right"))
    inner = {row if row > start else next_row for row, next_row in zip(first, after, strict=True)}
    starts = sorted({start, *inner} - {stop})
    if len(starts) == 1:
        return starts
    # One record can take more than a piece has room for.
    return [row for begin, end in pairwise([*starts, stop]) for row in _split(at, filled, begin, end)]


def _joined(filled: pa.Int64Array, starts: Sequence[int]) -> list[int]:
    """The first rows of the parts that are left when those that are nearly empty are joined."""
    bounds = [*starts, len(filled) - 1]
    at = filled.take(pa.array(bounds, pa.int64())).to_pylist()
    joined, begin = [starts[0]], at[0]
    for number in range(1, len(starts)):
        if at[number + 1] - begin > _SPARSE:
            joined.append(starts[number])
            begin = at[number]
    return joined
