"""What a run changes for readers, from two manifests."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from tasks.deduplicate.changes import changes_for_readers

NAMES = ("source", "source_path", "status", "article_id", "source_hash", "deleted")


def manifest(*rows: tuple[Any, ...]) -> pa.Table:
    """Rows of path, status, article and bytes."""
    full = [("news", path, status, article, text, status == "gone") for path, status, article, text in rows]
    types = [pa.string()] * 5 + [pa.bool_()]
    columns = zip(*full, strict=True) if full else [()] * 6
    return pa.table({n: pa.array(list(c), t) for n, c, t in zip(NAMES, columns, types, strict=True)})


def test_a_first_run_has_new_articles_and_quarantine() -> None:
    after = manifest(("a", "loaded", "A", "1"), ("b", "duplicate", "A", "2"), ("c", "quarantined", None, "3"))
    assert changes_for_readers(manifest(), after) == {
        "new": 1,
        "corrected": 0,
        "withdrawn": 0,
        "quarantined": 1,
        "mended": 0,
    }


def test_articles_are_corrected_withdrawn_and_added_by_what_readers_see() -> None:
    before = manifest(("a", "loaded", "A", "1"), ("b", "loaded", "B", "1"), ("c", "loaded", "C", "1"))
    after = manifest(
        ("a", "loaded", "A", "2"), ("b", "gone", "B", "1"), ("c2", "loaded", "C", "1"), ("d", "loaded", "D", "1")
    )
    found = changes_for_readers(before, after)
    assert (found["new"], found["corrected"], found["withdrawn"]) == (1, 1, 1)


def test_only_what_came_to_quarantine_or_left_it_counts() -> None:
    before = manifest(*((path, "quarantined", None, "1") for path in "abcd"))
    after = manifest(
        ("a", "quarantined", None, "1"),
        ("b", "quarantined", None, "2"),
        ("c", "loaded", "C", "3"),
        ("d", "gone", None, "1"),
    )
    found = changes_for_readers(before, after)
    assert (found["quarantined"], found["mended"]) == (1, 1)


def test_rows_that_say_the_same_may_be_left_out_of_both() -> None:
    kept = [("k", "loaded", "K", "1"), ("q", "quarantined", None, "1"), ("r", "duplicate", "K", "2")]
    before = [("a", "loaded", "A", "1"), ("b", "loaded", "B", "1"), ("c", "quarantined", None, "1")]
    after = [("a", "loaded", "A", "2"), ("b", "gone", "B", "1"), ("b2", "loaded", "B", "1"), ("c", "loaded", "C", "3")]
    all_rows = changes_for_readers(manifest(*kept, *before), manifest(*kept, *after))
    assert changes_for_readers(manifest(*before), manifest(*after)) == all_rows
    assert all_rows == {"new": 1, "corrected": 1, "withdrawn": 0, "quarantined": 0, "mended": 1}
