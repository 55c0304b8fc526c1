"""Where a sorted sequence of rows is cut into parts: one rule for all files of the warehouse.

Belongs here: the rule. Does not belong here: what the rows are, and what the parts are called.

The rule: a part holds more than half of the most that it may hold. Within that second half it ends before the row
whose hash is smallest. The hash is a property of the row itself, so where a row comes or goes, only the part that
holds it changes: the ends around it stay the same, and all other parts are what they were.
Source: content-defined chunking with local minima; Bjørner, Blass, Gurevich, "Content-dependent chunking for
differential compression, the local maximum approach", 2010.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

#: Files of one table above which the files get larger instead of more.
MOST_FILES: Final = 256
#: Hash of a row before which no part may end.
NEVER: Final = (1 << 63) - 1


def rows_in_part(rows: int, rows_per_file: int) -> int:
    """The most rows that a part may hold, for parts of about `rows_per_file` rows and at most some `MOST_FILES` files.

    In larger tables the parts are 2, 4, 8, … times as large. Parts are three quarters full on average.

    Args:
        rows: of the whole table.
        rows_per_file: rows of an average part while the table is small.
    """
    average = rows_per_file
    while rows > MOST_FILES * average:
        average *= 2
    return average * 4 // 3


def part_starts(weights: pa.Int64Array, most: int, hashes: Callable[[int, int], Sequence[int]]) -> list[int]:
    """The first row of each part, ascending from 0; none where there is no row.

    Args:
        weights: (n,) how much of a part each row takes, 0 or more. A heavier row than `most` has a part to itself.
        most: what a part may hold.
        hashes: gives the hashes of the rows from the first number up to, but without, the second; `NEVER` for a row
            that must stay with the one before it.
    """
    ends = pc.cumulative_sum(weights.cast(pa.int64())).to_pylist()
    starts = [0] if ends else []
    done = 0
    while starts and (stop := bisect_right(ends, done + most)) < len(ends):
        first = max(bisect_right(ends, done + most // 2), starts[-1] + 1)
        start = _best(hashes, first, max(stop, first))
        if start is None:
            break
        starts.append(start)
        done = ends[start - 1]
    return starts


def _best(hashes: Callable[[int, int], Sequence[int]], first: int, last: int) -> int | None:
    """The row between two rows, both included, whose hash is smallest; where none may start a part, the next that may.

    Returns:
        Its number; None where no row that follows may start a part.
    """
    window = hashes(first, last + 1)
    while window and min(window) == NEVER:
        first += len(window)
        window = hashes(first, first + len(window))
    return first + window.index(min(window)) if window else None
