"""Pages of one template: many records that share a text, of which the rule relates few or none.

Belongs here: joining the records of a crowded key by what the pair rule requires besides, so that
numbered or named pages of one template are never paired at all. Does not belong here: the rule
(`pair_rule`), and keys that few records have (`joins`).

What the rule relates by likeness has nested numbers: all numbers, months and days of the one title
are in the other, too. At one outlet the numbers are the same, the telling words are nested as well,
and the time is shorter. Sets are nested only if the larger has the rarest item of the smaller: so one
record asks for its rarest item, and the others have all of theirs. Equal titles meet either way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from tasks.deduplicate.joins import Keyed, Timeline, combined, meeting
from tasks.deduplicate.pair_rule import PairRule
from tasks.deduplicate.prefilter import Prefilter
from tasks.tables.columns import whole

#: An item that every set has, also the empty one.
_NONE: Final = -1


class _Items(NamedTuple):
    """Entries of a table of items: a key and a row once for every item of the row's title.

    Attributes:
        entries: numbers of the keyed entries.
        items: the items, and `_NONE` at each entry's end.
        rarest: whether this is the first item of its entry, the rarest one.
    """

    entries: pa.Int64Array
    items: pa.Int64Array
    rarest: pa.BooleanArray


class _Titles(NamedTuple):
    """Titles taken apart, (e,) one for each keyed entry."""

    numbers: pa.ListArray
    roots: pa.ListArray
    series: pa.Int64Array


def template_pairs(
    crowded: Keyed, line: Timeline, prefilter: Prefilter, *, at_one_outlet: int, between_outlets: int
) -> Iterator[pa.Int64Array]:
    """Packed pairs of rows with equal keys that the rule could relate, one of them fresh, and few others.

    Args:
        crowded: entries of keys that many rows have.
        line: the rows in time.
        prefilter: columns of the same rows.
        at_one_outlet, between_outlets: largest distance in time, in microseconds.
    """
    if not len(crowded.keys):
        return
    crowded = _once(crowded)
    titles = _taken_apart(prefilter.words.take(crowded.rows), PairRule(prefilter.rules))
    yield from _at_one_outlet(crowded, titles, line, prefilter, at_one_outlet)
    yield from _between_outlets(crowded, titles, line, prefilter, between_outlets)


def _once(crowded: Keyed) -> Keyed:
    """One key of those that the very same rows have: pages of a template share dozens of them."""
    table = pa.table({"key": crowded.keys, "row": combined(crowded.rows)})
    keys = table.group_by("key", use_threads=False).aggregate([("row", "sum"), ("row", "count")])
    kept = keys.group_by(["row_sum", "row_count"], use_threads=False).aggregate([("key", "min")])
    return crowded.filter(pc.is_in(crowded.keys, whole(kept["key_min"])))


def _taken_apart(titles: pa.StringArray, rule: PairRule) -> _Titles:
    encoded = titles.dictionary_encode()
    parts = [rule.taken_apart(title) for title in encoded.dictionary.to_pylist()]
    roots, numbers = [part[0] for part in parts], [part[1] for part in parts]
    series = {one: code for code, one in enumerate(dict.fromkeys(numbers))}
    codes = pa.array([series[one] for one in numbers], pa.int64())
    columns = (_by_rarity(numbers), _by_rarity(roots), codes)
    return _Titles(*(column.take(encoded.indices) for column in columns))


def _by_rarity(sets: Sequence[frozenset[str]]) -> pa.ListArray:
    """(n,) numbers of the items of each set, the rarest first, and `_NONE` last."""
    counts = Counter(item for items in sets for item in items)
    codes = {item: code for code, item in enumerate(sorted(counts, key=lambda item: (counts[item], item)))}
    return pa.array([[*sorted(codes[item] for item in items), _NONE] for items in sets], pa.list_(pa.int64()))


def _unfolded(lists: pa.ListArray) -> _Items:
    entries = pc.list_parent_indices(lists).cast(pa.int64())
    return _Items(entries, pc.list_flatten(lists), _changes(entries))


def _at_one_outlet(
    crowded: Keyed, titles: _Titles, line: Timeline, prefilter: Prefilter, window: int
) -> Iterator[pa.Int64Array]:
    outlets = prefilter.outlets.take(crowded.rows)
    series = combined(crowded.keys, outlets, titles.series)
    chosen = pc.invert(pc.or_(prefilter.portal.take(crowded.rows), prefilter.platform.take(crowded.rows)))
    rows, unfolded = crowded.rows.filter(chosen), _unfolded(titles.roots.filter(chosen))
    keys = combined(series.filter(chosen).take(unfolded.entries), unfolded.items)
    having = Keyed(keys, rows.take(unfolded.entries))
    yield from meeting(having.filter(unfolded.rarest), having, line, window)


def _between_outlets(
    crowded: Keyed, titles: _Titles, line: Timeline, prefilter: Prefilter, window: int
) -> Iterator[pa.Int64Array]:
    """Pairs of different outlets; all pages of a portal are of different ones.

    The outlets of a key are numbered, and two numbers differ in a highest bit: there, and only there,
    the one meets the other. So an outlet's own pages are never paired.
    """
    unfolded = _unfolded(titles.numbers)
    rows = crowded.rows.take(unfolded.entries)
    keys = combined(crowded.keys.take(unfolded.entries), unfolded.items)
    outlets = pc.if_else(prefilter.portal.take(rows), pc.subtract(-1, rows), prefilter.outlets.take(rows))
    order, places, widths = _outlets_by_key(keys, outlets)
    entries, rarest = Keyed(keys.take(order), rows.take(order)), unfolded.rarest.take(order)
    for bit in range((pc.max(widths).as_py() or 0).bit_length()):
        live = pc.greater_equal(widths, 1 << bit)
        entries, places, widths, rarest = (
            entries.filter(live),
            places.filter(live),
            widths.filter(live),
            rarest.filter(live),
        )
        # The bits from this one on, and the same with this one turned over.
        own = pc.shift_right(places, pa.scalar(bit, pa.int64()))
        other = pc.bit_wise_xor(own, pa.scalar(1, pa.int64()))
        asking = Keyed(combined(entries.keys, other), entries.rows).filter(rarest)
        yield from meeting(asking, Keyed(combined(entries.keys, own), entries.rows), line, window)


def _outlets_by_key(keys: pa.Int64Array, outlets: pa.Int64Array) -> tuple[pa.Array, pa.Int64Array, pa.Int64Array]:
    """An order by key and outlet; in it the number of each outlet in its key, from 0, and the largest there."""
    order = pc.sort_indices(
        pa.table({"key": keys, "outlet": outlets}), sort_keys=[("key", "ascending"), ("outlet", "ascending")]
    )
    keys, outlets = keys.take(order), outlets.take(order)
    new_key = _changes(keys)
    serial = pc.cumulative_sum(pc.or_(new_key, _changes(outlets)).cast(pa.int64()))
    first = pc.cumulative_max(pc.if_else(new_key, serial, 0))
    last = serial.take(pc.subtract(pc.search_sorted(keys, keys, side="right").cast(pa.int64()), 1))
    return order, pc.subtract(serial, first), pc.subtract(last, first)


def _changes(values: pa.Int64Array) -> pa.BooleanArray:
    """(n,) where another value begins."""
    return pa.concat_arrays([pa.array([True] * min(len(values), 1), pa.bool_()), pc.not_equal(values[1:], values[:-1])])
