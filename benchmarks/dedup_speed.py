"""How long deduplication takes, and what memory: all records, then with 1,000 more; and boilerplate pages.

    python -m benchmarks.dedup_speed 10000 100000 1000000
    python -m benchmarks.dedup_speed boilerplate 1000 3000 10000

Each size runs in a process of its own, as peak memory never falls. At 10,000 records the pairs are
held against brute force: every pair that the rule relates must be found. The 1,000 more are over all
ten years, so that no date spares a comparison.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.dedup_records import BOILERPLATE, boilerplate_pages, manifest
from config.match_rules import load_match_rules
from tasks.arrow.schemas import FILES
from tasks.deduplicate.changes import SHOWN, changed_rows
from tasks.deduplicate.decisions import decide
from tasks.deduplicate.manifest import RunStamp, keep_first_seen, next_manifest, with_nulls
from tasks.deduplicate.pair import SECONDS_A_DAY
from tasks.deduplicate.pair_rule import PairRule, window_days
from tasks.deduplicate.related_pairs import near_pairs, stories

_MORE: Final = 1_000
_BRUTE_FORCE_UP_TO: Final = 10_000
_RULES: Final = load_match_rules()


def main(sizes: list[int]) -> None:
    """Print one line a size."""
    print(
        f"{'records':>9}  {'full':>8} {'CPU':>8}  {'+1,000':>8} {'CPU':>8}  {'peak':>9} {'later':>9}  duplicates  pairs"
    )
    context = multiprocessing.get_context("spawn")
    for size in sizes:
        worker = context.Process(target=_measure, args=(size,))
        worker.start()
        worker.join()


def _measure(size: int) -> None:
    records = manifest(size + _MORE)
    first = records.slice(0, size)
    before = _peak()
    full, wall, cpu = _timed(lambda: decide(first, _RULES, "1"))
    peak = _peak()
    files = with_nulls(records.slice(size), FILES)
    del records
    both, more_wall, more_cpu = _timed(lambda: _next_run(full, files))
    duplicates = both["status"].to_pylist().count("duplicate")
    pairs = pc.sum(pc.list_value_length(both["near"])).as_py()
    print(
        f"{size:9,}  {wall:7.1f}s {cpu:7.1f}s  {more_wall:7.1f}s {more_cpu:7.1f}s  "
        f"{peak:5.2f} GiB {_peak():5.2f} GiB  {duplicates:,}  {pairs:,}  (before: {before:.2f} GiB)",
        flush=True,
    )
    if size <= _BRUTE_FORCE_UP_TO:
        _against_brute_force(first)


def _next_run(parent: pa.Table, files: pa.Table) -> pa.Table:
    """All that the stage does between reading its files and writing the manifest."""
    stamp = RunStamp("second", datetime(2026, 1, 2, tzinfo=UTC), "contract", "code")
    gone = parent.slice(0, 0).select(["source", "source_path"])
    merged = next_manifest(parent, gone, files.select, stamp)
    manifest = decide(merged.table, _RULES, "1", parent, merged.before)
    affected = changed_rows(parent, manifest, merged.reread, merged.before, SHOWN)
    return keep_first_seen(manifest, parent, affected)


def boilerplate(sizes: list[int]) -> None:
    """Print one line a kind of page, and for each size the time that its pages take."""
    print(f"{'CPU seconds for boilerplate pages':42}" + "".join(f"{size:>9,}" for size in sizes))
    for name in BOILERPLATE:
        pages = [boilerplate_pages(name, size) for size in sizes]
        times = [_timed(partial(decide, some, _RULES))[2] for some in pages]
        print(f"{name:42}" + "".join(f"{cpu:8.2f}s" for cpu in times), flush=True)


def _against_brute_force(records: pa.Table) -> None:
    found = set(near_pairs(records, pa.repeat(pa.scalar(True), len(records)), _RULES).edges())
    compared, rule = stories(records), PairRule(_RULES)
    order = sorted(range(len(compared)), key=lambda i: compared[i].published_at or 0)
    window, expected = window_days(_RULES) * SECONDS_A_DAY, set()
    for at, i in enumerate(order):
        for j in order[at + 1 :]:
            if (compared[j].published_at or 0) - (compared[i].published_at or 0) > window:
                break
            if rule.relation(compared[i], compared[j]):
                expected.add((min(i, j), max(i, j)))
    share = len(found & expected) / len(expected)
    print(
        f"           recall against brute force: {share:.4f} of {len(expected):,} pairs; {len(found - expected)} others"
    )


def _timed(action: Callable[[], Any]) -> tuple[Any, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    value = action()
    return value, time.perf_counter() - wall, time.process_time() - cpu


def _peak() -> float:
    """Largest resident size of this process so far, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    if sys.argv[1:2] == ["boilerplate"]:
        boilerplate([int(size) for size in sys.argv[2:]] or [1_000, 3_000, 10_000])
    else:
        main([int(size) for size in sys.argv[1:]] or [10_000, 100_000])
