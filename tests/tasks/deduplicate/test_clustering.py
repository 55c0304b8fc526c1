"""Clustering: a pure function of the set of records, in which every member agrees with its survivor.

Thousands of pages that say the same cost time in proportion, whatever their order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import combinations
from random import Random
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.match_rules import load_match_rules
from tasks.deduplicate.blocking import OVERSIZED
from tasks.deduplicate.clustering import clusters, leader_clusters
from tasks.deduplicate.decisions import decide
from tests.tasks.deduplicate.manifest_rows import MORNING, by_path, manifest, row, rows_before, text, with_stored_pairs

NODES = 9
RANKS = range(NODES)
EDGES = st.sets(st.sampled_from(list(combinations(range(NODES), 2))), max_size=14)


def never(_a: int, _b: int) -> bool:
    return False


def always(_a: int, _b: int) -> bool:
    return True


def far(width: int) -> Callable[[int, int], bool]:
    """Records conflict that lie further apart than `width`."""
    return lambda a, b: abs(a - b) > width


def test_a_component_is_one_story_if_nothing_conflicts() -> None:
    assert clusters(RANKS, [], [(0, 1), (1, 2), (5, 6)], never) == [[0, 1, 2], [5, 6]]


def test_a_chain_ends_where_a_record_conflicts_with_the_survivor() -> None:
    assert clusters(RANKS, [], [(0, 1), (1, 2), (2, 3), (3, 4)], far(2)) == [[0, 1, 2], [3, 4]]


def test_what_is_related_to_the_survivor_belongs_to_it_even_if_it_conflicts_otherwise() -> None:
    assert clusters(RANKS, [], [(0, 1), (1, 2), (0, 2)], always) == [[0, 1, 2]]


def test_no_record_leads_on_that_does_not_belong() -> None:
    assert clusters(RANKS, [], [(0, 1), (1, 8), (8, 2)], far(3)) == [[0, 1], [2, 8]]


def test_records_of_one_address_stay_together_whatever_conflicts() -> None:
    assert clusters(RANKS, [(0, 1, 2)], [(2, 5), (5, 6)], always) == [[0, 1, 2, 5]]


def test_a_group_relates_each_of_its_records_to_each() -> None:
    assert clusters(RANKS, [], [(3, 1, 7)], always) == [[1, 3, 7]]


def test_clusters_start_with_their_best_record() -> None:
    assert clusters([2, 0, 1], [], [(0, 1), (1, 2)], never) == [[1, 2, 0]]


@settings(deadline=None)
@given(EDGES, EDGES, st.integers(0, 6), st.randoms())
def test_the_order_of_relations_does_not_matter(
    bound: set[tuple[int, int]], related: set[tuple[int, int]], width: int, random: Random
) -> None:
    def shuffled(edges: set[tuple[int, int]]) -> list[tuple[int, int]]:
        return [(b, a) for a, b in random.sample(sorted(edges), len(edges))]

    found = clusters(RANKS, shuffled(bound), shuffled(related), far(width))
    assert found == clusters(RANKS, bound, related, far(width))


@settings(deadline=None)
@given(EDGES, EDGES, st.integers(0, 6), st.permutations(range(NODES)))
def test_neither_do_the_numbers_of_records(
    bound: set[tuple[int, int]], related: set[tuple[int, int]], width: int, numbers: list[int]
) -> None:
    def renamed(edges: set[tuple[int, int]]) -> list[tuple[int, int]]:
        return [(numbers[a], numbers[b]) for a, b in edges]

    ranks = [numbers.index(row) for row in range(NODES)]
    found = clusters(
        ranks, renamed(bound), renamed(related), lambda a, b: abs(numbers.index(a) - numbers.index(b)) > width
    )
    straight = clusters(RANKS, bound, related, far(width))
    assert sorted([numbers.index(row) for row in cluster] for cluster in found) == sorted(straight)


@settings(deadline=None)
@given(EDGES, EDGES, st.integers(0, 6))
def test_every_record_is_in_one_cluster_at_most_and_pages_are_whole(
    bound: set[tuple[int, int]], related: set[tuple[int, int]], width: int
) -> None:
    found = clusters(RANKS, bound, related, far(width))
    cluster_of = {row: i for i, cluster in enumerate(found) for row in cluster}
    assert len(cluster_of) == sum(map(len, found))
    assert all(cluster_of[a] == cluster_of[b] for a, b in bound)
    assert all(list(cluster) == sorted(cluster) for cluster in found)


@settings(deadline=None)
@given(EDGES, st.integers(0, 6))
def test_every_member_is_related_to_its_survivor_or_agrees_with_it(related: set[tuple[int, int]], width: int) -> None:
    for survivor, *others in clusters(RANKS, [], related, far(width)):
        assert all((survivor, row) in related or row - survivor <= width for row in others)


RULES: Final = load_match_rules()
WALL: Final = "Please enable cookies in your browser and reload this page to go on reading"
TEXT: Final = f"{WALL} as the site must know that you are a person and not one of the many machines"


def pages(titles: list[str], texts: list[str], outlets: list[str], days: list[float]) -> list[dict[str, Any]]:
    """One record each, in the order of their paths."""
    return [
        row(f"{i:06}", **text(title, excerpt), outlet=outlet, published_at=MORNING + timedelta(days=day), near=[])
        for i, (title, excerpt, outlet, day) in enumerate(zip(titles, texts, outlets, days, strict=True))
    ]


def walls(count: int, **more: list[Any]) -> list[dict[str, Any]]:
    """The same page, again and again over a day."""
    fields: dict[str, list[Any]] = {"titles": [WALL] * count, "texts": [TEXT] * count, "outlets": ["a.example"] * count}
    return pages(**{**fields, "days": [i / count for i in range(count)], **more})


def decided(rows: list[dict[str, Any]]) -> pa.Table:
    return decide(manifest(*rows), RULES)


def statuses(table: pa.Table) -> Counter[str]:
    return Counter(table["status"].to_pylist())


def test_five_thousand_identical_pages_are_one_story() -> None:
    table = decided(walls(5_000))
    assert statuses(table) == {"loaded": 1, "duplicate": 4_999}
    assert set(table["match"].drop_null().to_pylist()) == {"reposted"}
    assert pc.sum(pc.list_value_length(table["near"])).as_py() == 0


def test_so_are_pages_of_many_outlets_that_differ_by_a_number() -> None:
    count = 3_000
    texts = [f"{TEXT} request {i}" for i in range(count)]
    table = decided(walls(count, texts=texts, outlets=[f"o{i}.example" for i in range(count)]))
    assert statuses(table) == {"loaded": 1, "duplicate": count - 1}
    assert table["outlets"][0].as_py() == count


@pytest.mark.parametrize("outlets", [1, 1_500])
def test_boilerplate_pages_with_a_running_number_in_the_title_are_all_kept(outlets: int) -> None:
    titles = [f"{WALL} part {i}" for i in range(1_500)]
    pages_of_one = walls(1_500, titles=titles, outlets=[f"o{i % outlets}.example" for i in range(1_500)])
    assert statuses(decided(pages_of_one)) == {"loaded": 1_500}


def test_pages_without_a_title_are_a_block_by_their_text() -> None:
    untitled = manifest(*walls(200, titles=[""] * 200))
    assert [len(cluster) for cluster in leader_clusters(untitled, RULES)] == [200]


def test_no_leader_cluster_lasts_longer_than_what_one_outlet_posts_again() -> None:
    found = leader_clusters(manifest(*walls(100, days=[i / 10 for i in range(100)])), RULES)
    assert [(cluster[0], len(cluster)) for cluster in found] == [(0, 31), (31, 31), (62, 31), (93, 7)]


def test_few_similar_pages_are_no_oversized_block() -> None:
    assert leader_clusters(manifest(*walls(OVERSIZED)), RULES) == []


def test_on_a_platform_every_page_of_an_oversized_block_stands_for_itself() -> None:
    assert statuses(decided(walls(200, outlets=["youtube.com"] * 200))) == {"loaded": 200}


def test_runs_in_which_an_oversized_block_comes_and_goes_end_as_a_rebuild() -> None:
    days = [Random(3).random() * 12 for _ in range(60)]
    outlets = [f"o{i % 3}.example" for i in range(60)]
    texts = [f"{TEXT} request {i}" for i in range(60)]
    everything = walls(60, days=days, outlets=outlets, texts=texts)
    table = manifest()
    for rows in (range(0, 20), range(0, 60), range(30, 60), range(40, 60), range(0, 60, 2)):
        run = [everything[i] for i in rows]
        following = with_stored_pairs(run, table)
        table = decide(following, RULES, "1", table, rows_before(following, table))
        assert table == decide(manifest(*run), RULES, "1")


def test_the_order_in_which_pages_of_a_block_come_does_not_matter() -> None:
    names = Random(5).sample(range(80), 80)
    days = [i / 8 for i in range(80)]
    outlets = [f"o{i % 3}.example" for i in range(80)]
    straight = decided(walls(80, days=days, outlets=outlets))
    shuffled = decided(walls(80, days=[days[i] for i in names], outlets=[outlets[i] for i in names]))
    survivors = [path for path, fields in by_path(straight).items() if fields["status"] == "loaded"]
    renamed = [f"{names[int(path)]:06}" for path, f in by_path(shuffled).items() if f["status"] == "loaded"]
    assert survivors == sorted(renamed)
