"""Which articles a run loses, and why, from two manifests."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from tasks.deduplicate.losses import COMPARED, find_losses
from tests.tasks.deduplicate.manifest_rows import manifest, row


def rows(*files: str | dict[str, Any]) -> pa.Table:
    """Rows of a decided manifest: `path`, or `path>survivor` for a duplicate, or columns."""
    return manifest(*(file if isinstance(file, dict) else record(*file.split(">")) for file in files)).select(COMPARED)


def record(path: str, survivor: str = "", **fields: Any) -> dict[str, Any]:
    status = "duplicate" if survivor else "loaded"
    return row(path, **{"status": status, "canonical_article_id": f"id of {survivor or path}", **fields})


def gone(path: str) -> dict[str, Any]:
    return row(path, status="removed", deleted=True)


def reasons(before: pa.Table, after: pa.Table) -> dict[str, str]:
    """The reason by the first path of each loss."""
    return {loss.example: loss.reason for loss in find_losses(before, after)[0]}


MERGED = "merged into another article"


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        (rows("a", "b"), rows("a", "b"), {}),
        (rows("a", "b>a"), rows(gone("a"), "b"), {}),
        (rows("a", "b>a"), rows(gone("a"), gone("b")), {"a": "whose file is deleted"}),
        (rows("a", "b"), rows("a>c", "b", "c"), {}),
        (rows("a", "b"), rows("a>c", "b>c", "c"), {"b": MERGED}),
        (rows("a", "b", "c"), rows("a>b", "b", "c>b"), {"a": MERGED}),
        (rows("a"), rows(gone("a"), record("z", source_hash="hash of a")), {}),
        (rows("a"), rows(gone("a"), record("z", article_id="id of a", canonical_article_id="id of a")), {}),
        (rows("a"), rows(record("a", article_id="new", canonical_article_id="new")), {}),
        (rows("a"), rows(row("a", status="quarantined")), {"a": "in quarantine"}),
        (rows("a"), rows(row("a", status="ignored", size=1)), {"a": "whose file has no front matter any more"}),
        (rows("a"), rows(row("a", status="removed")), {"a": "withdrawn by their file"}),
    ],
)
def test_an_article_is_lost_when_no_record_tells_it(before: pa.Table, after: pa.Table, lost: dict[str, str]) -> None:
    assert reasons(before, after) == lost


def test_rows_that_say_the_same_may_be_left_out() -> None:
    """The article that `b` is merged into did not change: its other copy went."""
    before, after = rows("a", "b", "c>a"), rows("a", "b>a", gone("c"))
    assert reasons(before, after) == reasons(before.slice(1), after.slice(1)) == {"b": MERGED}


def test_one_new_title_for_several_loses_all_but_one() -> None:
    before = rows(*(record(path, title_words=f"title {path}") for path in "abcd"))
    after = rows(*(record(path, title_words="untitled" if path in "abc" else "other") for path in "abcd"))
    (loss,) = find_losses(before, after)[0]
    assert (loss.reason, loss.articles, loss.example) == ("given the title of another article", 2, "b")
    assert find_losses(after, after) == ((), 0)


def test_articles_that_live_on_under_another_id_are_counted() -> None:
    before = rows("a", "b", "c")
    after = rows(record("a", article_id="new", canonical_article_id="new"), "b", gone("c"))
    assert find_losses(before, after)[1] == 1
