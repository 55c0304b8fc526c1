"""The next manifest: what a run changes in it, and what outlives changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from tasks.deduplicate.manifest import NextManifest, RunStamp, next_manifest
from tests.tasks.deduplicate.manifest_rows import MORNING, by_path, files, manifest, row

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STAMP = RunStamp("second", NOON, "contract 2", "code 2")


def merged(known: list[dict[str, Any]], read: list[dict[str, Any]], gone: tuple[str, ...] = ()) -> NextManifest:
    lost = pa.table({"source": pa.array(["news"] * len(gone), pa.string()), "source_path": pa.array(gone, pa.string())})
    return next_manifest(manifest(*known), lost, files(*read).select, STAMP)


def test_a_new_file_is_first_seen_now() -> None:
    new = by_path(merged([], [row("a")]).table)["a"]
    assert (new["first_seen_at"], new["deleted_at"], new["loaded_at"]) == (NOON, None, NOON)
    assert (new["run_id"], new["contract_version"], new["code_version"]) == ("second", "contract 2", "code 2")
    assert not new["deleted"]


def test_rows_are_in_order_of_source_and_path() -> None:
    read = [row("b"), row("d"), row("a", source="blog"), row("b.md"), row("b-c")]
    table = merged([row("a"), row("c")], read).table
    places = list(zip(table["source"].to_pylist(), table["source_path"].to_pylist(), strict=True))
    assert places == sorted(places)
    assert len(places) == 7


def test_a_read_file_replaces_its_row_and_keeps_when_it_was_first_seen() -> None:
    following = merged([row("a"), row("b"), row("c")], [row("b", article_id="new")])
    table = following.table
    assert following.reread.to_pylist() == [False, True, False]
    assert len(table) == 3
    changed = by_path(table)["b"]
    assert (changed["article_id"], changed["first_seen_at"], changed["loaded_at"]) == ("new", MORNING, NOON)
    assert by_path(table)["a"]["loaded_at"] == MORNING


def test_a_gone_file_leaves_a_tombstone_without_keys() -> None:
    known = row("a", status="loaded", content_key="c", alias_ids=["x"], violations=["time/no-zone"])
    grave = by_path(merged([known, row("b")], [], gone=("a",)).table)["a"]
    assert (grave["status"], grave["deleted"], grave["deleted_at"]) == ("removed", True, NOON)
    assert (grave["content_key"], grave["alias_ids"], grave["violations"]) == (None, [], [])


def test_a_file_that_vanished_before_it_was_read_is_gone_too() -> None:
    table = merged([row("a")], [row("a", status="missing"), row("new", status="missing")]).table
    assert {path: entry["deleted"] for path, entry in by_path(table).items()} == {"a": True}


def test_a_file_with_the_same_bytes_takes_its_size_only() -> None:
    same = row("a", status="same_content", size=200, modified_at=NOON, article_id=None)
    known = by_path(merged([row("a", status="loaded", modified_at=MORNING)], [same]).table)["a"]
    assert (known["size"], known["modified_at"]) == (200, MORNING)
    assert (known["status"], known["article_id"], known["loaded_at"]) == ("loaded", "id of a", MORNING)


def test_a_renamed_file_keeps_when_it_was_first_seen() -> None:
    result = merged([row("a", source_hash="h")], [row("b", source_hash="h")], gone=("a",))
    assert result.renamed == 1
    assert by_path(result.table)["b"]["first_seen_at"] == MORNING


def test_an_article_that_moves_and_changes_keeps_when_it_was_first_seen() -> None:
    result = merged([row("a", article_id="x")], [row("b", article_id="x")], gone=("a",))
    assert result.renamed == 0
    assert by_path(result.table)["b"]["first_seen_at"] == MORNING


def test_unreadable_files_are_not_renames_of_each_other() -> None:
    nameless: dict[str, Any] = {"source_hash": None, "article_id": None, "status": "quarantined"}
    result = merged([row("a", **nameless)], [row("b", **nameless)], gone=("a",))
    assert result.renamed == 0
    assert by_path(result.table)["b"]["first_seen_at"] == NOON


def test_no_more_renames_than_files_that_went() -> None:
    copies = [row(path, source_hash="h") for path in ("b", "c", "d")]
    assert merged([row("a", source_hash="h")], copies, gone=("a",)).renamed == 1


def test_a_file_is_deleted_once_until_it_is_back() -> None:
    grave = row("a", deleted=True, status="removed", deleted_at=MORNING)
    assert by_path(merged([grave], [row("a", status="missing")]).table)["a"]["deleted_at"] == MORNING
    assert by_path(merged([grave], [row("a")]).table)["a"]["deleted_at"] is None


def test_earlier_decisions_are_forgotten() -> None:
    known = row("a", match="same_url", copies=3, canonical_article_id="x")
    entry = by_path(merged([known], []).table)["a"]
    assert entry["match"] is entry["copies"] is entry["canonical_article_id"] is None
