"""Survivor selection: the order of records, and the criterion that a duplicate names."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tasks.deduplicate.decisions import decide
from tasks.deduplicate.survivors import CRITERIA, NEWEST
from tests.tasks.deduplicate.manifest_rows import by_path, manifest, row


def decided(*rows: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return by_path(decide(manifest(*rows)))


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
    rows = decided(row("z", content_key="x", **better), row("a", content_key="x", **worse))
    assert (rows["z"]["status"], rows["a"]["status"]) == ("loaded", "duplicate")
    assert json.loads(rows["a"]["evidence"])["survivor_by"] == criterion


def test_an_earlier_criterion_outweighs_all_later_ones() -> None:
    weak = {"quality": None, "updated_at": None, "completeness": 1, "published_at": later(9), "source": "z"}
    rows = decided(row("z", article_id="x", is_published=True, **weak), row("a", article_id="x", is_published=False))
    assert rows["z"]["status"] == "loaded"


def test_the_path_decides_last_of_all() -> None:
    rows = decided(row("b", article_id="x"), row("a", article_id="x"))
    assert json.loads(rows["b"]["evidence"])["survivor_by"] == CRITERIA[-1] == "source_path"


PAGE = {"article_id": "page"}


def test_of_one_address_the_newest_version_survives() -> None:
    old, new = {"published_at": later(7), "quality": 90}, {"published_at": later(8), "quality": 10}
    rows = decided(row("a", **PAGE, **old), row("z", **PAGE, **new))
    assert rows["z"]["status"] == "loaded"
    assert json.loads(rows["a"]["evidence"])["survivor_by"] == NEWEST


def test_an_update_makes_a_version_newer_and_a_draft_is_never_the_newest() -> None:
    updated = row("z", **PAGE, published_at=later(7), updated_at=later(9))
    rows = decided(row("a", **PAGE, published_at=later(8)), updated)
    assert rows["z"]["status"] == "loaded"
    rows = decided(row("a", **PAGE, published_at=later(8)), updated | {"is_published": False})
    assert rows["a"]["status"] == "loaded"


def test_the_newest_version_takes_the_place_of_the_best_among_other_pages() -> None:
    copy = row("c", content_key="k", outlet="c.example", quality=50)
    best, newest = row("a", **PAGE, content_key="k", quality=90), row("b", **PAGE, published_at=later(9))
    rows = decided(best, newest, copy)
    assert [rows[name]["status"] for name in "abc"] == ["duplicate", "loaded", "duplicate"]


@pytest.mark.parametrize(
    ("first", "second", "origin"),
    [
        ({"outlet": "post.example"}, {"outlet": "herald.example"}, "post.example"),
        ({"outlet": "post.example"}, {"outlet": "reuters.com"}, "reuters.com"),
        ({"outlet": "msn.com"}, {"outlet": "herald.example"}, "herald.example"),
        ({"outlet": "msn.com", "named_outlet": "the post"}, {"outlet": "herald.example"}, "the post"),
        ({"outlet": "post.example"}, {"outlet": "msn.com", "named_outlet": "associated press"}, "apnews.com"),
        ({"outlet": "msn.com"}, {"outlet": "yahoo.com"}, None),
    ],
)
def test_the_origin_is_an_agency_or_an_outlet_never_a_portal(
    first: dict[str, Any], second: dict[str, Any], origin: str | None
) -> None:
    rows = decided(
        row("a", content_key="k", published_at=later(7), **first),
        row("b", content_key="k", published_at=later(8), **second),
    )
    assert {rows[name]["first_published_by"] for name in "ab"} == {origin}


def test_a_portals_own_record_has_no_origin() -> None:
    assert decided(row("a", outlet="msn.com"))["a"]["first_published_by"] is None


@pytest.mark.parametrize(
    ("named", "origin"),
    [
        ("the post on msn", "the post"),
        ("reuters via yahoo news", "reuters.com"),
        ("associated press via yahoo! news on msn", "apnews.com"),
        ("the post", "the post"),
        ("focus on the harbour", "focus on the harbour"),
        ("msnbc.com", "msnbc.com"),
        ("msnbc", "msnbc"),
        ("the post via news.google.com", "the post"),
        ("yahoo.com", None),
        ("news.google.com", None),
        ("msn money", None),
        ("smart news", None),
    ],
)
def test_whom_a_portal_names(named: str, origin: str | None) -> None:
    assert decided(row("a", outlet="msn.com", named_outlet=named))["a"]["first_published_by"] == origin
