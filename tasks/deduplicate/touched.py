"""Which rows of the tables a run must write anew.

Belongs here: comparing two decided manifests. Does not belong here: taking decisions (`decisions`).
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tasks.deduplicate.manifest import DECIDED, earlier_rows


def touched_rows(
    previous: pa.Table, manifest: pa.Table, reread: pa.BooleanArray, before: pa.Array | None = None
) -> pa.BooleanArray:
    """Which rows of the new manifest differ from the previous one in what the tables show.

    Args:
        previous, manifest: manifests, both sorted by source and path.
        reread: (n,) whether this run read the row's file anew.
        before: (n,) each file's row in `previous`, null where it has none; looked up if not given.

    Returns:
        (n,) true where the row is new, was read anew, or is decided differently.
    """
    places = earlier_rows(manifest, previous) if before is None else before
    touched = pc.or_(reread, pc.is_null(places))
    for name in ("status", "deleted", *DECIDED):
        old, now = (table[name].combine_chunks() for table in (previous, manifest))
        old = old.take(places)
        same = pc.or_(pc.fill_null(pc.equal(old, now), False), pc.and_(pc.is_null(old), pc.is_null(now)))
        touched = pc.or_(touched, pc.invert(same))
    return touched
