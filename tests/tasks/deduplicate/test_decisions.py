"""Decisions: which records are one story, and that any sequence of runs ends as one run over the final records."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Final

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from config.match_rules import load_match_rules
from tasks.deduplicate.changes import SHOWN, changed_rows
from tasks.deduplicate.decisions import decide
from tests.tasks.deduplicate.manifest_rows import MORNING, by_path, manifest, row, rows_before, text, with_stored_pairs

RULES: Final = load_match_rules()
TITLES: Final = ("Night ferry returns to Merrow Bay at last", "Night ferry returns to Merrow Bay", "Horns in the fog")
WORDS: Final = "the night ferry came back to the bay on sunday after four years of repairs and two promises".split()


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


def record(
    path: str, title: str, *, outlet: str = "tides.example", day: float = 0, words: int = 18, **more: Any
) -> Any:
    features = text(title, " ".join(WORDS[:words]))
    return row(path, **features, outlet=outlet, published_at=MORNING + timedelta(days=day), **more)


def following(rows: list[Any], parent: pa.Table | None = None, version: str = "1") -> pa.Table:
    """Decisions over rows; those that `parent` has unchanged come with their stored pairs."""
    known = with_stored_pairs(rows, parent)
    return decide(known, RULES, version, parent, None if parent is None else rows_before(known, parent))


def test_a_copy_at_another_outlet_is_a_duplicate_with_its_evidence() -> None:
    original = record("a", TITLES[0], quality=9)
    copy = record("b", TITLES[1], outlet="wire.example", day=1, words=14)
    table = by_path(following([original, copy]))
    assert table["a"]["status"] == "loaded"
    assert (table["a"]["copies"], table["a"]["outlets"]) == (2, 2)
    assert (table["b"]["match"], table["b"]["matched_source_path"]) == ("syndicated", "a")
    evidence = json.loads(table["b"]["evidence"])
    assert evidence["rule"] == "alike"
    assert evidence["differing"] == [[], ["at", "last"]]
    assert evidence["days"] == 1.0
    assert evidence["survivor_by"] == "quality"


def test_the_first_to_publish_is_named_even_if_another_survives() -> None:
    late = record("a", TITLES[1], day=2, quality=9)
    first = record("b", TITLES[1], outlet="wire.example")
    table = by_path(following([late, first]))
    assert table["a"]["status"] == "loaded"
    assert (table["a"]["first_published_at"], table["a"]["first_published_by"]) == (MORNING, "wire.example")


def test_a_record_by_itself_is_its_own_origin() -> None:
    table = by_path(following([record("a", TITLES[2])]))
    assert (table["a"]["outlets"], table["a"]["first_published_at"]) == (1, MORNING)
    assert table["a"]["first_published_by"] == "tides.example"


def test_a_run_with_a_new_version_of_the_rules_compares_all_records_again() -> None:
    rows = [record("a", TITLES[1]), record("b", TITLES[1], outlet="wire.example")]
    first = following(rows)
    forgotten = first.set_column(
        first.schema.get_field_index("near"), first.field("near"), pa.array([[], []], first.field("near").type)
    )
    assert by_path(following(rows, forgotten))["b"]["status"] == "loaded"
    assert by_path(following(rows, forgotten, version="2"))["b"]["status"] == "duplicate"


RECORDS: Final = st.builds(
    lambda title, outlet, day, words, quality, content, alias: {
        "title": title,
        "outlet": outlet,
        "day": day,
        "words": words,
        "quality": quality,
        "content_key": content,
        "alias_ids": alias,
        "source_hash": f"{title} {outlet} {day} {words} {quality} {content} {alias}",
    },
    st.sampled_from(TITLES),
    st.sampled_from(["tides.example", "wire.example", "bay.example", "youtube.com"]),
    st.sampled_from([0, 1, 3, 6, 9, 15]),
    st.sampled_from([0, 8, 12, 18]),
    st.integers(0, 2),
    st.sampled_from([None, None, "content"]),
    st.sampled_from([[], [], [], ["id of a"], ["id of h", "elsewhere"]]),
)
FOLDERS: Final = st.dictionaries(st.sampled_from("abcdefgh"), RECORDS, max_size=8)


@settings(max_examples=15, deadline=None)
@given(st.lists(FOLDERS, min_size=1, max_size=4))
def test_incremental_runs_equal_a_rebuild_while_bridges_come_and_go(folders: list[dict[str, Any]]) -> None:
    table = None
    for folder in folders:
        table = following([record(path, **fields) for path, fields in folder.items()], table)
    assert table == following([record(path, **fields) for path, fields in folders[-1].items()])


@settings(max_examples=12, deadline=None)
@given(FOLDERS, st.permutations("abcdefgh"))
def test_names_of_files_decide_only_between_equals(folder: dict[str, Any], names: list[str]) -> None:
    renamed = dict(zip("abcdefgh", names, strict=True))
    # Pages keep their ids: only the files have other names.
    records = {path: {**fields, "quality": ord(path), "article_id": f"id of {path}"} for path, fields in folder.items()}
    rows = [record(path, **fields) for path, fields in records.items()]
    others = [record(renamed[path], **fields) for path, fields in records.items()]
    before, after = by_path(following(rows)), by_path(following(others))
    survivors = {path for path, r in before.items() if r["status"] == "loaded"}
    assert {renamed[path] for path in survivors} == {path for path, r in after.items() if r["status"] == "loaded"}


def affected(before: list[dict[str, Any]], after: list[dict[str, Any]], reread: list[bool]) -> list[bool]:
    previous, now = manifest(*before), manifest(*after)
    rows = changed_rows(previous, now, pa.array(reread, pa.bool_()), rows_before(now, previous), SHOWN)
    result: list[bool] = rows.to_pylist()
    return result


def test_new_reread_and_otherwise_decided_rows_are_affected() -> None:
    known = [row("a"), row("b"), row("c", match="same_url"), row("e")]
    now = [row("a"), row("b"), row("c", match="same_content"), row("d"), row("e")]
    assert affected(known, now, [False, True, False, False, False]) == [False, True, True, True, False]


def test_a_withdrawn_article_whose_file_goes_is_affected() -> None:
    before, after = row("a", status="removed"), row("a", status="removed", deleted=True)
    assert affected([before], [after], [False]) == [True]


def test_another_size_touches_a_row_and_another_time_does_not() -> None:
    now = [row("a", size=101), row("b", loaded_at=MORNING + timedelta(hours=3))]
    assert affected([row("a"), row("b")], now, [False, False]) == [True, False]
