"""Clusters: a pure function of the set of records, in which every member agrees with its survivor."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.deduplicate.clusters import clusters

NODES = 9
PLACES = range(NODES)
EDGES = st.sets(st.sampled_from(list(combinations(range(NODES), 2))), max_size=14)


def never(_a: int, _b: int) -> bool:
    return False


def always(_a: int, _b: int) -> bool:
    return True


def far(width: int) -> Callable[[int, int], bool]:
    """Records conflict that lie further apart than `width`."""
    return lambda a, b: abs(a - b) > width


def test_what_hangs_together_is_one_story_if_nothing_conflicts() -> None:
    assert clusters(PLACES, [], [(0, 1), (1, 2), (5, 6)], never) == [[0, 1, 2], [5, 6]]


def test_a_chain_ends_where_a_record_conflicts_with_the_survivor() -> None:
    assert clusters(PLACES, [], [(0, 1), (1, 2), (2, 3), (3, 4)], far(2)) == [[0, 1, 2], [3, 4]]


def test_what_is_related_to_the_survivor_belongs_to_it_even_if_it_conflicts_otherwise() -> None:
    assert clusters(PLACES, [], [(0, 1), (1, 2), (0, 2)], always) == [[0, 1, 2]]


def test_no_record_leads_on_that_does_not_belong() -> None:
    assert clusters(PLACES, [], [(0, 1), (1, 8), (8, 2)], far(3)) == [[0, 1], [2, 8]]


def test_records_of_one_address_stay_together_whatever_conflicts() -> None:
    assert clusters(PLACES, [(0, 1, 2)], [(2, 5), (5, 6)], always) == [[0, 1, 2, 5]]


def test_a_group_relates_each_of_its_records_to_each() -> None:
    assert clusters(PLACES, [], [(3, 1, 7)], always) == [[1, 3, 7]]


def test_clusters_start_with_their_best_record() -> None:
    assert clusters([2, 0, 1], [], [(0, 1), (1, 2)], never) == [[1, 2, 0]]


@settings(deadline=None)
@given(EDGES, EDGES, st.integers(0, 6), st.randoms())
def test_the_order_of_relations_does_not_matter(
    bound: set[tuple[int, int]], related: set[tuple[int, int]], width: int, random: Random
) -> None:
    def shuffled(edges: set[tuple[int, int]]) -> list[tuple[int, int]]:
        return [(b, a) for a, b in random.sample(sorted(edges), len(edges))]

    found = clusters(PLACES, shuffled(bound), shuffled(related), far(width))
    assert found == clusters(PLACES, bound, related, far(width))


@settings(deadline=None)
@given(EDGES, EDGES, st.integers(0, 6), st.permutations(range(NODES)))
def test_neither_do_the_numbers_of_records(
    bound: set[tuple[int, int]], related: set[tuple[int, int]], width: int, numbers: list[int]
) -> None:
    def renamed(edges: set[tuple[int, int]]) -> list[tuple[int, int]]:
        return [(numbers[a], numbers[b]) for a, b in edges]

    places = [numbers.index(row) for row in range(NODES)]
    found = clusters(
        places, renamed(bound), renamed(related), lambda a, b: abs(numbers.index(a) - numbers.index(b)) > width
    )
    straight = clusters(PLACES, bound, related, far(width))
    assert sorted([numbers.index(row) for row in cluster] for cluster in found) == sorted(straight)


@settings(deadline=None)
@given(EDGES, EDGES, st.integers(0, 6))
def test_every_record_is_in_one_cluster_at_most_and_pages_are_whole(
    bound: set[tuple[int, int]], related: set[tuple[int, int]], width: int
) -> None:
    found = clusters(PLACES, bound, related, far(width))
    cluster_of = {row: i for i, cluster in enumerate(found) for row in cluster}
    assert len(cluster_of) == sum(map(len, found))
    assert all(cluster_of[a] == cluster_of[b] for a, b in bound)
    assert all(list(cluster) == sorted(cluster) for cluster in found)


@settings(deadline=None)
@given(EDGES, st.integers(0, 6))
def test_every_member_is_related_to_its_survivor_or_agrees_with_it(related: set[tuple[int, int]], width: int) -> None:
    for survivor, *others in clusters(PLACES, [], related, far(width)):
        assert all((survivor, row) in related or row - survivor <= width for row in others)
