"""Crowds: many records of one title, such as the page that a crawl got instead of ten thousand articles.

Belongs here: gathering records of a crowd that say the same at about the same time into bundles, so
that n of them cost n comparisons and not n² / 2. Does not belong here: what relates two records
(`pair_rule`), and how the records that stand for their bundle are compared with others (`near`).

In the order of time, source and path each record joins the latest leader that the rule relates it to,
or becomes a leader. So bundles depend on the set of records only; they are formed anew on each run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.match_rules import MatchRules
from tasks.deduplicate.near import FEATURES, stories
from tasks.deduplicate.pair_rule import PairRule, Story
from tasks.tables.columns import whole

#: More records of one title than this are a crowd.
CROWD: Final = 24
#: Leaders, the latest ones, that a record is compared with.
_LEADERS: Final = 16
#: Records whose texts are in memory at a time.
_ROWS: Final = 20_000


class _Leader(NamedTuple):
    """The first record of a bundle, and the rows of all of it."""

    story: Story
    rows: list[int]


def bundles(records: pa.Table, rules: MatchRules) -> list[list[int]]:
    """Records of crowds that say the same within `reposted.days` of the first of them.

    Args:
        records: (n,) rows with the columns `near.FEATURES`, `source` and `source_path`.
        rules: parameters of the pair rule.

    Returns:
        Row numbers, two or more, the first of which, the leader, is related to each of the others.
    """
    rule, gathered, current = PairRule(rules), list[list[int]](), None
    leaders: deque[_Leader] = deque(maxlen=_LEADERS)
    for key, row, story in _crowded(records):
        if key != current:
            leaders.clear()
            current = key
        leader = next((leader for leader in reversed(leaders) if _joins(leader.story, story, rule)), None)
        if leader is None:
            leaders.append(_Leader(story, [row]))
            gathered.append(leaders[-1].rows)
        else:
            leader.rows.append(row)
    return [rows for rows in gathered if len(rows) > 1]


def represented(bundled: Sequence[Sequence[int]], count: int) -> pa.BooleanArray:
    """(count,) whether another record stands for this one: all of a bundle but its leader."""
    rows = [row for bundle in bundled for row in bundle[1:]]
    return pc.is_in(pa.arange(0, count), pa.array(rows, pa.int64()))


def _joins(leader: Story, story: Story, rule: PairRule) -> bool:
    relation = rule.relation(leader, story)
    return relation is not None and relation.days <= rule.rules.reposted.days


def _crowded(records: pa.Table) -> Iterator[tuple[str, int, Story]]:
    """Crowd, row number and story of the records in crowds, crowd by crowd in the order of time."""
    keys = _crowds(records)
    counts = keys.drop_null().value_counts()
    large = counts.field("values").filter(pc.greater(counts.field("counts"), CROWD))
    rows = pc.indices_nonzero(pc.is_in(keys, large)) if len(large) else pa.array([], pa.uint64())
    columns = {name: records[name].take(rows) for name in ("published_at", "source", "source_path")}
    order = pc.sort_indices(
        pa.table({"crowd": keys.take(rows), **columns}),
        sort_keys=[(name, "ascending") for name in ("crowd", *columns)],
    )
    for start in range(0, len(order), _ROWS):
        part = rows.take(order.slice(start, _ROWS))
        told = stories(records.select(FEATURES).take(part))
        yield from zip(keys.take(part).to_pylist(), part.to_pylist(), told, strict=True)


def _crowds(records: pa.Table) -> pa.Array:
    """(n,) the title; without one the least hash of the text, which alike texts mostly share; null without either."""
    titles, lists = whole(records["title_words"]), whole(records["shingles"])
    nameless = pc.fill_null(pc.equal(titles, ""), True)
    has_text = pc.and_(nameless, pc.fill_null(pc.greater(pc.list_value_length(lists), 0), False))
    least = pc.list_flatten(pc.list_slice(lists.filter(has_text), 0, 1)).cast(pa.string())
    named = pc.if_else(nameless, pa.scalar(None, pa.string()), titles)
    return pc.replace_with_mask(named, has_text, least)
