"""New, changed, unchanged and deleted files, by the fast way and by the look-up alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.arrow.schemas import LISTING
from tasks.discover.changes import Changes, compare, settled_times
from tasks.runs.stamps import STAMPS

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
MANIFEST = pa.schema(
    [(name, pa.string()) for name in ("source", "source_path", "source_hash", "status")]
    + [("size", pa.int64()), ("deleted", pa.bool_())]
)


def file(path: str, **values: Any) -> dict[str, Any]:
    times = {"modified_at": NOON, "changed_at": NOON, "inode": 7, "etag": None}
    return {"source": "s", "source_path": path, "size": 10, **times, **values}


def known(path: str, status: str = "loaded", **values: Any) -> dict[str, Any]:
    """What is known of a file: its row in the manifest and its stamp in one."""
    return file(path, status=status, **{"deleted": False, "source_hash": f"hash of {path}", **values})


def changes(
    files: list[dict[str, Any]],
    manifest: list[dict[str, Any]],
    reprocess: list[bool | None] | None = None,
    sources: tuple[str, ...] = ("s",),
    stamps: list[dict[str, Any]] | None = None,
) -> Changes:
    """The comparison, with stamps as the manifest has them unless others are given."""
    return compare(
        pa.Table.from_pylist(files, LISTING),
        pa.Table.from_pylist(manifest, MANIFEST),
        pa.Table.from_pylist(manifest if stamps is None else stamps, STAMPS),
        sources=sources,
        reprocess=None if reprocess is None else pa.array(reprocess, pa.bool_()),
    )


def rows(found: Changes) -> dict[str, list[int]]:
    return {name: getattr(found, name).to_pylist() for name in ("new", "changed", "unchanged", "deleted")}


def test_every_kind_of_change() -> None:
    found = changes(
        [file("added"), file("grown", size=11), file("same"), file("touched", modified_at=NOON + timedelta(seconds=1))],
        [known("touched"), known("same"), known("lost"), known("grown")],
    )
    assert rows(found) == {"new": [0], "changed": [1, 3], "unchanged": [2], "deleted": [2]}
    assert found.known_as.to_pylist() == [None, 3, 1, 0]


def test_equal_keys_in_equal_order_need_no_look_up() -> None:
    found = changes([file("a"), file("b", size=11), file("c")], [known("a"), known("b"), known("c")])
    assert rows(found) == {"new": [], "changed": [1], "unchanged": [0, 2], "deleted": []}
    assert found.known_as.to_pylist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("now", "then", "kind"),
    [
        *(({}, {"status": status}, "unchanged") for status in ("loaded", "duplicate", "quarantined", "ignored")),
        ({}, {"status": "removed"}, "unchanged"),
        # An unknown time is never the same; what a kind of source has not must lack on both sides.
        ({}, {"modified_at": None}, "changed"),
        ({"modified_at": None}, {"modified_at": None}, "changed"),
        ({"changed_at": None}, {"changed_at": None}, "unchanged"),
        ({"changed_at": None}, {}, "changed"),
        ({}, {"changed_at": None}, "changed"),
        ({"inode": None}, {"inode": None}, "unchanged"),
        ({"inode": None}, {}, "changed"),
        ({}, {"inode": None}, "changed"),
        ({"changed_at": NOON + timedelta(microseconds=1)}, {}, "changed"),
        ({"inode": 8}, {}, "changed"),
        ({"modified_at": NOON - timedelta(days=1)}, {}, "changed"),
        # A file that could not be read has no hash.
        ({}, {"source_hash": None}, "unchanged"),
    ],
)
def test_size_times_and_inode_must_all_be_the_same(now: dict[str, Any], then: dict[str, Any], kind: str) -> None:
    assert rows(changes([file("a", **now)], [known("a", **then)]))[kind] == [0]


@pytest.mark.parametrize(
    ("stamp", "kind"),
    [
        ([], "changed"),
        ([known("a")], "unchanged"),
        ([known("a", source_hash="another")], "changed"),
        ([known("a", source_hash=None)], "changed"),
        ([known("a", source="t")], "changed"),
        ([known("0"), known("a"), known("b")], "unchanged"),
    ],
)
def test_a_stamp_counts_if_its_hash_is_that_of_the_manifest(stamp: list[dict[str, Any]], kind: str) -> None:
    assert rows(changes([file("a")], [known("a")], stamps=stamp))[kind] == [0]


def test_another_size_in_the_manifest_is_another_version() -> None:
    manifest = [known("a", size=9, source_hash=None)]
    assert rows(changes([file("a")], manifest, stamps=[known("a", source_hash=None)]))["changed"] == [0]


@pytest.mark.parametrize(
    ("now", "then", "kind"),
    [("v1", "v1", "unchanged"), ("v2", "v1", "changed"), ("v1", None, "changed"), (None, "v1", "unchanged")],
)
def test_the_etag_decides_where_the_listing_has_one(now: str | None, then: str | None, kind: str) -> None:
    later = NOON + timedelta(days=1) if now else NOON
    files = [file("a", etag=now, modified_at=later), file("b", etag="v1")]
    assert 0 in rows(changes(files, [known("a", etag=then), known("b", etag="v1")]))[kind]


def test_rows_to_reprocess_are_changed() -> None:
    files, manifest = [file("a"), file("b"), file("c")], [known("a"), known("b"), known("c")]
    assert rows(changes(files, manifest, [False, True, None]))["changed"] == [1, 2]
    assert rows(changes(files[1:], manifest, [False, True, None]))["changed"] == [0, 1]


def test_a_removed_file_stays_removed_until_it_is_back() -> None:
    tombstone = known("a", "removed", deleted=True)
    assert rows(changes([], [tombstone]))["deleted"] == []
    back = changes([file("a")], [tombstone])
    assert rows(back) == {"new": [0], "changed": [], "unchanged": [], "deleted": []}
    assert back.known_as.to_pylist() == [0]


def test_only_rows_of_listed_sources_can_be_gone() -> None:
    manifest = [known("a"), known("b", source="emptied"), known("c", source="elsewhere")]
    assert rows(changes([file("a")], manifest, sources=("s", "emptied")))["deleted"] == [1]


def test_one_path_in_two_sources_is_two_files() -> None:
    found = changes(
        [file("a", source="t"), file("b", source="t")], [known("a"), known("b", source="t")], sources=("t",)
    )
    assert rows(found) == {"new": [0], "changed": [], "unchanged": [1], "deleted": []}


def test_nothing_anywhere() -> None:
    assert rows(changes([], [])) == {"new": [], "changed": [], "unchanged": [], "deleted": []}
    assert rows(changes([file("a")], [])) == {"new": [0], "changed": [], "unchanged": [], "deleted": []}


def test_tables_in_chunks_are_compared_as_one() -> None:
    files = [pa.Table.from_pylist([file(path)], LISTING) for path in "abc"]
    manifest = [pa.Table.from_pylist([known(path)], MANIFEST) for path in "bcd"]
    stamps = [pa.Table.from_pylist([known(path)], STAMPS) for path in "bcd"]
    found = compare(pa.concat_tables(files), pa.concat_tables(manifest), pa.concat_tables(stamps), sources={"s"})
    assert rows(found) == {"new": [0], "changed": [], "unchanged": [1, 2], "deleted": [2]}


sizes_by_path = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2))


@given(sizes_by_path, sizes_by_path)
def test_agrees_with_dictionaries(now: dict[str, int], then: dict[str, int]) -> None:
    found = changes(
        [file(path, size=now[path]) for path in sorted(now)], [known(path, size=size) for path, size in then.items()]
    )
    named = {
        name: {sorted(now)[row] for row in getattr(found, name).to_pylist()} for name in ("new", "changed", "unchanged")
    }
    assert named["new"] == now.keys() - then.keys()
    assert named["unchanged"] == {path for path in now if then.get(path) == now[path]}
    assert named["changed"] == now.keys() - named["new"] - named["unchanged"]
    assert {list(then)[row] for row in found.deleted.to_pylist()} == then.keys() - now.keys()


@pytest.mark.parametrize(
    ("modified_at", "settled"),
    [
        (NOON - timedelta(milliseconds=19), False),
        (NOON - timedelta(milliseconds=21), True),
        (NOON - timedelta(seconds=1), False),  # whole seconds: the clock may be a coarse one
        (NOON - timedelta(seconds=2), True),
        (NOON - timedelta(seconds=1, microseconds=1), True),
        (NOON, False),
        (NOON + timedelta(days=3), False),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), True),
    ],
)
def test_times_settle_after_a_tick(modified_at: datetime, settled: bool) -> None:
    """The later of mtime and ctime counts, whichever it is."""
    old = NOON - timedelta(days=9)
    files = [
        file("a", modified_at=modified_at, changed_at=None),
        file("b", modified_at=modified_at, changed_at=old),
        file("c", modified_at=old, changed_at=modified_at),
        file("d", modified_at=None, changed_at=old),
    ]
    times = settled_times(pa.Table.from_pylist(files, LISTING), NOON)
    assert times.type == LISTING.field("modified_at").type
    first = modified_at if settled else None
    assert times.to_pylist() == [first, first, old if settled else None, None]
