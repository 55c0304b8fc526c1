"""The rows of `article_versions`: states of articles, each from one change to the next.

Belongs here: what a state is followed by, as a function of tables (a slowly changing dimension of
type 2). Does not belong here: the files that the rows lie in (`version_files`), and finding states in a
Git repository (`flows.backfill`).

A row is a state that was observed and is not the article's state before; `changed` names the watched
columns that differ. So a run over unchanged articles adds nothing, and the rows depend on the sequence
of states alone, not on batches, workers or how often nothing happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import VERSION_COLUMNS
from config.contract_types import TIMESTAMP
from tasks.arrow.comparison import rows_differ
from tasks.warehouse.history import BY_TIME

_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Observation:
    """Who saw the articles as they are, and when (UTC)."""

    moment: datetime
    run_id: str

    def after(self, versions: pa.Table) -> Observation:
        """The same a moment after all that is known: a clock that was put back must not turn history around."""
        latest = pc.max(versions["valid_from"]).as_py()
        return self if latest is None or latest < self.moment else Observation(latest + _TICK, self.run_id)


class Next(NamedTuple):
    """What an observation makes of the rows that were the last ones.

    Attributes:
        last: the rows that are the last of their articles now; `valid_to` is null.
        closed: those that no longer are; `valid_to` is the time of the observation.
    """

    last: pa.Table
    closed: pa.Table


def observe(last: pa.Table, articles: pa.Table, seen: Observation) -> Next:
    """Bring the last row of every article up to what is there now.

    Args:
        last: (m,) the last row of each article known, in the table's schema.
        articles: (n,) `article_id` and the watched columns of all articles.
        seen: later than every `valid_from` of `last`.
    """
    watched = last.schema.names[len(VERSION_COLUMNS) :]
    place = pc.index_in(last["article_id"].combine_chunks(), articles["article_id"].combine_chunks())
    is_there, was_gone = pc.is_valid(place), last["is_deleted"].combine_chunks()
    flags = {name: _differ(last, articles.take(place), name, is_there) for name in watched}
    flags["is_deleted"] = pc.xor(pc.invert(is_there), was_gone)
    is_over = _any(flags)
    over, lists = last.filter(is_over), _names(flags).filter(is_over)
    came_or_stays = is_there.filter(is_over)
    now = states_of(articles.take(place.filter(is_over).filter(came_or_stays)), last.schema, seen, is_deleted=False)
    gone = states_of(over.filter(pc.invert(came_or_stays)), last.schema, seen, is_deleted=True)
    known = pc.is_in(articles["article_id"], last["article_id"].combine_chunks())
    first = states_of(articles.filter(pc.invert(known)), last.schema, seen, is_deleted=False)
    parts = [
        last.filter(pc.invert(is_over)),
        _with(now, "changed", lists.filter(came_or_stays)),
        _with(gone, "changed", lists.filter(pc.invert(came_or_stays))),
        first,
    ]
    ended = pa.repeat(pa.scalar(seen.moment, TIMESTAMP), len(over))
    return Next(pa.concat_tables(parts).sort_by(BY_TIME), _with(over, "valid_to", ended))


def chain(states: pa.Table) -> pa.Table:
    """The rows of a sequence of states: those that repeat the one before, or start with a deletion, are left out.

    Args:
        states: (n,) in the table's schema; `valid_to` and `changed` are not looked at.

    Returns:
        Rows sorted by article and time, with `valid_to` and `changed`.
    """
    states = _changes_only(states.combine_chunks().sort_by(BY_TIME))
    if not len(states):
        return states
    before, now = states.slice(0, len(states) - 1), states.slice(1)
    is_same = pc.equal(before["article_id"], now["article_id"])
    ends = pc.if_else(is_same, now["valid_from"], pa.scalar(None, TIMESTAMP))
    states = _with(states, "valid_to", pa.chunked_array([*ends.chunks, pa.nulls(1, TIMESTAMP)]))
    return _with(states, "changed", _names(_flags(states)))


def _changes_only(states: pa.Table) -> pa.Table:
    """States that are not those before; a deletion of what was never there says nothing."""
    if not len(states):
        return states
    is_first = _is_first(states)
    states = states.filter(pc.or_(is_first, _any(_flags(states))))
    is_first = _is_first(states)
    if pc.any(says_nothing := pc.and_(is_first, states["is_deleted"].combine_chunks())).as_py():
        return _changes_only(states.filter(pc.invert(says_nothing)))
    return states


def _is_first(states: pa.Table) -> pa.BooleanArray:
    """(n,) whether a row is its article's first one; the rows are sorted by article."""
    ids = states["article_id"].combine_chunks()
    same = pc.equal(ids.slice(0, len(ids) - 1), ids.slice(1))
    return pa.concat_arrays([pa.array([True]), pc.invert(same)])


def _flags(states: pa.Table) -> dict[str, pa.BooleanArray]:
    """Watched column to (n,) whether the row's value is another than in the article's row before."""
    before, now = states.slice(0, len(states) - 1), states.slice(1)
    is_next = pc.invert(_is_first(states))
    # What an article said when it was gone, nobody saw: a deletion changes `is_deleted` alone.
    is_seen = pc.and_not(is_next, states["is_deleted"].combine_chunks())
    names = [*states.schema.names[len(VERSION_COLUMNS) :], "is_deleted"]
    differ = {name: pa.concat_arrays([pa.array([False]), _column_differs(before, now, name)]) for name in names}
    return {name: pc.and_(is_next if name == "is_deleted" else is_seen, flag) for name, flag in differ.items()}


def _column_differs(one: pa.Table, other: pa.Table, name: str) -> pa.BooleanArray:
    return rows_differ(one[name].combine_chunks(), other[name].combine_chunks())


def _differ(last: pa.Table, now: pa.Table, name: str, is_there: pa.BooleanArray) -> pa.BooleanArray:
    return pc.and_(is_there, _column_differs(last, now, name))


def _any(flags: dict[str, pa.BooleanArray]) -> pa.BooleanArray:
    whole, *others = flags.values()
    for flag in others:
        whole = pc.or_(whole, flag)
    return whole


def _names(flags: dict[str, pa.BooleanArray]) -> pa.ListArray:
    """(n,) for each row the names of the flags that are set, in their order."""
    rows = [pc.indices_nonzero(flag) for flag in flags.values()]
    names = [pa.repeat(pa.scalar(name), len(at)) for name, at in zip(flags, rows, strict=True)]
    order = pc.array_sort_indices(pa.concat_arrays([_keyed(at, i, len(flags)) for i, at in enumerate(rows)]))
    counts = [flag.cast(pa.int32()) for flag in flags.values()]
    total = counts[0]
    for count in counts[1:]:
        total = pc.add(total, count)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(total).cast(pa.int32())])
    return pa.ListArray.from_arrays(offsets, pa.concat_arrays(names).take(order))


def _keyed(rows: pa.Array, flag: int, flags: int) -> pa.Array:
    """Numbers that sort by row, then by flag."""
    return pc.add(pc.multiply(rows.cast(pa.int64()), flags), flag)


def states_of(rows: pa.Table, schema: pa.Schema, seen: Observation, *, is_deleted: bool = False) -> pa.Table:
    """States seen at one time.

    Args:
        rows: (n,) with `article_id` and the watched columns.
        schema: of the table.
        seen: when, and by which run.
        is_deleted: whether the articles were gone; the values are the last ones then.

    Returns:
        Rows without a change in `changed`; `chain` finds those.
    """
    constant = {
        "valid_from": pa.scalar(seen.moment, TIMESTAMP),
        "valid_to": pa.scalar(None, TIMESTAMP),
        "changed": pa.scalar([], schema.field("changed").type),
        "is_deleted": pa.scalar(is_deleted),
        "commit": pa.scalar(None, pa.string()),
        "run_id": pa.scalar(seen.run_id),
    }
    columns = [
        _repeated(constant[field.name], len(rows)) if field.name in constant else rows[field.name] for field in schema
    ]
    return pa.table(columns, schema=schema)


def joined(told: pa.Table, known: pa.Table, seen: Observation) -> pa.Table:
    """The rows of a history of which one part was told and the other observed.

    Args:
        told: states of the time before the first observation, in the table's schema.
        known: rows of the table so far; those of the time before the observation give way to `told`.
        seen: the first observation.

    Returns:
        All rows, sorted by article and time: a state that was told and is still there when it is observed
        is one row; what was told and is not there then was deleted.
    """
    then = as_of(known, seen.moment)
    first = states_of(then, known.schema, seen)
    first = _with(first, "is_deleted", then["is_deleted"])
    later = known.filter(pc.greater(known["valid_from"], pa.scalar(seen.moment, TIMESTAMP)))
    ids = then["article_id"].combine_chunks()
    missing = told.filter(pc.invert(pc.is_in(told["article_id"], ids))).sort_by(BY_TIME).combine_chunks()
    gone = states_of(_last_of_each(missing), known.schema, seen, is_deleted=True)
    return chain(pa.concat_tables([told, first, gone, later]))


def _last_of_each(states: pa.Table) -> pa.Table:
    """The last state of each article; the rows are sorted by article and time."""
    if not len(states):
        return states
    is_first = _is_first(states)
    return states.filter(pa.concat_arrays([is_first.slice(1), pa.array([True])]))


def as_of(versions: pa.Table, moment: datetime) -> pa.Table:
    """The row of each article that was valid at a time, deleted ones too."""
    at = pa.scalar(moment, TIMESTAMP)
    has_begun = pc.less_equal(versions["valid_from"], at)
    is_over = pc.fill_null(pc.less_equal(versions["valid_to"], at), False)
    return versions.filter(pc.and_not(has_begun, is_over))


def fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows of an earlier schema in another: columns that are new to it are null, lists empty.

    Raises:
        pa.ArrowInvalid: a value does not fit its column's new type.
    """
    columns = []
    for field in schema:
        if field.name in table.schema.names:
            columns.append(table[field.name].cast(field.type))
        else:
            empty = pa.scalar([], field.type) if pa.types.is_list(field.type) else pa.scalar(None, field.type)
            columns.append(pa.chunked_array([_repeated(empty, len(table))]))
    return pa.table(columns, schema=schema)


def _repeated(value: pa.Scalar, length: int) -> pa.Array:
    """(length,) the same value; Arrow cannot repeat a list no times."""
    return pa.repeat(value, length) if length else pa.array([], value.type)


def _with(rows: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    """The rows with other values in a column."""
    return rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), values)
