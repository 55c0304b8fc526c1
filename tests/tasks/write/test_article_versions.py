"""Rows of a history as a function of states: what an observation adds, and how two parts become one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from config.contract import load_contract
from tasks.write.article_versions import Observation, chain, joined, observe, states_of

CONTRACT = load_contract().with_versions(["heat", "topics"])
SCHEMA = CONTRACT["article_versions"].schema
Said = tuple[str, int | None, list[str]]


def at(hour: int) -> Observation:
    return Observation(datetime(2026, 1, 1, hour, tzinfo=UTC), f"run-{hour}")


def articles(*said: Said) -> pa.Table:
    names = ("article_id", "heat", "topics")
    fields = pa.schema([CONTRACT["articles"].schema.field(name) for name in names])
    return pa.Table.from_pylist([dict(zip(names, one, strict=True)) for one in said], fields)


def states(*said: tuple[int, Said], is_deleted: bool = False) -> pa.Table:
    """States at hours."""
    return pa.concat_tables(
        [
            SCHEMA.empty_table(),
            *(states_of(articles(one), SCHEMA, at(hour), is_deleted=is_deleted) for hour, one in said),
        ]
    )


def told(rows: pa.Table) -> list[tuple[Any, ...]]:
    """Article, hours from and to, heat, whether gone, what changed."""

    def hour(moment: datetime | None) -> int | None:
        return None if moment is None else moment.hour

    return [
        (r["article_id"], hour(r["valid_from"]), hour(r["valid_to"]), r["heat"], r["is_deleted"], r["changed"])
        for r in rows.to_pylist()
    ]


A1: Said = ("a", 1, [])
A2: Said = ("a", 2, [])


def test_an_observation_closes_what_changed_and_keeps_the_rest() -> None:
    last = chain(states((0, A1), (0, ("b", None, ["x"])), (0, ("c", 3, []))))
    news = observe(last, articles(("a", 2, ["y"]), ("b", None, ["x"]), ("d", 4, [])), at(5))
    assert told(news.closed) == [("a", 0, 5, 1, False, []), ("c", 0, 5, 3, False, [])]
    assert told(news.last) == [
        ("a", 5, None, 2, False, ["heat", "topics"]),
        ("b", 0, None, None, False, []),
        ("c", 5, None, 3, True, ["is_deleted"]),
        ("d", 5, None, 4, False, []),
    ]


def test_an_observation_of_what_is_known_changes_nothing() -> None:
    last = chain(states((0, A1), (0, ("b", None, ["x"]))))
    news = observe(last, articles(("b", None, ["x"]), A1), at(5))
    assert news.last.equals(last)
    assert not len(news.closed)


def test_a_clock_that_was_put_back_does_not_turn_history_around() -> None:
    seen = at(3).after(states((7, A1)))
    assert seen.moment == at(7).moment + timedelta(microseconds=1)


def test_a_chain_leaves_out_what_repeats_and_deletions_of_nothing() -> None:
    first = states((1, A1), is_deleted=True)
    rows = chain(pa.concat_tables([first, states((2, A1), (3, A1), (4, A2)), states((5, A1), is_deleted=True)]))
    assert told(rows) == [
        ("a", 2, 4, 1, False, []),
        ("a", 4, 5, 2, False, ["heat"]),
        ("a", 5, None, 1, True, ["is_deleted"]),
    ]


def test_an_empty_history_has_no_rows() -> None:
    assert told(chain(SCHEMA.empty_table())) == []


@pytest.mark.parametrize(
    ("observed", "rows"),
    [
        pytest.param(A1, [("a", 1, None, 1, False, [])], id="as Git says"),
        pytest.param(A2, [("a", 1, 6, 1, False, []), ("a", 6, None, 2, False, ["heat"])], id="other"),
    ],
)
def test_what_git_tells_leads_to_what_was_observed(observed: Said, rows: list[Any]) -> None:
    git, known = states((1, A1)), chain(states((6, observed)))
    once = joined(git, known, at(6))
    assert told(once) == rows
    assert joined(git, once, at(6)).equals(once)


def test_what_git_tells_and_was_not_there_when_runs_began_was_deleted() -> None:
    rows = joined(states((1, A1)), chain(states((6, ("b", 1, [])))), at(6))
    assert told(rows) == [
        ("a", 1, 6, 1, False, []),
        ("a", 6, None, 1, True, ["is_deleted"]),
        ("b", 6, None, 1, False, []),
    ]
