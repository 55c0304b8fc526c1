"""Clustering: which records tell one story, as a pure function of the set of records.

Belongs here: leader clusters of oversized blocks, connected components, and their split into clusters.
Does not belong here: what relates two records (`pair_rule`, `links`), and the order of records
(`survivors`).

Links say that two records tell one story, but stories blend into each other from copy to copy. So a
connected component is split until every member agrees with its survivor:

1. Records with a common address are one page, and stay together whatever else there is.
2. The best page of the component survives. Its cluster has all pages that are related to it, and those
   that pages of the cluster lead to unless they conflict with the survivor.
3. The pages that are left are treated the same way.

Each step looks at sets and at the total order of records only, never at the order of links or runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.match_rules import MatchRules
from tasks.arrow.columns import whole
from tasks.deduplicate.blocking import OVERSIZED
from tasks.deduplicate.pair import Story
from tasks.deduplicate.pair_rule import PairRule
from tasks.deduplicate.related_pairs import FEATURES, stories

#: Leaders, the latest ones, that a record is compared with.
_LEADERS: Final = 16
#: Records whose texts are in memory at a time.
_ROWS: Final = 20_000


class _Leader(NamedTuple):
    """The first record of a leader cluster, and the rows of all of it."""

    story: Story
    rows: list[int]


class _Graph(NamedTuple):
    """Pages, each named by its best record, and the groups of pages that are related."""

    groups: list[list[int]]
    groups_of: dict[int, list[int]]
    conflicting: Callable[[int, int], bool]


def leader_clusters(records: pa.Table, rules: MatchRules) -> list[list[int]]:
    """Records of oversized blocks that say the same within `reposted.days` of the first of them.

    Ten thousand copies of one page cost as many comparisons this way, and not the square of it. In the order
    of time, source and path each record joins the latest leader that the rule relates it to, or becomes a
    leader. So the clusters depend on the set of records only; each run computes them in full.

    Args:
        records: (n,) rows with the columns `FEATURES`, `source` and `source_path`.
        rules: parameters of the pair rule.

    Returns:
        Row numbers, two or more, the first of which, the leader, is related to each of the others.
    """
    rule, found, current = PairRule(rules), list[list[int]](), None
    leaders: deque[_Leader] = deque(maxlen=_LEADERS)
    for block, row, story in _oversized(records):
        if block != current:
            leaders.clear()
            current = block
        leader = next((leader for leader in reversed(leaders) if _joins(leader.story, story, rule)), None)
        if leader is None:
            leaders.append(_Leader(story, [row]))
            found.append(leaders[-1].rows)
        else:
            leader.rows.append(row)
    return [rows for rows in found if len(rows) > 1]


def represented(leaders: Sequence[Sequence[int]], count: int) -> pa.BooleanArray:
    """(count,) whether another record stands for this one: all of a leader cluster but its leader."""
    rows = [row for cluster in leaders for row in cluster[1:]]
    return pc.is_in(pa.arange(0, count), pa.array(rows, pa.int64()))


def _joins(leader: Story, story: Story, rule: PairRule) -> bool:
    relation = rule.relation(leader, story)
    return relation is not None and relation.days <= rule.rules.reposted.days


def _oversized(records: pa.Table) -> Iterator[tuple[str, int, Story]]:
    """Block, row number and story of the records in oversized blocks, block by block in the order of time."""
    keys = _block_keys(records)
    counts = keys.drop_null().value_counts()
    large = counts.field("values").filter(pc.greater(counts.field("counts"), OVERSIZED))
    rows = pc.indices_nonzero(pc.is_in(keys, large)) if len(large) else pa.array([], pa.uint64())
    columns = {name: records[name].take(rows) for name in ("published_at", "source", "source_path")}
    table = pa.table({"block": keys.take(rows), **columns})
    order = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in table.column_names])
    for start in range(0, len(order), _ROWS):
        part = rows.take(order.slice(start, _ROWS))
        features = records.select(FEATURES).take(part)
        yield from zip(keys.take(part).to_pylist(), part.to_pylist(), stories(features), strict=True)


def _block_keys(records: pa.Table) -> pa.Array:
    """(n,) the title; without one the least hash of the text, which similar texts mostly share; null without either."""
    titles, lists = whole(records["title_words"]), whole(records["shingles"])
    untitled = pc.fill_null(pc.equal(titles, ""), True)
    has_text = pc.and_(untitled, pc.fill_null(pc.greater(pc.list_value_length(lists), 0), False))
    least = pc.list_flatten(pc.list_slice(lists.filter(has_text), 0, 1)).cast(pa.string())
    titled = pc.if_else(untitled, pa.scalar(None, pa.string()), titles)
    return pc.replace_with_mask(titled, has_text, least)


def components(groups: Iterable[Sequence[int]]) -> list[list[int]]:
    """The connected components of groups that have nodes in common.

    Args:
        groups: node numbers, each group connected in itself; nodes of no group of two do not occur.

    Returns:
        Components of two nodes or more, each sorted, in the order of their smallest node: the same
        for any order of groups. Union by smallest root with path halving, close to linear.
    """
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for first, other in edges(groups):
        low, high = sorted((root(first), root(other)))
        parent[high] = low
    members: dict[int, list[int]] = {}
    for node in sorted(parent):
        members.setdefault(root(node), []).append(node)
    return [nodes for nodes in members.values() if len(nodes) > 1]


def edges(groups: Iterable[Sequence[int]]) -> Iterator[tuple[int, int]]:
    """Edges that connect each group: from its first node to every other."""
    return ((group[0], other) for group in groups for other in group[1:])


def clusters(
    ranks: Sequence[int],
    pages: Iterable[Sequence[int]],
    related: Iterable[Sequence[int]],
    conflicting: Callable[[int, int], bool],
) -> list[list[int]]:
    """Clusters of two records or more.

    Args:
        ranks: (n,) position of each record in the total order, 0 for the best.
        pages: groups of records with a common address.
        related: groups of records (often pairs) that are related otherwise, each to each.
        conflicting: whether a survivor and a record that others lead to cannot be one story.

    Returns:
        Lists of row numbers, each from best to worst; the lists by their smallest row.
    """
    by_rank = ranks.__getitem__
    rows_of = {page[0]: page for page in (sorted(page, key=by_rank) for page in components(pages))}
    page_of = {row: best for best, page in rows_of.items() for row in page}
    groups = [sorted({page_of.get(row, row) for row in group}) for group in related]
    graph = _Graph(groups, _by_member(groups), conflicting)
    found = [cluster for component in components(groups) for cluster in _split(set(component), graph, ranks)]
    # A page that is in no component of several pages is a cluster by itself.
    found += [[best] for best in rows_of.keys() - {best for cluster in found for best in cluster}]
    rows = [[row for best in cluster for row in rows_of.get(best, [best])] for cluster in found]
    return sorted((sorted(cluster, key=by_rank) for cluster in rows if len(cluster) > 1), key=min)


def _by_member(groups: Sequence[Sequence[int]]) -> dict[int, list[int]]:
    groups_of: dict[int, list[int]] = {}
    for number, group in enumerate(groups):
        for page in group:
            groups_of.setdefault(page, []).append(number)
    return groups_of


def _split(component: set[int], graph: _Graph, ranks: Sequence[int]) -> list[list[int]]:
    """The clusters of one component: of the best page first, then of the pages that are left."""
    found = []
    for survivor in sorted(component, key=ranks.__getitem__):
        if survivor in component:
            cluster = _agreeing(survivor, component, graph)
            component -= cluster
            found.append(sorted(cluster))
    return found


def _agreeing(survivor: int, component: set[int], graph: _Graph) -> set[int]:
    """The survivor and the pages that others of them lead to and that agree with it."""
    agrees = {page: True for group in graph.groups_of[survivor] for page in graph.groups[group]}
    cluster, waiting, seen = {survivor}, [survivor], set[int]()
    while waiting:
        for group in set(graph.groups_of[waiting.pop()]) - seen:
            seen.add(group)
            for page in graph.groups[group]:
                if page not in agrees:
                    agrees[page] = not graph.conflicting(survivor, page)
                if page in component and page not in cluster and agrees[page]:
                    cluster.add(page)
                    waiting.append(page)
    return cluster
