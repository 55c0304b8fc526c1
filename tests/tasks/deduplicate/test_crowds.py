"""Crowds: thousands of pages that say the same cost time in proportion, whatever their order."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from config.match_rules import load_match_rules
from tasks.deduplicate.crowds import CROWD, bundles
from tasks.deduplicate.decisions import decide
from tasks.tables.texts import normal_words, shingles
from tests.tasks.deduplicate.manifest_rows import MORNING, SCHEMA, by_path, row, rows_before

RULES: Final = load_match_rules()
WALL: Final = "Please enable cookies in your browser and reload this page to go on reading"
TEXT: Final = f"{WALL} as the site must know that you are a person and not one of the many machines"


def pages(titles: list[str], texts: list[str], outlets: list[str], days: list[float]) -> pa.Table:
    """One record each, in the order of their paths."""
    words, hashes = normal_words(pa.array(titles)), shingles(pa.array(titles), pa.array(texts))
    columns = zip(words.to_pylist(), hashes.to_pylist(), outlets, days, strict=True)
    rows = [
        row(f"{i:06}", title_words=title, shingles=found, outlet=outlet, published_at=MORNING + timedelta(days=day))
        for i, (title, found, outlet, day) in enumerate(columns)
    ]
    return pa.Table.from_pylist([{**fields, "near": []} for fields in rows], SCHEMA)


def walls(count: int, **more: list[Any]) -> pa.Table:
    """The same page, again and again over a day."""
    fields: dict[str, list[Any]] = {"titles": [WALL] * count, "texts": [TEXT] * count, "outlets": ["a.example"] * count}
    return pages(**{**fields, "days": [i / count for i in range(count)], **more})


def statuses(table: pa.Table) -> Counter[str]:
    return Counter(table["status"].to_pylist())


def test_five_thousand_identical_pages_are_one_story() -> None:
    decided = decide(walls(5_000), RULES)
    assert statuses(decided) == {"loaded": 1, "duplicate": 4_999}
    assert set(decided["match"].drop_null().to_pylist()) == {"reposted"}
    assert pc.sum(pc.list_value_length(decided["near"])).as_py() == 0


def test_so_are_pages_of_many_outlets_that_differ_by_a_number() -> None:
    count = 3_000
    texts = [f"{TEXT} request {i}" for i in range(count)]
    decided = decide(walls(count, texts=texts, outlets=[f"o{i}.example" for i in range(count)]), RULES)
    assert statuses(decided) == {"loaded": 1, "duplicate": count - 1}
    assert decided["outlets"][0].as_py() == count


@pytest.mark.parametrize("outlets", [1, 1_500])
def test_pages_of_one_template_with_a_running_number_in_the_title_are_all_kept(outlets: int) -> None:
    titles = [f"{WALL} part {i}" for i in range(1_500)]
    decided = decide(walls(1_500, titles=titles, outlets=[f"o{i % outlets}.example" for i in range(1_500)]), RULES)
    assert statuses(decided) == {"loaded": 1_500}


def test_pages_without_a_title_are_a_crowd_by_their_text() -> None:
    untitled = walls(200, titles=[""] * 200)
    assert [len(bundle) for bundle in bundles(untitled, RULES)] == [200]


def test_no_bundle_lasts_longer_than_what_one_outlet_posts_again() -> None:
    found = bundles(walls(100, days=[i / 10 for i in range(100)]), RULES)
    assert [(bundle[0], len(bundle)) for bundle in found] == [(0, 31), (31, 31), (62, 31), (93, 7)]


def test_few_alike_pages_are_no_crowd() -> None:
    assert bundles(walls(CROWD), RULES) == []


def test_on_a_platform_every_page_of_a_crowd_stands_for_itself() -> None:
    assert statuses(decide(walls(200, outlets=["youtube.com"] * 200), RULES)) == {"loaded": 200}


def test_runs_in_which_a_crowd_comes_and_goes_end_as_a_rebuild() -> None:
    days = [Random(3).random() * 12 for _ in range(60)]
    outlets = [f"o{i % 3}.example" for i in range(60)]
    texts = [f"{TEXT} request {i}" for i in range(60)]
    everything = walls(60, days=days, outlets=outlets, texts=texts)
    table = everything.slice(0, 0)
    for rows in (range(0, 20), range(0, 60), range(30, 60), range(40, 60), range(0, 60, 2)):
        run = everything.take(list(rows))
        table = decide(_known(run, table), RULES, "1", table, rows_before(run, table))
        assert table == decide(run, RULES, "1")


def test_the_order_in_which_a_crowd_comes_does_not_matter() -> None:
    names = Random(5).sample(range(80), 80)
    days = [i / 8 for i in range(80)]
    outlets = [f"o{i % 3}.example" for i in range(80)]
    straight = decide(walls(80, days=days, outlets=outlets), RULES)
    shuffled = decide(walls(80, days=[days[i] for i in names], outlets=[outlets[i] for i in names]), RULES)
    survivors = [path for path, fields in by_path(straight).items() if fields["status"] == "loaded"]
    renamed = [f"{names[int(path)]:06}" for path, f in by_path(shuffled).items() if f["status"] == "loaded"]
    assert survivors == sorted(renamed)


def _known(run: pa.Table, before: pa.Table) -> pa.Table:
    """The records of a run with what an earlier run left in the index."""
    known = by_path(before)
    index = ("near", "match_version")
    rows = [{**r, **{name: known.get(r["source_path"], r)[name] for name in index}} for r in run.to_pylist()]
    return pa.Table.from_pylist(rows, SCHEMA)
