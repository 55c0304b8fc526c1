"""Which records are one story, which of them survives, and what the others say of why."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.deduplicate.decisions import decide
from tasks.deduplicate.survivors import CRITERIA
from tasks.deduplicate.touched import touched_rows
from tests.tasks.deduplicate.manifest_rows import by_path, manifest, row, rows_before


def decided(*rows: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return by_path(decide(manifest(*rows)))


def test_a_record_like_no_other_is_loaded() -> None:
    alone = decided(row("a"), row("b"))["a"]
    assert (alone["status"], alone["canonical_article_id"], alone["copies"]) == ("loaded", "id of a", 1)
    assert alone["match"] is alone["evidence"] is alone["matched_source_path"] is None


def test_rows_that_are_no_records_are_not_decided_on() -> None:
    for status in ("quarantined", "ignored", "removed"):
        other = decided(row("a", article_id="x", status=status), row("b", article_id="x"))
        assert (other["a"]["status"], other["a"]["canonical_article_id"], other["a"]["copies"]) == (status, None, None)
        assert other["b"]["status"] == "loaded"


def test_no_records_at_all() -> None:
    assert len(decide(manifest())) == 0


def test_the_same_address_makes_a_duplicate() -> None:
    rows = decided(row("a", article_id="x"), row("b", article_id="x", quality=5))
    assert (rows["b"]["status"], rows["b"]["copies"]) == ("loaded", 2)
    assert (rows["a"]["status"], rows["a"]["copies"], rows["a"]["match"]) == ("duplicate", 2, "same_url")
    assert (rows["a"]["matched_source"], rows["a"]["matched_source_path"]) == ("news", "b")
    assert rows["a"]["similarity"] == 1.0
    assert json.loads(rows["a"]["evidence"]) == {"rule": "same_url", "shared": "url x", "survivor_by": "quality"}


def test_an_alias_joins_like_the_address_itself() -> None:
    rows = decided(row("a", article_id="x", alias_ids=["amp"]), row("b", article_id="amp"))
    assert rows["b"]["canonical_article_id"] == rows["a"]["canonical_article_id"] == "x"
    assert rows["b"]["match"] == "same_url"


def test_a_shared_alias_joins() -> None:
    rows = decided(row("a", alias_ids=["amp"]), row("b", alias_ids=["amp"]))
    assert json.loads(rows["b"]["evidence"])["shared"] == "url amp"


def test_an_alias_that_repeats_the_own_address_joins_nothing() -> None:
    assert decided(row("a", article_id="x", alias_ids=["x"]))["a"]["copies"] == 1


def test_the_same_content_makes_a_duplicate() -> None:
    rows = decided(row("a", content_key="c"), row("b", content_key="c"))
    assert rows["b"]["match"] == "same_content"
    assert rows["b"]["canonical_article_id"] == "id of a"


def test_the_same_content_makes_a_duplicate_on_a_video_platform_too() -> None:
    upload = {"content_key": "c", "outlet": "youtube.com"}
    assert decided(row("a", **upload), row("b", **upload))["b"]["match"] == "same_content"


def test_missing_content_is_not_the_same_content() -> None:
    assert decided(row("a"), row("b"))["b"]["status"] == "loaded"


def test_the_address_is_the_reason_where_both_are_shared() -> None:
    rows = decided(row("a", article_id="x", content_key="c"), row("b", article_id="x", content_key="c"))
    assert rows["b"]["match"] == "same_url"


def test_a_chain_is_one_story_and_names_the_link() -> None:
    rows = decided(
        row("a", article_id="x", quality=9),
        row("b", article_id="x", content_key="c", quality=5),
        row("c", content_key="c", quality=1),
    )
    assert {path: entry["canonical_article_id"] for path, entry in rows.items()} == {"a": "x", "b": "x", "c": "x"}
    assert (rows["c"]["match"], rows["c"]["matched_source_path"], rows["c"]["copies"]) == ("same_content", "b", 3)
    assert json.loads(rows["c"]["evidence"])["through"] == "another record of the cluster"


def later(hour: int) -> datetime:
    return datetime(2026, 3, 1, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("criterion", "better", "worse"),
    [
        ("is_published", {"is_published": True}, {"is_published": None}),
        ("is_published", {"is_published": None}, {"is_published": False}),
        ("quality", {"quality": 80}, {"quality": 70}),
        ("quality", {"quality": 0}, {"quality": None}),
        ("updated_at", {"updated_at": later(9)}, {"updated_at": later(8)}),
        ("updated_at", {"updated_at": later(8)}, {"updated_at": None}),
        ("completeness", {"completeness": 9}, {"completeness": 8}),
        ("published_at", {"published_at": later(7)}, {"published_at": later(8)}),
        ("source", {"source": "blog"}, {"source": "news"}),
    ],
)
def test_who_survives(criterion: str, better: dict[str, Any], worse: dict[str, Any]) -> None:
    # The path, which would decide last of all, speaks for the other.
    rows = decided(row("z", article_id="x", **better), row("a", article_id="x", **worse))
    assert (rows["z"]["status"], rows["a"]["status"]) == ("loaded", "duplicate")
    assert json.loads(rows["a"]["evidence"])["survivor_by"] == criterion


def test_an_earlier_criterion_outweighs_all_later_ones() -> None:
    weak = {"quality": None, "updated_at": None, "completeness": 1, "published_at": later(9), "source": "z"}
    rows = decided(row("z", article_id="x", is_published=True, **weak), row("a", article_id="x", is_published=False))
    assert rows["z"]["status"] == "loaded"


def test_the_path_decides_last_of_all() -> None:
    rows = decided(row("b", article_id="x"), row("a", article_id="x"))
    assert json.loads(rows["b"]["evidence"])["survivor_by"] == CRITERIA[-1] == "source_path"


KEY = st.sampled_from(["x", "y", "z"])
RECORD = st.fixed_dictionaries(
    {
        "article_id": KEY | st.just("own"),
        "alias_ids": st.lists(KEY, max_size=2, unique=True),
        "content_key": st.none() | KEY,
        "quality": st.none() | st.integers(0, 2),
        "is_published": st.none() | st.booleans(),
    }
)


def numbered(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Records as rows; one whose id is "own" has it for itself."""
    rows = [row(f"{i}", **record) for i, record in enumerate(records)]
    return [
        entry | {"article_id": f"id {i}"} if entry["article_id"] == "own" else entry for i, entry in enumerate(rows)
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(RECORD, max_size=9), st.randoms(use_true_random=False))
def test_decisions_do_not_depend_on_the_order_of_rows(records: list[dict[str, Any]], random: Any) -> None:
    rows = numbered(records)
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert by_path(decide(manifest(*rows))) == by_path(decide(manifest(*shuffled)))


@settings(max_examples=60, deadline=None)
@given(st.lists(RECORD, max_size=9))
def test_each_story_has_one_survivor_and_no_id_twice(records: list[dict[str, Any]]) -> None:
    rows = numbered(records)
    found = decide(manifest(*rows)).to_pylist()
    loaded = [entry for entry in found if entry["status"] == "loaded"]
    assert len({entry["article_id"] for entry in loaded}) == len(loaded)
    assert sum(entry["copies"] for entry in loaded) == len(rows)
    survivors = {entry["article_id"] for entry in loaded}
    assert {entry["canonical_article_id"] for entry in found} == survivors


def touched(before: list[dict[str, Any]], after: list[dict[str, Any]], reread: list[bool]) -> list[bool]:
    previous, now = manifest(*before), manifest(*after)
    rows = touched_rows(previous, now, pa.array(reread, pa.bool_()), rows_before(now, previous))
    result: list[bool] = rows.to_pylist()
    return result


def test_new_reread_and_otherwise_decided_rows_are_touched() -> None:
    known = [row("a"), row("b"), row("c", match="same_url"), row("e")]
    now = [row("a"), row("b"), row("c", match="same_content"), row("d"), row("e")]
    assert touched(known, now, [False, True, False, False, False]) == [False, True, True, True, False]


def test_a_withdrawn_article_whose_file_goes_is_touched() -> None:
    before, after = row("a", status="removed"), row("a", status="removed", deleted=True)
    assert touched([before], [after], [False]) == [True]


def test_another_size_touches_a_row_and_another_time_does_not() -> None:
    now = [row("a", size=101), row("b", loaded_at=later(9))]
    assert touched([row("a"), row("b")], now, [False, False]) == [True, False]
