"""What becomes of the row groups of a file whose rows change in part: kept, patched, or made of other rows.

Belongs here: comparing the rows of the next file with those of the parent's, group by group. Does not
belong here: what rows say (`partitions`), and putting a file together (`patches`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

#: Groups of fewer rows are not made beside groups that are kept: a file must not crumble run by run.
_LEAST: Final = 1_000
#: More touched rows than this in a group, and encoding all of it costs no more than finding out what changed.
_MOST_TOUCHED: Final = 200


class Piece(NamedTuple):
    """Some rows of the next file, one after the other.

    Attributes:
        start, stop: the rows.
        group: row group of the parent's file with the same records in the same order; None if there is none.
        touched: rows among them that may say something else than in the group, ascending; of no meaning
            without a group.
    """

    start: int
    stop: int
    group: int | None = None
    touched: tuple[int, ...] = ()


def pieces(was_at: pa.Int64Array, touched: pa.BooleanArray, bounds: Sequence[int]) -> list[Piece]:
    """Cut the rows of the next file into pieces, each of which is a group of the parent's file if possible.

    Args:
        was_at: (n,) the row that each record has in the parent's file, null where it is not there.
        touched: (n,) whether the record may say something else than there.
        bounds: the first row of each group of the parent's file, and the number of its rows.

    Returns:
        Pieces in order, which together are all rows; neighbours without a group are one piece.
    """
    return _joined(_without_crumbs(list(_matched(was_at, touched, bounds)), len(was_at)))


def _matched(was_at: pa.Int64Array, touched: pa.BooleanArray, bounds: Sequence[int]) -> Iterator[Piece]:
    """The groups whose records all stand together in their order, by their place in the next file."""
    starts = pc.index_in(pa.array(bounds[:-1], pa.int64()), was_at).to_pylist()
    at = 0
    for group, ((first, last), start) in enumerate(zip(pairwise(bounds), starts, strict=True)):
        stop = (start or 0) + last - first
        # A group that was moved before another one, as its records got other times, is not looked at further.
        if start is None or start < at or not was_at[start:stop].equals(pa.arange(first, last)):
            continue
        changed = pc.indices_nonzero(touched[start:stop])
        if len(changed) > _MOST_TOUCHED:
            continue
        if start > at:
            yield Piece(at, start)
        yield Piece(start, stop, group, tuple(start + row for row in changed.to_pylist()))
        at = stop
    if at < len(was_at):
        yield Piece(at, len(was_at))


def _without_crumbs(found: list[Piece], rows: int) -> list[Piece]:
    """Let small pieces without a group take a neighbour into them."""
    for i, piece in enumerate(found):
        if piece.group is None and piece.stop - piece.start < min(_LEAST, rows):
            neighbours = [j for j in (i - 1, i + 1) if 0 <= j < len(found)]
            for j in sorted(neighbours, key=lambda j: found[j].stop - found[j].start)[:1]:
                found[j] = Piece(found[j].start, found[j].stop)
    return found


def _joined(found: Sequence[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    for piece in found:
        if joined and piece.group is None and joined[-1].group is None:
            joined[-1] = Piece(joined[-1].start, piece.stop)
        else:
            joined.append(piece)
    return joined
