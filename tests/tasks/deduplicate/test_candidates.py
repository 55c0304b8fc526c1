"""Candidates miss nothing that the pair rule could relate: held against brute force."""

from __future__ import annotations

from itertools import combinations
from typing import Final

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.deduplicate.candidates import Corpus, candidates

DAY: Final = 86_400_000_000

RECORDS = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.sampled_from(["a", "b", None]),
        st.sets(st.integers(-12, 12), max_size=9),
        st.booleans(),
    ),
    max_size=40,
)


def corpus(records: list[tuple[int, str | None, set[int], bool]]) -> Corpus:
    records = sorted(records, key=lambda record: record[0])
    days, titles, sets, fresh = zip(*records, strict=True) if records else ([], [], [], [])
    return Corpus(
        times=pa.array([day * DAY for day in days], pa.int64()),
        titles=pa.array(titles, pa.string()),
        shingles=pa.array([sorted(s) for s in sets], pa.list_(pa.int64())),
        fresh=pa.array(fresh, pa.bool_()),
    )


def found(c: Corpus, similarity: float = 0.4, days: float = 5) -> list[tuple[int, int]]:
    pairs = candidates(c, similarity, days, 2 * days)
    return list(zip(pairs.left.to_pylist(), pairs.right.to_pylist(), strict=True))


def similar(a: set[int], b: set[int], least: float) -> bool:
    return bool(a | b) and len(a & b) / len(a | b) >= least


@settings(deadline=None)
@given(RECORDS, st.sampled_from([0.2, 0.4, 0.5, 0.8, 1.0]))
def test_every_pair_that_could_be_related_is_a_candidate(
    records: list[tuple[int, str | None, set[int], bool]], similarity: float
) -> None:
    c = corpus(records)
    times, titles, fresh = c.times.to_pylist(), c.titles.to_pylist(), c.fresh.to_pylist()
    sets = [set(s) for s in c.shingles.to_pylist()]
    wanted = {
        (i, j)
        for i, j in combinations(range(len(times)), 2)
        if fresh[i] or fresh[j]
        if (titles[i] is not None and titles[i] == titles[j] and times[j] - times[i] <= 10 * DAY)
        or (similar(sets[i], sets[j], similarity) and times[j] - times[i] <= 5 * DAY)
    }
    assert wanted <= set(found(c, similarity))


@settings(deadline=None)
@given(RECORDS)
def test_candidates_lie_in_their_window_have_a_fresh_record_and_come_once(
    records: list[tuple[int, str | None, set[int], bool]],
) -> None:
    c = corpus(records)
    times, titles, fresh = c.times.to_pylist(), c.titles.to_pylist(), c.fresh.to_pylist()
    pairs = found(c)
    assert pairs == sorted(set(pairs))
    assert all(i < j and (fresh[i] or fresh[j]) for i, j in pairs)
    assert all(times[j] - times[i] <= (10 if titles[i] == titles[j] else 5) * DAY for i, j in pairs)


def test_boilerplate_that_all_records_have_pairs_none_of_them() -> None:
    boilerplate = set(range(10))
    records: list[tuple[int, str | None, set[int], bool]] = [
        (0, None, boilerplate | set(range(100 * n, 100 * n + 20)), True) for n in range(1, 60)
    ]
    assert found(corpus(records)) == []
