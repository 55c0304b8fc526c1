"""How long deduplication takes, and what memory: all records, then with 1,000 more.

    python -m benchmarks.dedup_speed 10000 100000 1000000

Each size runs in a process of its own, as peak memory never falls. At 10,000 records the pairs are
held against brute force: every pair that the rule relates must be found.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.dedup_records import manifest
from config.match_rules import load_match_rules
from tasks.deduplicate.decisions import decide
from tasks.deduplicate.near import near_edges, stories
from tasks.deduplicate.pair_rule import PairRule

_MORE: Final = 1_000
_BRUTE_FORCE_UP_TO: Final = 10_000
_RULES: Final = load_match_rules()


def main(sizes: list[int]) -> None:
    """Print one line a size."""
    print(f"{'records':>9}  {'full':>8} {'CPU':>8}  {'+1,000':>8} {'CPU':>8}  {'peak':>9}  duplicates  pairs")
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
    grown = pa.concat_tables([full, records.slice(size)])
    both, more_wall, more_cpu = _timed(lambda: decide(grown, _RULES, "1", full))
    duplicates = both["status"].to_pylist().count("duplicate")
    pairs = pc.sum(pc.list_value_length(both["near"])).as_py()
    print(
        f"{size:9,}  {wall:7.1f}s {cpu:7.1f}s  {more_wall:7.1f}s {more_cpu:7.1f}s  "
        f"{peak:5.2f} GiB  {duplicates:,}  {pairs:,}  (before: {before:.2f} GiB)",
        flush=True,
    )
    if size <= _BRUTE_FORCE_UP_TO:
        _against_brute_force(first)


def _against_brute_force(records: pa.Table) -> None:
    found = set(near_edges(records, pa.repeat(pa.scalar(True), len(records)), _RULES))
    told, rule = stories(records), PairRule(_RULES)
    order = sorted(range(len(told)), key=lambda i: told[i].published_at or 0)
    window, expected = _RULES.window_days * 86_400, set()
    for at, i in enumerate(order):
        for j in order[at + 1 :]:
            if (told[j].published_at or 0) - (told[i].published_at or 0) > window:
                break
            if rule.relation(told[i], told[j]):
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
    main([int(size) for size in sys.argv[1:]] or [10_000, 100_000])
