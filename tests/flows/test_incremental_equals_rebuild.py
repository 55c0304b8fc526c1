"""G3: after any sequence of changes and runs the tables are those of one run over the final files.

`PRESSLAKE_FUZZ_EXAMPLES=1000` tries that many sequences, chosen anew each time.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final

import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from config.contract import PACKAGED
from flows import engine
from flows.start import run_ingest
from tasks.deduplicate import blocking, clustering
from tasks.report.outcome import Outcome
from tasks.warehouse.verify import verify_files
from tasks.warehouse.warehouse import Snapshot, Warehouse
from tests.builders import settle
from tests.newsroom import (
    UNSETTLED,
    File,
    Newsroom,
    Shape,
    Story,
    contract_with_mood,
    contract_with_short_titles,
    settings_for,
)
from tests.tables_equal import assert_same_tables

EXAMPLES: Final = os.environ.get("PRESSLAKE_FUZZ_EXAMPLES")
SOURCES: Final = ("harbour", "inland")
ONE: Final = ("harbour", "one.md")
OTHER: Final = ("inland", "other.md")

PAGES: Final = st.none() | st.integers(0, 4)
TITLES: Final = st.sampled_from(["The ferry", "the FERRY!", "A bridge", "A title that is too long", "Swans"])
DATES: Final = st.sampled_from(["2023-12-31", "2024-01-01", "2024-02-01", "2025-06-30"])
PATHS: Final = st.sampled_from(["a.md", "b.md", "_news/c.md", "_news/d.md", "e.html"])
FILES: Final = st.tuples(st.sampled_from(SOURCES), PATHS)
STORIES: Final = st.builds(
    Story,
    title=TITLES,
    page=PAGES,
    spelling=st.integers(0, 2),
    web=PAGES,
    amp=PAGES,
    excerpt=st.sampled_from(["", "Late again.", "On time."]),
    date=DATES,
    updated=st.sampled_from(["", "2025-07-01", "2025-07-02"]),
    quality=st.none() | st.integers(0, 2),
    mood=st.sampled_from(["", "calm"]),
    related=st.lists(st.integers(0, 4), max_size=2).map(tuple),
)

#: Windows over one text: neighbours are alike, the ends are not, so that what lies between is a bridge.
TEXT: Final = (
    "crews of the harbour ferry voted on Friday to stop work until their winter pay is settled with"
    " the port authority whose managers say that any rise must wait for a new season of full boats"
).split()
WINDOWS: Final = st.integers(0, 8).map(lambda step: window(2 * step))
HEADLINES: Final = st.sampled_from(
    [
        "Harbour ferry crews vote to stop work over winter pay",
        "Harbour ferry crews vote to stop work",
        "Winter boats stay in port as managers refuse a rise",
        "Harbour ferry crews vote to stop work, part one",
        "Harbour ferry crews vote to stop work, part 2",
    ]
)
#: On both sides of every window of the rules, and of New Year.
DAYS: Final = st.sampled_from([0, 1, 2, 3, 4, 6, 7, 8, 14, 15]).map(
    lambda day: f"{date(2023, 12, 25) + timedelta(day)}"
)
OUTLETS: Final = st.sampled_from(["paper.example", "herald.example", "post.example", "msn.com", "youtube.com"])
COPIES: Final = st.builds(
    Story,
    title=HEADLINES,
    page=st.none() | st.integers(0, 9),
    outlet=OUTLETS,
    excerpt=WINDOWS,
    date=DAYS,
    quality=st.none() | st.integers(0, 1),
)
SHAPES: Final = st.sampled_from(list[Shape](["unclosed", "bad date", "removed", "plain", "article"]))
PICK: Final = st.integers(0, 2**16)
WAYS: Final = st.fixed_dictionaries(
    {
        "batch_bytes": st.sampled_from([1, 300, 1000, 2**23]),
        "workers": st.integers(1, 2),
        "rows_per_file": st.sampled_from([1, 3, 50_000]),
    }
)


def window(start: int) -> str:
    """The seventeen words of the text that begin at its word number `start`."""
    return " ".join(TEXT[start : start + 17])


def published(warehouse: Warehouse) -> Snapshot:
    current = warehouse.current()
    assert current is not None
    return current


def first_seen(snapshot: Snapshot | None) -> dict[str, Any]:
    """Article id to the time it was first seen."""
    if snapshot is None:
        return {}
    articles = snapshot.read("articles", columns=["article_id", "first_seen_at"])
    ids = articles["article_id"].to_pylist()
    assert len(set(ids)) == len(ids), "an article_id occurs twice"
    return dict(zip(ids, articles["first_seen_at"].to_pylist(), strict=True))


def change(**strategies: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A rule that changes files that are there."""
    has_files: Any = precondition(lambda runs: bool(runs.newsroom.files))
    changes: Any = rule(**strategies)
    return lambda step: has_files(changes(step))


class RunsOverANewsroom(RuleBasedStateMachine):
    """Files come, change and go; now and then there is a run, and each is compared with a rebuild."""

    #: Settings of all runs besides those that the rules choose.
    sections: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="presslake-test-"))
        self.newsroom = Newsroom(self.folder / "files")
        self.warehouse = Warehouse(self.folder / "warehouse", durable=False)
        self.contracts = [PACKAGED, contract_with_mood(self.folder), contract_with_short_titles(self.folder)]
        self.contract = PACKAGED
        self.partition_by = "year"
        self.read_under: dict[str, Path] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def file(self, pick: int) -> File:
        return sorted(self.newsroom.files)[pick % len(self.newsroom.files)]

    def edit(self, pick: int, **fields: Any) -> None:
        file = self.file(pick)
        self.newsroom.write(file, replace(self.newsroom.files[file], **fields))

    @initialize(stories=st.lists(st.tuples(FILES, STORIES), min_size=2, max_size=6))
    def start(self, stories: list[tuple[File, Story]]) -> None:
        for file, story in stories:
            self.newsroom.write(file, story)

    @rule(file=FILES, story=STORIES)
    def add_or_replace(self, file: File, story: Story) -> None:
        self.newsroom.write(file, story)

    @change(pick=PICK, title=TITLES)
    def retitle(self, pick: int, title: str) -> None:
        self.edit(pick, title=title)

    @change(pick=PICK, page=PAGES, web=PAGES, amp=PAGES)
    def give_other_addresses(self, pick: int, page: int | None, web: int | None, amp: int | None) -> None:
        self.edit(pick, page=page, web=web, amp=amp)

    @change(pick=PICK, date=DATES)
    def move_to_another_time(self, pick: int, date: str) -> None:
        self.edit(pick, date=date)

    @change(pick=PICK, quality=st.none() | st.integers(0, 2))
    def score(self, pick: int, quality: int | None) -> None:
        self.edit(pick, quality=quality)

    @change(pick=PICK, shape=SHAPES)
    def break_mend_or_withdraw(self, pick: int, shape: Shape) -> None:
        self.edit(pick, shape=shape)

    @change(pick=PICK, body=st.sampled_from("bcd"))
    def edit_keeping_the_size(self, pick: int, body: str) -> None:
        self.edit(pick, body=body)

    @change(pick=PICK, body=st.sampled_from("efg"))
    def edit_within_one_tick(self, pick: int, body: str) -> None:
        file = self.file(pick)
        self.newsroom.write(file, replace(self.newsroom.files[file], body=body), time=UNSETTLED)

    @change(pick=PICK, body=st.sampled_from("hij"))
    def edit_keeping_size_and_time(self, pick: int, body: str) -> None:
        file = self.file(pick)
        time = int(self.newsroom.path(file).stat().st_mtime)
        self.newsroom.write(file, replace(self.newsroom.files[file], body=body), time=time)

    @change(one=PICK, other=PICK)
    def swap(self, one: int, other: int) -> None:
        self.newsroom.swap(self.file(one), self.file(other))

    @change(pick=PICK)
    def touch(self, pick: int) -> None:
        self.newsroom.touch(self.file(pick))

    @change(pick=PICK)
    def delete(self, pick: int) -> None:
        self.newsroom.delete(self.file(pick))

    @change(pick=PICK, file=FILES)
    def rename(self, pick: int, file: File) -> None:
        self.newsroom.rename(self.file(pick), file)

    @change(pick=PICK, file=FILES, spelling=st.integers(0, 2))
    def copy_with_the_address_spelt_otherwise(self, pick: int, file: File, spelling: int) -> None:
        self.newsroom.write(file, replace(self.newsroom.files[self.file(pick)], spelling=spelling))

    @change(one=PICK, other=PICK, file=FILES)
    def bridge_two_stories(self, one: int, other: int, file: File) -> None:
        """A record with the address of one story and the words of another joins their clusters."""
        address, words = (self.newsroom.files[self.file(pick)] for pick in (one, other))
        self.newsroom.write(file, replace(words, page=address.page, amp=address.amp, web=None))

    @rule(number=st.integers(0, 2))
    def change_the_contract(self, number: int) -> None:
        self.contract = self.contracts[number]

    @rule(partition_by=st.sampled_from(["year", "month", "none"]))
    def change_the_partitions(self, partition_by: str) -> None:
        self.partition_by = partition_by

    @rule(way=WAYS)
    def run(self, way: dict[str, int]) -> None:
        self.run_and_compare(SOURCES, way)

    @rule(way=WAYS)
    def run_once_more(self, way: dict[str, int]) -> None:
        self.run_and_compare(SOURCES, way)

    @rule(way=WAYS)
    def run_anew(self, way: dict[str, int]) -> None:
        self.run_and_compare(SOURCES, way, full_refresh=True)

    @rule(way=WAYS, source=st.sampled_from(SOURCES))
    def run_one_source(self, way: dict[str, int], source: str) -> None:
        self.run_and_compare([source], way)

    def run_and_compare(self, sources: Sequence[str], way: dict[str, int], full_refresh: bool = False) -> None:
        before = first_seen(self.warehouse.current())
        self.ingest(self.newsroom.specs(sources), self.warehouse, way, full_refresh)
        after = first_seen(published(self.warehouse))
        assert [key for key in after.keys() & before if after[key] > before[key]] == []
        assert verify_files(published(self.warehouse)) == []
        for source in sources:
            self.newsroom.copy_of(source, self.folder / "seen")
            self.read_under[source] = self.contract
        # A source that was left out follows a new contract in its own next run.
        if set(self.read_under.values()) == {self.contract}:
            self.compare_with_a_rebuild()

    def compare_with_a_rebuild(self) -> None:
        rebuilt = Warehouse(self.folder / "rebuilt", durable=False)
        shutil.rmtree(rebuilt.root, ignore_errors=True)
        self.ingest(Newsroom(self.folder / "seen").specs(self.read_under), rebuilt, {})
        assert_same_tables(self.warehouse, rebuilt)

    def ingest(self, specs: list[str], warehouse: Warehouse, way: dict[str, int], anew: bool = False) -> Outcome:
        settle()
        run: dict[str, Any] = {name: way[name] for name in ("batch_bytes", "workers") if name in way}
        shape = {"partition_by": self.partition_by, "rows_per_file": way.get("rows_per_file", 50_000)}
        sections = {**self.sections, "warehouse": shape, "contract": {"path": str(self.contract)}}
        chosen = settings_for(warehouse.root, run, **sections)
        return run_ingest(specs, chosen, full_refresh=anew)


class RunsOverNearCopies(RunsOverANewsroom):
    """As above with one story only, told again and again in other words, at other times and outlets."""

    @initialize(stories=st.lists(st.tuples(FILES, COPIES), min_size=4, max_size=9))
    def start(self, stories: list[tuple[File, Story]]) -> None:
        super().start(stories)

    @rule(file=FILES, story=COPIES)
    def add_or_replace(self, file: File, story: Story) -> None:
        self.newsroom.write(file, story)

    @change(pick=PICK, title=HEADLINES)
    def retitle(self, pick: int, title: str) -> None:
        self.edit(pick, title=title)

    @change(pick=PICK, excerpt=WINDOWS)
    def cut_another_excerpt(self, pick: int, excerpt: str) -> None:
        self.edit(pick, excerpt=excerpt)

    @change(pick=PICK, date=DAYS)
    def move_to_another_time(self, pick: int, date: str) -> None:
        self.edit(pick, date=date)

    @change(pick=PICK, outlet=OUTLETS, page=st.integers(0, 9))
    def give_to_another_outlet(self, pick: int, outlet: str, page: int) -> None:
        self.edit(pick, outlet=outlet, page=page)

    @change(pick=PICK, file=FILES, outlet=OUTLETS, page=st.integers(0, 9), date=DAYS)
    def syndicate(self, pick: int, file: File, outlet: str, page: int, date: str) -> None:
        copy = replace(self.newsroom.files[self.file(pick)], outlet=outlet, page=page, date=date)
        self.newsroom.write(file, copy)

    @precondition(lambda self: self.warehouse.current() is not None)
    @rule(pick=PICK)
    def delete_a_survivor(self, pick: int) -> None:
        told = published(self.warehouse).read("articles", columns=["source", "source_path", "copies"]).to_pylist()
        files = [(row["source"], row["source_path"]) for row in told if row["copies"] > 1]
        if there := [file for file in files if file in self.newsroom.files]:
            self.newsroom.delete(there[pick % len(there)])

    @rule(number=st.integers(0, 1))
    def change_the_contract(self, number: int) -> None:
        self.contract = self.contracts[number]


class RunsOverCrowds(RunsOverNearCopies):
    """As above, but four records of one title are a crowd, and as many of one hash a crowded key."""

    def __init__(self) -> None:
        super().__init__()
        self.patched = pytest.MonkeyPatch()
        for module in (blocking, clustering):
            self.patched.setattr(module, "OVERSIZED", 3)
        self.patched.setattr(blocking, "COMMON", 3)

    def teardown(self) -> None:
        self.patched.undo()
        super().teardown()


def options(examples: int, steps: int = 25) -> settings:
    """Settings of a test that tries `examples` sequences, or as many as the environment says."""
    return settings(
        max_examples=int(EXAMPLES or examples),
        stateful_step_count=50 if EXAMPLES else steps,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        # Explaining a failure takes many more runs than finding it.
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


TestIncrementalEqualsRebuild = pytest.mark.timeout(0)(RunsOverANewsroom.TestCase)
TestIncrementalEqualsRebuild.settings = options(3)
TestNearCopiesToo = pytest.mark.timeout(0)(RunsOverNearCopies.TestCase)
TestNearCopiesToo.settings = options(4, steps=20)
TestCrowdsToo = pytest.mark.timeout(0)(RunsOverCrowds.TestCase)
TestCrowdsToo.settings = options(1, steps=12)


@pytest.fixture
def runs() -> Iterator[RunsOverANewsroom]:
    """Two unlike stories, loaded."""
    runs = RunsOverANewsroom()
    runs.newsroom.write(ONE, Story("The ferry", page=1, excerpt="Late again."))
    runs.newsroom.write(OTHER, Story("Swans", page=2, excerpt="On time."))
    runs.run_and_compare(SOURCES, {})
    yield runs
    runs.teardown()


def test_an_edit_in_the_same_tick_and_of_the_same_size_is_seen(runs: RunsOverANewsroom) -> None:
    for body in "xyz":
        runs.newsroom.write(ONE, Story("The ferry", page=1, body=body), time=UNSETTLED)
        runs.run_and_compare(SOURCES, {})


@pytest.mark.parametrize("partition_by", ["month", "none"])
def test_other_partitions_alone_write_the_tables_anew(runs: RunsOverANewsroom, partition_by: str) -> None:
    runs.partition_by = partition_by
    runs.run_and_compare(SOURCES, {})


def test_a_bridge_between_two_stories_comes_and_goes(runs: RunsOverANewsroom) -> None:
    bridge = ("inland", "bridge.md")
    runs.newsroom.write(bridge, Story("Swans", page=1, excerpt="On time."))
    runs.run_and_compare(SOURCES, {})
    assert published(runs.warehouse).rows("articles") == 1
    runs.newsroom.delete(bridge)
    runs.run_and_compare(SOURCES, {})
    assert published(runs.warehouse).rows("articles") == 2


def articles_of_copies(runs: RunsOverANewsroom, copies: Sequence[Story]) -> int:
    """Number of articles that records of their own outlets make, under a headline too short to tell anything."""
    for n, copy in enumerate(copies):
        story = replace(copy, page=10, outlet=f"outlet-{n}.example", quality=9 - n)
        runs.newsroom.write((SOURCES[n % 2], f"copy-{n}.md"), story)
    runs.run_and_compare(SOURCES, {"workers": 2, "batch_bytes": 1})
    return published(runs.warehouse).rows("articles") - 2


def test_a_copy_counts_within_a_week_and_not_after_it(runs: RunsOverANewsroom) -> None:
    first = Story("Ferry strike", excerpt=window(0), date="2023-12-28")
    dates = ["2024-01-04", "2024-01-05", "2024-01-01"]
    assert [articles_of_copies(runs, [first, replace(first, date=date)]) for date in dates] == [1, 2, 1]


def test_a_likeness_that_bridges_two_unlike_copies_comes_and_goes(runs: RunsOverANewsroom) -> None:
    between = [window(4), window(18), window(4)]
    ends = Story("Ferry strike", excerpt=window(0)), Story("Ferry strike", excerpt=window(8))
    counts = [articles_of_copies(runs, [*ends, Story("Ferry strike", excerpt=excerpt)]) for excerpt in between]
    assert counts == [1, 3, 1]
    runs.newsroom.delete(("harbour", "copy-2.md"))
    runs.run_and_compare(SOURCES, {})
    assert published(runs.warehouse).rows("articles") == 4


def test_the_next_best_copy_survives_when_the_survivor_goes(runs: RunsOverANewsroom) -> None:
    assert articles_of_copies(runs, [Story("Ferry strike", excerpt=window(start)) for start in (0, 1, 2)]) == 1
    runs.newsroom.delete(("harbour", "copy-0.md"))
    runs.run_and_compare(SOURCES, {})
    articles = published(runs.warehouse).read("articles").to_pylist()
    assert [row["copies"] for row in articles if row["source_path"] == "copy-1.md"] == [2]


def test_parts_of_a_series_stay_apart_until_one_is_renamed(runs: RunsOverANewsroom) -> None:
    first, second = (Story(f"How the ferry crews won, part {n}", excerpt=window(0)) for n in ("one", "2"))
    assert articles_of_copies(runs, [first, second]) == 2
    assert articles_of_copies(runs, [first, replace(second, title=first.title)]) == 1


def test_an_article_keeps_when_it_was_first_seen_under_another_survivor(runs: RunsOverANewsroom) -> None:
    runs.newsroom.write(("inland", "better.md"), Story("The ferry", page=1, excerpt="Late again.", quality=9))
    runs.run_and_compare(SOURCES, {})
    assert "better.md" in published(runs.warehouse).read("articles")["source_path"].to_pylist()


def test_a_source_that_is_left_out_does_not_hold_up_a_new_contract(runs: RunsOverANewsroom) -> None:
    runs.newsroom.write(OTHER, Story("A title that is too long", page=2, mood="calm"))
    runs.run_and_compare(SOURCES, {})
    for contract in (*runs.contracts[1:], PACKAGED):
        runs.contract = contract
        runs.run_and_compare([ONE[0]], {})
        runs.run_and_compare([OTHER[0]], {})


def test_worker_processes_make_the_same_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newsroom = Newsroom(tmp_path / "files")
    for n in range(24):
        shape: Shape = "unclosed" if n % 11 == 7 else "article"
        told = Story("Ferry strike", page=n % 20, quality=n % 3, excerpt=window(n % 16), outlet=f"o{n % 20}.example")
        story = replace(told, shape=shape)
        newsroom.write(("harbour", f"{n:02}.md"), story)
    alone, together = (Warehouse(tmp_path / name, durable=False) for name in ("alone", "together"))
    run_ingest(newsroom.specs(["harbour"]), settings_for(alone.root))
    monkeypatch.setattr(engine, "WORTH_A_POOL", 0)
    outcome = run_ingest(
        newsroom.specs(["harbour"]), settings_for(together.root, {"workers": 2, "batch_bytes": 700, "retries": 0})
    )
    assert outcome.batches > 4
    assert_same_tables(alone, together)
    assert pc.sum(published(together).read("articles")["copies"]).as_py() == 22
    matches = published(together).read("duplicates")["match"].to_pylist()
    assert {"same_url", "syndicated"} <= set(matches)
