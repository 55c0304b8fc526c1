"""Exact keys: records that share an address or the same content.

Belongs here: which rows share which key. URL keys come with the records as ids (docs/identity.md);
a record is known by its own id and by its aliases.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import microseconds
from tasks.tables.columns import whole

#: The relations that exact keys give, the stronger first.
SAME_URL: Final = "same_url"
SAME_CONTENT: Final = "same_content"

Groups = dict[str, list[int]]


def url_groups(records: pa.Table) -> Groups:
    """Key to the rows (two or more, ascending) that have it as their id or among their aliases."""
    own = whole(records["article_id"])
    aliases = whole(records["alias_ids"])
    rows = pa.arange(0, len(records))
    keys = pa.concat_arrays([own, aliases.flatten()])
    numbers = pa.concat_arrays([rows, pc.list_parent_indices(aliases).cast(pa.int64())])
    return _shared(keys, numbers)


def content_groups(records: pa.Table, days: float) -> Groups:
    """Content key to the rows (two or more, ascending) that have it, in groups that are close in time.

    A group spans at most `days` from its earliest record; the next one begins with the next record,
    and has a number after its key. Records without a date are in the first.
    """
    groups = _shared(whole(records["content_key"]), pa.arange(0, len(records)))
    times = whole(records["published_at"]).cast(pa.int64())
    rows = pa.array([row for group in groups.values() for row in group], pa.int64())
    moments = iter(times.take(rows).to_pylist())
    close: Groups = {}
    for key, members in groups.items():
        timed = [(next(moments), row) for row in members]
        for number, group in enumerate(_spans(timed, microseconds(days)), 1):
            if len(group) > 1:
                close[key if number == 1 else f"{key} #{number}"] = sorted(group)
    return close


def _spans(timed: list[tuple[int | None, int]], width: int) -> list[list[int]]:
    """Rows, given with their times, in groups of at most `width` microseconds, each begun by the earliest that is left.

    Those without a time are the first group.
    """
    undated = [row for moment, row in timed if moment is None]
    dated = sorted((moment, row) for moment, row in timed if moment is not None)
    spans: list[list[int]] = [undated]
    start = dated[0][0] if dated else 0
    for moment, row in dated:
        if moment - start > width:
            spans.append([])
            start = moment
        spans[-1].append(row)
    return spans


def _shared(keys: pa.Array, rows: pa.Array) -> Groups:
    """Group rows by key; only keys that occur twice leave the columns."""
    # Texts are hashed once: what follows is about their numbers.
    numbers = keys.dictionary_encode().indices
    counts = numbers.drop_null().value_counts()
    repeated = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    is_repeated = pc.is_in(numbers, repeated)
    groups: Groups = {}
    for key, row in zip(keys.filter(is_repeated).to_pylist(), rows.filter(is_repeated).to_pylist(), strict=True):
        groups.setdefault(key, []).append(row)
    distinct = {key: sorted(set(members)) for key, members in sorted(groups.items())}
    return {key: members for key, members in distinct.items() if len(members) > 1}
