"""Candidates miss nothing that the pair rule relates, held against brute force, and few others are looked at."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations
from typing import Any, Final

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from config.match_rules import load_match_rules
from tasks.deduplicate import blocking
from tasks.deduplicate import candidate_pairs as module
from tasks.deduplicate.blocking import Corpus
from tasks.deduplicate.candidate_pairs import UNDATED, Named, candidate_pairs, sharing_with_fresh
from tasks.deduplicate.pair_rule import PairRule
from tasks.deduplicate.related_pairs import near_pairs, stories
from tests.tasks.deduplicate.manifest_rows import MORNING, manifest, row, text

RULES: Final = load_match_rules()
TEXT: Final = (
    "crews of the harbour ferry voted on friday to stop work until their winter pay is settled with the port"
    " authority whose managers say that any rise must wait for a new season of full boats"
).split()

#: A title that may come again.
AGAIN: Final = "How the harbour is bringing its night ferry back"
#: Titles as templates make them: numbered, dated, named, longer and shorter, one without a distinctive word.
TITLES: Final = st.sampled_from(
    [
        None,
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
        "Inland Lines Ltd: Winter boats stay in the harbour as managers refuse a rise of pay",
        "Winter boats stay in harbor as managers refuse rise of pay | The Port Daily",
    ]
)
OUTLETS: Final = st.sampled_from(["a.example", "b.example", "c.example", "msn.com", "youtube.com", "vimeo.com", None])
#: On both sides of the rule's windows; None is no date.
DAYS: Final = st.sampled_from([None, 0, 0.5, 1, 2, 3, 3.5, 6, 7, 8, 14, 15, 100, 119, 121])
#: Where a text begins; the last ones leave few words, and none.
STARTS: Final = st.sampled_from([0, 1, 2, 3, 4, 5, 6, 12, 99])
#: A body or none, an address or none.
BODIES: Final = st.sampled_from([None, "ferry", "council"])
PAGES: Final = st.sampled_from([None, "1", "2"])
RECORDS: Final = st.lists(st.tuples(TITLES, OUTLETS, DAYS, STARTS, st.booleans(), BODIES, PAGES), max_size=24)


def table(records: list[tuple[Any, ...]]) -> tuple[pa.Table, pa.BooleanArray]:
    """Manifest rows of records that tell parts of one text, and which are fresh."""
    rows = [
        row(
            f"{i:03}",
            **text(
                title, " ".join(TEXT[2 * start : 2 * start + 22]), body and " ".join(f"{body}{n}" for n in range(30))
            ),
            outlet=outlet,
            page_key=page,
            published_at=None if day is None else MORNING + timedelta(days=day),
        )
        for i, (title, outlet, day, start, _, body, page) in enumerate(records)
    ]
    return manifest(*rows), pa.array([record[4] for record in records], pa.bool_())


@pytest.fixture(params=[0, 24, None], ids=["every block is oversized", "hardly any is", "in one part"])
def limits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param is not None:
        # And few records at a time, so that pairs lie on both sides of a cut.
        for name, value in (("_ROWS", 3), ("_WINDOWS", 0), ("_HASHES", 3)):
            monkeypatch.setattr(module, name, value)
        monkeypatch.setattr(blocking, "OVERSIZED", request.param)
        monkeypatch.setattr(blocking, "COMMON", max(request.param, 2))


@pytest.mark.usefixtures("limits")
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(RECORDS)
@example([(AGAIN, "a.example", 0, 0, True, None, None), (AGAIN, "a.example", 120, 1, False, None, None)])
@example(
    [
        (f"{AGAIN} of 38 gates", "a.example", 0, 0, True, None, None),
        (f"{AGAIN} of 38 gates", "a.example", 6, 1, True, None, None),
    ]
)
@example(
    [
        (AGAIN, "a.example", 0, 0, True, None, None),
        ("Four years late: horns sound", "b.example", 7, 0, True, None, None),
    ]
)
def test_the_pairs_found_are_those_that_the_rule_relates_of_all(records: list[tuple[Any, ...]]) -> None:
    rows, fresh = table(records)
    compared, rule = stories(rows), PairRule(RULES)
    expected = [
        (i, j)
        for i, j in combinations(range(len(records)), 2)
        if (records[i][4] or records[j][4]) and rule.relation(compared[i], compared[j])
    ]
    assert near_pairs(rows, fresh, RULES).edges() == expected


def looked_at(records: list[tuple[Any, ...]]) -> int:
    """How many candidates there are of records, in the order given, which is that of time."""
    rows, fresh = table(records)
    times = rows["published_at"].combine_chunks().cast(pa.int64()).fill_null(UNDATED)
    columns = (rows[name].combine_chunks() for name in ("title_words", "headline", "outlet"))
    titles, headlines, outlets = columns
    pages = pa.arange(0, len(records))
    lists, order = rows["shingles"].combine_chunks(), pa.arange(0, len(records))
    found = candidate_pairs(Corpus(times, titles, headlines, pages, outlets, fresh, lists, order), RULES)
    return sum(len(pairs.left) for pairs in found)


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
def test_boilerplate_pages_are_not_compared(title: str, outlet: str) -> None:
    names = ["".join("abcdefghij"[int(digit)] for digit in f"{n:03}") for n in range(200)]
    pages = [
        (title.format(n=n, name=f"x{name}x{n % 7}"), outlet.format(n=n), n / 200, 0, True, None, None)
        for n, name in enumerate(names)
    ]
    assert looked_at(pages) < 200


def test_boilerplate_that_all_records_have_pairs_none_of_them() -> None:
    boilerplate = list(range(10))
    count = 60
    lists = [boilerplate + list(range(100 * n, 100 * n + 20)) for n in range(1, count + 1)]
    times, nothing = pa.array([0] * count, pa.int64()), pa.nulls(count, pa.string())
    texts = pa.array(lists, pa.list_(pa.int64()))
    pages, fresh = pa.nulls(count, pa.int64()), pa.array([True] * count)
    corpus = Corpus(times, nothing, nothing, pages, nothing, fresh, texts, pa.arange(0, count))
    assert [len(pairs.left) for pairs in candidate_pairs(corpus, RULES)] == [0, 0]


def test_a_new_record_is_held_against_those_that_share_enough_with_it() -> None:
    lists = pa.array([[1, 2, 3, 4, 5], [1, 2, 6, 7, 8], [1, 6, 7, 8, 9], [], None], pa.list_(pa.int64()))
    titles = pa.array(["a", None, "b", "a", "c"])
    fresh = pa.array([True, False, False, False, False])
    named = Named(titles, pa.nulls(5, pa.string()), pa.array(["7", None, "8", None, "7"]))
    assert sharing_with_fresh(named, lists, fresh, RULES).to_pylist() == [0, 1, 3, 4]
