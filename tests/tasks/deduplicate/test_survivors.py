"""Survivor selection: the order of records, and the criterion that a duplicate names."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tasks.deduplicate.decisions import decide
from tasks.deduplicate.survivors import CRITERIA
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
