"""Candidates miss nothing that the pair rule relates, held against brute force, and few others are looked at."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations
from typing import Any, Final
from unittest.mock import patch

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.match_rules import load_match_rules
from tasks.deduplicate import candidates as candidates_module
from tasks.deduplicate import joins, prefixes
from tasks.deduplicate.candidates import UNDATED, Corpus, Pairs, candidates, sharing_with_fresh
from tasks.deduplicate.related_pairs import near_pairs, stories
from tasks.deduplicate.pair_rule import PairRule
from tasks.tables.texts import normal_words, shingles
from tests.tasks.deduplicate.manifest_rows import MORNING, SCHEMA, row

RULES: Final = load_match_rules()
TEXT: Final = (
    "crews of the harbour ferry voted on friday to stop work until their winter pay is settled with the port"
    " authority whose managers say that any rise must wait for a new season of full boats"
).split()

#: Titles as templates make them: numbered, dated, named, longer and shorter, one without a word that tells.
TITLES: Final = st.sampled_from(
    [
        "",
        "What is new",
        "Harbour ferry crews vote to stop work",
        "Harbour ferry crews vote to stop work over pay",
        "Harbour ferry crews vote to stop work over winter pay once more",
        "Harbour ferry crews vote to stop work 1",
        "Harbour ferry crews vote to stop work 2",
        "Harbour ferry crews vote to stop work one of 2",
        "Harbour ferry crews vote to stop work in May 2",
        "Inland ferry crews vote to stop work",
        "Winter boats stay in port as managers refuse a rise",
    ]
)
OUTLETS: Final = st.sampled_from(["a.example", "b.example", "c.example", "msn.com", "youtube.com", "vimeo.com", None])
#: On both sides of the rule's windows; None is no date.
DAYS: Final = st.sampled_from([None, 0, 0.5, 1, 2, 3, 3.5, 6, 7, 8, 14, 15, 100, 119, 121])
RECORDS: Final = st.lists(st.tuples(TITLES, OUTLETS, DAYS, st.integers(0, 6), st.booleans()), max_size=24)


def table(records: list[tuple[Any, ...]]) -> tuple[pa.Table, pa.BooleanArray]:
    """Manifest rows of records that tell parts of one text, and which are fresh."""
    titles, texts = ([record[0] for record in records], [" ".join(TEXT[2 * r[3] : 2 * r[3] + 22]) for r in records])
    words = normal_words(pa.array(titles, pa.string())).to_pylist()
    hashes = shingles(pa.array(titles, pa.string()), pa.array(texts, pa.string())).to_pylist()
    rows = [
        row(
            f"{i:03}",
            title_words=words[i],
            shingles=hashes[i],
            outlet=outlet,
            published_at=None if day is None else MORNING + timedelta(days=day),
        )
        for i, (_, outlet, day, _, _) in enumerate(records)
    ]
    return pa.Table.from_pylist(rows, SCHEMA), pa.array([record[4] for record in records], pa.bool_())


@pytest.fixture(params=[0, 24], ids=["every key is crowded", "hardly any is"])
def crowd(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    # And few records at a time, so that pairs lie on both sides of a cut.
    monkeypatch.setattr("tasks.deduplicate.candidates._ROWS", 3)
    monkeypatch.setattr("tasks.deduplicate.candidates._WINDOWS", 0)
    monkeypatch.setattr(joins, "CROWD", request.param)
    monkeypatch.setattr(prefixes, "COMMON", max(request.param, 2))


@pytest.mark.usefixtures("crowd")
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(RECORDS)
def test_the_pairs_found_are_those_that_the_rule_relates_of_all(records: list[tuple[Any, ...]]) -> None:
    manifest, fresh = table(records)
    told, rule = stories(manifest), PairRule(RULES)
    expected = [
        (i, j)
        for i, j in combinations(range(len(told)), 2)
        if (records[i][4] or records[j][4]) and rule.relation(told[i], told[j])
    ]
    assert near_pairs(manifest, fresh, RULES).edges() == expected


def looked_at(records: list[tuple[Any, ...]]) -> Pairs:
    """Candidates of records, in the order given, which is that of time."""
    manifest, fresh = table(records)
    times = manifest["published_at"].combine_chunks().cast(pa.int64()).fill_null(UNDATED)
    titles, outlets, lists = (manifest[name].combine_chunks() for name in ("title_words", "outlet", "shingles"))
    return candidates(Corpus(times, titles, outlets, fresh, lists, pa.arange(0, len(records))), RULES)


@pytest.mark.parametrize(
    ("title", "outlet"),
    [
        ("Ferry timetable of line {n} this winter", "a.example"),
        ("Ferry timetable of line {n} this winter", "outlet-{n}.example"),
        ("Season {n} episode {n}0 of the ferry crews", "outlet-{n}.example"),
        ("All about the ferry {name} and its crew", "a.example"),
        ("All about the ferries and their crews", "youtube.com"),
    ],
)
def test_pages_of_one_template_are_not_compared(title: str, outlet: str) -> None:
    names = ["".join("abcdefghij"[int(digit)] for digit in f"{n:03}") for n in range(200)]
    pages = [
        (title.format(n=n, name=f"x{name}x{n % 7}"), outlet.format(n=n), n / 200, 0, True)
        for n, name in enumerate(names)
    ]
    assert len(looked_at(pages).left) < 200


def test_boilerplate_that_all_records_have_pairs_none_of_them() -> None:
    boilerplate = list(range(10))
    count = 60
    lists = [boilerplate + list(range(100 * n, 100 * n + 20)) for n in range(1, count + 1)]
    times, nothing = pa.array([0] * count, pa.int64()), pa.nulls(count, pa.string())
    texts = pa.array(lists, pa.list_(pa.int64()))
    corpus = Corpus(times, nothing, nothing, pa.array([True] * count), texts, pa.arange(0, count))
    assert len(candidates(corpus, RULES).left) == 0


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(0, 9)), st.data())
def test_hashes_are_found_wherever_they_are(hashes: list[int], data: st.DataObject) -> None:
    # Some end like a wanted one, and are another.
    ends = [number ^ (1 << 40) for number in hashes if number >= 0]
    wanted = data.draw(st.lists(st.sampled_from([*hashes, *ends, 5])))
    with patch.object(candidates_module, "_HASHES", 3):
        found = candidates_module._places_of(pa.array(wanted, pa.int64()), pa.array(hashes, pa.int64()))
    assert found.to_pylist() == [place for place, number in enumerate(hashes) if number in wanted]


def test_a_new_record_is_held_against_those_that_share_enough_with_it() -> None:
    lists = pa.array([[1, 2, 3, 4, 5], [1, 2, 6, 7, 8], [1, 6, 7, 8, 9], [], None], pa.list_(pa.int64()))
    titles = pa.array(["a", None, "b", "a", "c"])
    fresh = pa.array([True, False, False, False, False])
    assert sharing_with_fresh(titles, lists, fresh, 0.4).to_pylist() == [0, 1, 3]
