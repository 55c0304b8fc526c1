"""Near-duplicates in the decisions: any sequence of runs ends as one run over the final records."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import msgspec
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from config.match_rules import load_match_rules
from tasks.deduplicate.decisions import decide
from tasks.tables.texts import normal_words, shingles
from tests.tasks.deduplicate.manifest_rows import MORNING, SCHEMA, by_path, row, rows_before

RULES: Final = load_match_rules()
TITLES: Final = ("Night ferry returns to Merrow Bay at last", "Night ferry returns to Merrow Bay", "Horns in the fog")
WORDS: Final = "the night ferry came back to the bay on sunday after four years of repairs and two promises".split()


def record(
    path: str, title: str, *, outlet: str = "tides.example", day: float = 0, words: int = 18, **more: Any
) -> Any:
    text = " ".join(WORDS[:words])
    column = pa.array([title], pa.string())
    features = {
        "title_words": normal_words(column)[0].as_py(),
        "outlet": outlet,
        "shingles": shingles(column, pa.array([text]))[0].as_py(),
        "published_at": MORNING + timedelta(days=day),
    }
    return row(path, **features, near=[], **more)


def decided(rows: list[Any], before: pa.Table | None = None, version: str = "1") -> pa.Table:
    """Decisions over rows; those that `before` has unchanged come with its index."""
    known = {} if before is None else by_path(before)
    index = ("near", "match_version")
    kept = [
        {**r, **{name: known[r["source_path"]][name] for name in index}}
        if r["source_path"] in known and known[r["source_path"]]["source_hash"] == r["source_hash"]
        else r
        for r in rows
    ]
    manifest = pa.Table.from_pylist(sorted(kept, key=lambda r: str(r["source_path"])), SCHEMA)
    return decide(manifest, RULES, version, before, None if before is None else rows_before(manifest, before))


def test_a_copy_at_another_outlet_is_a_duplicate_with_its_evidence() -> None:
    original = record("a", TITLES[0], quality=9)
    copy = record("b", TITLES[1], outlet="wire.example", day=1, words=14)
    table = by_path(decided([original, copy]))
    assert table["a"]["status"] == "loaded"
    assert (table["a"]["copies"], table["a"]["outlets"]) == (2, 2)
    assert (table["b"]["match"], table["b"]["matched_source_path"]) == ("syndicated", "a")
    evidence = msgspec.json.decode(table["b"]["evidence"])
    assert evidence["rule"] == "alike"
    assert evidence["differing"] == [[], ["at", "last"]]
    assert evidence["days"] == 1.0
    assert evidence["survivor_by"] == "quality"


def test_the_first_to_publish_is_named_even_if_another_survives() -> None:
    late = record("a", TITLES[1], day=2, quality=9)
    first = record("b", TITLES[1], outlet="wire.example")
    table = by_path(decided([late, first]))
    assert table["a"]["status"] == "loaded"
    assert (table["a"]["first_published_at"], table["a"]["first_published_by"]) == (MORNING, "wire.example")


def test_a_record_by_itself_is_its_own_origin() -> None:
    table = by_path(decided([record("a", TITLES[2])]))
    assert (table["a"]["outlets"], table["a"]["first_published_at"]) == (1, MORNING)
    assert table["a"]["first_published_by"] == "tides.example"


def test_a_run_with_a_new_version_of_the_rules_compares_all_records_again() -> None:
    rows = [record("a", TITLES[1]), record("b", TITLES[1], outlet="wire.example")]
    first = decided(rows)
    forgotten = first.set_column(
        first.schema.get_field_index("near"), first.field("near"), pa.array([[], []], first.field("near").type)
    )
    assert by_path(decided(rows, forgotten))["b"]["status"] == "loaded"
    assert by_path(decided(rows, forgotten, version="2"))["b"]["status"] == "duplicate"


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
        table = decided([record(path, **fields) for path, fields in folder.items()], table)
    assert table == decided([record(path, **fields) for path, fields in folders[-1].items()])


@settings(max_examples=12, deadline=None)
@given(FOLDERS, st.permutations("abcdefgh"))
def test_names_of_files_decide_only_between_equals(folder: dict[str, Any], names: list[str]) -> None:
    renamed = dict(zip("abcdefgh", names, strict=True))
    # Pages keep their ids: only the files have other names.
    records = {path: {**fields, "quality": ord(path), "article_id": f"id of {path}"} for path, fields in folder.items()}
    rows = [record(path, **fields) for path, fields in records.items()]
    others = [record(renamed[path], **fields) for path, fields in records.items()]
    before, after = by_path(decided(rows)), by_path(decided(others))
    survivors = {path for path, r in before.items() if r["status"] == "loaded"}
    assert {renamed[path] for path in survivors} == {path for path, r in after.items() if r["status"] == "loaded"}
