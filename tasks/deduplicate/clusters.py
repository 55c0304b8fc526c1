"""Clusters: which records tell one story, as a pure function of the set of records.

Belongs here: from relations to clusters, and the guard against chains. Does not belong here: what makes
a relation (`exact`, `near`), and the order of records (`survivors`).

Relations say that two records tell one story, but stories blend into each other from copy to copy. So
what hangs together is split until every member agrees with its survivor:

1. Records with a common address are one page, and stay together whatever else there is.
2. Of the pages that hang together, the best one survives. Its cluster has all pages that are related
   to it, and those that pages of the cluster lead to unless they conflict with the survivor.
3. What is left hangs together anew, and is treated the same way.

Each step looks at sets and at the total order of records only, never at the order of relations or runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tasks.deduplicate.components import chained, components


class _Graph(NamedTuple):
    """Pages, each named by its best record, and the groups of pages that are related."""

    groups: list[list[int]]
    groups_of: dict[int, list[int]]
    conflicting: Callable[[int, int], bool]


def clusters(
    places: Sequence[int],
    bound: Iterable[Sequence[int]],
    related: Iterable[Sequence[int]],
    conflicting: Callable[[int, int], bool],
) -> list[list[int]]:
    """Clusters of two records or more.

    Args:
        places: (n,) place of each record in the total order, 0 for the best.
        bound: groups of records with a common address.
        related: groups of records (often pairs) that are related otherwise, each to each.
        conflicting: whether a survivor and a record that others lead to cannot be one story.

    Returns:
        Lists of row numbers, each from best to worst; the lists by their smallest row.
    """
    pages = [sorted(page, key=places.__getitem__) for page in components(chained(bound))]
    page_of = {row: page[0] for page in pages for row in page}
    rows_of = {page[0]: page for page in pages}
    groups = [sorted({page_of.get(row, row) for row in group}) for group in related]
    graph = _Graph(groups, _by_member(groups), conflicting)
    stories: list[list[int]] = []
    for whole in components(chained(groups)):
        stories += _split(set(whole), graph, places)
    # What is in no component of several pages is a story by itself.
    stories += [[best] for best in rows_of.keys() - {best for story in stories for best in story}]
    rows = [[row for best in story for row in rows_of.get(best, [best])] for story in stories]
    return sorted((sorted(story, key=places.__getitem__) for story in rows if len(story) > 1), key=min)


def _by_member(groups: Sequence[Sequence[int]]) -> dict[int, list[int]]:
    groups_of: dict[int, list[int]] = {}
    for number, group in enumerate(groups):
        for page in group:
            groups_of.setdefault(page, []).append(number)
    return groups_of


def _split(whole: set[int], graph: _Graph, places: Sequence[int]) -> list[list[int]]:
    """The clusters of one component: of the best page first, then of what that leaves."""
    found = []
    for survivor in sorted(whole, key=places.__getitem__):
        if survivor in whole:
            story = _agreeing(survivor, whole, graph)
            whole -= story
            found.append(sorted(story))
    return found


def _agreeing(survivor: int, whole: set[int], graph: _Graph) -> set[int]:
    """The survivor and the pages that others of them lead to and that agree with it."""
    agrees = {page: True for group in graph.groups_of[survivor] for page in graph.groups[group]}
    story, waiting, seen = {survivor}, [survivor], set[int]()
    while waiting:
        for group in set(graph.groups_of[waiting.pop()]) - seen:
            seen.add(group)
            for page in graph.groups[group]:
                if page not in agrees:
                    agrees[page] = not graph.conflicting(survivor, page)
                if page in whole and page not in story and agrees[page]:
                    story.add(page)
                    waiting.append(page)
    return story
